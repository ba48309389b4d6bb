//! Scenarios under policies.

use kmapcheck_engine::Progress;
use kmapcheck_limits::{Limits, Reached, Watch};
use kmapcheck_machine::Findings;
use kmapcheck_prove::settle::{Settled, settle, stuck};
use kmapcheck_report::ended;
use kmapcheck_scenario::{FindingKind, Level, Program, Reuse, SeriesId};

use super::asks::{Ask, asks, keeps, orders};
use super::variant::with_policies;
use crate::conform::NotJudged;

/// Why a scenario is not said to be clean under some policies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Flaw {
    /// These errors are found.
    Found(Findings),
    /// That was not found out, for this reason.
    Unknown(String),
}

/// All scenarios clean.
pub struct Fit {
    /// The orders that all of them keep, the longest first; `None`: of some scenario that is not
    /// known.
    pub orders: Option<Vec<Vec<SeriesId>>>,
    /// Scenarios with mixtures.
    pub mixtures: Vec<usize>,
}

/// Judges programs.
pub struct Judge<'a> {
    programs: &'a [Program],
    /// The series whose policies vary.
    pub series: &'a [SeriesId],
    /// For each search.
    limits: &'a Limits,
    /// Over all programs together.
    watch: Watch,
    progress: &'a mut dyn FnMut(&Progress),
    /// For each scenario, the errors that it has on the model as it is, beside being stuck.
    known: Vec<Findings>,
    /// For each scenario, why it is not known which orders it keeps, on the model as it is.
    pub not_judged: Vec<Option<NotJudged>>,
    /// Whether something was not found out since somebody asked.
    unknown: bool,
}

