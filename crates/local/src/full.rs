//! Which series can never be full.
//!
//! *Full* means that every slot has a user, so that no flush helps. Suppose that some series are
//! never full, and close the local states under this assumption. If the tasks, however they are
//! spread over the local states, still cannot pin all slots of any of these series, then none of
//! them is ever full: look at the first state of a run in which one is. Up to the step into it no
//! task found one full, so every task in it is in one of these local states; and their pins do not
//! suffice.
//!
//! How many slots can be pinned is counted generously: by each task in its worst local state, but
//! by no more tasks on a CPU than there are CPUs. That is what keeps a task that takes slots under
//! a spinlock from ever having to wait for one, where there are more slots than CPUs. Slots that
//! ended tasks leave behind in use would not be counted, so nothing follows for a program that
//! leaks them.

use kmapcheck_limits::ask;
use kmapcheck_scenario::{Bound, FindingKind, Op, Program};

use crate::closure::Locals;

/// Which series may turn out never to be full: others are not worth a closure.
pub(crate) fn candidates(program: &Program) -> Vec<bool> {
    (program.series.iter())
        .map(|series| {
            let Bound::Exactly(slots) = series.slots else {
                return false;
            };
            let mappers = (program.templates.iter())
                .filter(|template| {
                    let maps = |op| matches!(op, Op::Kmap { .. } | Op::TryKmap { .. });
                    template.nodes.iter().any(|node| maps(node.op))
                })
                .map(|template| tasks(template.count));
            // So many that they do not fit are not fewer than the slots: nothing is assumed then.
            let mappers = mappers.fold(0, u64::saturating_add);
            series.for_holders == 0 && (program.cpus.is_some() || mappers < u64::from(slots))
        })
        .collect()
}

/// Which of the series that the closure took never to be full indeed are not.
pub(crate) fn confirmed(program: &Program, locals: &Locals, assumed: &[bool]) -> Vec<bool> {
    if locals.possible().contains(FindingKind::SlotLeak) {
        return vec![false; assumed.len()];
    }
    (0..assumed.len())
        .map(|series| match program.series[series].slots {
            Bound::Exactly(slots) => {
                assumed[series] && most_pinned(program, locals, series) < u64::from(slots)
            }
            Bound::Any => false,
        })
        .collect()
}

/// An upper bound on the slots of the series that have users.
fn most_pinned(program: &Program, locals: &Locals, series: usize) -> u64 {
    let most = |of: &dyn Fn(usize, bool) -> bool| {
        ask();
        (locals.states.iter())
            .filter(|local| of(local.task.template, local.task.on_cpu))
            .map(|local| u64::from(local.own_usage(program)[series].0))
            .max()
            .unwrap_or(0)
    };
    // A product beyond all numbers is more than any number of slots, as is the greatest of them.
    let sleeping = (program.templates.iter().enumerate()).map(|(id, template)| {
        most(&|t, on_cpu| t == id && !on_cpu).saturating_mul(tasks(template.count))
    });
    // A sum likewise. Without CPUs nobody is on one.
    let sleeping = sleeping.fold(0, u64::saturating_add);
    let cpus = program.cpus.map_or(0, |cpus| u64::from(cpus.count));
    sleeping.saturating_add(most(&|_, on_cpu| on_cpu).saturating_mul(cpus))
}

/// How many instances there may be; the greatest number for any.
fn tasks(count: Bound) -> u64 {
    match count {
        Bound::Exactly(count) => u64::from(count),
        Bound::Any => u64::MAX,
    }
}
