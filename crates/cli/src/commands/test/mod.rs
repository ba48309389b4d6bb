//! `kmapcheck test`: do scenarios give exactly what they expect?
//!
//! Scenarios are run one by one or several at once ([`jobs`]); each becomes a [`Case`], which is
//! printed, counted ([`tally`]) and kept for the files that CI systems read.

mod jobs;
mod tally;
mod update;
mod watch;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use kmapcheck_check::run::READING;
use kmapcheck_check::{Engine, Failure, Progress, check_within};
use kmapcheck_limits::Limits;
use kmapcheck_report::{Report, StopReason, Stopped, quoted, tame};
use kmapcheck_scenario::{FindingKind, Overrides};
use kmapcheck_show::suite::{Case, Mistake, Tested, Unexpecting, github, junit, sarif};
use kmapcheck_show::text;

use crate::args::{EngineArg, Reduce, StoreArgs, Test, ask};
use crate::collect;
use crate::exit::Exit;
use crate::failure::{in_options, tell};
use crate::input;
use crate::output::Output;
use crate::progress::{self, Line};
use crate::run;
use crate::targets;
use tally::Tally;

/// Scenarios that expect nothing are looked at, not settled at any price.
const UNEXPECTING_STATES: u64 = 1_000_000;
const UNEXPECTING_TIME: Duration = Duration::from_secs(10);

const GREEN: Style = AnsiColor::Green.on_default();
const RED: Style = AnsiColor::Red.on_default().bold();
const YELLOW: Style = AnsiColor::Yellow.on_default();

/// Runs the command.
pub fn run(args: &Test, output: &mut Output) -> io::Result<Exit> {
    if args.suite.update_expect && args.engine == Some(EngineArg::Loom) {
        anstream::eprintln!(
            "kmapcheck: `--update-expect` goes by what scenarios mean, which loom may not see to the end: leave `--engine loom` out"
        );
        return Ok(Exit::BadInput);
    }
    let interrupt = progress::interrupt();
    if args.suite.watch {
        return watch::run(args, &interrupt, output);
    }
    Ok(once(args, &interrupt, output)?.unwrap_or(Exit::BadInput))
}

/// Runs the scenarios once; what they come to. `None`: there is something wrong with the paths, and
/// that has been told.
fn once(args: &Test, interrupt: &Arc<AtomicBool>, output: &mut Output) -> io::Result<Option<Exit>> {
    let Some(files) = collect::scenarios(&args.paths) else {
        return Ok(None);
    };
    let read: Vec<&PathBuf> = files.iter().map(|(file, _)| file).collect();
    let written: Vec<&PathBuf> = [&args.suite.junit, &args.suite.sarif]
        .into_iter()
        .flatten()
        .collect();
    if let Err(failure) = targets::check(&written, &read) {
        tell(&failure, Path::new("test"));
        return Ok(None);
    }
    let files: Vec<PathBuf> = (files.into_iter().enumerate())
        .filter(|(i, _)| args.suite.partition.is_none_or(|part| part.has(*i)))
        .map(|(_, (file, _))| file)
        .collect();
    let limits = args.limits.limits(None);
    let threads = usize::from(args.suite.jobs);
    let on_github = std::env::var_os("GITHUB_ACTIONS").is_some_and(|value| value == "true");
    let (mut tally, mut cases, mut written) = (Tally::default(), Vec::new(), Ok(()));
    let failed = Arc::new(AtomicBool::new(false));
    let mut broken = false;
    jobs::in_order(
        files.len(),
        threads,
        interrupt,
        |i| {
            let line = Line::new(&files[i].display().to_string(), args.quiet || threads > 1);
            attempt(&files[i], args, &limits, &failed, &line)
        },
        |i, done| {
            if output.is_broken() {
                broken = true;
                return false;
            }
            let (case, failure) = case(&files[i], args, done);
            let case = update(&files[i], args, case, &mut tally);
            written = print(&case, args, output);
            if let Some(failure) = failure {
                tell(&failure, &files[i]);
            }
            if on_github && written.is_ok() {
                written = output.print(&github::render(&case));
            }
            tally.add(&case);
            cases.push(case);
            let is_failed = tally.failed > 0;
            failed.store(is_failed, Ordering::Relaxed);
            written.is_ok() && !(args.suite.fail_fast && is_failed)
        },
    );
    written?;
    if broken {
        // Nobody reads the rest: what was not tested is not as expected.
        tally.inconclusive += 1;
    } else {
        tally.not_run = files.len() - cases.len();
        tally.interrupted = interrupt.load(Ordering::Relaxed);
    }
    let files_written = write_files(args, &cases);
    output.print(&tally.summary(&args.paths))?;
    Ok(Some(tally.exit().max(files_written)))
}

