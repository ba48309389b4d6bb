//! Sizes as text.

use std::fmt::Write as _;

use kmapcheck_prove::settle::By;
use kmapcheck_report::stopped_early;
use kmapcheck_report::words::on_model;

use super::cells::Cell;
use super::frontier::Frontier;
use super::{LARGEST, SizeReport, Table, TaskLimit};

/// The report as text.
#[must_use]
pub fn render(report: &SizeReport) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write(&mut out, report);
    out
}

fn write(out: &mut String, report: &SizeReport) -> std::fmt::Result {
    let given: Vec<String> = (report.slots.iter().chain(&report.tasks))
        .map(|(name, n)| assignment(name, *n))
        .collect();
    writeln!(
        out,
        "sizes of {}",
        on_model(&report.scenario, &report.model)
    )?;
    writeln!(out, "\nSafe here: no deadlock, and nobody starves.")?;
    match (report.other_errors.as_slice(), report.other_errors_complete) {
        ([], true) => writeln!(out, "There are no errors of other kinds.")?,
        ([], false) => writeln!(
            out,
            "Whether there are errors of other kinds was not found out."
        )?,
        (kinds, complete) => writeln!(
            out,
            "Not counted, and there with the numbers as given whatever is safe: {}{}.",
            kinds.join(", "),
            if complete { "" } else { ", perhaps others" }
        )?,
    }
    writeln!(
        out,
        "As given, {}: {}.",
        given.join(" "),
        words(&report.given)
    )?;
    slots(out, report)?;
    let with = match report.slots.as_slice() {
        [] => String::new(),
        slots => format!(" for {}", assignments(slots)),
    };
    writeln!(out, "\nMost tasks{with}, other tasks as given:")?;
    for limit in &report.most_tasks {
        writeln!(out, "  {}", most(limit))?;
    }
    for part in &report.tables {
        table(out, part, report)?;
    }
    if !report.tables.is_empty() {
        writeln!(
            out,
            "\n+ safe, x not safe, ? not found out, - no such scenario is accepted. {}.",
            tally(report)
        )?;
    }
    if let Some(stopped) = &report.stopped {
        writeln!(out, "\n{}", stopped_early(stopped))?;
    }
    Ok(())
}

fn assignment(name: &str, n: Option<u32>) -> String {
    format!("{name}={}", n.map_or("any".to_owned(), |n| n.to_string()))
}

fn assignments(list: &[(String, Option<u32>)]) -> String {
    let parts: Vec<String> = list.iter().map(|(name, n)| assignment(name, *n)).collect();
    parts.join(" ")
}

fn by(by: By) -> &'static str {
    match by {
        By::Order => "by order",
        By::Equations => "by equations",
        By::Search => "by search",
        By::FewerTasks => "by search with fewer tasks",
    }
}

fn words(cell: &Cell) -> String {
    match cell {
        Cell::Safe { by: b } => format!("safe, {}", by(*b)),
        Cell::Unsafe { findings, by: b } => format!("{}, {}", findings.join(" and "), by(*b)),
        Cell::Unknown { why } => format!("not found out: {why}"),
        Cell::Misfit => "no such scenario is accepted".to_owned(),
    }
}

