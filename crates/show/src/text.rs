//! The report as text for people.
//!
//! The verdict comes first, with what it assumes, then each finding (what, the way there as a table, who waits for whom),
//! then what was covered, and in the last line how long it took: the only part that differs from
//! run to run. Styles are escape sequences; whoever prints strips them where they are not wanted.

mod assumed;
mod ending;
pub(crate) mod fold;
mod idle_waits;
mod proved;
mod sentences;
mod table;

use std::fmt::Write;

use anstyle::{AnsiColor, Style};
use kmapcheck_engine::Verdict;
use kmapcheck_report::words::number;
use kmapcheck_report::{Finding, Report};
use kmapcheck_scenario::{FindingKind, Level};

pub use assumed::{assumed, condition, line as assumption};
use ending::render_end;
pub use ending::{EndLine, Head, ending, rendered_ending};

/// How to render.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// The width to stay within where that can be done, in columns.
    pub width: usize,
    /// Whether to say how long the run took.
    pub elapsed: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            width: 100,
            elapsed: true,
        }
    }
}

const RED: Style = AnsiColor::Red.on_default().bold();
const GREEN: Style = AnsiColor::Green.on_default().bold();
const YELLOW: Style = AnsiColor::Yellow.on_default().bold();
const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();

/// The whole report, ending in a line feed.
#[must_use]
pub fn render(report: &Report, options: &Options) -> String {
    let mut out = verdict_line(report);
    out.push('\n');
    for line in assumed(report) {
        let _ = writeln!(out, "  {line}");
    }
    for finding in &report.findings {
        out.push('\n');
        render_finding(&mut out, finding, options);
    }
    out.push('\n');
    render_end(&mut out, report);
    if options.elapsed {
        let seconds = report.elapsed_ms / 1e3;
        let (seen, what) = match report.coverage.interleavings {
            Some(interleavings) => (interleavings, "interleavings"),
            None => (report.coverage.states, "states"),
        };
        #[allow(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss
        )]
        let rate = if seconds > 0.0 {
            (seen as f64 / seconds) as u64
        } else {
            0
        };
        if seen == 0 {
            let _ = writeln!(out, "{DIM}Took {}.{DIM:#}", duration(report.elapsed_ms));
            return out;
        }
        let _ = writeln!(
            out,
            "{DIM}Took {} ({} {what}/s).{DIM:#}",
            duration(report.elapsed_ms),
            number(rate)
        );
    }
    out
}

/// One finding by itself, ending in a line feed.
#[must_use]
pub fn finding(finding: &Finding, options: &Options) -> String {
    let mut out = String::new();
    render_finding(&mut out, finding, options);
    out
}

/// The verdict in one line, without a line feed.
#[must_use]
pub fn verdict_line(report: &Report) -> String {
    let style = match (report.as_expected, report.verdict) {
        (Some(true), _) | (None, Verdict::Clean) => GREEN,
        (Some(false), _) | (None, Verdict::Violated) => RED,
        (None, Verdict::Inconclusive) => YELLOW,
    };
    let outcome = match outcome(report) {
        none if none.is_empty() => none,
        outcome if report.findings.is_empty() => format!(", {outcome}"),
        outcome => format!(": {outcome}"),
    };
    let doing = report.stopped.as_ref().and_then(|s| s.doing.as_ref());
    let comma = if outcome.is_empty() { ":" } else { "," };
    let doing = doing.map_or_else(String::new, |doing| {
        format!("{comma} stopped while {doing}")
    });
    // The model is not known before it is read.
    let on_model = match report.model.as_str() {
        "" => String::new(),
        model => format!(" on {model}"),
    };
    format!(
        "{style}{}{style:#} {BOLD}{}{BOLD:#}{on_model}{outcome}{doing}",
        report.verdict.name(),
        report.scenario,
    )
}