/// What came of a scenario, and the failure that is to be told, if it is one.
fn case(file: &Path, args: &Test, done: Result<Report, Failure>) -> (Case, Option<Failure>) {
    let shown = file.display().to_string();
    let case = |tested, report| Case {
        file: shown.clone(),
        tested,
        report,
    };
    match done {
        Ok(report) => {
            let tested = match (&report.expected, report.as_expected) {
                (None, _) if was_interrupted(&report) => {
                    Tested::Inconclusive(format!("inconclusive{}", why(&report)))
                }
                (None, _) => Tested::NoExpectation(Unexpecting {
                    found: format!("{}{}", found(&report), why(&report)),
                    add: (report.stopped.is_none()).then(|| expect_field(&kinds(&report))),
                    required: args.suite.require_expect,
                }),
                (Some(_), Some(true)) => Tested::Passed,
                (Some(expected), Some(false)) => {
                    Tested::Failed(differences(&report, expected, args, file))
                }
                (Some(_), None) => Tested::Inconclusive(format!("inconclusive{}", why(&report))),
            };
            (case(tested, Some(report)), None)
        }
        Err(Failure::Unfit(unfit)) => (case(Tested::Refused(in_options(&unfit)), None), None),
        Err(Failure::Refused(refusal)) => (case(Tested::Refused(refusal), None), None),
        Err(Failure::Input(errors)) => {
            let tested = Tested::Unreadable(Mistake::all(&errors));
            (case(tested, None), Some(Failure::Input(errors)))
        }
        Err(Failure::Stopped { phase, reached }) => {
            let said = Stopped::line(reached, phase);
            let tested = Tested::Inconclusive(format!("inconclusive: {said}"));
            (case(tested, None), None)
        }
        Err(Failure::Fault(said)) => {
            let tested = Tested::Fault(said.clone());
            (case(tested, None), Some(Failure::Fault(said)))
        }
    }
}

/// With `--update-expect`, makes the file of a scenario that was explored to its end expect what was
/// found.
fn update(file: &Path, args: &Test, case: Case, tally: &mut Tally) -> Case {
    let differs = match &case.tested {
        Tested::Failed(_) => true,
        Tested::NoExpectation(unexpecting) => unexpecting.required,
        _ => false,
    };
    let wanted = args.suite.update_expect && differs;
    let Some(report) = case.report.as_ref().filter(|_| wanted) else {
        return case;
    };
    if report.stopped.is_some() {
        let said = format!("inconclusive{}: `expect` is left as it is", why(report));
        return Case {
            tested: Tested::Inconclusive(said),
            ..case
        };
    }
    match update::rewrite(file, &kinds(report)) {
        Ok(()) => {
            tally.updated += 1;
            let mut case = case;
            if let Some(report) = &mut case.report {
                report.expected = Some(kinds(report));
                report.as_expected = Some(true);
            }
            case.tested = Tested::Passed;
            case
        }
        Err(error) => {
            anstream::eprintln!(
                "kmapcheck: {}: cannot rewrite `expect`: {}",
                input::shown(file),
                tame::line(&error)
            );
            case
        }
    }
}

/// Prints what came of a scenario.
fn print(case: &Case, args: &Test, output: &mut Output) -> io::Result<()> {
    let shown = input::shown(Path::new(&case.file));
    let (style, word, rest) = match &case.tested {
        Tested::Passed => (
            GREEN,
            "ok",
            case.report.as_ref().map_or_else(String::new, found),
        ),
        Tested::NoExpectation(unexpecting) if unexpecting.required => {
            (RED, "FAIL", unexpecting.to_string())
        }
        Tested::NoExpectation(unexpecting) => (YELLOW, "?", unexpecting.to_string()),
        Tested::Failed(said) => (RED, "FAIL", said.clone()),
        Tested::Inconclusive(said) => (YELLOW, "stop", said.clone()),
        Tested::Refused(said) => (YELLOW, "skip", said.clone()),
        Tested::Unreadable(_) => (RED, "FAIL", "cannot be read".to_owned()),
        Tested::Fault(_) => (RED, "FAIL", "internal fault".to_owned()),
    };
    if args.quiet && ["ok", "?", "skip"].contains(&word) {
        return Ok(());
    }
    output.print(&format!("{style}{word:<4}{style:#} {shown}: {rest}\n"))
}

