//! That no task starves.
//!
//! The situations that a local state lists stand for all there are: what a task can do in any real
//! state includes all that it can do in one of them. (So an allocation is listed also without the
//! pages that other tasks may have freed: no task can choose which of them are there. A select is listed
//! with all its branches, of which others may leave any one only: so all of them have to do.)
//!
//! A local state is *drained* if the task has ended or holds nothing; it *drains* within *k* steps
//! if, whatever flushes others have done, in every situation in which the task can move it can
//! move to a local state that drains within *k* - 1. Suppose that all local states drain and that
//! the [core equations](crate) have no solution. Then from every state there is a continuation in
//! which everybody is drained: let some task that is not drained and can move take its next step
//! towards that; the sum of the steps that tasks still need goes down each time, and others'
//! flushes do not raise it. If none of the undrained tasks could move, all that they wait for would
//! be held by themselves (the drained hold nothing, and nothing is lost), which is a solution of
//! the equations. So at the end everybody is drained, and then nothing is held: a task that had
//! been waiting has moved on the way, or can move now. No task starves.

use kmapcheck_limits::ask;
use kmapcheck_local::Locals;
use kmapcheck_scenario::{Op, Program};

/// Whether every local state drains. Says something only where the core equations have no
/// solution.
#[must_use]
pub fn cannot_starve(program: &Program, locals: &Locals) -> bool {
    if !program.has_loops() {
        return true;
    }
    // Whoever is put off in a queue round after round is not looked at here.
    if program.has_queues() {
        return false;
    }
    let count = locals.states.len();
    let drained: Vec<bool> = (locals.states.iter())
        .map(|local| local.task.at.is_none() || local.holdings(program).is_empty())
        .collect();
    let selects = |i: usize| locals.states[i].op(program) == Some(Op::Select);
    let mut drains = vec![false; count];
    loop {
        let alone = |i: usize| {
            ask();
            drained[i]
                || (locals.situations[i].iter())
                    .filter(|situation| !situation.next.is_empty())
                    .all(|situation| {
                        let mut next = situation.next.iter().map(|&to| drains[to as usize]);
                        if selects(i) {
                            next.all(|drains| drains)
                        } else {
                            next.any(|drains| drains)
                        }
                    })
        };
        let next: Vec<bool> = (0..count)
            .map(|i| flushed(locals, i).into_iter().all(alone))
            .collect();
        if next == drains {
            return drains.iter().all(|&drains| drains);
        }
        drains = next;
    }
}

/// The local state and what flushes can make of it.
fn flushed(locals: &Locals, from: usize) -> Vec<usize> {
    let mut found = vec![from];
    let mut i = 0;
    while i < found.len() {
        for &to in &locals.flushes[found[i]] {
            if !found.contains(&(to as usize)) {
                found.push(to as usize);
            }
        }
        i += 1;
    }
    found
}