/// What the line of the verdict says after the names: what was found, whether that was expected, and
/// what a clean verdict depends on, such as `deadlock, as expected`. Empty: nothing of that.
#[must_use]
pub fn outcome(report: &Report) -> String {
    let kinds = report.findings.iter().map(|finding| finding.kind.name());
    let mut parts: Vec<String> = kinds.map(str::to_owned).collect();
    parts.extend(match (report.as_expected, &report.expected) {
        (Some(true), _) => Some("as expected".to_owned()),
        (Some(false), Some(expected)) => {
            Some(format!("not as expected ({})", expected_kinds(expected)))
        }
        // What was found so far is among it: else it would not be as expected.
        (None, Some(_)) if !report.findings.is_empty() => Some("as expected so far".to_owned()),
        (None, Some(expected)) => Some(format!("expected {}", expected_kinds(expected))),
        _ => None,
    });
    if let (Some(prints), Verdict::Clean) = (&report.coverage.fingerprints, report.verdict) {
        parts.push(format!(
            "unless a state was missed (probability at most {:.1e})",
            prints.missed
        ));
    }
    parts.extend(condition(report));
    parts.join(", ")
}

/// Kinds in a list, such as `deadlock, slot-leak`, or `nothing`.
#[must_use]
pub fn expected_kinds(kinds: &[kmapcheck_scenario::FindingKind]) -> String {
    if kinds.is_empty() {
        return "no finding".to_owned();
    }
    kinds
        .iter()
        .map(|kind| kind.name())
        .collect::<Vec<_>>()
        .join(", ")
}

fn render_finding(out: &mut String, finding: &Finding, options: &Options) {
    let style = if finding.level == Level::Error {
        RED
    } else {
        YELLOW
    };
    let class = finding
        .class
        .as_ref()
        .map_or_else(String::new, |class| format!(" ({class})"));
    let _ = writeln!(
        out,
        "{style}{}{style:#}: {BOLD}{}{class}{BOLD:#}: {}.",
        finding.level.name(),
        finding.kind.name(),
        finding.summary
    );
    if let Some(start) = &finding.start {
        let _ = writeln!(out, "{}", sentences::start(start));
    }
    // For layout: where nothing is left, nothing fits.
    let trace = table::trace(finding, options.width.saturating_sub(2));
    if !trace.is_empty() {
        out.push('\n');
        indent(out, &trace);
    }
    let notes = notes(finding);
    if !notes.is_empty() {
        out.push('\n');
    }
    for line in notes {
        let _ = writeln!(out, "  {line}");
    }
}

/// What the trace of a finding alone does not say: what its core waits for, who else is stuck, and
/// from where on nothing helps.
#[must_use]
pub fn notes(finding: &Finding) -> Vec<String> {
    let mut notes = sentences::core(finding);
    // The core is a part of the stuck.
    let stuck = finding.stuck.len().saturating_sub(finding.core.len());
    if stuck > 0 {
        let behind = match (finding.kind, stuck) {
            (FindingKind::TimeoutRescue, 1) => "task waits until then",
            (FindingKind::TimeoutRescue, _) => "tasks wait until then",
            (_, 1) => "task is stuck",
            (_, _) => "tasks are stuck",
        };
        let stuck = number(stuck as u64);
        notes.push(format!("Behind them {stuck} more {behind}."));
    }
    notes.extend(sentences::point_of_no_return(finding));
    notes
}

/// What the trace of a finding starts with, where the scenario leaves that open.
#[must_use]
pub fn start(finding: &Finding) -> Option<String> {
    finding.start.as_deref().map(sentences::start)
}

fn indent(out: &mut String, text: &str) {
    for line in text.lines() {
        let _ = writeln!(out, "  {line}");
    }
}

fn duration(millis: f64) -> String {
    if millis < 10.0 {
        format!("{millis:.1} ms")
    } else if millis < 1000.0 {
        format!("{millis:.0} ms")
    } else {
        format!("{:.1} s", millis / 1e3)
    }
}
