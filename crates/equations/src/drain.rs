//! That no task starves.
//!
//! The situations that a local state lists stand for all there are: what a task can do in any real
//! state includes all that it can do in one of them. (So an allocation is listed also without the
//! pages that other tasks may have freed, where there are always others: no task can choose which of them
//! are there. With a bounded number of free pages it is listed with all of them, of which others may leave
//! any one only; so is a select with its branches. There all of them have to do.)
//!
//! A local state is *drained* if the task has ended or holds nothing; it *drains* within *k* steps
//! if, whatever flushes others have done, in every situation in which the task can move it can
//! move to a local state that drains within *k* - 1. Suppose that all local states drain. From any state,
//! let some task that is not drained and can move take its next step towards that, as long as there is
//! one; the sum of the steps that tasks still need goes down each time, and others' flushes do not
//! raise it. In the end none of the undrained tasks can move. Call them *U*; the others hold nothing.
//!
//! - Where the [core equations](crate) have no solution, *U* is empty: all that they wait for would be held
//!   by themselves, as nothing is lost, and that is a solution. Then nothing is held: a task that had been
//!   waiting has moved on the way, or can move now.
//! - Where tasks can only wait for what somebody holds, or has lost, a task that waits in the end and cannot
//!   move is in a stuck set, together with *U*: all that is missing is held by *U*, or is lost. A task in a
//!   stuck set does not starve, whatever else there is. Who else could help must be none of those who hold
//!   nothing: so there are no pages that another could map, no CPUs, and nothing that anybody may give.
//!
//! **Rest.** Where something is missing that nobody need hold, that argument fails, and another one may do
//! ([`comes_to_rest`]). Choose some waits for what anybody may give, such that none of what is awaited there
//! can be given from one of them on. A task is *at rest* if it has ended or is at one of these. (An operation
//! that never has to wait is none: an allocation where there are always free pages; a try.) Suppose that every
//! local state comes to rest within *k* steps, in the same sense. From a state, let any task that can move
//! take a step: one that has not been at rest towards rest, one that has been from where it rests, or again
//! towards rest. Three numbers go down in lexicographic order: the steps that those need who have not been
//! at rest; how much there is of what is awaited at rest, since the others only take it; the steps that the
//! others need. (A task at rest that gives its CPU up moves as well, once for each time that it has come
//! there.) So this comes to an end, in a state in which nobody can move. Who waits in it is in a stuck set. So
//! whoever waited at the start has moved, or is in a stuck set in the end, and does not starve.
//!
//! Two choices are tried: the idle waits, and the waits in loops.

use std::collections::BTreeSet;

use kmapcheck_limits::ask;
use kmapcheck_local::Locals;
use kmapcheck_machine::{Abilities, Given};
use kmapcheck_scenario::{NodeId, Op, Patience, Program, Ref, Template, TemplateId};

use crate::digraph::knots;
use crate::exclude::Cores;
use crate::flow::given_and_taken;

/// Why no task starves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LetsGo {
    /// All local states drain.
    Drains,
    /// Everybody comes to rest.
    Rests,
}

/// Why no task starves, if that is shown.
#[must_use]
pub fn lets_go(program: &Program, locals: &Locals, cores: &Cores) -> Option<LetsGo> {
    let says_something = matches!(cores, Cores::Excluded(_)) || is_missing_only_if_held(program);
    match says_something && cannot_starve(program, locals) {
        true => Some(LetsGo::Drains),
        false => comes_to_rest(program, locals).then_some(LetsGo::Rests),
    }
}

/// Whether nobody can be helped by a task that holds nothing.
fn is_missing_only_if_held(program: &Program) -> bool {
    let needs_nobody_else = |op| match op {
        Op::Kmap { page, .. } | Op::TryKmap { page, .. } => matches!(page, Ref::Own(_)),
        op => awaited(program, op).is_none(),
    };
    program.cpus.is_none() && !program.has_op(|op| !needs_nobody_else(op))
}

/// Whether every local state drains. Says something only where the core equations have no
/// solution, or where nobody can be helped by who holds nothing.
#[must_use]
pub fn cannot_starve(program: &Program, locals: &Locals) -> bool {
    if !program.has_loops() {
        return true;
    }
    // Whoever is put off in a queue round after round is not looked at here.
    if program.has_queues() {
        return false;
    }
    come_to(locals, program, |i| {
        let local = &locals.states[i];
        local.task.at.is_none() || local.holdings(program).is_empty()
    })
}

