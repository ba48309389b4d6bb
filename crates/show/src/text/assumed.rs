//! What a verdict assumes: in its line, and below it.

use kmapcheck_engine::Verdict;
use kmapcheck_report::Report;
use kmapcheck_report::words::{count, number, plural};
use kmapcheck_scenario::Assumption;

/// More assumptions than this are folded by their kinds.
const MOST: usize = 10;

/// What a verdict is said to depend on, such as `if 3 assumptions hold`; an inconclusive one says
/// nothing that could depend on it.
#[must_use]
pub fn condition(report: &Report) -> Option<String> {
    let n = report.assumed.len() as u64;
    if n == 0 || report.verdict == Verdict::Inconclusive {
        return None;
    }
    let hold = if n == 1 { "holds" } else { "hold" };
    Some(format!("if {} {hold}", count(n, "assumption")))
}

/// The assumptions, a line each; many of them a line for each kind, and how to see all.
#[must_use]
pub fn assumed(report: &Report) -> Vec<String> {
    let all = &report.assumed;
    if all.len() <= MOST {
        return all.iter().map(line).collect();
    }
    // The kinds in the order in which they come, each with its first and how many there are.
    let mut kinds: Vec<(&Assumption, usize)> = Vec::new();
    let mut by_name = std::collections::HashMap::new();
    for assumption in all {
        let next = kinds.len();
        let kind = *by_name.entry(assumption.kind.as_str()).or_insert(next);
        if kind == next {
            kinds.push((assumption, 0));
        }
        kinds[kind].1 += 1;
    }
    let mut lines: Vec<String> = (kinds.iter().take(MOST))
        .map(|(first, n)| match n {
            1 => line(first),
            n => format!(
                "{}, and {} more of {}",
                line(first),
                number(*n as u64 - 1),
                first.kind
            ),
        })
        .collect();
    if kinds.len() > MOST {
        let more = (kinds.len() - MOST) as u64;
        lines.push(format!(
            "and {} more {}",
            number(more),
            plural(more, "kind")
        ));
    }
    lines.push(format!(
        "`kmapcheck explain {}` lists all {}",
        kmapcheck_report::quoted(&report.file),
        number(all.len() as u64)
    ));
    lines
}

/// One assumption in a line.
#[must_use]
pub fn line(assumption: &Assumption) -> String {
    let mut beside: Vec<String> = assumption.at.iter().cloned().collect();
    if let Some(n @ 2..) = assumption.count {
        beside.push(format!("{} times", number(n.into())));
    }
    if let Some(change) = &assumption.change {
        beside.push(format!("to change it: {change}"));
    }
    let beside = match beside.as_slice() {
        [] => String::new(),
        beside => format!(" ({})", beside.join("; ")),
    };
    format!("assumed: {}{beside}", assumption.text)
}
