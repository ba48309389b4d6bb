//! The rule of a model: in which order a task may ask for what it can have to wait for.
//!
//! The model numbers series and locks on one scale, first to last. Whoever asks for one of them
//! while holding one of the same or a later place goes against the rule, whether or not it has to
//! wait this time. Only what has a place counts: what the order does not name is free of it, and
//! units that nobody owns are held by nobody.

use kmapcheck_scenario::{Op, Program, Ref, SeriesId};

use super::{acceptable, resolve};
use crate::state::{Map, Name, Shared, Task};

/// Whether calling `op` goes against the model's order. Operations that do not wait never do.
pub(crate) fn breaks_order(program: &Program, task: &Task, shared: &Shared, op: Op) -> bool {
    let asked = match op {
        Op::Kmap { page, series } if can_wait(program, task, shared, page, series) => {
            program.series[series].rank
        }
        Op::SpinLock { lock } | Op::DownRead { lock } | Op::DownWrite { lock } => {
            program.resource(task.template, lock).rank
        }
        Op::Down { pool, .. } => program.resource(task.template, pool).rank,
        _ => None,
    };
    asked.is_some_and(|asked| held_ranks(program, task).any(|held| held >= asked))
}

/// The places of all that the task holds: of the series that its pins were asked for in, wherever
/// they lie, and of its locks, in whatever mode.
fn held_ranks(program: &Program, task: &Task) -> impl Iterator<Item = usize> {
    let pins = task.maps.iter().filter_map(|map| match *map {
        Map::Pin { asked, .. } => program.series[asked].rank,
        _ => None,
    });
    let locks = task.held.iter();
    pins.chain(locks.filter_map(|held| program.resource(task.template, held.what).rank))
}

/// Whether a kmap could have to wait, now or at another time: not where it reuses a mapping that
/// the task itself pins, nor in low memory, which needs no slot.
fn can_wait(program: &Program, task: &Task, shared: &Shared, page: Ref, series: SeriesId) -> bool {
    let Name::Page(page) = resolve(task, shared, page) else {
        return false;
    };
    let own = |map: &Map| {
        matches!(*map, Map::Pin { page: pinned, lies, .. }
        if pinned == page && acceptable(program, series).any(|s| s == lies))
    };
    shared.page(page).highmem && !task.maps.iter().any(own)
}
