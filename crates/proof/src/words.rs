//! What was proved, in words.

use kmapcheck_equations::Need;
use kmapcheck_scenario::{Bound, Program};

use crate::decide::Decision;
use crate::pairs::label;
use crate::reasons::Reason;

/// What a claim is about: `every number of mremap`, or `this scenario` if all numbers are given.
#[must_use]
pub fn claim(program: &Program) -> String {
    let tasks = (program.templates.iter())
        .filter(|template| template.count == Bound::Any)
        .map(|template| format!("every number of {}", template.name));
    let slots = (program.series.iter())
        .filter(|series| series.slots == Bound::Any)
        .map(|series| format!("every number of {} slots", series.name));
    let parts: Vec<String> = tasks.chain(slots).collect();
    if parts.is_empty() {
        "this scenario".to_owned()
    } else {
        parts.join(" and ")
    }
}

/// A reason, as what follows "because".
#[must_use]
pub fn because(program: &Program, reason: &Reason) -> String {
    let list = |needs: &[Need], between: &str| {
        let labels: Vec<String> = needs.iter().map(|&need| label(program, need)).collect();
        labels.join(between)
    };
    match reason {
        Reason::Locals { states } => format!(
            "none of the {states} local states that a task can be in shows it, whatever the others do"
        ),
        Reason::Order(order) if order.is_empty() => "nothing is ever waited for".to_owned(),
        Reason::Order(order) => format!(
            "what is waited for is taken in one order: {}",
            list(order, ", then ")
        ),
        Reason::Equations(sets) => {
            let sets: Vec<String> = sets.iter().map(|set| list(set, " + ")).collect();
            format!(
                "tasks stuck on {} would have to hold more than there is",
                sets.join("; or on ")
            )
        }
        Reason::Drains => {
            "everybody who holds something can go on until he holds nothing".to_owned()
        }
        Reason::NoLoops => "every task program ends".to_owned(),
        Reason::EveryNumber { states, crowd } => format!(
            "every number of tasks was explored at once, {states} states of tasks that hold \
             something before a crowd in {crowd} local states"
        ),
    }
}

impl Decision {
    /// Each argument that excludes something, in words.
    #[must_use]
    pub fn excluded(
        &self,
        program: &Program,
    ) -> Vec<(Vec<kmapcheck_scenario::FindingKind>, String)> {
        (self.reasons.excluded.iter())
            .map(|excluded| {
                (
                    excluded.kinds.iter().collect(),
                    because(program, &excluded.reason),
                )
            })
            .collect()
    }
}
