//! `kmapcheck test`: do scenarios give exactly what they expect?

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use kmapcheck_report::words::count;
use kmapcheck_report::{Report, StopReason, quoted, tame, text};
use kmapcheck_scenario::FindingKind;
use kmapcheck_search::Limits;

use crate::args::{EngineArg, OverrideArgs, Reduce, Test};
use crate::collect;
use crate::exit::Exit;
use crate::input::{self, Failure};
use crate::output::Output;
use crate::progress::{self, Line};

/// Scenarios that expect nothing are looked at, not settled at any price.
const UNEXPECTING_STATES: u64 = 1_000_000;
const UNEXPECTING_TIME: Duration = Duration::from_secs(10);

const GREEN: Style = AnsiColor::Green.on_default();
const RED: Style = AnsiColor::Red.on_default().bold();
const YELLOW: Style = AnsiColor::Yellow.on_default();

/// How many scenarios came to what.
#[derive(Debug, Default)]
struct Tally {
    passed: usize,
    failed: usize,
    skipped: usize,
    inconclusive: usize,
    /// Of the failed: those that could not be read.
    unreadable: usize,
    faults: usize,
    /// Those that Ctrl-C came before.
    not_run: usize,
}

/// Runs the command.
pub fn run(args: &Test, output: &mut Output) -> io::Result<Exit> {
    let Some(files) = collect::scenarios(&args.paths) else {
        return Ok(Exit::BadInput);
    };
    let interrupt = progress::interrupt();
    let limits = Limits {
        max_states: None,
        max_memory: Some(args.max_memory),
        timeout: Some(args.timeout),
        interrupt: Some(Arc::clone(&interrupt)),
    };
    let mut tally = Tally::default();
    for (i, (file, _)) in files.iter().enumerate() {
        if interrupt.load(Ordering::Relaxed) {
            tally.not_run = files.len() - i;
            break;
        }
        if output.is_broken() {
            tally.inconclusive += 1;
            break;
        }
        test(file, args, &limits, &mut tally, output)?;
    }
    output.print(&tally.summary())?;
    Ok(tally.exit())
}

/// Runs one scenario and prints what came of it.
fn test(
    file: &Path,
    args: &Test,
    limits: &Limits,
    tally: &mut Tally,
    output: &mut Output,
) -> io::Result<()> {
    let shown = input::shown(file);
    match attempt(file, args, limits) {
        Ok(report) => {
            let (style, word, rest) = match (&report.expected, report.as_expected) {
                (None, _) if was_interrupted(&report) => {
                    (YELLOW, "stop", format!("inconclusive{}", why(&report)))
                }
                (None, _) => (
                    YELLOW,
                    "?",
                    format!("no expectation: {}{}", found(&report), why(&report)),
                ),
                (Some(_), Some(true)) => (GREEN, "ok", found(&report)),
                (Some(expected), Some(false)) => {
                    (RED, "FAIL", differences(&report, expected, args, file))
                }
                (Some(_), None) => (YELLOW, "stop", format!("inconclusive{}", why(&report))),
            };
            match word {
                "ok" => tally.passed += 1,
                "FAIL" => tally.failed += 1,
                "?" => tally.skipped += 1,
                _ => tally.inconclusive += 1,
            }
            if !(args.quiet && (word == "ok" || word == "?")) {
                output.print(&format!("{style}{word:<4}{style:#} {shown}: {rest}\n"))?;
            }
        }
        Err(Failure::Refused(refusal)) => {
            tally.skipped += 1;
            if !args.quiet {
                output.print(&format!("{YELLOW}skip{YELLOW:#} {shown}: {refusal}\n"))?;
            }
        }
        Err(failure) => {
            tally.failed += 1;
            match failure {
                Failure::Fault(_) => tally.faults += 1,
                _ => tally.unreadable += 1,
            }
            let what = if matches!(failure, Failure::Fault(_)) {
                "internal fault"
            } else {
                "cannot be read"
            };
            output.print(&format!("{RED}FAIL{RED:#} {shown}: {what}\n"))?;
            failure.tell(file);
        }
    }
    Ok(())
}

fn attempt(file: &Path, args: &Test, limits: &Limits) -> Result<Report, Failure> {
    let mut program = input::load(file, &OverrideArgs::default())?;
    tame::program(&mut program);
    let limits = if program.expect.is_some() {
        limits.clone()
    } else {
        let timeout = Some(args.timeout.min(UNEXPECTING_TIME));
        // loom counts no states.
        let max_states = (args.engine != Some(EngineArg::Loom)).then_some(UNEXPECTING_STATES);
        Limits {
            max_states,
            timeout,
            ..limits.clone()
        }
    };
    let line = Line::new(&file.display().to_string(), args.quiet);
    let engine = args
        .engine
        .unwrap_or_else(|| EngineArg::for_program(&program));
    input::run(&program, engine, args.plain, args.loom, &limits, &line)
}

fn kinds(report: &Report) -> Vec<FindingKind> {
    report.findings.iter().map(|finding| finding.kind).collect()
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
        _ if args.plain.reduce == Reduce::None => "--reduce none ",
        None => "",
        Some(EngineArg::Search) => "--engine search ",
        Some(EngineArg::Reference) => "--engine reference ",
        Some(EngineArg::Loom) => "--engine loom ",
        Some(EngineArg::Proof) => "--engine proof ",
    };
    out.push_str(&format!(
        "\n     to see it: kmapcheck check {engine}{}",
        quoted(&file.display().to_string())
    ));
    out
}

impl Tally {
    fn summary(&self) -> String {
        let style = if self.failed > 0 { RED } else { GREEN };
        let inconclusive = match self.inconclusive {
            0 => String::new(),
            n => format!(", {n} inconclusive"),
        };
        let not_run = match self.not_run {
            0 => String::new(),
            n => format!("Interrupted: {} not run\n", count(n as u64, "file")),
        };
        format!(
            "{style}{} passed, {} failed, {} skipped{inconclusive}{style:#}\n{not_run}",
            self.passed, self.failed, self.skipped
        )
    }

    fn exit(&self) -> Exit {
        if self.faults > 0 {
            Exit::Fault
        } else if self.failed > self.unreadable {
            Exit::Violated
        } else if self.unreadable > 0 {
            Exit::BadInput
        } else if self.inconclusive + self.not_run > 0 {
            Exit::Inconclusive
        } else {
            Exit::Clean
        }
    }
}
