//! What follows the findings: what was proved and seen, and what to beware of.

use std::fmt::{self, Write};

use anstyle::Style;
use kmapcheck_report::words::{count, list, number, sentence};
use kmapcheck_report::{Coverage, Report};

use super::{BOLD, YELLOW, idle_waits, proved};

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
    pub(super) fn plain(text: String) -> EndLine {
        EndLine {
            head: None,
            text,
            nested: false,
        }
    }

    pub(super) fn headed(head: Head, text: String) -> EndLine {
        EndLine {
            head: Some(head),
            ..EndLine::plain(text)
        }
    }

    pub(super) fn nested(text: String) -> EndLine {
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
        let open = match report.coverage.open.as_deref() {
            Some([]) => "Nothing else can be there.".to_owned(),
            Some(open) => {
                let names: Vec<&str> = open.iter().map(|kind| kind.name()).collect();
                format!(
                    "Of what was not found, only {} may still be there.",
                    list(&names)
                )
            }
            None => "What was not found so far may still be there.".to_owned(),
        };
        let text = format!("{open} {next}");
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

pub(super) fn render_end(out: &mut String, report: &Report) {
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
