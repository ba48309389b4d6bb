//! A cell of a matrix by itself: two scenarios side by side, checked as one.

use kmapcheck_limits::Limits;
use kmapcheck_questions::matrix::further::{Further, further};
use kmapcheck_questions::matrix::{Named, Sized, pair};
use kmapcheck_report::{Finding, Report, quoted};
use kmapcheck_scenario::{FindingKind, Program, TemplateId};

use crate::ask::Ask;
use crate::engines::{self, Progress};
use crate::failure::Failure;
use crate::run::{EXPLORING, Run};

/// The two scenarios of a cell, by their positions, the first row first; twice the same: alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cell(usize, usize);

/// So many scenarios are named where one is not found.
const MOST_NAMED: usize = 20;

/// What comes of a cell.
#[derive(Debug)]
pub struct CellReport {
    /// The report, as of one scenario with the tasks of both.
    pub report: Report,
    /// Where the deadlock in it is of one scenario's tasks alone: a report with one of tasks of both, if
    /// there is one.
    pub together: Option<Report>,
}

impl Cell {
    /// The cell of two scenarios, each by its name, or by the number of its row.
    ///
    /// # Errors
    ///
    /// If there is no such scenario.
    pub fn of(scenarios: &[Named], one: &str, other: &str) -> Result<Cell, Failure> {
        let position = |asked: &str| {
            let by_name = scenarios.iter().position(|named| named.scenario == asked);
            let row = asked.parse::<usize>().ok();
            let by_row = row.and_then(|row| row.checked_sub(1).filter(|&i| i < scenarios.len()));
            by_name.or(by_row).ok_or_else(|| {
                let names = scenarios.iter().map(|named| named.scenario.as_str());
                let names: Vec<&str> = names.take(MOST_NAMED).collect();
                let more = match scenarios.len() > MOST_NAMED {
                    true => ", ...",
                    false => "",
                };
                Failure::Refused(format!(
                    "there is no scenario {} here\n  They are, by name or by the number of their row: \
                     {}{more}",
                    quoted(asked),
                    names.join(", ")
                ))
            })
        };
        let (one, other) = (position(one)?, position(other)?);
        Ok(Cell(one.min(other), one.max(other)))
    }

    /// The program of the cell at a size, and which of its templates is the first of the second scenario.
    ///
    /// # Errors
    ///
    /// Why there is none.
    pub fn program(
        self,
        programs: &[Sized],
        size: usize,
    ) -> Result<(Program, Option<TemplateId>), String> {
        let (one, other) = (&programs[self.0][size], &programs[self.1][size]);
        match (self.0 == self.1, one) {
            (true, one) => Ok((one.clone()?, None)),
            (false, Ok(first)) => Ok((pair(one, other)?, Some(first.templates.len()))),
            (false, Err(why)) => Err(why.clone()),
        }
    }
}

/// Checks the program of a cell.
///
/// # Errors
///
/// As [`check`](crate::check).
pub fn check_cell(
    program: &Program,
    split: Option<TemplateId>,
    limits: &Limits,
    run: &Run,
    watcher: &mut dyn FnMut(Progress<'_>),
) -> Result<CellReport, Failure> {
    let ask = Ask {
        limits: limits.clone(),
        ..Ask::default()
    };
    let (report, _) = engines::run(program, &ask, run, watcher)?;
    let deadlock = report
        .findings
        .iter()
        .find(|found| found.kind == FindingKind::Deadlock);
    let together = match (split, deadlock) {
        (Some(split), Some(found)) if !is_of_both(found, split) => {
            let found = run.phase(EXPLORING, || {
                let mut progress = |states: &kmapcheck_engine::Progress| {
                    watcher(Progress::States(states));
                };
                further(program, split, limits, &mut progress).map_err(Failure::Refused)
            })?;
            match found {
                Further::Found(report) => Some(*report),
                Further::Nothing | Further::NotKnown(_) => None,
            }
        }
        _ => None,
    };
    Ok(CellReport { report, together })
}

/// Whether tasks of both scenarios are in the core of a deadlock.
fn is_of_both(found: &Finding, split: TemplateId) -> bool {
    let mut core = (found.tasks.iter())
        .filter(|task| found.core.contains(&task.task))
        .map(|task| task.who.template < split);
    let first = core.next();
    core.any(|is_first| Some(is_first) != first)
}
