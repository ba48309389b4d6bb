//! The inequalities, held against a state.
//!
//! A wrong inequality can make a system unsolvable, and then a possible deadlock counts as
//! impossible. But most of what a system says holds for *any* tasks that wait at the same time,
//! stuck or not: how many hold how much of what there is. So any state can show that such an
//! inequality is wrong. Only two things are said of stuck tasks alone: that something is waited
//! for, and that enough of it is held.
//!
//! (`verify` does the same with its own inequalities, before a certificate counts.)

use kmapcheck_equations::{Equations, Fact, Graph};
use kmapcheck_local::LocalState;
use kmapcheck_machine::{Standing, State, Wanted};
use kmapcheck_scenario::{Bound, Program};

/// What a state shows to be wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wrong {
    /// That inequality does not hold.
    Inequality(Fact),
    /// A task waits for that, holding what no kind of task has that is known to wait for it.
    UnknownKind(Wanted),
}

/// Whether it is said only of tasks that are stuck.
fn is_about_stuck_tasks(fact: Fact) -> bool {
    matches!(
        fact,
        Fact::Waits(_) | Fact::Missing(_) | Fact::MissingBeside(_)
    )
}

/// Of two things that a task waits for at once, which counts: an inequality is about tasks, and each
/// is stuck on one thing at least. It must hold whichever is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Counts {
    /// The CPU, where a task waits for one.
    Cpu,
    /// What its operation waits for, where that is something.
    Operation,
}

/// The kinds of the tasks that wait in a state of a program with numbers, one for each task, by
/// position in [`Graph::kinds`].
///
/// # Errors
///
/// What a task waits for whose kind is not in the graph.
fn waiting_kinds(
    program: &Program,
    graph: &Graph,
    state: &State,
    counts: Counts,
) -> Result<Vec<usize>, Wanted> {
    let mut found = Vec::new();
    for (id, task) in state.tasks.iter().enumerate() {
        let Standing::Waits(waiting) = state.standing(program, id) else {
            continue;
        };
        let local = LocalState::of(program, task, &state.shared);
        let needs = waiting.wanted(program, &local.task);
        let need = match counts {
            Counts::Cpu => needs.first(),
            Counts::Operation => needs.last(),
        };
        let &need = need.expect("who waits, waits for something");
        found.push(graph.kind_of(program, &local, need).ok_or(need)?);
    }
    Ok(found)
}

/// What a state shows to be wrong with a system of inequalities, the tasks that wait in it being
/// the core. `None`: nothing, or the state is of another [case](crate::Case).
///
/// `program` is the one that the state is of: the one that the equations are of, with numbers for
/// `"any"`.
pub fn wrong(
    program: &Program,
    graph: &Graph,
    equations: &Equations,
    state: &State,
) -> Option<Wrong> {
    let slots = |series: usize| match program.series[series].slots {
        Bound::Exactly(slots) => i64::from(slots),
        Bound::Any => unreachable!("the program has numbers"),
    };
    let of_another_case = (equations.case.keeps_all.iter())
        .any(|&(series, all)| (slots(series) <= program.series[series].for_holders.into()) != all);
    if of_another_case {
        return None;
    }
    [Counts::Cpu, Counts::Operation]
        .into_iter()
        .find_map(|counts| {
            let waiting = match waiting_kinds(program, graph, state, counts) {
                Ok(waiting) => waiting,
                Err(need) => return Some(Wrong::UnknownKind(need)),
            };
            let tasks = |kind: &usize| waiting.iter().map(|other| i64::from(other == kind)).sum();
            let mut values: Vec<i64> = equations.kinds.iter().map(tasks).collect();
            values.extend(equations.open.iter().map(|&series| slots(series)));
            (equations.problem.constraints.iter())
                .zip(&equations.facts)
                .find(|(constraint, fact)| {
                    !is_about_stuck_tasks(**fact) && !constraint.satisfied_by(&values)
                })
                .map(|(_, &fact)| Wrong::Inequality(fact))
        })
}
