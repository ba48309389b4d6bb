//! `kmapcheck suggest`: which orders and reuse policies help, and which kmap to change.

use std::io;
use std::path::Path;

use kmapcheck_check::run::{EXPLORING, READING, REPORTING};
use kmapcheck_check::{Failure, Run, fault::catch};
use kmapcheck_limits::Limits;
use kmapcheck_questions::suggest::{Smallest, SuggestReport, edit, suggest, text};
use kmapcheck_report::tame;
use kmapcheck_scenario::Program;

use crate::args::{Format, Suggest};
use crate::exit::Exit;
use crate::failure::answer;
use crate::input;
use crate::output::Output;
use crate::progress::Line;
use crate::run;

/// Runs the command.
pub fn run(args: &Suggest, output: &mut Output) -> io::Result<Exit> {
    let limits = args.limits.limits(Some(args.max_states));
    let file = args.files.first().map_or(Path::new(""), |file| file);
    let run = run::of_one(&limits, &file.display().to_string(), args.format);
    let mut programs = Vec::new();
    for file in &args.files {
        match run.phase(READING, || input::program(file, &args.overrides)) {
            Ok(mut program) => {
                if args.format == Format::Text {
                    tame::program(&mut program);
                }
                programs.push(program);
            }
            Err(failure) => return answer(&failure, &run, file, args.format, output),
        }
    }
    let told = find(&programs, &limits, &run).and_then(|mut report| {
        let text = run.last(REPORTING, || {
            add_diff(&mut report, &programs, args.format);
            rendered(&report, args.format)
        })?;
        Ok((report, text))
    });
    let (report, text) = match told {
        Ok(told) => told,
        Err(failure) => return answer(&failure, &run, file, args.format, output),
    };
    run.finish();
    output.print(&text)?;
    Ok(if report.is_solved() && report.stopped.is_none() {
        Exit::Clean
    } else if report.is_complete() {
        Exit::Violated
    } else {
        Exit::Inconclusive
    })
}

fn find(programs: &[Program], limits: &Limits, run: &Run) -> Result<SuggestReport, Failure> {
    let line = Line::new("suggest", false);
    run.phase(EXPLORING, || {
        catch(|| suggest(programs, limits, &mut |progress| line.show(progress)))
            .map_err(Failure::Fault)?
            .map_err(|refusal| Failure::Refused(refusal.to_string()))
    })
}

fn rendered(report: &SuggestReport, format: Format) -> Result<String, Failure> {
    match format {
        Format::Text => Ok(text::render(report)),
        Format::Json => {
            let json = serde_json::to_string_pretty(report);
            Ok(json.map_err(|error| Failure::Fault(error.to_string()))? + "\n")
        }
    }
}

/// Shows the smallest change as one to a file.
fn add_diff(report: &mut SuggestReport, programs: &[Program], format: Format) {
    if let (Some(smallest), Some(program)) = (&mut report.smallest, programs.first()) {
        smallest.diff = diff(program, smallest);
        if let (Format::Text, Some(diff)) = (format, &mut smallest.diff) {
            // It quotes the file.
            let lines: Vec<String> = diff.lines().map(tame::line).collect();
            *diff = lines.join("\n");
        }
    }
}

/// The change to the file that has the model: the second one, or the scenario itself.
fn diff(program: &Program, change: &Smallest) -> Option<String> {
    let file = program.files.get(1).or(program.files.first())?;
    let text = std::fs::read_to_string(file).ok()?;
    edit::diff(file, &text, change)
}
