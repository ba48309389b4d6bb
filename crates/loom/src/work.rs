//! How much work an exploration is: counted, never timed, so that a budget of it ends every machine's
//! exploration after the same interleaving.
//!
//! The unit is the *step*, about a microsecond of processor time. A lock that is taken, a sleep and
//! an event are one each. Starting a task costs loom far more, and so does beginning anew with
//! another start or other answers. Each event is followed on the machine, which costs more the more
//! there is in its states.

use std::cell::Cell;

use kmapcheck_scenario::{Bound, PageDecl, Program};

/// What it costs to start a task, and to end it.
const TASK: u64 = 30;
/// What it costs to begin anew.
const SETUP: u64 = 200;
/// So much in the states costs a step more for each event.
const STATE: u64 = 32;
/// So much that is set up for each interleaving costs a step.
const THINGS: u64 = 16;

thread_local! {
    /// What the tasks of the executions on this thread did on loom's primitives.
    static DONE: Cell<u64> = const { Cell::new(0) };
}

/// A task took a lock of loom's, or went to sleep.
pub(crate) fn note() {
    DONE.with(|done| done.set(done.get() + 1));
}

/// How often [`note`] was called on this thread since this was asked last.
pub(crate) fn noted() -> u64 {
    DONE.with(Cell::take)
}

/// The steps of work that one interleaving of a program is, about.
#[must_use]
pub fn steps_of_one(program: &Program) -> u64 {
    Cost::of(program).estimate()
}

/// What an interleaving costs, as far as that depends on the program alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cost {
    tasks: u64,
    /// What the states have: tasks, pages, locks.
    state: u64,
    /// Slots.
    slots: u64,
    /// The operations of all tasks.
    operations: u64,
}

impl Cost {
    pub(crate) fn of(program: &Program) -> Cost {
        let pages = |pages: &mut dyn Iterator<Item = &PageDecl>| pages.count() as u64;
        let shared = pages(&mut program.pages.iter())
            + program.resources.len() as u64
            // Without a bound the freelist has no pages at first.
            + u64::from(program.free_pages.unwrap_or(0));
        let mut cost = Cost {
            tasks: 0,
            state: shared,
            slots: 0,
            operations: 0,
        };
        for series in &program.series {
            if let Bound::Exactly(slots) = series.slots {
                cost.slots += u64::from(slots);
            }
        }
        for template in &program.templates {
            let n = u64::from(kmapcheck_machine::instances(template.count));
            let own = pages(&mut template.vars.iter().filter_map(|var| var.page.as_ref()));
            cost.tasks += n;
            cost.state += n * (1 + own + template.resources.len() as u64);
            cost.operations += n * template.nodes.len() as u64;
        }
        cost
    }

    /// The steps of beginning anew.
    pub(crate) fn of_setup(self) -> u64 {
        SETUP + self.state
    }

    /// The steps of an interleaving in which that was [`noted`] and which has so many events.
    pub(crate) fn of_one(self, noted: u64, events: u64) -> u64 {
        noted
            + TASK * self.tasks
            + events * (1 + self.state / STATE)
            + (self.state + self.slots) / THINGS
    }

    /// The steps of an interleaving in which every operation is carried out once and nobody waits.
    pub(crate) fn estimate(self) -> u64 {
        self.of_one(self.operations, self.operations)
    }
}

#[cfg(test)]
mod tests {
    use super::{noted, steps_of_one};
    use kmapcheck_scenario::{Overrides, Program, load_str};

    fn program(tasks: u32, pages: u32) -> Program {
        let pages: Vec<String> = (0..pages).map(|i| format!("\"p{i}\"")).collect();
        let text = format!(
            r#"{{ "name": "s", "model": {{ "name": "m", "series": {{ "S": {{ "slots": 2, "reuse": "none" }} }} }}, "pages": [{}],
                  "tasks": [{{ "name": "t", "count": {tasks}, "pages": ["a"], "program": [
                      {{ "kmap": "a", "series": "S" }}, {{ "kunmap": "a" }} ] }}] }}"#,
            pages.join(", ")
        );
        load_str("s.json", &text, &Overrides::default()).unwrap_or_else(|errors| panic!("{errors}"))
    }

    #[test]
    fn an_interleaving_costs_more_with_more_tasks_and_pages() {
        let costs = [(1, 0), (2, 0), (2, 64), (2, 6400)];
        let costs = costs.map(|(tasks, pages)| steps_of_one(&program(tasks, pages)));
        assert!(costs.is_sorted_by(|a, b| a < b), "{costs:?}");
    }

    /// What is counted is the work, whatever else the process does.
    #[test]
    fn the_same_budget_is_the_same_interleavings() {
        let program = program(3, 0);
        let with = |budget| {
            let limits = crate::LoomLimits {
                budget: Some(budget),
                ..crate::LoomLimits::default()
            };
            let ran = crate::run(&program, &limits, &mut |_| {}).expect("loom can run it");
            (ran.interleavings, ran.complete)
        };
        let one = steps_of_one(&program);
        assert_eq!(with(one - 1), (0, false));
        let some = with(20 * one);
        assert!((5..=20).contains(&some.0) && !some.1, "{some:?}");
        assert_eq!(with(20 * one), some);
        assert!(with(u64::MAX / 2).1);
        assert_eq!(noted(), 0, "loom's threads are not this one");
    }
}
