//! The states that can be reached: all of them, or those of random runs.

use std::collections::{HashSet, VecDeque};

use kmapcheck_machine::{Starts, State, initial, steps};
use kmapcheck_scenario::Program;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Initial states that random runs begin in.
const STARTS: usize = 32;

/// Visits the states that can be reached, the nearest first, up to `most` of them; true if there
/// are no more.
pub fn for_each_state(program: &Program, most: usize, mut visit: impl FnMut(&State)) -> bool {
    let (mut queue, mut seen) = (VecDeque::new(), HashSet::new());
    // False if there is no room for the state.
    let mut meet = |state: State, queue: &mut VecDeque<State>| {
        let (is_new, has_room) = (!seen.contains(&state), seen.len() < most);
        if is_new && has_room {
            seen.insert(state.clone());
            queue.push_back(state);
        }
        !is_new || has_room
    };
    let mut all = true;
    for start in Starts::of(program) {
        all = meet(initial(program, &start), &mut queue);
        if !all {
            break;
        }
    }
    while let Some(state) = queue.pop_front() {
        visit(&state);
        for task in 0..state.tasks.len() {
            for (_, next) in state.successors(program, task) {
                all &= meet(next, &mut queue);
            }
        }
    }
    all
}

/// Calls `visit` with the first initial states, and with every state of that many runs of at most
/// that many steps, each from one of them. The same runs every time.
pub fn for_each_state_of_runs(
    program: &Program,
    runs: u64,
    length: usize,
    mut visit: impl FnMut(&State),
) {
    let starts: Vec<State> = (Starts::of(program).take(STARTS))
        .map(|start| initial(program, &start))
        .collect();
    starts.iter().for_each(&mut visit);
    for run in 0..runs {
        let mut random = ChaCha8Rng::seed_from_u64(run);
        // Of fixed width, so that the same seed draws the same on every machine.
        let mut below = |n: usize| {
            let n = u32::try_from(n).expect("few are drawn from");
            random.random_range(0..n.max(1)) as usize
        };
        let Some(start) = starts.get(below(starts.len())) else {
            return;
        };
        let mut state = start.clone();
        for _ in 0..length {
            let movers: Vec<(usize, Vec<_>)> = (0..state.tasks.len())
                .map(|task| (task, steps(program, &state.tasks[task], &state.shared)))
                .filter(|(_, successors)| !successors.is_empty())
                .collect();
            let Some((task, successors)) = movers.get(below(movers.len())) else {
                break;
            };
            state.advance(program, *task, &successors[below(successors.len())]);
            visit(&state);
        }
    }
}
