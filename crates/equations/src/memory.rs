//! That enough pages come back.
//!
//! A task that waits for a free page is stuck if no page ever comes; nobody need hold one. Where task
//! programs have no loops, how many come can be counted. Every run then goes on to a *last* state, in
//! which nobody moves; whoever was stuck still is, and everybody else has ended or is stuck too. Let A
//! be what is waited for in a last state. The tasks that wait hold all of each thing in A (nothing is
//! lost), and if a free page is in A, there is none:
//!
//! - pages at first + what each task has put back and taken <= 0.
//!
//! What a task has put back, less what it has taken, is known from its local state within bounds;
//! the least over all ways there makes the inequality weaker and no less true. If for no set A with
//! a free page in it these inequalities have a solution, no task waits for a page in a last state.
//! So there are no cores that wait for one, though the [core equations](crate) allow them.

use kmapcheck_limits::ask;
use kmapcheck_linear::{Answer, Constraint, Problem, solve};
use kmapcheck_local::{LocalState, Locals};
use kmapcheck_machine::{Given, Name, Standing, State, Wanted};
use kmapcheck_scenario::{Bound, Op, Patience, Program, Ref};

use crate::amount::Amount;
use crate::exclude::Possible;
use crate::graph::{Graph, Kind};

/// More things waited for than this have too many subsets.
const MAX_NEEDS: usize = 8;

/// Pivots for each system of inequalities.
const BUDGET: u64 = 20_000;

/// Whether the only cores that the equations allow wait for a free page, and none does for ever.
#[must_use]
pub fn memory_suffices(
    program: &Program,
    locals: &Locals,
    graph: &Graph,
    possible: &[Possible],
) -> bool {
    let memory = Wanted::Given(Given::Memory);
    let Some(pages) = program.free_pages else {
        return false;
    };
    let all_wait = (possible.iter()).all(|possible| possible.awaited().contains(&memory));
    let Ok(node) = graph.needs.binary_search(&memory) else {
        return false;
    };
    // Who gives up was stuck, and is not at the end.
    let ends =
        !program.has_loops() && program.cpus.is_none() && !program.has_patience(Patience::GivesUp);
    if !ends || !all_wait || graph.needs.len() > MAX_NEEDS {
        return false;
    }
    let Some(put_back) = put_back(program, locals) else {
        return false;
    };
    (0u32..1 << graph.needs.len())
        .filter(|set| set >> node & 1 == 1)
        .all(|set| {
            let awaited: Vec<Wanted> = (0..graph.needs.len())
                .filter(|i| set >> i & 1 == 1)
                .map(|i| graph.needs[i])
                .collect();
            let last = last_state(program, locals, graph, &awaited, &put_back, pages);
            last.is_some_and(|last| matches!(solve(&last.problem, BUDGET), Answer::Infeasible(_)))
        })
}

/// The inequalities of a last state.
struct LastState {
    problem: Problem,
    /// What each unknown counts the tasks of: a local state, and what is waited for in it.
    unknowns: Vec<(u32, Wanted)>,
}

/// Whether the inequalities for a last state hold in this one, in which nobody moves; all of them,
/// since they are about what is waited for in it. `None`: nobody waits for a page, or there are none.
///
/// For the tests. `program` has numbers, and its tasks have no loops and need
/// no CPUs.
#[must_use]
pub fn holds_in(program: &Program, locals: &Locals, graph: &Graph, state: &State) -> Option<bool> {
    let mut waiting: Vec<(u32, Wanted)> = Vec::new();
    for (id, task) in state.tasks.iter().enumerate() {
        if let Standing::Waits(waits) = state.standing(program, id) {
            let local = LocalState::of(program, task, &state.shared);
            let number = locals.number(&local)?;
            waiting.extend(
                waits
                    .wanted(program, &local.task)
                    .iter()
                    .map(|&need| (number, need)),
            );
        }
    }
    let mut awaited: Vec<Wanted> = waiting.iter().map(|&(_, need)| need).collect();
    awaited.sort_unstable();
    awaited.dedup();
    if !awaited.contains(&Wanted::Given(Given::Memory)) {
        return None;
    }
    let put_back = put_back(program, locals)?;
    let last = last_state(
        program,
        locals,
        graph,
        &awaited,
        &put_back,
        program.free_pages?,
    )?;
    let tasks = |unknown| {
        waiting
            .iter()
            .map(|other| i64::from(other == unknown))
            .sum()
    };
    let values: Vec<i64> = last.unknowns.iter().map(tasks).collect();
    let are_unknowns = waiting.iter().all(|waiter| last.unknowns.contains(waiter));
    Some(are_unknowns && last.problem.satisfied_by(&values))
}

