//! Operations that go against the order, by a plain walk through all states.

use std::collections::BTreeSet;

use kmapcheck_machine::{Findings, waiting_findings};
use kmapcheck_questions::place::Place;
use kmapcheck_scenario::{FindingKind, Program};
use kmapcheck_testing::for_each_state;

/// Operations that go against the order: task, operation, where.
pub type Broken = BTreeSet<(String, String, String)>;

/// The operations that go against the order in some run, and whether every state was visited.
pub fn breaks_the_order(program: &Program, most: usize) -> (Broken, bool) {
    let mut found = Broken::new();
    let complete = for_each_state(program, most, |state| {
        for (id, task) in state.tasks.iter().enumerate() {
            let Some(at) = task.at else { continue };
            let findings = (state.successors(program, id).iter())
                .map(|(step, _)| step.findings)
                .fold(
                    waiting_findings(program, task, &state.shared),
                    Findings::union,
                );
            if findings.contains(FindingKind::OrderViolation) {
                let place = Place::of(program, task.template, at);
                let task = program.templates[task.template].name.clone();
                found.insert((task, place.operation, place.location));
            }
        }
    });
    (found, complete)
}
