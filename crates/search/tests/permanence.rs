//! What a stuck set claims: its tasks never take a step again, whatever happens. Checked edge by
//! edge on the named states of random programs: nobody in a stuck set moves, whoever is stuck
//! stays stuck, and where nobody moves, whoever waits is stuck.

use kmapcheck_machine::{Abilities, Effect, Standing, State, waiting_findings};
use kmapcheck_scenario::Program;
use kmapcheck_stuck::scene::scene;
use kmapcheck_stuck::stuck_sets::stuck;
use kmapcheck_testing::for_each_state;
use proptest::prelude::*;

/// Programs with more states are looked at in part.
const MAX_STATES: usize = 1_500;

fn check(program: &Program) -> Result<(), TestCaseError> {
    let abilities = Abilities::of(program);
    let mut checked = Ok(());
    for_each_state(program, MAX_STATES, |state| {
        if checked.is_ok() {
            checked = check_state(program, &abilities, state);
        }
    });
    checked
}

fn check_state(
    program: &Program,
    abilities: &Abilities,
    state: &State,
) -> Result<(), TestCaseError> {
    let stuck_in = |state: &State| stuck(&scene(program, abilities, state)).forever;
    let before = stuck_in(state);
    let mut moved = false;
    for task in 0..state.tasks.len() {
        for (successor, next) in state.successors(program, task) {
            // Taking a CPU to spin on is no way out of a stuck set.
            if successor.effect != Effect::Spins {
                prop_assert!(!before[task], "task {task} is stuck and moves in {state:?}");
                moved = true;
            }
            let after = stuck_in(&next);
            prop_assert!(
                before
                    .iter()
                    .zip(&after)
                    .all(|(before, after)| !before || *after),
                "stuck tasks came free after a step of task {task} in {state:?}"
            );
        }
    }
    for (task, stuck) in before.iter().enumerate() {
        let waits = matches!(state.standing(program, task), Standing::Waits(_));
        prop_assert!(
            waits || !stuck,
            "task {task} does not wait and is stuck in {state:?}"
        );
        prop_assert!(
            moved || !waits || *stuck,
            "nobody moves, and task {task} waits in {state:?}"
        );
        let judged = waiting_findings(program, &state.tasks[task], &state.shared);
        prop_assert!(waits || judged.is_empty() || program.cpus.is_some());
    }
    Ok(())
}

#[test]
fn stuck_is_for_ever() {
    let config = kmapcheck_testing::config(200);
    proptest!(config, |(scenario in kmapcheck_testing::scenario())| {
        check(&kmapcheck_testing::load(&scenario))?;
    });
}
