//! `kmapcheck check`: explore scenarios and report what is wrong.

use std::io;
use std::path::Path;

use kmapcheck_report::{Report, json, text};
use kmapcheck_search::Limits;

use crate::args::{Check, Format};
use crate::exit::Exit;
use crate::input::{self, Failure};
use crate::output::{self, Output};
use crate::progress::{self, Line};

/// Runs the command.
pub fn run(args: &Check, output: &mut Output) -> io::Result<Exit> {
    let limits = Limits {
        max_states: args.max_states,
        max_memory: Some(args.max_memory),
        timeout: args.timeout,
        interrupt: Some(progress::interrupt()),
    };
    let mut exit = Exit::Clean;
    let mut reports = Vec::new();
    for (i, file) in args.files.iter().enumerate() {
        if output.is_broken() {
            // Nobody reads the rest: what was not checked is not clean.
            exit = exit.max(Exit::Inconclusive);
            break;
        }
        match check(file, args, &limits) {
            Ok(report) => {
                exit = exit.max(Exit::of(&report));
                match args.format {
                    Format::Text => output.print(&as_text(&report, args.quiet, i > 0))?,
                    Format::Json => reports.push(report),
                }
            }
            Err(failure) => {
                failure.tell(file);
                exit = exit.max(failure.exit());
            }
        }
    }
    if args.format == Format::Json {
        let json = match (args.files.as_slice(), reports.as_slice()) {
            ([_], []) => return Ok(exit),
            ([_], [report]) => json::one(report)?,
            (_, reports) => json::many(reports)?,
        };
        output.print(&(json + "\n"))?;
    }
    Ok(exit)
}

fn check(file: &Path, args: &Check, limits: &Limits) -> Result<Report, Failure> {
    let program = input::load(file, &args.overrides)?;
    let line = Line::new(&file.display().to_string(), args.quiet);
    input::run(&program, args.engine, limits, &line)
}

fn as_text(report: &Report, quiet: bool, follows: bool) -> String {
    if quiet {
        return text::verdict_line(report) + "\n";
    }
    let text = text::render(
        report,
        &text::Options {
            width: output::width(),
            elapsed: true,
        },
    );
    if follows { format!("\n{text}") } else { text }
}
