//! `kmapcheck check`: explore scenarios and report what is wrong.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use kmapcheck_limits::Limits;
use kmapcheck_proof::certificate;
use kmapcheck_report::{Report, json, tame, text};
use kmapcheck_scenario::Program;

use crate::args::{Check, EngineArg, Format, Reduce};
use crate::exit::Exit;
use crate::input::{self, Failure};
use crate::loom;
use crate::output::{self, Output};
use crate::pictures;
use crate::progress::Line;
use crate::run::{READING, REPORTING, Run, WRITING};
use crate::targets;

/// How many steps of work loom may do to confirm the search, unless told otherwise: about a tenth of
/// a second of them. A number, not a time: what is printed must not depend on how fast the machine
/// is.
const LOOM_BUDGET: u64 = 100_000;

/// Runs the command.
pub fn run(args: &Check, output: &mut Output) -> io::Result<Exit> {
    let limits = args.limits.limits(args.max_states);
    if let (Some((option, _)), true) = (args.written().next(), args.files.len() > 1) {
        anstream::eprintln!("kmapcheck: `{option}` is for one scenario at a time");
        return Ok(Exit::BadInput);
    }
    let mut exit = Exit::Clean;
    let reports: Reports = Arc::default();
    for (i, file) in args.files.iter().enumerate() {
        if output.is_broken() {
            // Nobody reads the rest: what was not checked is not clean.
            exit = exit.max(Exit::Inconclusive);
            break;
        }
        let run = started(file, args, &limits, exit, &reports);
        match check(file, args, &limits, &run) {
            Ok((program, report, written)) => {
                exit = exit.max(Exit::of(&report)).max(written);
                exit = exit.max(write(file, args, &report, &run));
                match args.format {
                    Format::Text => {
                        let said = as_text(&report, args.quiet, i > 0, &run);
                        run.finish();
                        output.print(&said)?;
                        run.said(exit);
                        let line = Line::new(&file.display().to_string(), args.quiet);
                        let confirmed = program.map_or(Ok(String::new()), |program| {
                            confirm(&program, &report, args, &run, &line)
                        });
                        run.finish();
                        match confirmed {
                            Ok(said) => output.print(&said)?,
                            Err(failure) => {
                                failure.tell(file);
                                exit = exit.max(failure.exit());
                            }
                        }
                    }
                    Format::Json => {
                        run.finish();
                        gathered(&reports).push(report);
                    }
                }
            }
            Err(failure) => {
                run.finish();
                failure.tell(file);
                exit = exit.max(failure.exit());
            }
        }
    }
    if args.format == Format::Json {
        match as_json(&gathered(&reports), args.files.len() == 1)? {
            Some(json) => output.print(&json)?,
            None => return Ok(exit),
        }
    }
    Ok(exit)
}

/// The reports so far, for JSON.
type Reports = Arc<Mutex<Vec<Report>>>;

fn gathered(reports: &Reports) -> MutexGuard<'_, Vec<Report>> {
    reports.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Starts the run of a file. Its last words are what is known of it, after what is known of those
/// before.
fn started(file: &Path, args: &Check, limits: &Limits, exit: Exit, reports: &Reports) -> Run {
    let (file, format) = (file.display().to_string(), args.format);
    let (one, reports) = (args.files.len() == 1, Arc::clone(reports));
    let usual = engine_name(args, None);
    let given = args.given();
    Run::start(limits, move |doing| {
        let engine = doing.engine.unwrap_or(usual);
        let stopped = || Report::stopped_while(doing.phase, &file, None, engine, doing.reached);
        let mut report = doing.known.cloned().unwrap_or_else(stopped);
        repeated(&mut report, &given, &file);
        let exit = exit.max(Exit::of(&report)).max(Exit::Inconclusive);
        let said = match format {
            Format::Text => text::verdict_line(&report) + "\n" + &text::rendered_ending(&report),
            Format::Json => {
                let mut reports = gathered(&reports).clone();
                reports.push(report);
                let json = as_json(&reports, one);
                json.ok().flatten().unwrap_or_default()
            }
        };
        (said, exit)
    })
}

/// The engine for a program; for one that is not read yet, the usual one.
fn engine(args: &Check, program: Option<&Program>) -> EngineArg {
    let for_program = program.map(EngineArg::for_program);
    (args.engine.or(for_program)).unwrap_or(EngineArg::Search)
}

/// What reports call it.
fn engine_name(args: &Check, program: Option<&Program>) -> &'static str {
    match engine(args, program) {
        EngineArg::Search if args.plain.reduce == Reduce::None => "plain",
        engine => engine.name(),
    }
}

/// The report of the only file, or an array of all; `None`: the only file has none.
fn as_json(reports: &[Report], one: bool) -> io::Result<Option<String>> {
    let json = match (one, reports) {
        (true, []) => return Ok(None),
        (true, [report]) => json::one(report)?,
        (_, reports) => json::many(reports)?,
    };
    Ok(Some(json + "\n"))
}

/// What was found, and how writing a certificate went. There is no program if the limits came before
/// it was read.
fn check(
    file: &Path,
    args: &Check,
    limits: &Limits,
    run: &Run,
) -> Result<(Option<Program>, Report, Exit), Failure> {
    let shown = file.display().to_string();
    let stopped_by = |program: Option<&Program>, failure| {
        stopped(failure, args, &shown, program).map(|report| (None, report, Exit::Clean))
    };
    let program = match run.phase(READING, || read(file, args)) {
        Ok(program) => program,
        Err(failure) => return stopped_by(None, failure),
    };
    run.choose(engine_name(args, Some(&program)));
    match explored(&program, file, args, limits, run) {
        Ok((mut report, written)) => {
            repeated(&mut report, &args.given(), &shown);
            Ok((Some(program), report, written))
        }
        Err(failure) => stopped_by(Some(&program), failure),
    }
}

