//! A comparison as text for people, and as Markdown.

use std::fmt::Write;

use kmapcheck_report::words::{count, list, number, padded, width};

use super::{Compared, Comparison, Pool, Ran, Side, Size};
use crate::markdown;

/// What a side says in a row.
type Row = fn(&Ran) -> String;

/// What is asked of a side, in the order of the rows.
const ROWS: [(&str, Row); 4] = [
    ("finds", findings),
    ("not safe", sizes),
    ("enough", pools),
    ("states", states),
];

/// The whole, ending in a line feed: a block of rows for each scenario.
#[must_use]
pub fn render(comparison: &Comparison) -> String {
    let blocks: Vec<(&Compared, Vec<[String; 3]>)> = (comparison.scenarios.iter())
        .map(|compared| (compared, rows(compared)))
        .collect();
    let all = || blocks.iter().flat_map(|(_, rows)| rows);
    let widest = |i: usize| all().map(|row| width(&row[i])).max().unwrap_or(0);
    let [first, second] = &comparison.models;
    let (names, left) = (widest(0), widest(1).max(width(first)));
    // Writing to a String cannot fail.
    let mut out = String::new();
    let line = |out: &mut String, row: [&str; 3]| {
        let [name, a, b] = row;
        let line = format!("  {}  {}  {b}", padded(name, names), padded(a, left));
        let _ = writeln!(out, "{}", line.trim_end());
    };
    line(&mut out, ["", first, second]);
    for (compared, rows) in &blocks {
        let _ = writeln!(out, "\n{}", compared.scenario);
        for [name, a, b] in rows {
            line(&mut out, [name, a, b]);
        }
    }
    out.push('\n');
    conclude(&mut out, comparison);
    out
}

/// The same as a Markdown table and what follows from it.
#[must_use]
pub fn markdown(comparison: &Comparison) -> String {
    let [first, second] = comparison.models.clone().map(|name| markdown::text(&name));
    let mut out = format!("| scenario | | {first} | {second} |\n|---|---|---|---|\n");
    for compared in &comparison.scenarios {
        let mut name = markdown::text(&compared.scenario);
        for row in rows(compared) {
            let [what, a, b] = row.map(|text| markdown::text(&text));
            let _ = writeln!(out, "| {name} | {what} | {a} | {b} |");
            name.clear();
        }
    }
    out.push('\n');
    conclude(&mut out, comparison);
    out
}

fn rows(compared: &Compared) -> Vec<[String; 3]> {
    let said = |side: &Side, row: usize| match side {
        Side::Ran(ran) => ROWS[row].1(ran),
        Side::NotRun { why } if row == 0 => format!("not run: {why}"),
        Side::NotRun { .. } => String::new(),
    };
    let [a, b] = &compared.sides;
    (0..ROWS.len())
        .map(|row| [ROWS[row].0.to_owned(), said(a, row), said(b, row)])
        .collect()
}

fn findings(ran: &Ran) -> String {
    let found: Vec<String> = (ran.findings.iter())
        .map(|found| {
            let class = found.class.as_ref().map(|class| format!("{class}, "));
            let steps = count(found.steps as u64, "step");
            format!("{} ({}{steps})", found.kind, class.unwrap_or_default())
        })
        .collect();
    match (&ran.stopped, found.is_empty()) {
        (None, true) => "nothing".to_owned(),
        (None, false) => list(&found),
        (Some(why), true) => format!("nothing so far: {why}"),
        (Some(why), false) => format!("{}, and so far no more: {why}", list(&found)),
    }
}

fn sizes(ran: &Ran) -> String {
    let size = |size: &Size| match (size.smallest_unsafe, size.safe_up_to) {
        (Some(smallest), _) => {
            let more = if size.no_larger_is_safe {
                " and more"
            } else {
                ""
            };
            format!("{} {}{more}", number(smallest.into()), size.of)
        }
        (None, None) => format!("no number of {}", size.of),
        (None, Some(safe)) => format!("not up to {} {}", number(safe.into()), size.of),
    };
    let sizes: Vec<String> = ran.sizes.iter().map(size).collect();
    match sizes.is_empty() {
        true => "-".to_owned(),
        false => sizes.join("; "),
    }
}

fn pools(ran: &Ran) -> String {
    let pool = |pool: &Pool| match pool.safe_from {
        Some(1) => format!("any number of {}", pool.of),
        Some(n) => format!("{} {} and more", number(n.into()), pool.of),
        None => format!("no number of {} is known to be", pool.of),
    };
    let pools: Vec<String> = ran.pools.iter().map(pool).collect();
    match pools.is_empty() {
        true => "-".to_owned(),
        false => pools.join("; "),
    }
}

fn states(ran: &Ran) -> String {
    let more = if ran.every_state {
        ""
    } else {
        " (not every one visited)"
    };
    format!("{}{more}", number(ran.states))
}

fn conclude(out: &mut String, comparison: &Comparison) {
    let mut same = true;
    for (which, model) in comparison.models.iter().enumerate() {
        for (kind, scenarios) in comparison.only(which) {
            same = false;
            let _ = writeln!(out, "Only on {model}: {kind} in {}.", list(&scenarios));
        }
    }
    if !comparison.is_complete() {
        out.push_str(
            "Not everything ran to its end on both models: what is missing there is not known.\n",
        );
    } else if same {
        out.push_str("Both models have the same kinds of finding in every scenario.\n");
    }
}