fn slots(out: &mut String, report: &SizeReport) -> std::fmt::Result {
    let Frontier {
        series,
        counts,
        up_to,
        minimal,
        unknown,
        from,
    } = &report.smallest_slots;
    if series.is_empty() {
        return writeln!(out, "\nThe tasks ask for no {counts}.");
    }
    writeln!(
        out,
        "\nSmallest safe {counts} for {}, every number from 1 to {up_to} tried:",
        assignments(&report.tasks)
    )?;
    let vector = |slots: &[u32]| {
        let parts: Vec<String> = series
            .iter()
            .zip(slots)
            .map(|(name, n)| assignment(name, Some(*n)))
            .collect();
        parts.join(" ")
    };
    for found in minimal {
        writeln!(
            out,
            "  {}, {}{}",
            vector(&found.slots),
            by(found.by),
            if found.and_all_larger && found.by == By::Order {
                "; every larger number is safe too, by order"
            } else if found.and_all_larger {
                "; every larger number is safe too, by equations"
            } else {
                "; says nothing about larger numbers"
            }
        )?;
    }
    if minimal.is_empty() {
        writeln!(out, "  none")?;
    }
    if let Some(first) = unknown.first() {
        writeln!(
            out,
            "  not found out: {} vectors, such as {}",
            unknown.len(),
            vector(first)
        )?;
    }
    for from in from {
        let name = &from.series;
        match (from.safe_from, &from.one_fewer) {
            (None, _) => writeln!(
                out,
                "  {name} alone, others as given: no number is known from which on all are safe"
            )?,
            (Some(1), _) => writeln!(
                out,
                "  {name} alone, others as given: every number is safe, by equations"
            )?,
            (Some(n), one_fewer) => writeln!(
                out,
                "  {name} alone, others as given: safe from {n} on, by equations; {}: {}",
                n - 1,
                one_fewer.as_ref().map_or(String::new(), words)
            )?,
        }
    }
    Ok(())
}

fn most(limit: &TaskLimit) -> String {
    let of = &limit.of;
    let basis = limit.by.map_or("", by);
    let Some(safe) = limit.safe_up_to else {
        return format!("{of}: every number up to {LARGEST} is safe, {basis}");
    };
    let up_to = match safe {
        0 => format!("{of}: none"),
        n => format!("{of}: {n}, {basis}"),
    };
    match &limit.one_more {
        Some(cell @ Cell::Unsafe { .. }) if limit.and_no_larger => {
            format!("{up_to}; {} and all larger: {}", safe + 1, words(cell))
        }
        Some(cell) => format!("{up_to}; {}: {}", safe + 1, words(cell)),
        None => format!("{up_to}; no larger number was tried"),
    }
}

fn table(out: &mut String, table: &Table, report: &SizeReport) -> std::fmt::Result {
    let others: Vec<(String, Option<u32>)> = (report.slots.iter())
        .filter(|(name, _)| *name != table.series)
        .chain((report.tasks.iter()).filter(|(name, _)| *name != table.tasks && !table.all_tasks))
        .cloned()
        .collect();
    let with = match others.as_slice() {
        [] => String::new(),
        others => format!(", with {}", assignments(others)),
    };
    writeln!(
        out,
        "\n{} of {} (down) by {} (across){with}:",
        match table.counts {
            "units" => "Units",
            _ => "Slots",
        },
        table.series,
        table.tasks
    )?;
    // Without rows there are no columns.
    let columns = table.rows.first().map_or(0, |row| row.cells.len());
    let width = columns.to_string().len().max(1) + 1;
    write!(out, "  {:>7}", "")?;
    for n in 1..=columns {
        write!(out, "{n:>width$}")?;
    }
    writeln!(out)?;
    for row in &table.rows {
        write!(out, "  {:>7}", row.slots)?;
        for cell in &row.cells {
            write!(out, "{:>width$}", cell.sign())?;
        }
        writeln!(out)?;
    }
    Ok(())
}

/// How many cells rest on what.
fn tally(report: &SizeReport) -> String {
    let cells = || (report.tables.iter()).flat_map(|t| t.rows.iter().flat_map(|row| &row.cells));
    let parts: Vec<String> = [By::Order, By::Equations, By::Search, By::FewerTasks]
        .into_iter()
        .filter_map(|basis| {
            let n = cells()
                .filter(|cell| {
                    matches!(cell, Cell::Safe { by } | Cell::Unsafe { by, .. } if *by == basis)
                })
                .count();
            (n > 0).then(|| format!("{n} {}", by(basis)))
        })
        .collect();
    format!(
        "Cells decided: {}",
        if parts.is_empty() {
            "none".into()
        } else {
            parts.join(", ")
        }
    )
}
