//! `kmapcheck check`: explore scenarios and report what is wrong.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use kmapcheck_check::confirm::confirm;
use kmapcheck_check::run::{READING, REPORTING};
use kmapcheck_check::{Ask, Checked, Failure, Loaded, Progress, Run, check_within};
use kmapcheck_report::{Confirmation, Report};
use kmapcheck_scenario::Program;
use kmapcheck_show::{json, text};

use crate::args::{Check, Format};
use crate::exit::Exit;
use crate::failure::{exit_of, tell};
use crate::input;
use crate::output::{self, Output};
use crate::pictures;
use crate::progress::Line;
use crate::run;
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
    let ask = args.ask(&limits);
    let mut exit = Exit::Clean;
    let reports: Reports = Arc::default();
    for (i, file) in args.files.iter().enumerate() {
        if output.is_broken() {
            // Nobody reads the rest: what was not checked is not clean.
            exit = exit.max(Exit::Inconclusive);
            break;
        }
        let run = started(file, args, &ask, exit, &reports);
        let loaded;
        let came = match run.phase(READING, || read(file, args)) {
            Err(failure) => stopped(failure, &ask, file, None),
            Ok(read) => {
                loaded = read;
                let line = Line::new(&file.display().to_string(), args.quiet);
                let progress = &mut |progress: Progress<'_>| line.show_engine(progress);
                match check_within(&loaded, &ask, &run, progress) {
                    Ok(checked) => Ok(Came::Checked(Box::new(checked))),
                    Err(failure) => stopped(failure, &ask, file, Some(&loaded.program)),
                }
            }
        };
        let mut came = match came {
            Ok(came) => came,
            Err(failure) => {
                run.finish();
                tell(&failure, file);
                exit = exit.max(exit_of(&failure));
                continue;
            }
        };
        repeated(came.report_mut(), &args.given(), file);
        exit = exit.max(Exit::of(came.report()));
        if let Came::Checked(checked) = &came {
            exit = exit.max(write(file, args, checked, &run));
        }
        match args.format {
            Format::Text => {
                let said = as_text(came.report(), args.quiet, i > 0, &run);
                run.finish();
                output.print(&said)?;
                run::said(&run, exit);
                let confirmed = confirmed(&came, file, &ask, args, &run);
                run.finish();
                match confirmed {
                    Ok(Some(confirmation)) => output.print(&(confirmation.line() + "\n"))?,
                    Ok(None) => {}
                    Err(failure) => {
                        tell(&failure, file);
                        exit = exit.max(exit_of(&failure));
                    }
                }
            }
            Format::Json => {
                run.finish();
                gathered(&reports).push(came.into_report());
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

/// What came of a file.
enum Came<'a> {
    /// Whatever the engine said.
    Checked(Box<Checked<'a>>),
    /// A limit came before the engine had anything to say.
    Stopped(Box<Report>),
}

impl Came<'_> {
    fn report(&self) -> &Report {
        match self {
            Came::Checked(checked) => &checked.report,
            Came::Stopped(report) => report,
        }
    }

    fn report_mut(&mut self) -> &mut Report {
        match self {
            Came::Checked(checked) => &mut checked.report,
            Came::Stopped(report) => report,
        }
    }

    fn into_report(self) -> Report {
        match self {
            Came::Checked(checked) => checked.report,
            Came::Stopped(report) => *report,
        }
    }
}

/// The reports so far, for JSON.
type Reports = Arc<Mutex<Vec<Report>>>;

fn gathered(reports: &Reports) -> MutexGuard<'_, Vec<Report>> {
    reports.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Starts the run of a file. Its last words are what is known of it, after what is known of those
/// before.
fn started(file: &Path, args: &Check, ask: &Ask, exit: Exit, reports: &Reports) -> Run {
    let (path, file, format) = (file.to_owned(), file.display().to_string(), args.format);
    let (one, reports) = (args.files.len() == 1, Arc::clone(reports));
    let usual = ask.engine_name(None);
    let given = args.given();
    run::start(&ask.limits, move |doing| {
        let engine = doing.engine.unwrap_or(usual);
        let stopped = || Report::stopped_while(doing.phase, &file, None, engine, doing.reached);
        let mut report = doing.known.cloned().unwrap_or_else(stopped);
        repeated(&mut report, &given, &path);
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

/// The report of the only file, or an array of all; `None`: the only file has none.
fn as_json(reports: &[Report], one: bool) -> io::Result<Option<String>> {
    let json = match (one, reports) {
        (true, []) => return Ok(None),
        (true, [report]) => json::one(report)?,
        (_, reports) => json::many(reports)?,
    };
    Ok(Some(json + "\n"))
}

/// The report of a run that a limit stopped before the engine had anything to say.
fn stopped<'a>(
    failure: Failure,
    ask: &Ask,
    file: &Path,
    program: Option<&Program>,
) -> Result<Came<'a>, Failure> {
    match failure {
        Failure::Stopped { phase, reached } => {
            let engine = ask.engine_name(program);
            let name = file.display().to_string();
            let report = Report::stopped_while(phase, &name, program, engine, reached);
            Ok(Came::Stopped(Box::new(report)))
        }
        failure => Err(failure),
    }
}

/// Reads a file, and looks at what is to be written.
fn read(file: &Path, args: &Check) -> Result<Loaded, Failure> {
    let mut loaded = input::load(file, &args.overrides.overrides())?;
    let written: Vec<&PathBuf> = args.written().map(|(_, file)| file).collect();
    targets::check(&written, &loaded.program.files)?;
    if args.format == Format::Text {
        loaded.tame();
    }
    Ok(loaded)
}

/// Makes a report that ended early say how to go on.
fn repeated(report: &mut Report, given: &[(&'static str, String)], file: &Path) {
    if let Some(stopped) = &mut report.stopped {
        let file = file.display().to_string();
        stopped.repeat(&report.coverage.engine, given, &file);
    }
}

/// Writes the certificate, the page, the traces and the pictures that were asked for.
fn write(file: &Path, args: &Check, checked: &Checked<'_>, run: &Run) -> Exit {
    let certificate = match (&args.certificate, &checked.certificate) {
        (Some(to), Some(Ok(json))) => targets::write(to, json),
        (_, Some(Err(failure))) => {
            tell(failure, file);
            match checked.report.stopped {
                // With more time there might have been one.
                Some(_) => Exit::Inconclusive,
                None => exit_of(failure),
            }
        }
        _ => Exit::Clean,
    };
    certificate.max(run::write(run, file, || {
        let kept = args.keep.write(file, checked);
        kept.max(pictures::of_report(&checked.report, &args.pictures))
    }))
}

/// What loom says to the search's verdict, if it is asked: beside the text of a report without
/// `--engine`, unless a limit came first.
fn confirmed(
    came: &Came<'_>,
    file: &Path,
    ask: &Ask,
    args: &Check,
    run: &Run,
) -> Result<Option<Confirmation>, Failure> {
    let budget = args.loom_budget.unwrap_or(LOOM_BUDGET);
    let Came::Checked(checked) = came else {
        return Ok(None);
    };
    let report = &checked.report;
    if ask.engine.is_some()
        || args.quiet
        || budget == 0
        || report.stopped.is_some()
        || report.proof.is_some()
    {
        return Ok(None);
    }
    let line = Line::new(&file.display().to_string(), args.quiet);
    let progress = &mut |progress: Progress<'_>| line.show_engine(progress);
    confirm(&checked.program, report, budget, run, progress)
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
