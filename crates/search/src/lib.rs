//! Explicit-state search: is any finding reachable, and how soon?
//!
//! Two engines answer with the same [`Outcome`]. `reference` is the plain one: named states in a
//! hash map, no reduction, the oracle of everything else. `search` explores *counted* states: how
//! many tasks are in each local state, plus the shared part. Both go breadth-first, level by
//! level, so every trace is shortest. An engine never prints; it reports [`Progress`].

mod aim;
mod apart;
mod capacity;
mod counted;
mod options;
mod point_of_no_return;
mod reduce;
mod reduced_trace;
mod reference;
mod refusal;
mod starved;
#[cfg(test)]
mod tests;

pub use counted::crowd::{EveryNumber, NoCrowd, every_number, every_number_in_turn};
pub use options::{Options, Storage};
pub use point_of_no_return::{PointOfNoReturn, point_of_no_return};
pub use reduce::Reductions;
pub use reference::starves;

use kmapcheck_engine::{Outcome, Progress, Refusal, Stopped};
use kmapcheck_limits::{Limits, Watch};
use kmapcheck_machine::{Abilities, Findings, State};
use kmapcheck_scenario::{FindingKind, Program, TemplateId};
use kmapcheck_stuck::class::class_in;
use kmapcheck_stuck::stuck_sets::stuck_kinds;

use crate::counted::explore::Explorer;

/// The engines of this crate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// Counted, packed states.
    Search,
    /// The same with other reductions than it has by default.
    Reduced {
        /// Which.
        reductions: Reductions,
        /// Whether to check their premises on the states met; a panic says which does not hold.
        check: bool,
    },
    /// Named states, for comparison.
    Reference,
    /// Packed states with every task told apart, by so many threads.
    Apart {
        /// How many threads.
        threads: usize,
    },
}

impl Engine {
    /// The name on the command line and in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Engine::Search | Engine::Reduced { .. } => "search",
            Engine::Reference => "reference",
            Engine::Apart { .. } => apart::NAME,
        }
    }
}

/// Runs an engine on a program.
///
/// `progress` is called a few times a second while the engine runs.
///
/// # Errors
///
/// If the engine cannot do something that the program asks for.
pub fn run(
    engine: Engine,
    program: &Program,
    limits: &Limits,
    progress: &mut dyn FnMut(&Progress),
) -> Result<Outcome, Refusal> {
    Refusal::of_open_numbers(engine.name(), program)?;
    within(engine, limits, || {
        Ok(match engine {
            Engine::Search => counted::explore::run(program, limits, progress),
            Engine::Reduced { reductions, check } => {
                let options = Options {
                    reductions,
                    check,
                    ..Options::default()
                };
                search(program, &options, limits, progress)?
            }
            Engine::Reference => reference::run(program, limits, progress),
            Engine::Apart { threads } => apart::run(program, threads, limits, progress)?,
        })
    })
}

/// By which of the `wanted` kinds of finding somebody is stuck in a state, each with the rank of its
/// class.
pub(crate) fn ranks_in(
    program: &Program,
    abilities: &Abilities,
    state: &State,
    wanted: Findings,
) -> Vec<(FindingKind, u32)> {
    let rank = |kind| Some((kind, class_in(program, abilities, state, kind)? as u32));
    (stuck_kinds(program, abilities, state)
        .intersection(wanted)
        .iter())
    .filter_map(rank)
    .collect()
}

/// Runs an engine. A limit that comes before it has begun to explore is no other end than one that
/// comes later: nobody who calls an engine is left at a limit.
fn within(
    engine: Engine,
    limits: &Limits,
    run: impl FnOnce() -> Result<Outcome, Refusal>,
) -> Result<Outcome, Refusal> {
    let stopped = |reached| Ok(Outcome::nothing(engine.name(), Stopped::from(reached)));
    Watch::start(limits).run(run).unwrap_or_else(stopped)
}

/// Looks for a deadlock for which tasks of two groups are needed, those of the templates before `split`
/// and those from there on: see `crates/search/src/counted/together.rs`. The outcome has it as its only
/// finding. If it has none, and was not stopped, there is none.
///
/// # Errors
///
/// If the program leaves numbers open.
pub fn deadlock_of_both(
    program: &Program,
    split: TemplateId,
    limits: &Limits,
    progress: &mut dyn FnMut(&Progress),
) -> Result<Outcome, Refusal> {
    Refusal::of_open_numbers(Engine::Search.name(), program)?;
    within(Engine::Search, limits, || {
        Ok(counted::together::run(program, split, limits, progress))
    })
}

/// Runs the counted search with options of its own.
///
/// # Errors
///
/// If the program or the options ask for something that it cannot do, or a checkpoint does not fit.
pub fn search(
    program: &Program,
    options: &Options,
    limits: &Limits,
    progress: &mut dyn FnMut(&Progress),
) -> Result<Outcome, Refusal> {
    Refusal::of_open_numbers(Engine::Search.name(), program)?;
    refusal::check_options(program, options)?;
    let explore = |program: &Program, progress: &mut dyn FnMut(&Progress)| {
        within(Engine::Search, limits, || {
            let explorer = Explorer::with_options(program, options);
            explorer.run(limits, progress).map_err(Refusal::unusable)
        })
    };
    if options.reductions.symmetry {
        return explore(program, progress);
    }
    let (apart, from) = reduce::told_apart::told_apart(program);
    let mut outcome = explore(&apart, progress)?;
    reduce::told_apart::put_together(program, &from, &mut outcome);
    Ok(outcome)
}