impl<'a> Judge<'a> {
    /// Finds out which other errors the scenarios have as they are, and whether their orders are
    /// known. If a limit comes first, so it does for all that is judged.
    pub fn new(
        programs: &'a [Program],
        series: &'a [SeriesId],
        limits: &'a Limits,
        progress: &'a mut dyn FnMut(&Progress),
    ) -> Judge<'a> {
        let watch = Watch::start(limits);
        let known = (programs.iter())
            .map(|program| {
                let nothing: Vec<Reuse> = series.iter().map(|&s| program.series[s].reuse).collect();
                let plain = with_policies(program, series, &nothing);
                match watch.run(|| settle(&plain, others(), limits, progress)) {
                    Ok(Settled::Unsafe(findings, _)) => findings,
                    // If nothing is known, each of them is held against a variant.
                    Ok(Settled::Safe(_) | Settled::Unknown(_)) | Err(_) => Findings::NONE,
                }
            })
            .collect();
        let not_judged = |program: &Program| {
            let broken = watch.run(|| asks(program).err()).ok()??;
            Some(NotJudged::of(program, broken))
        };
        let not_judged = programs.iter().map(not_judged).collect();
        Judge {
            programs,
            series,
            limits,
            watch,
            progress,
            known,
            not_judged,
            unknown: false,
        }
    }

    /// One program, which is scenario `i` or comes of it, under those policies.
    ///
    /// # Errors
    ///
    /// It has one of the errors in question, or that was not found out.
    pub fn one(&mut self, i: usize, program: &Program, reuse: &[Reuse]) -> Result<(), Flaw> {
        let judged = stuck().union(others().minus(self.known[i]));
        let (limits, series) = (self.limits, self.series);
        let progress = &mut *self.progress;
        let settled = self.watch.run(|| {
            let variant = with_policies(program, series, reuse);
            settle(&variant, judged, limits, progress)
        });
        match settled {
            Ok(Settled::Safe(_)) => Ok(()),
            Ok(Settled::Unsafe(findings, _)) => Err(Flaw::Found(findings)),
            Ok(Settled::Unknown(why)) => Err(self.unknown(why)),
            Err(reached) => Err(self.unknown(ended(&reached.into()))),
        }
    }

    fn unknown(&mut self, why: String) -> Flaw {
        self.unknown = true;
        Flaw::Unknown(why)
    }

    /// Whether something was not found out since this was last asked.
    pub(crate) fn take_unknown(&mut self) -> bool {
        std::mem::take(&mut self.unknown)
    }

    /// The limit that came before everything was asked, if one did.
    #[must_use]
    pub fn stopped(&self) -> Option<Reached> {
        self.watch.reached()
    }

    /// Runs something about the programs as far as the limits allow.
    ///
    /// # Errors
    ///
    /// A limit came first: it was not found out.
    pub fn within<T>(&mut self, what: impl FnOnce(&mut Self) -> T) -> Result<T, Reached> {
        let watch = self.watch.clone();
        let done = watch.run(|| what(self));
        self.unknown |= done.is_err();
        done
    }

    /// Whether all scenarios together are clean under those policies and keep one order of all the
    /// series in use, with `changed` in place of scenario `i`.
    pub fn together(&mut self, i: usize, changed: &Program, reuse: &[Reuse]) -> bool {
        let all = |this: &mut Self| this.all_together(i, changed, reuse);
        self.within(all).unwrap_or(false)
    }

    fn all_together(&mut self, i: usize, changed: &Program, reuse: &[Reuse]) -> bool {
        let programs = self.programs;
        let with = |j: usize| if i == j { changed } else { &programs[j] };
        let mut found = Vec::new();
        for j in 0..programs.len() {
            let Ok(asks) = asks(&with_policies(with(j), self.series, reuse)) else {
                self.unknown = true;
                return false;
            };
            found.extend(asks);
        }
        // A kmap may have been moved to a series that nobody used: the order has to name that too.
        let mut series = self.series.to_vec();
        let used = crate::size::used_series(changed);
        series.extend(used.iter().filter(|s| !self.series.contains(s)));
        let total = kept(&found, &series)
            .first()
            .is_some_and(|order| order.len() == series.len());
        total && (0..programs.len()).all(|j| self.one(j, with(j), reuse).is_ok())
    }

    /// All scenarios under those policies, up to the first that is not clean.
    ///
    /// # Errors
    ///
    /// The first scenario that is not clean, and why.
    pub fn all(&mut self, reuse: &[Reuse]) -> Result<Fit, (usize, Flaw)> {
        let programs = self.programs;
        let mut found = Some(Vec::new());
        let mut mixtures = Vec::new();
        for (i, program) in programs.iter().enumerate() {
            self.one(i, program, reuse).map_err(|flaw| (i, flaw))?;
            let series = self.series;
            let seen = self.within(|_| {
                let variant = with_policies(program, series, reuse);
                (mixes(&variant), asks(&variant).ok())
            });
            let (mixes, asks) =
                seen.map_err(|reached| (i, Flaw::Unknown(ended(&reached.into()))))?;
            if mixes {
                mixtures.push(i);
            }
            found = found.zip(asks).map(|(found, asks)| [found, asks].concat());
        }
        Ok(Fit {
            orders: found.map(|found| kept(&found, self.series)),
            mixtures,
        })
    }

    /// Whether a program is clean under those policies and keeps an order of all the series that it
    /// uses.
    pub fn fits(&mut self, i: usize, program: &Program, reuse: &[Reuse]) -> bool {
        let series = self.series;
        let ordered = self.within(|_| {
            let variant = with_policies(program, series, reuse);
            let used = crate::size::used_series(&variant);
            let asks = asks(&variant).ok()?;
            Some((orders(&used).iter()).any(|o| o.len() == used.len() && keeps(&asks, o)))
        });
        match ordered.ok().flatten() {
            Some(is_ordered) => is_ordered && self.one(i, program, reuse).is_ok(),
            None => {
                self.unknown = true;
                false
            }
        }
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

/// Whether a pin may lie in another series than the one asked for.
fn mixes(variant: &Program) -> bool {
    kmapcheck_local::Locals::of(variant)
        .is_ok_and(|locals| locals.possible().contains(FindingKind::SeriesMixture))
}
