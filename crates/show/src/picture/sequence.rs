//! A trace as a Mermaid sequence diagram.
//!
//! Participants are the tasks that take part, and the series and other things that are fought over.
//! A step is an arrow to the series whose slots it changes, or to the contested thing that it
//! names, and to the task itself otherwise. At the end a crossed arrow says where each task waits.
//! Long traces and many tasks are folded as in the text of reports: like steps become one arrow.
//!
//! Mermaid takes `#` and `;` for markup of its own, and `<` for HTML: all are written as entity
//! codes (see the section *Entity codes to escape characters* of its manual).

use std::collections::HashSet;
use std::fmt::Write;

use crate::text::fold::{Grid, Row};
use kmapcheck_report::words::on_model;
use kmapcheck_report::{Contested, Finding, Report, Standing, Step};

/// Traces longer than this, or with more tasks, are folded.
const MOST_STEPS: usize = 40;
const MOST_TASKS: usize = 8;

/// The trace of the report's gravest finding; `None`: there is no finding.
#[must_use]
pub fn render(report: &Report) -> Option<String> {
    let finding = main_finding(report)?;
    let big = finding.trace.len() > MOST_STEPS || finding.tasks.len() > MOST_TASKS;
    let grid = match big {
        true => Grid::folded(finding),
        false => Grid::unfolded(finding),
    };
    let things = things(finding);
    let mut out = String::from("sequenceDiagram\n");
    // Writing to a String cannot fail.
    let title = on_model(&report.scenario, &report.model);
    let _ = writeln!(out, "  title {}", escaped(&title));
    for (i, column) in grid.columns.iter().enumerate() {
        let _ = writeln!(
            out,
            "  participant T{i} as {}",
            escaped(&grid.label(column))
        );
    }
    for (i, thing) in things.iter().enumerate() {
        let _ = writeln!(out, "  participant R{i} as {}", escaped(thing.name));
    }
    for row in &grid.rows {
        steps(&mut out, &grid, row, &things);
    }
    ends(&mut out, &grid, &things);
    let kind = match &finding.class {
        Some(class) => format!("{} ({class})", finding.kind.name()),
        None => finding.kind.name().to_owned(),
    };
    let over = match grid.columns.len() {
        0 => return None,
        1 => "T0".to_owned(),
        n => format!("T0,T{}", n - 1),
    };
    let said = escaped(&format!("{kind}: {}", finding.summary));
    let _ = writeln!(out, "  Note over {over}: {said}");
    Some(out)
}

/// The finding to show: a deadlock if there is one, otherwise the first error, or whatever there is.
fn main_finding(report: &Report) -> Option<&Finding> {
    let findings = || report.findings.iter();
    findings()
        .find(|finding| finding.wait_for.is_some())
        .or_else(|| findings().find(|finding| finding.level == kmapcheck_scenario::Level::Error))
        .or_else(|| findings().next())
}

/// What is fought over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Thing<'a> {
    name: &'a str,
    /// Whether it is the slots of a series; a lock may have the same name.
    is_series: bool,
}

impl<'a> Thing<'a> {
    fn of(contested: &'a Contested) -> Self {
        Thing {
            name: &contested.resource,
            is_series: contested.is_series,
        }
    }
}

/// The series that the trace uses, then what else tasks are stuck on.
fn things(finding: &Finding) -> Vec<Thing<'_>> {
    let slots = finding.trace.last().map_or(&[][..], |step| &step.slots);
    let mut things: Vec<Thing<'_>> = (slots.iter())
        .map(|slots| Thing {
            name: &slots.series,
            is_series: true,
        })
        .collect();
    // There can be one for each of many thousands of tasks.
    let mut seen: HashSet<Thing<'_>> = things.iter().copied().collect();
    let contested = finding.contested.iter().map(Thing::of);
    things.extend(contested.filter(|&thing| seen.insert(thing)));
    things
}

/// The arrows of a row.
fn steps(out: &mut String, grid: &Grid<'_>, row: &Row, things: &[Thing<'_>]) {
    let numbers = match row.steps.len() {
        1 => format!("{}", row.steps.start + 1),
        _ => format!("{}-{}", row.steps.start + 1, row.steps.end),
    };
    for &(column, times) in &row.cells {
        let Some(step) = grid.steps_of(row, column).next() else {
            continue;
        };
        let mut said = format!("{numbers}: {}", step.op);
        if times > 1 {
            let _ = write!(said, " x{times}");
        }
        for kind in &step.findings {
            let _ = write!(said, " ({})", kind.name());
        }
        let to = match touched(grid.finding, row, step, things) {
            Some(thing) => format!("R{thing}"),
            None => format!("T{column}"),
        };
        let _ = writeln!(out, "  T{column}->>{to}: {}", escaped(&said));
    }
}

/// The thing that a step changes or names.
fn touched(finding: &Finding, row: &Row, step: &Step, things: &[Thing<'_>]) -> Option<usize> {
    let before = match row.steps.start {
        0 => None,
        first => Some(&finding.trace[first - 1].slots),
    };
    let changed = step.slots.iter().enumerate().position(|(i, now)| {
        let was = before.and_then(|slots| slots.get(i));
        was.map_or((0, 0), |was| (was.in_use, was.stale)) != (now.in_use, now.stale)
    });
    // The things begin with the series, in the order of the slots.
    changed.or_else(|| {
        let name = step.thing.as_deref()?;
        let named = Thing {
            name,
            is_series: false,
        };
        things.iter().position(|&thing| thing == named)
    })
}

/// Where the tasks stand at the end.
fn ends(out: &mut String, grid: &Grid<'_>, things: &[Thing<'_>]) {
    for (i, column) in grid.columns.iter().enumerate() {
        let Some(task) = column.tasks.first().map(|&task| &grid.finding.tasks[task]) else {
            continue;
        };
        if task.standing != Standing::Waits {
            continue;
        }
        let contested = grid.finding.contested.iter();
        let mut awaited =
            contested.filter(|contested| contested.waited_for_by.contains(&task.task));
        let to = (awaited.next())
            .and_then(|contested| {
                things
                    .iter()
                    .position(|&thing| thing == Thing::of(contested))
            })
            .map_or_else(|| format!("T{i}"), |thing| format!("R{thing}"));
        let next = task.next.as_deref().unwrap_or_default();
        let _ = writeln!(
            out,
            "  T{i}-x{to}: {}",
            escaped(&format!("waits in {next}"))
        );
        if !task.holds.is_empty() {
            let holds: Vec<&str> = task.holds.iter().map(|holding| &*holding.what).collect();
            let said = escaped(&format!("holds {}", kmapcheck_report::words::list(&holds)));
            let _ = writeln!(out, "  Note over T{i}: {said}");
        }
    }
}

/// Text that Mermaid takes for nothing but text.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '#' => out.push_str("#35;"),
            ';' => out.push_str("#59;"),
            '<' => out.push_str("#lt;"),
            '>' => out.push_str("#gt;"),
            '%' => out.push_str("#37;"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn markup_is_text() {
        assert_eq!(escaped("a#1; <b>\n%%"), "a#35;1#59; #lt;b#gt; #37;#37;");
    }
}
