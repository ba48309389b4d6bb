//! What our own engines say.

use std::collections::{BTreeMap, HashMap};

use kmapcheck_limits::Limits;
use kmapcheck_machine::{Starts, initial};
use kmapcheck_scenario::{FindingKind, Program};
use kmapcheck_search::Engine;

/// What a tool should say.
pub struct Expected {
    /// Named states.
    pub states: u64,
    /// Initial states.
    pub starts: u64,
    /// The fewest steps to a state in which nobody can move and not all have ended.
    pub global_deadlock: Option<u64>,
    /// The fewest steps to each finding other than `deadlock` and `starved`.
    pub findings: BTreeMap<String, u64>,
}

impl Expected {
    /// `None` if there are more than `max` states, or the engine cannot say.
    pub fn of(program: &Program, max: u64) -> Option<Expected> {
        // One named state of thousands of tasks takes megabytes.
        if program.task_count().is_none_or(|tasks| tasks > 100) {
            return None;
        }
        let limits = Limits {
            max_states: Some(max),
            ..Limits::default()
        };
        let outcome =
            kmapcheck_search::run(Engine::Reference, program, &limits, &mut |_| {}).ok()?;
        if outcome.stopped.is_some() {
            return None;
        }
        let (global_deadlock, states) = global_deadlock(program);
        assert_eq!(states, outcome.coverage.states, "two plain searches differ");
        let stuck = outcome.finding(FindingKind::Deadlock).is_some();
        assert!(stuck || global_deadlock.is_none(), "a deadlock went unseen");
        // Where every task ends, or gets stuck, a stuck set is all that is left in the end.
        if !program.has_loops() {
            assert_eq!(stuck, global_deadlock.is_some(), "stuck sets do not stay");
        }
        let findings = (outcome.findings.iter())
            .filter(|f| !matches!(f.kind, FindingKind::Deadlock | FindingKind::Starved))
            .map(|f| (f.kind.name().to_owned(), f.trace.steps.len() as u64))
            .collect();
        Some(Expected {
            states,
            starts: Starts::of(program).count() as u64,
            global_deadlock,
            findings,
        })
    }
}

/// Breadth-first over named states: the depth of the first in which nobody can move, though not
/// all have ended, and how many states there are.
fn global_deadlock(program: &Program) -> (Option<u64>, u64) {
    let mut depth_of = HashMap::new();
    let mut level = Vec::new();
    for start in Starts::of(program) {
        let state = initial(program, &start);
        if depth_of.insert(state.clone(), 0).is_none() {
            level.push(state);
        }
    }
    let (mut depth, mut first) = (0, None);
    while !level.is_empty() {
        let mut next = Vec::new();
        for state in level {
            let mut moves = false;
            for task in 0..state.tasks.len() {
                for (_, after) in state.successors(program, task) {
                    moves = true;
                    if depth_of.insert(after.clone(), depth + 1).is_none() {
                        next.push(after);
                    }
                }
            }
            if !moves && !state.all_ended() && first.is_none() {
                first = Some(depth);
            }
        }
        level = next;
        depth += 1;
    }
    (first, depth_of.len() as u64)
}
