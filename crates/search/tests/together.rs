//! Deadlocks of tasks of two groups, against a plain walk over named states: found where there is one,
//! in as few steps, and nowhere else. `KMAPCHECK_CASES` sets how many random programs.

use std::collections::HashSet;

use kmapcheck_limits::Limits;
use kmapcheck_machine::{Abilities, Starts, State, initial, run as replay};
use kmapcheck_scenario::{FindingKind, Program, TemplateId};
use kmapcheck_search::deadlock_of_both;
use kmapcheck_stuck::scene::scene;
use kmapcheck_stuck::stuck_sets::deadlocked_together;
use kmapcheck_testing::tally;

/// Larger programs are left out.
const MAX_STATES: usize = 3_000;

/// The steps to the nearest such deadlock; `None`: there is none.
///
/// # Errors
///
/// If there are too many states.
fn nearest(program: &Program, split: TemplateId) -> Result<Option<usize>, ()> {
    let abilities = Abilities::of(program);
    let is_one = |state: &State| {
        deadlocked_together(&scene(program, &abilities, state), |template| {
            template < split
        })
    };
    let starts = Starts::of(program).take(MAX_STATES);
    let mut level: Vec<State> = starts.map(|start| initial(program, &start)).collect();
    let mut known: HashSet<State> = level.iter().cloned().collect();
    let mut steps = 0;
    while !level.is_empty() {
        if level.iter().any(is_one) {
            return Ok(Some(steps));
        }
        let mut next = Vec::new();
        for state in &level {
            for task in 0..state.tasks.len() {
                for (_, after) in state.successors(program, task) {
                    if known.insert(after.clone()) {
                        next.push(after);
                    }
                }
            }
            if known.len() > MAX_STATES {
                return Err(());
            }
        }
        (level, steps) = (next, steps + 1);
    }
    Ok(None)
}

#[test]
fn a_plain_walk_finds_the_same() {
    let answers = tally(kmapcheck_testing::scenario(), 400, |program| {
        let split = program.templates.len() / 2;
        if split == 0 {
            return "one task";
        }
        let Ok(nearest) = nearest(program, split) else {
            return "too large";
        };
        let outcome = deadlock_of_both(program, split, &Limits::default(), &mut |_| {});
        let outcome = outcome.unwrap_or_else(|refusal| panic!("{refusal}"));
        if outcome.stopped.is_some() {
            return "a counter without bound";
        }
        let found = outcome.finding(FindingKind::Deadlock);
        assert_eq!(found.map(|found| found.trace.steps.len()), nearest);
        assert_eq!(outcome.findings.len(), usize::from(nearest.is_some()));
        let Some(found) = found else {
            return "none";
        };
        let last = replay(program, &found.trace, |_, _, _, _| {});
        let last = last.unwrap_or_else(|error| panic!("{error}"));
        let abilities = Abilities::of(program);
        let scene = scene(program, &abilities, &last);
        assert!(deadlocked_together(&scene, |template| template < split));
        // Its smallest core is of both.
        let deadlock = kmapcheck_stuck::deadlock::Deadlock::of(
            program,
            &abilities,
            &last,
            FindingKind::Deadlock,
        );
        let core = deadlock.expect("the trace ends in one").core;
        let is_first = |&task: &usize| last.tasks[task].template < split;
        assert!(
            core.iter().any(is_first) && !core.iter().all(is_first),
            "{core:?}"
        );
        "found"
    });
    for answer in ["none", "found"] {
        assert!(
            answers.get(answer).copied().unwrap_or_default() > 5,
            "{answers:?}"
        );
    }
}
