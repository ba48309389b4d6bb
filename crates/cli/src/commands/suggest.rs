//! `kmapcheck suggest`: which orders and reuse policies help, and which kmap to change.

use std::io;
use std::path::Path;

use kmapcheck_proof::suggest::{Smallest, SuggestReport, edit, suggest, text};
use kmapcheck_report::tame;
use kmapcheck_scenario::Program;
use kmapcheck_search::Limits;

use crate::args::{Format, Suggest};
use crate::exit::Exit;
use crate::fault;
use crate::input::{self, Failure};
use crate::output::Output;
use crate::progress::{self, Line};

/// Memory that one search may use.
const MEMORY: u64 = 4 << 30;

/// Runs the command.
pub fn run(args: &Suggest, output: &mut Output) -> io::Result<Exit> {
    let mut programs = Vec::new();
    for file in &args.files {
        match input::load(file, &args.overrides) {
            Ok(mut program) => {
                if args.format == Format::Text {
                    tame::program(&mut program);
                }
                programs.push(program);
            }
            Err(failure) => {
                failure.tell(file);
                return Ok(failure.exit());
            }
        }
    }
    let file = args.files.first().map_or(Path::new(""), |file| file);
    let report = match find(args, &programs) {
        Ok(report) => report,
        Err(failure) => {
            failure.tell(file);
            return Ok(failure.exit());
        }
    };
    output.print(&match args.format {
        Format::Text => text::render(&report),
        Format::Json => serde_json::to_string_pretty(&report)? + "\n",
    })?;
    Ok(if report.is_solved() {
        Exit::Clean
    } else if report.is_complete() {
        Exit::Violated
    } else {
        Exit::Inconclusive
    })
}

fn find(args: &Suggest, programs: &[Program]) -> Result<SuggestReport, Failure> {
    let limits = Limits {
        max_states: Some(args.max_states),
        max_memory: Some(MEMORY),
        timeout: args.timeout,
        interrupt: Some(progress::interrupt()),
    };
    let line = Line::new("suggest", false);
    let found = fault::catch(|| suggest(programs, &limits, &mut |progress| line.show(progress)));
    let mut report = found
        .map_err(Failure::Fault)?
        .map_err(|refusal| Failure::Refused(refusal.to_string()))?;
    if let (Some(smallest), Some(program)) = (&mut report.smallest, programs.first()) {
        smallest.diff = diff(program, smallest);
        if let (Format::Text, Some(diff)) = (args.format, &mut smallest.diff) {
            // It quotes the file.
            let lines: Vec<String> = diff.lines().map(tame::line).collect();
            *diff = lines.join("\n");
        }
    }
    Ok(report)
}

/// The change to the file that has the model: the second one, or the scenario itself.
fn diff(program: &Program, change: &Smallest) -> Option<String> {
    let file = program.files.get(1).or(program.files.first())?;
    let text = std::fs::read_to_string(file).ok()?;
    edit::diff(file, &text, change)
}