/// Writes the files that were asked for.
fn write_files(args: &Test, cases: &[Case]) -> Exit {
    let junit = (args.suite.junit.as_ref()).map(|file| {
        (
            file,
            junit::render(cases).map_err(|error| error.to_string()),
        )
    });
    let sarif = (args.suite.sarif.as_ref()).map(|file| {
        (
            file,
            sarif::render(cases).map_err(|error| error.to_string()),
        )
    });
    let mut exit = Exit::Clean;
    for (file, text) in junit.into_iter().chain(sarif) {
        match text {
            Ok(text) => exit = exit.max(targets::write(file, &text)),
            Err(said) => {
                crate::fault::tell(&format!("writing {}", input::shown(file)), &said);
                exit = Exit::Fault;
            }
        }
    }
    exit
}

/// Runs one scenario. If it has to be ended from outside, so has everything: `failed` says what the
/// exit status is then.
fn attempt(
    file: &Path,
    args: &Test,
    limits: &Limits,
    failed: &Arc<AtomicBool>,
    line: &Line,
) -> Result<Report, Failure> {
    let (shown, failed) = (input::shown(file), Arc::clone(failed));
    let run = run::start(limits, move |doing| {
        let said = Stopped::line(doing.reached, doing.phase);
        let exit = match failed.load(Ordering::Relaxed) {
            true => Exit::Violated,
            false => Exit::Inconclusive,
        };
        let rest = "what follows was not tested; run it without this one";
        (
            format!("{YELLOW}stop{YELLOW:#} {shown}: inconclusive: {said}; {rest}\n"),
            exit,
        )
    });
    let loaded = run.phase(READING, || {
        let mut loaded = input::load(file, &Overrides::default())?;
        loaded.tame();
        Ok(loaded)
    })?;
    let limits = if loaded.program.expect.is_some() {
        limits.clone()
    } else {
        let least = |timeout: Duration| timeout.min(UNEXPECTING_TIME);
        // loom counts no states.
        let max_states = (args.engine != Some(EngineArg::Loom)).then_some(UNEXPECTING_STATES);
        Limits {
            max_states,
            timeout: Some(limits.timeout.map_or(UNEXPECTING_TIME, least)),
            ..limits.clone()
        }
    };
    let store = StoreArgs::default();
    let ask = ask(args.engine, args.plain, &store, args.loom, limits);
    let progress = &mut |progress: Progress<'_>| line.show_engine(progress);
    check_within(&loaded, &ask, &run, progress).map(|checked| checked.report)
}

fn kinds(report: &Report) -> Vec<FindingKind> {
    report.findings.iter().map(|finding| finding.kind).collect()
}

/// `"expect": ["deadlock"]`: what to write into a scenario that is to have these findings.
fn expect_field(kinds: &[FindingKind]) -> String {
    let names: Vec<String> = (kinds.iter())
        .map(|kind| format!("\"{}\"", kind.name()))
        .collect();
    format!("`\"expect\": [{}]`", names.join(", "))
}

/// What was found, in a few words.
fn found(report: &Report) -> String {
    match kinds(report).as_slice() {
        [] => report.verdict.name().to_owned(),
        kinds => text::expected_kinds(kinds),
    }
}

fn was_interrupted(report: &Report) -> bool {
    let stopped = report.stopped.as_ref();
    stopped.is_some_and(|stopped| stopped.reason == StopReason::Interrupted)
}

/// Why the run ended early, if it did.
fn why(report: &Report) -> String {
    report
        .stopped
        .as_ref()
        .map_or_else(String::new, |stopped| format!(": {}", stopped.text))
}

/// What differs from what is expected, and how to see it.
fn differences(report: &Report, expected: &[FindingKind], args: &Test, file: &Path) -> String {
    let mut out = format!(
        "not as expected\n     expected: {}\n     found:    {}",
        text::expected_kinds(expected),
        text::expected_kinds(&kinds(report))
    );
    for finding in report
        .findings
        .iter()
        .filter(|finding| !expected.contains(&finding.kind))
    {
        out.push_str(&format!(
            "\n     not expected: {}: {}",
            finding.kind.name(),
            finding.summary
        ));
    }
    for missing in expected.iter().filter(|kind| !kinds(report).contains(kind)) {
        out.push_str(&format!(
            "\n     not found: {}{}",
            missing.name(),
            why(report)
        ));
    }
    let engine = match args.engine {
        _ if args.plain.reduce == Reduce::None => "--reduce none ".to_owned(),
        None => String::new(),
        Some(engine) => format!("--engine {} ", Engine::from(engine).name()),
    };
    out.push_str(&format!(
        "\n     to see it: kmapcheck check {engine}{}",
        quoted(&file.display().to_string())
    ));
    out
}