/// The inequalities of a last state in which exactly that is waited for; an unknown for each local
/// state that waits for some of it. `None`: the number of instances is open.
fn last_state(
    program: &Program,
    locals: &Locals,
    graph: &Graph,
    awaited: &[Wanted],
    put_back: &[i64],
    pages: u32,
) -> Option<LastState> {
    let waiting: Vec<(&Kind, u32)> = (locals.waiters.iter())
        .flat_map(|waiter| {
            let local = &locals.states[waiter.local as usize];
            let needs = waiter.waiting.wanted(program, &local.task).into_iter();
            let kind = |need| Some(&graph.kinds[graph.kind_of(program, local, need)?]);
            (needs.filter(|need| awaited.contains(need)))
                .filter_map(move |need| Some((kind(need)?, waiter.local)))
        })
        .collect();
    let sum = |of: &dyn Fn(&Kind) -> i64| -> Vec<(usize, i64)> {
        let terms = (waiting.iter().enumerate()).map(|(i, (kind, _))| (i, of(kind)));
        terms.filter(|&(_, n)| n != 0).collect()
    };
    let mut constraints = Vec::new();
    for &need in awaited {
        let waits = sum(&|kind| i64::from(kind.need == need));
        constraints.push(Constraint::at_least(waits, 1));
        if let Some(amount) = Amount::missing(program, need) {
            let held = sum(&|kind| {
                let held = kind.holdings.iter().filter(|&&(held, _)| held.keeps(need));
                held.map(|&(_, n)| i64::from(n)).sum()
            });
            if amount.slots_of.is_some() {
                return None;
            }
            constraints.push(Constraint::at_least(held, amount.plus));
        }
    }
    // Pages at first, and what everybody would have put back who has ended; those that wait instead
    // have put back something else.
    let mut all = i64::from(pages);
    let mut ended = vec![0; program.templates.len()];
    for (template, declared) in program.templates.iter().enumerate() {
        let Bound::Exactly(count) = declared.count else {
            return None;
        };
        let of_it = sum(&|kind| i64::from(kind.template == template));
        constraints.push(Constraint::at_most(of_it, i64::from(count)));
        let ends = (locals.states.iter().zip(put_back))
            .filter(|(local, _)| local.task.template == template && local.task.at.is_none());
        // Where none ends, all wait, and what they have put back is counted from 0.
        ended[template] = ends.map(|(_, &n)| n).min().unwrap_or(0);
        all += ended[template] * i64::from(count);
    }
    let instead: Vec<(usize, i64)> = (waiting.iter().enumerate())
        .map(|(i, (kind, local))| (i, put_back[*local as usize] - ended[kind.template]))
        .filter(|&(_, n)| n != 0)
        .collect();
    constraints.push(Constraint::at_most(instead, -all));
    Some(LastState {
        problem: Problem {
            variables: waiting.len(),
            constraints,
        },
        unknowns: (waiting.iter())
            .map(|&(kind, local)| (local, kind.need))
            .collect(),
    })
}

/// The least that a task can have put back, less what it has taken, when it is in each local state;
/// `None`: there is no least.
fn put_back(program: &Program, locals: &Locals) -> Option<Vec<i64>> {
    let mut least: Vec<Option<i64>> = vec![None; locals.states.len()];
    for start in locals.starts() {
        least[start as usize] = Some(0);
    }
    // Without loops a way has no more steps than there are local states.
    for _ in 0..=locals.states.len() {
        let before = least.clone();
        for (from, local) in locals.states.iter().enumerate() {
            ask();
            let Some(here) = least[from] else { continue };
            let after_step = here + change(program, local);
            let steps = locals.situations[from].iter().flat_map(|s| &s.next);
            let flushes = locals.flushes[from].iter().map(|&to| (to, here));
            for (to, value) in steps.map(|&to| (to, after_step)).chain(flushes) {
                let known = &mut least[to as usize];
                *known = Some(known.map_or(value, |known| known.min(value)));
            }
        }
        if least == before {
            // Every local state is a start, or comes of another.
            return least.into_iter().collect();
        }
    }
    None
}

/// What the task's next operation does to the number of free pages, at worst.
fn change(program: &Program, local: &LocalState) -> i64 {
    let of = |op| match op {
        Op::AllocPage { .. } | Op::TryAllocPage { .. } => -1,
        Op::FreePage {
            page: Ref::Own(name),
        } => match local.task.names.get(name) {
            Some(Name::Page(_)) => 1,
            _ => 0,
        },
        _ => 0,
    };
    let changes = local.calls(program).map(|(_, op)| of(op));
    // Without an operation it has ended.
    changes.min().unwrap_or(0)
}
