//! The machine alone, without any engine, on the repository's scenarios: every state that its steps
//! lead to, in the plainest way. Each file says in `expect` what there is to be found.

use std::path::Path;

use kmapcheck_machine::{Findings, Standing, standing, waiting_findings};
use kmapcheck_scenario::{FindingKind, Overrides, Program, load};
use kmapcheck_testing::for_each_state;

/// Scenarios with more states, or more initial ones, are for the engines.
const MAX_STATES: usize = 1_500;

/// What was seen in all states.
#[derive(Default)]
struct Seen {
    /// What is wrong with steps and with calls.
    findings: Findings,
    /// Whether nobody can go on in some state though not everybody has ended, or waits idly.
    ends_waiting: bool,
    states: usize,
}

/// Looks at every state; `None`: there are too many.
fn explore(program: &Program) -> Option<Seen> {
    if program.first_open().is_some() || program.task_count()? > 20 {
        return None;
    }
    let mut seen = Seen::default();
    let all = for_each_state(program, MAX_STATES, |state| {
        seen.states += 1;
        let mut moves = false;
        for (task, mover) in state.tasks.iter().enumerate() {
            let called = waiting_findings(program, mover, &state.shared);
            seen.findings = seen.findings.union(called);
            let successors = state.successors(program, task);
            let stands = match standing(program, mover, &state.shared) {
                Standing::Ended => mover.at.is_none() && successors.is_empty(),
                // A spinner without a CPU waits, and takes one to spin on; who waits may give up.
                Standing::Waits(waiting) => {
                    let steps = program.cpus.is_some() || waiting.gives_up();
                    mover.at.is_some() && (steps || successors.is_empty())
                }
                Standing::Moves => !successors.is_empty(),
            };
            assert!(stands, "{}: task {task} of {state:?}", program.name);
            for (step, _) in successors {
                moves = true;
                seen.findings = seen.findings.union(step.findings);
            }
        }
        let waits_in_vain = |task| match standing(program, task, &state.shared) {
            Standing::Waits(waiting) => !waiting.is_idle(),
            Standing::Ended | Standing::Moves => false,
        };
        seen.ends_waiting |= !moves && state.tasks.iter().any(waits_in_vain);
    });
    all.then_some(seen)
}

/// The findings of steps are exactly those expected. Where no deadlock or starvation is expected,
/// everybody ends unless something runs for ever; where a deadlock is and nothing has loops, some run
/// ends with tasks that wait.
#[test]
fn what_is_expected_is_what_there_is() {
    let (mut compared, mut left_out, mut states) = (0, 0, 0);
    for path in kmapcheck_testing::scenario_files() {
        let program = load(&path, &Overrides::default());
        let program = program.unwrap_or_else(|errors| panic!("{errors}"));
        let name = path.strip_prefix(kmapcheck_testing::scenario_folder());
        let name = name.unwrap_or(Path::new("")).display();
        let (Some(expected), Some(seen)) = (&program.expect, explore(&program)) else {
            left_out += 1;
            continue;
        };
        let expected: Findings = expected.iter().copied().collect();
        let stuck = [FindingKind::Deadlock, FindingKind::Starved];
        let stuck: Findings = stuck.into_iter().collect();
        // That somebody is rescued is no state in which a run ends.
        let rescued = Findings::of(FindingKind::TimeoutRescue);
        assert_eq!(
            seen.findings,
            expected.minus(stuck).minus(rescued),
            "{name}"
        );
        if expected.intersection(stuck).is_empty() {
            assert!(!seen.ends_waiting, "{name}");
        } else if !program.has_loops() {
            assert!(seen.ends_waiting, "{name}");
        }
        compared += 1;
        states += seen.states;
    }
    assert!(compared > 3 * left_out, "{compared} {left_out} {states}");
}
