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
//! move to a local state that drains within *k* - 1. Suppose that all local states drain and that
//! the [core equations](crate) have no solution. Then from every state there is a continuation in
//! which everybody is drained: let some task that is not drained and can move take its next step
//! towards that; the sum of the steps that tasks still need goes down each time, and others'
//! flushes do not raise it. If none of the undrained tasks could move, all that they wait for would
//! be held by themselves (the drained hold nothing, and nothing is lost), which is a solution of
//! the equations. So at the end everybody is drained, and then nothing is held: a task that had
//! been waiting has moved on the way, or can move now. No task starves.
//!
//! **Rest.** Where something is missing that nobody need hold, that argument fails, and another one may do
//! ([`comes_to_rest`]). A task is *at rest* if it has ended or is at an idle wait (an operation that can have
//! to wait: an allocation where there are always free pages is none). Suppose that every
//! local state comes to rest within *k* steps, in the same sense; that tasks wait idly only for what
//! anybody may give; and that none of this can be given from an idle wait on. Suppose too that no state has
//! a stuck set that is a finding. From a state, let any task that can move take a step: one that has not
//! been at rest towards rest, one that has been from its idle wait, or again towards rest. Three numbers go
//! down in lexicographic order: the steps that those need who have not been at rest; how much there is of
//! what is waited for idly, since the others only take it; the steps that the others need. (A task that is at
//! rest and gives its CPU up moves as well, once for each time that it has come there.) So this comes to an
//! end, in a state in which nobody can move. Who waits in it is stuck, and so waits idly. Whoever waited at
//! the start, and not idly, has moved; or it lacked only a CPU at an idle wait, and then it is in a stuck set
//! now.

use kmapcheck_limits::ask;
use kmapcheck_local::Locals;
use kmapcheck_machine::Abilities;
use kmapcheck_scenario::{NodeId, Op, Patience, Program, Template, TemplateId};

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

/// Why no task starves, if what is known of cores says so.
#[must_use]
pub fn lets_go(program: &Program, locals: &Locals, cores: &Cores) -> Option<LetsGo> {
    let drains = match cores {
        Cores::Excluded(_) => cannot_starve(program, locals),
        // That all drain says something where what is missing is held.
        Cores::NeverMissing(_) => false,
        Cores::Possible(_) | Cores::Undecided(_) => return None,
    };
    match drains {
        true => Some(LetsGo::Drains),
        false => comes_to_rest(program, locals).then_some(LetsGo::Rests),
    }
}

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
    come_to(locals, program, |i| {
        let local = &locals.states[i];
        local.task.at.is_none() || local.holdings(program).is_empty()
    })
}

/// Whether everybody comes to rest, again and again. Says something only where no state has a stuck set
/// that is a finding.
#[must_use]
pub fn comes_to_rest(program: &Program, locals: &Locals) -> bool {
    if program.has_queues() {
        return false;
    }
    let mut idle: Vec<(TemplateId, NodeId)> = Vec::new();
    for (id, template) in program.templates.iter().enumerate() {
        // Where there are always free pages nobody waits for one, idly or not.
        let never_waits = |node: NodeId| {
            program.free_pages.is_none()
                && (template.calls(node))
                    .any(|call| matches!(template.nodes[call].op, Op::AllocPage { .. }))
        };
        let nodes = template.nodes.iter().enumerate();
        let idle_nodes = nodes.filter(|(_, node)| node.patience == Patience::Idle);
        let idle_nodes = idle_nodes
            .map(|(node, _)| node)
            .filter(|&node| !never_waits(node));
        idle.extend(idle_nodes.map(|node| (id, node)));
    }
    let mut awaited = Vec::new();
    for &(id, node) in &idle {
        let template: &Template = &program.templates[id];
        for call in template.calls(node) {
            match given_and_taken(program, template.nodes[call].op) {
                (_, Some(taken)) => awaited.push(taken),
                // Something that is held, or that only the task itself could give.
                (_, None) => return false,
            }
        }
    }
    let abilities = Abilities::of(program);
    let gives = |&(id, node): &(TemplateId, NodeId)| {
        let gives = |op| {
            given_and_taken(program, op)
                .0
                .is_some_and(|given| awaited.contains(&given))
        };
        abilities.can(id, node, gives)
    };
    !idle.iter().any(gives)
        && come_to(locals, program, |i| {
            let task = &locals.states[i].task;
            (task.at).is_none_or(|at| idle.contains(&(task.template, at)))
        })
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