/// A place in a program.
type Point = (TemplateId, NodeId);

/// Whether everybody comes to rest, again and again.
#[must_use]
pub fn comes_to_rest(program: &Program, locals: &Locals) -> bool {
    if program.has_queues() {
        return false;
    }
    let idle = waits(program, |template| {
        let nodes = template.nodes.iter().enumerate();
        let idle = nodes.filter(|(_, node)| node.patience == Patience::Idle);
        idle.map(|(node, _)| node).collect()
    });
    let in_loops = waits(program, |template| {
        let nodes = template.nodes.iter().enumerate();
        let edges = nodes.flat_map(|(from, node)| {
            let next = node.next.iter().filter_map(|to| to.node);
            next.map(move |to| (from, to))
        });
        knots(edges).concat()
    });
    let serves = |waits: &BTreeSet<Point>| {
        are_used_up(program, waits)
            && come_to(locals, program, |i| {
                let task = &locals.states[i].task;
                (task.at).is_none_or(|at| waits.contains(&(task.template, at)))
            })
    };
    serves(&idle) || serves(&in_loops)
}

/// Those of some nodes at which nobody goes on before he gets something that anybody may give.
fn waits(program: &Program, nodes: impl Fn(&Template) -> Vec<NodeId>) -> BTreeSet<Point> {
    let mut waits = BTreeSet::new();
    for (id, template) in program.templates.iter().enumerate() {
        let is_wait = |&node: &NodeId| {
            let mut calls = template.calls(node).map(|call| template.nodes[call].op);
            template.nodes[node].patience != Patience::GivesUp
                && calls.all(|op| awaited(program, op).is_some())
        };
        let nodes = nodes(template).into_iter().filter(is_wait);
        waits.extend(nodes.map(|node| (id, node)));
    }
    waits
}

/// What an operation waits for, if that is something that anybody may give.
fn awaited(program: &Program, op: Op) -> Option<Given> {
    let waits = match op {
        Op::WaitForCompletion { .. } | Op::Down { .. } => true,
        // Where there are always free pages nobody waits for one.
        Op::AllocPage { .. } => program.free_pages.is_some(),
        _ => false,
    };
    given_and_taken(program, op).1.filter(|_| waits)
}

/// Whether nobody who has been at one of these waits can give what is awaited at any of them.
fn are_used_up(program: &Program, waits: &BTreeSet<Point>) -> bool {
    let mut all = Vec::new();
    for &(id, node) in waits {
        let template = &program.templates[id];
        let calls = template.calls(node);
        all.extend(calls.filter_map(|call| awaited(program, template.nodes[call].op)));
    }
    let abilities = Abilities::of(program);
    let gives = |op| {
        given_and_taken(program, op)
            .0
            .is_some_and(|given| all.contains(&given))
    };
    !waits
        .iter()
        .any(|&(id, node)| abilities.can(id, node, gives))
}

/// Whether every local state comes to one of those within some number of steps.
fn come_to(locals: &Locals, program: &Program, is_there: impl Fn(usize) -> bool) -> bool {
    let count = locals.states.len();
    let there: Vec<bool> = (0..count).map(is_there).collect();
    // Which of several there are is not for the task to choose.
    let others_choose = |i: usize| match locals.states[i].op(program) {
        Some(Op::Select) => true,
        Some(Op::AllocPage { .. } | Op::TryAllocPage { .. }) => program.free_pages.is_some(),
        _ => false,
    };
    let mut comes = vec![false; count];
    loop {
        let alone = |i: usize| {
            ask();
            there[i]
                || (locals.situations[i].iter())
                    .filter(|situation| !situation.next.is_empty())
                    .all(|situation| {
                        let mut next = situation.next.iter().map(|&to| comes[to as usize]);
                        if others_choose(i) {
                            next.all(|comes| comes)
                        } else {
                            next.any(|comes| comes)
                        }
                    })
        };
        let next: Vec<bool> = (0..count)
            .map(|i| flushed(locals, i).into_iter().all(alone))
            .collect();
        if next == comes {
            return comes.iter().all(|&comes| comes);
        }
        comes = next;
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
