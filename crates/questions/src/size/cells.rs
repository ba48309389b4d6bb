//! What holds at one size, asked as cheaply as possible and never twice.
//!
//! In this order: the [equations](super::family) of all sizes; a deadlock of fewer tasks with the
//! same slots, where [fewer tasks can do nothing that more cannot](fewer_is_a_run_of_more); the
//! program itself, by [`settle`].

use std::collections::BTreeMap;

use kmapcheck_engine::Progress;
use kmapcheck_limits::{Limits, Reached, Watch};
use kmapcheck_machine::Findings;
use kmapcheck_prove::settle::{By, Settled, fewer_is_a_run_of_more, settle, stuck};
use kmapcheck_report::ended;
use kmapcheck_scenario::{FindingKind, Program};
use serde::Serialize;

use super::family::{Family, Slots};
use super::resize::{Numbers, resized};

/// What holds at one size.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "verdict")]
pub enum Cell {
    /// No deadlock, and nobody starves.
    Safe {
        /// What that rests on.
        by: By,
    },
    /// A deadlock, or somebody starves.
    Unsafe {
        /// Which.
        findings: Vec<&'static str>,
        /// What that rests on.
        by: By,
    },
    /// That was not found out.
    Unknown {
        /// Why.
        why: String,
    },
    /// No file with these numbers is accepted: leftovers would not fit the slots, or more units be
    /// asked for at once than there are.
    Misfit,
}

/// Asks for cells.
pub struct Cells<'a> {
    /// The program.
    pub program: &'a Program,
    /// Its equations for all sizes, if it has any.
    pub family: Option<Family>,
    /// For each search.
    limits: Limits,
    /// Over all of them together.
    watch: Watch,
    progress: &'a mut dyn FnMut(&Progress),
    monotone: bool,
    known: BTreeMap<Numbers, Cell>,
}

impl<'a> Cells<'a> {
    /// Nothing is known yet. `limits` is for each search, but for its `timeout`, which is for all
    /// of them together.
    pub fn new(
        program: &'a Program,
        limits: &Limits,
        progress: &'a mut dyn FnMut(&Progress),
    ) -> Cells<'a> {
        let watch = Watch::start(limits);
        let family = watch.run(|| Family::of(program)).ok().flatten();
        Cells {
            program,
            family,
            limits: limits.clone(),
            watch,
            progress,
            monotone: fewer_is_a_run_of_more(program),
            known: BTreeMap::new(),
        }
    }

    /// The limit that came before everything was asked, if one did.
    #[must_use]
    pub fn stopped(&self) -> Option<Reached> {
        self.watch.reached()
    }

    /// What holds with those numbers.
    pub fn at(&mut self, numbers: &Numbers) -> Cell {
        if let Some(known) = self.known.get(numbers) {
            return known.clone();
        }
        let cell = self.find(numbers);
        if self.stopped().is_some() {
            // There may be very many of these, and all say the same.
            return cell;
        }
        self.known.insert(numbers.clone(), cell.clone());
        cell
    }

    /// Whether the equations alone say that it is safe with those slots and at most so many tasks.
    #[must_use]
    pub fn excluded(&self, slots: &[Slots], tasks: &[Option<u32>]) -> bool {
        let family = self.family.as_ref();
        // Where there is no time left, that is not known.
        family.is_some_and(|family| {
            let excludes = || family.cannot_starve && family.excludes(slots, tasks);
            self.watch.run(excludes).unwrap_or(false)
        })
    }

    /// How safe cells that the equations exclude are to be called.
    #[must_use]
    pub(crate) fn excluded_by(&self) -> By {
        if self.family.as_ref().is_some_and(|family| family.ordered) {
            By::Order
        } else {
            By::Equations
        }
    }

    fn find(&mut self, numbers: &Numbers) -> Cell {
        let Some(program) = resized(self.program, numbers) else {
            return Cell::Misfit;
        };
        if self.excluded(&Slots::of(numbers), &numbers.tasks) {
            return Cell::Safe {
                by: self.excluded_by(),
            };
        }
        if self.monotone && self.fewer_deadlock(numbers) {
            return Cell::Unsafe {
                findings: vec![FindingKind::Deadlock.name()],
                by: By::FewerTasks,
            };
        }
        if let Some(reached) = self.stopped() {
            return Cell::Unknown {
                why: ended(&reached.into()),
            };
        }
        let (limits, progress) = (&self.limits, &mut *self.progress);
        let settled = (self.watch).run(|| settle(&program, stuck(), limits, progress));
        match settled.unwrap_or_else(|reached| Settled::Unknown(ended(&reached.into()))) {
            Settled::Safe(by) => Cell::Safe { by },
            Settled::Unsafe(findings, by) => Cell::Unsafe {
                findings: names(findings),
                by,
            },
            Settled::Unknown(why) => Cell::Unknown { why },
        }
    }

    /// Whether a deadlock of no more tasks of each template is known, with the same slots.
    fn fewer_deadlock(&self, numbers: &Numbers) -> bool {
        self.known.iter().any(|(smaller, cell)| {
            let fewer = |(known, n): (&Option<u32>, &Option<u32>)| match (known, n) {
                (Some(known), Some(n)) => known <= n,
                (_, None) => true,
                (None, Some(_)) => false,
            };
            smaller.slots == numbers.slots
                && smaller.tasks.iter().zip(&numbers.tasks).all(fewer)
                && matches!(cell, Cell::Unsafe { findings, .. }
                    if findings.contains(&FindingKind::Deadlock.name()))
        })
    }
}

/// Names of findings, in the order of reports.
#[must_use]
pub fn names(findings: Findings) -> Vec<&'static str> {
    findings.iter().map(FindingKind::name).collect()
}

impl Cell {
    /// Whether it is safe.
    #[must_use]
    pub fn is_safe(&self) -> bool {
        matches!(self, Cell::Safe { .. })
    }

    /// Its sign in tables.
    #[must_use]
    pub fn sign(&self) -> char {
        match self {
            Cell::Safe { .. } => '+',
            Cell::Unsafe { .. } => 'x',
            Cell::Unknown { .. } => '?',
            Cell::Misfit => '-',
        }
    }
}
