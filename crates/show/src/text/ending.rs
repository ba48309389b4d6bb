//! What follows the findings: what was proved and seen, and what to beware of.

use std::fmt::{self, Write};

use anstyle::Style;
use kmapcheck_report::words::{count, list, number, sentence};
use kmapcheck_report::{Coverage, NumberOf, Proof, Report, Size};
use kmapcheck_scenario::{FindingKind, Level};

use super::{BOLD, YELLOW};

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
        lines.extend(proved(proof, report.findings.is_empty()));
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

/// What was proved, and at which sizes the findings are.
fn proved(proof: &Proof, clean: bool) -> Vec<EndLine> {
    let mut lines = Vec::new();
    if !clean && !proof.sizes.is_empty() {
        let sizes: Vec<String> = (proof.sizes.iter())
            .map(|size| format!("{} = {}", size.name, number(size.number.into())))
            .collect();
        let text = format!("Found with {}{}.", sizes.join(", "), smallest(proof));
        lines.push(EndLine::plain(text));
    }
    if !proof.excluded.is_empty() {
        lines.push(EndLine::headed(
            Head::Proved,
            format!(" for {}:", proof.claim),
        ));
    }
    let is_excluded =
        |kind: &FindingKind| (proof.excluded.iter()).any(|excluded| excluded.kinds.contains(kind));
    let open: Vec<&str> = (FindingKind::ALL.iter())
        .filter(|kind| kind.level() == Level::Error && !is_excluded(kind))
        .map(|kind| kind.name())
        .collect();
    for excluded in &proof.excluded {
        let kinds: Vec<&str> = excluded.kinds.iter().map(|kind| kind.name()).collect();
        let kinds = match (kinds.as_slice(), open.as_slice()) {
            // Nobody would want to read that many one by one.
            ([_, _, _, _, ..], []) => "other error".to_owned(),
            ([_, _, _, _, ..], open) => format!("error other than {}", open.join(", ")),
            (kinds, _) => kinds.join(", "),
        };
        let text = format!("no {kinds}: {}.", excluded.because);
        lines.push(EndLine::nested(text));
    }
    lines
}

/// The claim that smaller numbers do not do, if it is made and says something.
fn smallest(proof: &Proof) -> String {
    let (tasks, others): (Vec<&Size>, Vec<&Size>) =
        (proof.sizes.iter()).partition(|size| size.of == NumberOf::Tasks);
    if !proof.smallest || tasks.iter().all(|size| size.number <= 1) {
        return String::new();
    }
    let names: Vec<&str> = tasks.iter().map(|size| size.name.as_str()).collect();
    let has = |of| others.iter().any(|size| size.of == of);
    let with = match (has(NumberOf::Slots), has(NumberOf::Units)) {
        (false, false) => "",
        (true, false) => "with these slots, ",
        (false, true) => "with these units, ",
        (true, true) => "with these slots and units, ",
    };
    let together = match names.len() {
        1 => "",
        _ => " together",
    };
    format!(
        "; {with}no smaller number of {}{together} shows all of it",
        list(&names)
    )
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
