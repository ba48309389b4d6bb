//! Random runs.

use kmapcheck_machine::{State, for_each_start, initial, steps};
use kmapcheck_scenario::Program;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Initial states that are looked at.
const STARTS: usize = 32;

/// Calls `visit` with the first initial states, and with every state of that many runs of at most
/// that many steps, each from one of them. The same runs every time.
pub fn for_each_state_of_runs(
    program: &Program,
    runs: u64,
    length: usize,
    mut visit: impl FnMut(&State),
) {
    let mut starts = Vec::new();
    for_each_start(program, |start| {
        starts.push(initial(program, &start));
        starts.len() < STARTS
    });
    starts.iter().for_each(&mut visit);
    for run in 0..runs {
        let mut random = ChaCha8Rng::seed_from_u64(run);
        let mut below = |n: usize| random.random_range(0..n.max(1));
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
