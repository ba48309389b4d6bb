//! `kmapcheck check`: explore scenarios and report what is wrong.

use kmapcheck_proof::certificate;
use kmapcheck_report::{Report, json, tame, text};
use kmapcheck_scenario::Program;
use kmapcheck_search::Limits;
use std::io;
use std::path::{Path, PathBuf};

use crate::args::{Check, EngineArg, Format};
use crate::exit::Exit;
use crate::input::{self, Failure};
use crate::loom;
use crate::output::{self, Output};
use crate::pictures;
use crate::progress::{self, Line};
use crate::targets;

/// How many steps of work loom may do to confirm the search, unless told otherwise: about a tenth of
/// a second of them. A number, not a time: what is printed must not depend on how fast the machine
/// is.
const LOOM_BUDGET: u64 = 100_000;

/// Runs the command.
pub fn run(args: &Check, output: &mut Output) -> io::Result<Exit> {
    let limits = Limits {
        max_states: args.max_states,
        max_memory: Some(args.max_memory),
        timeout: args.timeout,
        interrupt: Some(progress::interrupt()),
    };
    if let (Some((option, _)), true) = (args.written().next(), args.files.len() > 1) {
        anstream::eprintln!("kmapcheck: `{option}` is for one scenario at a time");
        return Ok(Exit::BadInput);
    }
    let mut exit = Exit::Clean;
    let mut reports = Vec::new();
    for (i, file) in args.files.iter().enumerate() {
        if output.is_broken() {
            // Nobody reads the rest: what was not checked is not clean.
            exit = exit.max(Exit::Inconclusive);
            break;
        }
        match check(file, args, &limits) {
            Ok((program, report, written)) => {
                exit = exit.max(Exit::of(&report)).max(written);
                exit = exit.max(args.keep.write(file, &args.overrides, &report));
                exit = exit.max(pictures::of_report(&report, &args.pictures));
                match args.format {
                    Format::Text => {
                        output.print(&as_text(&report, args.quiet, i > 0))?;
                        let line = Line::new(&file.display().to_string(), args.quiet);
                        match confirm(&program, &report, args, &limits, &line) {
                            Ok(said) => output.print(&said)?,
                            Err(failure) => {
                                failure.tell(file);
                                exit = exit.max(failure.exit());
                            }
                        }
                    }
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

/// What was found, and how writing a certificate went.
fn check(file: &Path, args: &Check, limits: &Limits) -> Result<(Program, Report, Exit), Failure> {
    let mut program = input::load(file, &args.overrides)?;
    let written: Vec<&PathBuf> = args.written().map(|(_, file)| file).collect();
    targets::check(&written, &program.files)?;
    if args.format == Format::Text {
        tame::program(&mut program);
    }
    let line = Line::new(&file.display().to_string(), args.quiet);
    let engine = args
        .engine
        .unwrap_or_else(|| EngineArg::for_program(&program));
    let mut exit = Exit::Clean;
    let mut report = match &args.certificate {
        None => {
            let (plain, store) = (args.plain, &args.store);
            input::run(&program, engine, plain, store, args.loom, limits, &line)?
        }
        Some(to) => {
            let (report, certificate) = certified(&program, engine, file, args, limits, &line)?;
            match certificate {
                Ok(json) => exit = targets::write(to, &json),
                Err(failure) => {
                    failure.tell(file);
                    exit = failure.exit();
                }
            }
            report
        }
    };
    if let Some(stopped) = &mut report.stopped {
        let file = file.display().to_string();
        stopped.repeat(&report.coverage.engine, &args.given(), &file);
    }
    Ok((program, report, exit))
}

/// The report of the engine of proofs, and its certificate.
fn certified(
    program: &Program,
    engine: EngineArg,
    scenario: &Path,
    args: &Check,
    limits: &Limits,
    line: &Line,
) -> Result<(Report, Result<String, Failure>), Failure> {
    let given = &args.overrides;
    let refused = |said: &str| Err(Failure::Refused(said.to_owned()));
    if engine != EngineArg::Proof {
        return refused("`--certificate` is for `--engine proof`");
    }
    if !(given.slots.is_empty() && given.tasks.is_empty()) {
        return refused("a certificate is about the file as it stands: write the numbers into it");
    }
    input::fits(engine, args.plain, &args.store, args.loom)?;
    let (report, decision) = input::prove(program, limits, line)?;
    let (scenario, model) = (scenario.display().to_string(), given.model.as_deref());
    let written = certificate(program, &decision.reasons, &scenario, model)
        .and_then(|certificate| {
            serde_json::to_string_pretty(&certificate).map_err(|error| error.to_string())
        })
        .map(|json| json + "\n")
        .map_err(Failure::Refused);
    Ok((report, written))
}

/// What loom says to the search's verdict, if it is asked: the text of a report without `--engine`,
/// unless a limit came first.
fn confirm(
    program: &Program,
    report: &Report,
    args: &Check,
    limits: &Limits,
    line: &Line,
) -> Result<String, Failure> {
    let budget = args.loom_budget.unwrap_or(LOOM_BUDGET);
    if args.engine.is_some()
        || args.quiet
        || budget == 0
        || report.stopped.is_some()
        || report.proof.is_some()
    {
        return Ok(String::new());
    }
    loom::confirm(program, report, budget, limits, line)
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