/// The report of a run that a limit stopped before the engine had anything to say.
fn stopped(
    failure: Failure,
    args: &Check,
    file: &str,
    program: Option<&Program>,
) -> Result<Report, Failure> {
    match failure {
        Failure::Stopped { phase, reached } => {
            let engine = engine_name(args, program);
            let mut report = Report::stopped_while(phase, file, program, engine, reached);
            repeated(&mut report, &args.given(), file);
            Ok(report)
        }
        failure => Err(failure),
    }
}

/// Reads a file, and looks at what is to be written.
fn read(file: &Path, args: &Check) -> Result<Program, Failure> {
    let mut program = input::load(file, &args.overrides)?;
    let written: Vec<&PathBuf> = args.written().map(|(_, file)| file).collect();
    targets::check(&written, &program.files)?;
    if args.format == Format::Text {
        tame::program(&mut program);
    }
    Ok(program)
}

/// The report of a program, and how writing a certificate went.
fn explored(
    program: &Program,
    file: &Path,
    args: &Check,
    limits: &Limits,
    run: &Run,
) -> Result<(Report, Exit), Failure> {
    let line = Line::new(&file.display().to_string(), args.quiet);
    let engine = engine(args, Some(program));
    match &args.certificate {
        None => {
            let options = (args.plain, &args.store, args.loom);
            let report = input::run(program, engine, options, limits, run, &line)?;
            Ok((report, Exit::Clean))
        }
        Some(to) => {
            let (report, certificate) =
                certified(program, engine, file, args, (limits, run), &line)?;
            let written = match certificate {
                Ok(json) => targets::write(to, &json),
                Err(failure) => {
                    failure.tell(file);
                    match report.stopped {
                        // With more time there might have been one.
                        Some(_) => Exit::Inconclusive,
                        None => failure.exit(),
                    }
                }
            };
            Ok((report, written))
        }
    }
}

/// Makes a report that ended early say how to go on.
fn repeated(report: &mut Report, given: &[(&'static str, String)], file: &str) {
    if let Some(stopped) = &mut report.stopped {
        stopped.repeat(&report.coverage.engine, given, file);
    }
}

/// Writes the page, the traces and the pictures that were asked for.
fn write(file: &Path, args: &Check, report: &Report, run: &Run) -> Exit {
    run.write(file, || {
        let kept = args.keep.write(file, &args.overrides, report);
        kept.max(pictures::of_report(report, &args.pictures))
    })
}

/// The report of the engine of proofs, and its certificate.
fn certified(
    program: &Program,
    engine: EngineArg,
    scenario: &Path,
    args: &Check,
    (limits, run): (&Limits, &Run),
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
    let (report, decision) = input::prove(program, limits, run, line)?;
    let (scenario, model) = (scenario.display().to_string(), given.model.as_deref());
    let written = run.last(WRITING, || {
        certificate(program, &decision.reasons, &scenario, model)
            .and_then(|certificate| {
                serde_json::to_string_pretty(&certificate).map_err(|error| error.to_string())
            })
            .map(|json| json + "\n")
            .map_err(Failure::Refused)
    });
    Ok((report, written))
}

/// What loom says to the search's verdict, if it is asked: the text of a report without `--engine`,
/// unless a limit came first.
fn confirm(
    program: &Program,
    report: &Report,
    args: &Check,
    run: &Run,
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
    loom::confirm(program, report, budget, run, line)
}

fn as_text(report: &Report, quiet: bool, follows: bool, run: &Run) -> String {
    let brief = || text::verdict_line(report) + "\n";
    if quiet {
        return brief();
    }
    let options = text::Options {
        width: output::width(),
        elapsed: true,
    };
    let text = run.last(REPORTING, || Ok(text::render(report, &options)));
    let text = text.unwrap_or_else(|_| brief() + &text::rendered_ending(report));
    if follows { format!("\n{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use clap::FromArgMatches;
    use kmapcheck_limits::Reached;

    use super::*;
    use crate::args::{Args, Command};

    const FILE: &str = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../scenarios/pte-highmem/mremap-proposed.json"
    );

    /// The report of a run with these options that is stopped after the file was read.
    fn stopped_with(options: &[&str]) -> Report {
        let words = [&["kmapcheck", "check", FILE][..], options].concat();
        let matches = Args::definition().try_get_matches_from(words);
        let args = Args::from_arg_matches(&matches.expect("there are such options"));
        let Command::Check(args) = args.expect("they are arguments").command else {
            panic!("it is a check");
        };
        let program = read(Path::new(FILE), &args).unwrap_or_else(|_| panic!("it can be read"));
        let failure = Failure::Stopped {
            phase: "working",
            reached: Reached::Interrupted,
        };
        stopped(failure, &args, FILE, Some(&program)).unwrap_or_else(|_| panic!("it was stopped"))
    }

    #[test]
    fn a_stopped_run_names_the_engine_that_was_at_work() {
        for (options, engine) in [
            (&[][..], "search"),
            (&["--tasks", "mremap=any"][..], "proof"),
            (&["--reduce", "none"][..], "plain"),
            (&["--engine", "loom"][..], "loom"),
        ] {
            let report = stopped_with(options);
            assert_eq!(report.coverage.engine, engine, "{options:?}");
        }
    }
}
