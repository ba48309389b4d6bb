//! `kmapcheck compare`: what two models make of the same scenarios.
//!
//! Each scenario is explored on either model, or decided where it is about every number; each side
//! also says from how many tasks on it deadlocks, the slots being as given ([`limit`]), and from how
//! many slots or units of each pool on it is safe, the tasks being as given ([`safe_from`]). Units of
//! semaphores and mempools count as slots do. Nothing is concluded from one model about the other.

pub mod text;

use kmapcheck_engine::{Progress, Verdict};
use kmapcheck_limits::{Limits, Watch, entered};
use kmapcheck_report::ended;
use kmapcheck_scenario::Program;
use serde::Serialize;

use crate::explored::explored;
use crate::size::{Axis, Cell, Cells, Numbers, Options, counts, limit, safe_from, used_series};

/// Two models, scenario by scenario.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Comparison {
    /// The models' names.
    pub models: [String; 2],
    /// The scenarios.
    pub scenarios: Vec<Compared>,
}

/// A scenario on both models.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Compared {
    /// Its name.
    pub scenario: String,
    /// Its file.
    pub file: String,
    /// What holds on either model, in their order.
    pub sides: [Side; 2],
}

/// A scenario on one model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum Side {
    /// It was run.
    Ran(Ran),
    /// It was not.
    NotRun {
        /// Why.
        why: String,
    },
}

/// A scenario that was run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Ran {
    /// `clean`, `violated` or `inconclusive`.
    pub verdict: String,
    /// What was found, in the order of reports.
    pub findings: Vec<Found>,
    /// Why the run ended early, if it did: findings may be missing then.
    pub stopped: Option<String>,
    /// States that were visited. Where not every one had to be, these are those of the plain part of
    /// the search.
    pub states: u64,
    /// Whether that is every reachable state.
    pub every_state: bool,
    /// From how many tasks on it deadlocks, for each kind of task, the others and the slots as given.
    pub sizes: Vec<Size>,
    /// From how many slots or units on it is safe, for each series, semaphore and mempool by itself,
    /// everything else as given.
    pub pools: Vec<Pool>,
}

/// A finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Found {
    /// Its kind.
    pub kind: String,
    /// Of a deadlock: its class.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// The steps of the trace.
    pub steps: usize,
}

/// How many tasks are safe. *Safe* is: no deadlock, and nobody starves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Size {
    /// What is counted: a task, or `(2 read + 1 fault)`.
    pub of: String,
    /// Every number from 1 to this is safe, and the next one is not, or not known to be; null: every
    /// number is safe.
    pub safe_up_to: Option<u32>,
    /// The smallest number that is not safe, if that was found.
    pub smallest_unsafe: Option<u32>,
    /// Whether it is known that no larger number is safe either.
    pub no_larger_is_safe: bool,
}

/// How much of something is enough, to be *safe* as in [`Size`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Pool {
    /// A series, or a semaphore or mempool of several units that all tasks share.
    pub of: String,
    /// `slots` or `units`.
    pub counts: &'static str,
    /// This number and every larger one is safe; null: arithmetic knows of none.
    pub safe_from: Option<u32>,
}

/// Explores a program, within limits for all of it.
#[must_use]
pub fn side(program: &Program, options: &Options, progress: &mut dyn FnMut(&Progress)) -> Side {
    match ran(program, options, progress) {
        Ok(ran) => Side::Ran(ran),
        Err(why) => Side::NotRun { why },
    }
}

fn ran(
    program: &Program,
    options: &Options,
    progress: &mut dyn FnMut(&Progress),
) -> Result<Ran, String> {
    let limits: &Limits = &options.limits;
    // All that follows has the limits together.
    let watch = Watch::start(limits);
    let _under = entered(Some(&watch));
    let (report, _) = explored(program, limits, progress)?;
    let program = &program.clone().with_series_of_units();
    let mut cells = Cells::new(program, limits, progress);
    // The cells look at the limits; what they have found is kept.
    let _apart = entered(None);
    let given = Numbers::of(program);
    let mut sizes = Vec::new();
    for axis in &Axis::all(program) {
        if cells.stopped().is_some() {
            break;
        }
        sizes.push({
            let found = limit(&mut cells, &given, axis, options);
            let smallest_unsafe = match (&found.one_more, found.safe_up_to) {
                (Some(Cell::Unsafe { .. }), Some(safe)) => Some(safe + 1),
                _ => None,
            };
            Size {
                of: found.of,
                safe_up_to: found.safe_up_to,
                smallest_unsafe,
                no_larger_is_safe: found.and_no_larger,
            }
        });
    }
    let mut pools = Vec::new();
    for series in used_series(program) {
        let safe_from = safe_from(&mut cells, &given, series);
        if cells.stopped().is_some() {
            // Then it is not known.
            break;
        }
        pools.push(Pool {
            of: program.series[series].name.clone(),
            counts: counts(program, &[series]),
            safe_from,
        });
    }
    let sizes_stopped = cells.stopped().map(|reached| ended(&reached.into()));
    Ok(Ran {
        verdict: report.verdict.name().to_owned(),
        findings: (report.findings.iter())
            .map(|finding| Found {
                kind: finding.kind.name().to_owned(),
                class: finding.class.clone(),
                steps: finding.trace.len(),
            })
            .collect(),
        stopped: (report.stopped.as_ref())
            .map(|stopped| stopped.text.clone())
            .or(sizes_stopped),
        states: report.coverage.states,
        every_state: report.coverage.complete,
        sizes,
        pools,
    })
}

impl Side {
    /// The kinds that were found; none if it was not run.
    #[must_use]
    pub fn kinds(&self) -> Vec<&str> {
        match self {
            Side::Ran(ran) => ran
                .findings
                .iter()
                .map(|found| found.kind.as_str())
                .collect(),
            Side::NotRun { .. } => Vec::new(),
        }
    }

    /// Whether all that is asked about it is answered.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        match self {
            Side::Ran(ran) => ran.stopped.is_none() && ran.verdict != Verdict::Inconclusive.name(),
            Side::NotRun { .. } => false,
        }
    }
}

impl Comparison {
    /// For each kind of finding that one model has in some scenario and the other has not: the kind
    /// and the scenarios. `which` is the model that has it. Scenarios that did not run on both, or
    /// not to the end on the other, are left out: what is not known is no difference.
    #[must_use]
    pub fn only(&self, which: usize) -> Vec<(String, Vec<String>)> {
        let mut only: Vec<(String, Vec<String>)> = Vec::new();
        for compared in &self.scenarios {
            let (this, other) = (&compared.sides[which], &compared.sides[1 - which]);
            if !other.is_complete() {
                continue;
            }
            for kind in this.kinds() {
                if other.kinds().contains(&kind) {
                    continue;
                }
                match only.iter_mut().find(|(known, _)| known == kind) {
                    Some((_, scenarios)) => scenarios.push(compared.scenario.clone()),
                    None => only.push((kind.to_owned(), vec![compared.scenario.clone()])),
                }
            }
        }
        only
    }

    /// Clean: all is known, whatever it is.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        Verdict::of_whole(self.is_complete())
    }

    /// Whether every scenario ran to its end on both models.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        (self.scenarios.iter()).all(|compared| compared.sides.iter().all(Side::is_complete))
    }
}
