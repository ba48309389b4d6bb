//! One random walk.
//!
//! A walk goes on until nobody can move or a number of steps is reached. Tasks that are stuck stay
//! so whatever the others do (see `kmapcheck_stuck::reduction`), so whether the walk deadlocks is
//! asked of the last state only, and the step with which the deadlock closes is found by bisection:
//! from it on, and not before, some tasks are stuck. Programs with loops are asked now and then, for
//! tasks that are stuck beside one that loops for ever.

use kmapcheck_limits::ask;
use kmapcheck_machine::{Abilities, Start, State, Trace, TraceStep, initial, steps};
use kmapcheck_scenario::{FindingKind, Program};
use kmapcheck_stuck::stuck_sets::stuck_kinds;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Steps between two looks at a program with loops.
const LOOK_EVERY: usize = 1024;

/// A walk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Walk {
    /// The way; of a deadlock, up to the state in which it closes.
    pub trace: Trace,
    /// How it ended.
    pub end: End,
}

/// How a walk ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// All tasks have ended.
    Ended,
    /// Some tasks are stuck.
    Deadlock {
        /// Steps to the first state in which some are.
        steps: u64,
    },
    /// The limit of steps came first.
    Cut,
}

/// Walks from one of the starts, with the random numbers of that seed and run, so many steps at most.
#[must_use]
pub fn walk(
    program: &Program,
    abilities: &Abilities,
    starts: &[Start],
    (seed, run): (u64, u64),
    limit: u64,
) -> Walk {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    random.set_stream(run);
    let start = match starts {
        [] => Start::default(),
        [only] => only.clone(),
        starts => starts[below(&mut random, starts.len())].clone(),
    };
    let mut state = initial(program, &start);
    let mut trace = Trace {
        start,
        steps: Vec::new(),
    };
    let loops = program.has_loops();
    let mut live: Vec<usize> = (0..state.tasks.len())
        .filter(|&task| state.tasks[task].at.is_some())
        .collect();
    let mut moved = true;
    while moved && (trace.steps.len() as u64) < limit {
        ask();
        moved = step(program, &mut state, &mut live, &mut trace, &mut random);
        let look = loops && trace.steps.len().is_multiple_of(LOOK_EVERY);
        if look && is_stuck(program, abilities, &state) {
            break;
        }
    }
    let end = if live.is_empty() {
        End::Ended
    } else if is_stuck(program, abilities, &state) {
        let closed = closing(program, abilities, &trace);
        trace.steps.truncate(closed);
        End::Deadlock {
            steps: closed as u64,
        }
    } else if moved {
        End::Cut
    } else {
        // Nobody can move, and nobody minds: those who are left wait idly.
        End::Ended
    };
    Walk { trace, end }
}

/// Takes a step; false if nobody can.
///
/// Tasks are drawn from those not drawn yet until one can move: so each that can is as likely as the
/// others, and tasks that cannot are not looked at one by one.
fn step(
    program: &Program,
    state: &mut State,
    live: &mut Vec<usize>,
    trace: &mut Trace,
    random: &mut ChaCha8Rng,
) -> bool {
    let mut left = live.len();
    while left > 0 {
        ask();
        let drawn = below(random, left);
        let task = live[drawn];
        let successors = steps(program, &state.tasks[task], &state.shared);
        if successors.is_empty() {
            left -= 1;
            live.swap(drawn, left);
            continue;
        }
        let choice = match successors.len() {
            1 => 0,
            n => below(random, n),
        };
        state.advance(program, task, &successors[choice]);
        trace.steps.push(TraceStep { task, choice });
        if state.tasks[task].at.is_none() {
            live.swap_remove(drawn);
        }
        return true;
    }
    false
}

/// A number below `n`, all as likely.
fn below(random: &mut ChaCha8Rng, n: usize) -> usize {
    // Of fixed width, so that the same seed draws the same on every machine.
    let n = u32::try_from(n).expect("tasks, steps and starts lie in memory, and are fewer");
    random.random_range(0..n.max(1)) as usize
}

fn is_stuck(program: &Program, abilities: &Abilities, state: &State) -> bool {
    stuck_kinds(program, abilities, state).contains(FindingKind::Deadlock)
}

/// The number of steps after which some tasks are stuck; they are after all of them.
///
/// Bisection, with the state kept after which nobody is stuck: it takes as many steps as the trace
/// has, whatever its length.
fn closing(program: &Program, abilities: &Abilities, trace: &Trace) -> usize {
    let mut free = initial(program, &trace.start);
    if is_stuck(program, abilities, &free) {
        return 0;
    }
    let (mut low, mut high) = (0, trace.steps.len());
    while low + 1 < high {
        let middle = low + (high - low) / 2;
        let mut state = free.clone();
        for &TraceStep { task, choice } in &trace.steps[low..middle] {
            ask();
            let successors = steps(program, &state.tasks[task], &state.shared);
            if let Some(successor) = successors.get(choice) {
                state.advance(program, task, successor);
            }
        }
        if is_stuck(program, abilities, &state) {
            high = middle;
        } else {
            (low, free) = (middle, state);
        }
    }
    high
}
