//! Scenarios under policies.

use std::time::Instant;

use kmapcheck_machine::Findings;
use kmapcheck_scenario::{FindingKind, Level, Program, Reuse, SeriesId};
use kmapcheck_search::{Limits, Progress};

use super::asks::{Ask, asks, keeps, orders};
use super::variant::with_policies;
use crate::settle::{Settled, settle, stuck};

/// What becomes of a scenario under some policies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// None of the errors in question.
    Clean,
    /// These.
    Not(Findings),
    /// That was not found out.
    Unknown,
}

/// All scenarios clean.
pub struct Fit {
    /// The orders that all of them keep, the longest first.
    pub orders: Vec<Vec<SeriesId>>,
    /// Scenarios with mixtures.
    pub mixtures: Vec<usize>,
}

/// Judges programs.
pub struct Judge<'a> {
    programs: &'a [Program],
    /// The series whose policies vary.
    pub series: &'a [SeriesId],
    limits: &'a Limits,
    /// When the time is up, for all programs together.
    deadline: Option<Instant>,
    progress: &'a mut dyn FnMut(&Progress),
    /// For each scenario, the errors that it has on the model as it is, beside being stuck.
    known: Vec<Findings>,
    /// Whether something was not found out since somebody asked.
    unknown: bool,
}

impl<'a> Judge<'a> {
    /// Finds out which other errors the scenarios have as they are.
    pub fn new(
        programs: &'a [Program],
        series: &'a [SeriesId],
        limits: &'a Limits,
        progress: &'a mut dyn FnMut(&Progress),
    ) -> Judge<'a> {
        let deadline = limits.deadline();
        let known = (programs.iter())
            .map(|program| {
                let nothing: Vec<Reuse> = series.iter().map(|&s| program.series[s].reuse).collect();
                let plain = with_policies(program, series, &nothing);
                let limits = limits.until(deadline);
                match limits.map(|limits| settle(&plain, others(), &limits, progress)) {
                    Some(Settled::Unsafe(findings, _)) => findings,
                    // If nothing is known, each of them is held against a variant.
                    Some(Settled::Safe(_) | Settled::Unknown(_)) | None => Findings::NONE,
                }
            })
            .collect();
        Judge {
            programs,
            series,
            limits,
            deadline,
            progress,
            known,
            unknown: false,
        }
    }

    /// One program, which is scenario `i` or comes of it, under those policies.
    pub fn one(&mut self, i: usize, program: &Program, reuse: &[Reuse]) -> Verdict {
        let Some(limits) = self.limits.until(self.deadline) else {
            self.unknown = true;
            return Verdict::Unknown;
        };
        let variant = with_policies(program, self.series, reuse);
        let judged = stuck().union(others().minus(self.known[i]));
        match settle(&variant, judged, &limits, self.progress) {
            Settled::Safe(_) => Verdict::Clean,
            Settled::Unsafe(findings, _) => Verdict::Not(findings),
            Settled::Unknown(_) => {
                self.unknown = true;
                Verdict::Unknown
            }
        }
    }

    /// Whether something was not found out since this was last asked.
    pub fn take_unknown(&mut self) -> bool {
        std::mem::take(&mut self.unknown)
    }

    /// Whether there is no time left; then nothing is found out any more.
    fn is_late(&mut self) -> bool {
        let late = self.limits.until(self.deadline).is_none();
        self.unknown |= late;
        late
    }

    /// Whether all scenarios together are clean under those policies and keep one order of all the
    /// series in use, with `changed` in place of scenario `i`.
    pub fn together(&mut self, i: usize, changed: &Program, reuse: &[Reuse]) -> bool {
        if self.is_late() {
            return false;
        }
        let programs = self.programs;
        let with = |j: usize| if i == j { changed } else { &programs[j] };
        let mut found = Vec::new();
        for j in 0..programs.len() {
            found.extend(asks_of(&with_policies(with(j), self.series, reuse)));
        }
        // A kmap may have been moved to a series that nobody used: the order has to name that too.
        let mut series = self.series.to_vec();
        let used = crate::size::used_series(changed);
        series.extend(used.iter().filter(|s| !self.series.contains(s)));
        let total = kept(&found, &series)
            .first()
            .is_some_and(|order| order.len() == series.len());
        total && (0..programs.len()).all(|j| self.one(j, with(j), reuse) == Verdict::Clean)
    }

    /// All scenarios under those policies, up to the first that is not clean.
    pub fn all(&mut self, reuse: &[Reuse]) -> Result<Fit, (usize, Verdict)> {
        let programs = self.programs;
        let mut found = Vec::new();
        let mut mixtures = Vec::new();
        for (i, program) in programs.iter().enumerate() {
            match self.one(i, program, reuse) {
                Verdict::Clean => {}
                other => return Err((i, other)),
            }
            let variant = with_policies(program, self.series, reuse);
            if mixes(&variant) {
                mixtures.push(i);
            }
            found.extend(asks_of(&variant));
        }
        Ok(Fit {
            orders: kept(&found, self.series),
            mixtures,
        })
    }

    /// Whether a program is clean under those policies and keeps an order of all the series that it
    /// uses.
    pub fn fits(&mut self, i: usize, program: &Program, reuse: &[Reuse]) -> bool {
        if self.is_late() {
            return false;
        }
        let variant = with_policies(program, self.series, reuse);
        let used = crate::size::used_series(&variant);
        let total = |asks: &[Ask]| {
            orders(&used)
                .iter()
                .any(|o| o.len() == used.len() && keeps(asks, o))
        };
        total(&asks_of(&variant)) && self.one(i, program, reuse) == Verdict::Clean
    }
}

/// Errors that a change must not bring about, beside being stuck.
fn others() -> Findings {
    (FindingKind::ALL.into_iter())
        .filter(|kind| kind.level() == Level::Error && *kind != FindingKind::OrderViolation)
        .collect::<Findings>()
        .minus(stuck())
}

fn kept(asks: &[Ask], series: &[SeriesId]) -> Vec<Vec<SeriesId>> {
    (orders(series).into_iter())
        .filter(|order| keeps(asks, order))
        .collect()
}

/// What a program's orders have to allow. Outside the premises of the closure that is not known, so
/// no order is: as if everything were asked for while everything is held.
fn asks_of(variant: &Program) -> Vec<Ask> {
    asks(variant).unwrap_or_else(|_| {
        let used = crate::size::used_series(variant);
        (used.iter())
            .flat_map(|&held| {
                used.iter().map(move |&asked| Ask {
                    held,
                    asked,
                    template: 0,
                    held_at: 0,
                    asked_at: 0,
                })
            })
            .collect()
    })
}

/// Whether a pin may lie in another series than the one asked for.
fn mixes(variant: &Program) -> bool {
    kmapcheck_locals::Locals::of(variant)
        .is_ok_and(|locals| locals.possible().contains(FindingKind::SeriesMixture))
}
