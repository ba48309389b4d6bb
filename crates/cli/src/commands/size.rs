//! `kmapcheck size`: how many slots are enough, and how many tasks are safe.

use std::io;
use std::path::PathBuf;

use kmapcheck_proof::size::{Options, SizeReport, picture, sizes, text};
use kmapcheck_report::tame;
use kmapcheck_search::Limits;

use crate::args::{Format, Size};
use crate::exit::Exit;
use crate::fault;
use crate::input::{self, Failure};
use crate::output::Output;
use crate::progress::{self, Line};
use crate::targets;

/// Memory that one search may use.
const MEMORY: u64 = 4 << 30;

/// Runs the command.
pub fn run(args: &Size, output: &mut Output) -> io::Result<Exit> {
    let report = match find(args) {
        Ok(report) => report,
        Err(failure) => {
            failure.tell(&args.file);
            return Ok(failure.exit());
        }
    };
    let written = (args.svg.as_ref()).map_or(Exit::Clean, |file| {
        targets::write(file, &picture::render(&report))
    });
    output.print(&match args.format {
        Format::Text => text::render(&report),
        Format::Json => serde_json::to_string_pretty(&report)? + "\n",
    })?;
    Ok(written.max(if report.is_complete() {
        Exit::Clean
    } else {
        Exit::Inconclusive
    }))
}

fn find(args: &Size) -> Result<SizeReport, Failure> {
    let mut program = input::load(&args.file, &args.overrides)?;
    let written: Vec<&PathBuf> = args.svg.iter().collect();
    targets::check(&written, &program.files)?;
    if args.format == Format::Text || args.svg.is_some() {
        tame::program(&mut program);
    }
    let options = Options {
        slots_up_to: args.slots_up_to,
        tasks_up_to: args.tasks_up_to,
        limits: Limits {
            max_states: Some(args.max_states),
            max_memory: Some(MEMORY),
            timeout: args.timeout,
            interrupt: Some(progress::interrupt()),
        },
    };
    let line = Line::new(&args.file.display().to_string(), false);
    fault::catch(|| sizes(&program, &options, &mut |progress| line.show(progress)))
        .map_err(Failure::Fault)
}
