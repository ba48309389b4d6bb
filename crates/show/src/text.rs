//! The report as text for people.
//!
//! The verdict comes first, then each finding (what, the way there as a table, who waits for whom),
//! then what was covered, and in the last line how long it took: the only part that differs from
//! run to run. Styles are escape sequences; whoever prints strips them where they are not wanted.

pub(crate) mod fold;
mod idle_waits;
mod proved;
mod sentences;
mod table;

use std::fmt::{self, Write};

use anstyle::{AnsiColor, Style};
use kmapcheck_engine::Verdict;
use kmapcheck_report::words::{count, number, sentence};
use kmapcheck_report::{Coverage, Finding, Report};
use kmapcheck_scenario::Level;

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
        let (task, verb) = if stuck == 1 {
            ("task", "is")
        } else {
            ("tasks", "are")
        };
        let stuck = number(stuck as u64);
        notes.push(format!("Behind them {stuck} more {task} {verb} stuck."));
    }
    notes.extend(sentences::point_of_no_return(finding));
    notes
}

/// What the trace of a finding starts with, where the scenario leaves that open.
#[must_use]
pub fn start(finding: &Finding) -> Option<String> {
    finding.start.as_deref().map(sentences::start)
}

/// A line of what follows the findings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndLine {
    /// What it begins with, to be set off.
    pub head: Option<Head>,
    /// The rest.
    pub text: String,
    /// Whether it belongs to the line before.
    pub nested: bool,
}

impl EndLine {
    fn plain(text: String) -> EndLine {
        EndLine {
            head: None,
            text,
            nested: false,
        }
    }

    fn headed(head: Head, text: String) -> EndLine {
        EndLine {
            head: Some(head),
            ..EndLine::plain(text)
        }
    }

    fn nested(text: String) -> EndLine {
        EndLine {
            nested: true,
            ..EndLine::plain(text)
        }
    }
}

/// The words that a line begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Head {
    /// Before the limit that came first.
    Stopped,
    /// Before what was proved.
    Proved,
    /// Before a reason to doubt the verdict.
    Beware,
}

impl Head {
    fn style(self) -> Style {
        match self {
            Head::Proved => BOLD,
            Head::Stopped | Head::Beware => YELLOW,
        }
    }
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Head::Stopped => "Stopped early",
            Head::Proved => "Proved",
            Head::Beware => "Beware",
        })
    }
}

/// What follows the findings: what was proved and seen, and what to beware of.
#[must_use]
pub fn ending(report: &Report) -> Vec<EndLine> {
    let mut lines = Vec::new();
    if let Some(stopped) = &report.stopped {
        let text = format!(": {}.", stopped.text);
        lines.push(EndLine::headed(Head::Stopped, text));
        let next = if stopped.raise.is_some() {
            format!("To go on: {}", stopped.next)
        } else {
            format!("{}.", sentence(&stopped.next))
        };
        let text = format!("What was not found so far may still be there. {next}");
        lines.push(EndLine::plain(text));
    }
    if let Some(proof) = &report.proof {
        lines.extend(proved::told(proof, report.findings.is_empty()));
    }
    // What was proved without exploring anything has no coverage.
    if report.proof.is_none() || report.coverage.states > 0 {
        lines.push(EndLine::plain(coverage_line(report)));
        for never in report.coverage.never_executed.iter().flatten() {
            let at = (never.at.as_ref()).map_or_else(String::new, |at| format!(", {at}"));
            lines.push(EndLine::nested(format!(
                "never executed: {}: {} ({}{at})",
                never.task, never.op, never.source
            )));
        }
    }
    lines.extend(idle_waits::told(
        report.idle_waits.as_deref().unwrap_or_default(),
    ));
    let remarks = report.remarks.iter();
    lines.extend(remarks.map(|remark| EndLine::headed(Head::Beware, format!(": {remark}."))));
    lines
}

/// What follows the findings, as text with styles.
#[must_use]
pub fn rendered_ending(report: &Report) -> String {
    let mut out = String::new();
    render_end(&mut out, report);
    out
}

fn render_end(out: &mut String, report: &Report) {
    for EndLine { head, text, nested } in ending(report) {
        if nested {
            out.push_str("  ");
        }
        if let Some(head) = head {
            let style = head.style();
            let _ = write!(out, "{style}{head}{style:#}");
        }
        let _ = writeln!(out, "{text}");
    }
}

/// What a state takes, to a tenth of a byte; nothing about so few that the rest outweighs them.
fn bytes_a_state(bytes: u64, states: u64) -> String {
    if states < 100_000 {
        return String::new();
    }
    // An average, shown only.
    let tenths = bytes.saturating_mul(10).div_ceil(states);
    format!(", {}.{} bytes a state", tenths / 10, tenths % 10)
}

fn coverage_line(report: &Report) -> String {
    let Coverage {
        engine,
        complete,
        states,
        transitions,
        depth,
        interleavings,
        stored_bytes,
        reductions,
        fingerprints,
        ..
    } = &report.coverage;
    let prints = fingerprints.as_ref().map_or_else(String::new, |prints| {
        let (bits, missed) = (prints.bits, prints.missed);
        format!(", fingerprints of {bits} bits: a state was missed with a probability of at most {missed:.1e}")
    });
    let reduced = reductions.as_ref().map_or_else(String::new, |names| {
        let names = match names.as_slice() {
            [] => "nothing".to_owned(),
            names => names.join(", "),
        };
        format!(", reduced by {names}")
    });
    let orders = ["releases", "stubborn", "merge"];
    let of_orders = (reductions.iter().flatten()).any(|name| orders.contains(&name.as_str()));
    let how = if *complete && of_orders {
        "every interleaving, up to the order of steps that commute"
    } else if *complete {
        "every interleaving"
    } else if report.proof.is_some() {
        "explored on the way"
    } else if report.stopped.is_some() {
        "not every interleaving"
    } else {
        "decided without visiting every state"
    };
    if let Some(interleavings) = interleavings {
        return format!(
            "{}: {} of the kernel's own allocator, depth {} (engine {engine}).",
            sentence(how),
            count(*interleavings, "interleaving"),
            number(*depth)
        );
    }
    let seen = format!(
        "{}, {}",
        count(*states, "state"),
        count(*transitions, "transition")
    );
    let depth_shown = number(*depth);
    if *complete || report.stopped.is_some() || report.proof.is_some() {
        return format!(
            "{}: {seen}, depth {depth_shown} (engine {engine}{reduced}{}{prints}).",
            sentence(how),
            stored_bytes.map_or_else(String::new, |bytes| bytes_a_state(bytes, *states))
        );
    }
    // The figures are those of the plain part of the search; what was decided otherwise has none.
    let deeper = report
        .findings
        .iter()
        .any(|finding| finding.trace.len() as u64 > *depth);
    let rest = if deeper {
        "; the rest by aiming, see docs/search.md"
    } else {
        ""
    };
    format!(
        "{} (engine {engine}{reduced}{prints}; plain search: {seen}, to depth {depth_shown}{rest}).",
        sentence(how)
    )
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
