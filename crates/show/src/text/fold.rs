//! A trace as a grid: rows of steps, columns of tasks.
//!
//! Unfolded, each step is a row and each task a column. Folded, neighbouring steps of instances of
//! one template at the same node are one row, and tasks that do the same in every row and stand
//! the same at the end are one column: 1024 tasks that each take a slot are one line.

use std::collections::HashMap;
use std::ops::Range;

use kmapcheck_report::words::{list, number};
use kmapcheck_report::{Finding, Standing, Step, TaskAtEnd};
use kmapcheck_report::{Who, folded as fold_names};

/// A trace as a grid.
pub(crate) struct Grid<'a> {
    pub finding: &'a Finding,
    pub rows: Vec<Row>,
    pub columns: Vec<Column>,
}

/// Neighbouring steps that are alike.
pub(crate) struct Row {
    /// Indices of the steps.
    pub steps: Range<usize>,
    /// For each column that takes part: how many of the steps are its own.
    pub cells: Vec<(usize, usize)>,
}

/// Tasks that are alike.
pub(crate) struct Column {
    /// Indices in [`Finding::tasks`].
    pub tasks: Vec<usize>,
}

/// What makes tasks alike: what they do row by row, and where they end up.
#[derive(PartialEq, Eq, Hash)]
struct Likeness<'a> {
    template: usize,
    rows: Vec<(usize, usize)>,
    end: EndLikeness<'a>,
}

type EndLikeness<'a> = (
    Standing,
    Option<&'a str>,
    Option<&'a str>,
    &'a [String],
    Vec<(&'a str, &'a str)>,
);

impl<'a> Grid<'a> {
    /// Every step a row, every task a column.
    pub(crate) fn unfolded(finding: &'a Finding) -> Grid<'a> {
        let columns: Vec<Column> = (0..finding.tasks.len())
            .map(|task| Column { tasks: vec![task] })
            .collect();
        let column_of = column_of(finding, &columns);
        let rows = (0..finding.trace.len())
            .map(|i| Row {
                steps: i..i + 1,
                cells: column_of
                    .get(&finding.trace[i].who)
                    .map(|&column| (column, 1))
                    .into_iter()
                    .collect(),
            })
            .collect();
        Grid {
            finding,
            rows,
            columns,
        }
    }

    /// Like steps in one row, like tasks in one column.
    pub(crate) fn folded(finding: &'a Finding) -> Grid<'a> {
        let ranges = runs(&finding.trace);
        let mut did: HashMap<Who, Vec<(usize, usize)>> = HashMap::new();
        for (row, steps) in ranges.iter().enumerate() {
            for step in &finding.trace[steps.clone()] {
                let rows = did.entry(step.who).or_default();
                match rows.last_mut() {
                    Some((last, times)) if *last == row => *times += 1,
                    _ => rows.push((row, 1)),
                }
            }
        }
        let mut columns: Vec<Column> = Vec::new();
        let mut known: HashMap<Likeness<'_>, usize> = HashMap::new();
        for (i, task) in finding.tasks.iter().enumerate() {
            let likeness = Likeness {
                template: task.who.template,
                rows: did.remove(&task.who).unwrap_or_default(),
                end: end_likeness(task),
            };
            let column = *known.entry(likeness).or_insert_with(|| {
                columns.push(Column { tasks: Vec::new() });
                columns.len() - 1
            });
            columns[column].tasks.push(i);
        }
        let column_of = column_of(finding, &columns);
        let rows = ranges
            .into_iter()
            .map(|steps| {
                let mut cells: Vec<(usize, usize)> = Vec::new();
                for step in &finding.trace[steps.clone()] {
                    let Some(&column) = column_of.get(&step.who) else {
                        continue;
                    };
                    match cells.iter_mut().find(|(known, _)| *known == column) {
                        Some((_, times)) => *times += 1,
                        None => cells.push((column, 1)),
                    }
                }
                Row { steps, cells }
            })
            .collect();
        Grid {
            finding,
            rows,
            columns,
        }
    }

    /// The names of a column's tasks, such as `mremap#1..#1024`.
    pub(crate) fn label(&self, column: &Column) -> String {
        let tasks: Vec<(Who, &str)> = column
            .tasks
            .iter()
            .map(|&task| {
                (
                    self.finding.tasks[task].who,
                    self.finding.tasks[task].task.as_str(),
                )
            })
            .collect();
        label(&tasks)
    }

    /// The steps of a row that belong to a column.
    pub(crate) fn steps_of(&self, row: &Row, column: usize) -> impl Iterator<Item = &'a Step> {
        let finding = self.finding;
        let whose: Vec<Who> = self.columns[column]
            .tasks
            .iter()
            .map(|&task| finding.tasks[task].who)
            .collect();
        finding.trace[row.steps.clone()]
            .iter()
            .filter(move |step| whose.binary_search(&step.who).is_ok())
    }
}

/// Names of many tasks in a few words: runs drawn together, the middle left out if there is more.
pub(crate) fn label(tasks: &[(Who, &str)]) -> String {
    const SHOWN: usize = 3;
    let mut names = fold_names(tasks);
    if names.len() > SHOWN {
        names.truncate(SHOWN - 1);
        return format!(
            "{}, ... ({} tasks)",
            names.join(", "),
            number(tasks.len() as u64)
        );
    }
    list(&names)
}

/// What two tasks must have in common at the end of a trace to stand in one column.
pub(crate) fn end_likeness(task: &TaskAtEnd) -> EndLikeness<'_> {
    (
        task.standing,
        task.next.as_deref(),
        task.source.as_deref(),
        &task.waits_for,
        task.holds
            .iter()
            .map(|holding| (holding.what.as_str(), holding.source.as_str()))
            .collect(),
    )
}

/// Ranges of neighbouring steps of one template at one node.
fn runs(trace: &[Step]) -> Vec<Range<usize>> {
    let mut out: Vec<Range<usize>> = Vec::new();
    for (i, step) in trace.iter().enumerate() {
        match out.last_mut() {
            Some(run)
                if (trace[run.start].who.template, trace[run.start].node)
                    == (step.who.template, step.node) =>
            {
                run.end = i + 1;
            }
            _ => out.push(i..i + 1),
        }
    }
    out
}

fn column_of(finding: &Finding, columns: &[Column]) -> HashMap<Who, usize> {
    columns
        .iter()
        .enumerate()
        .flat_map(|(i, column)| {
            column
                .tasks
                .iter()
                .map(move |&task| (finding.tasks[task].who, i))
        })
        .collect()
}
