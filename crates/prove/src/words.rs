//! What was proved, in words.

use kmapcheck_local::Holding;
use kmapcheck_machine::{Given, Mode, Wanted};
use kmapcheck_report::slots::slot;
use kmapcheck_report::{lock_of_page, resource, units};
use kmapcheck_scenario::{Bound, Program, Ref, TemplateId};

use crate::decide::Decision;
use crate::reasons::Reason;

/// What a claim is about: `every number of mremap`, or `this scenario` if all numbers are given.
#[must_use]
pub fn claim(program: &Program) -> String {
    let tasks = (program.templates.iter())
        .filter(|template| template.count == Bound::Any)
        .map(|template| format!("every number of {}", template.name));
    let slots = (program.series.iter().enumerate())
        .filter(|(_, series)| series.slots == Bound::Any)
        .map(|(id, series)| {
            let every = format!("every number of {} {}s", series.name, series.one());
            match program.least_slots(id) {
                0 | 1 => every,
                // Fewer than are asked for at once are refused.
                least => format!("{every} from {least} on"),
            }
        });
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
    let list = |needs: &[Wanted], between: &str| {
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
        Reason::NeverMissing(sets) => {
            let sets: Vec<String> = sets.iter().map(|set| list(set, " + ")).collect();
            format!(
                "whenever tasks could be stuck on {}, more has been given than was taken, or would have \
                 to be held than there is",
                sets.join("; or on ")
            )
        }
        Reason::NeverTooMuch => {
            "nobody gives back more than was taken, and no local state shows it otherwise"
                .to_owned()
        }
        Reason::Drains => {
            "everybody who holds something can go on until he holds nothing, or is stuck".to_owned()
        }
        Reason::Rests => {
            "every task can go on to its end, or to a wait for what is used up, or is stuck"
                .to_owned()
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

/// What is waited for, without an article.
#[must_use]
pub fn label(program: &Program, need: Wanted) -> String {
    let shared = |i: usize| resource(program, 0, Ref::Shared(i));
    match need {
        Wanted::Slot { series, holder } => {
            let series = &program.series[series];
            match holder && series.for_holders > 0 {
                true => format!("{} for a holder", slot(series)),
                false => slot(series),
            }
        }
        Wanted::Spin(lock) => shared(lock),
        Wanted::Units(pool, n) => units(program, 0, Ref::Shared(pool), n),
        Wanted::Read(lock) => format!("{}, to read", shared(lock)),
        Wanted::Write(lock) => format!("{}, to write", shared(lock)),
        Wanted::PageLock(page) => lock_of_page(&program.pages[page].name),
        Wanted::Cpu => "CPU".to_owned(),
        Wanted::Given(Given::Completion(what)) => shared(what),
        Wanted::Given(Given::Unowned(pool)) => format!("unit of {}", shared(pool)),
        Wanted::Given(Given::Memory) => "free page".to_owned(),
        Wanted::Given(Given::Own) => "something of its own".to_owned(),
        Wanted::Given(Given::AnyOf) => "one of several things".to_owned(),
        Wanted::Given(Given::Turn) => "turn in a queue".to_owned(),
    }
}

/// What is held, without an article.
#[must_use]
pub fn label_of_held(program: &Program, template: TemplateId, held: Holding) -> String {
    match held {
        Holding::Slots(series) => slot(&program.series[series]),
        Holding::JointSlots(series) => {
            format!("{} of a shared page", slot(&program.series[series]))
        }
        Holding::Held(what, mode) => {
            let own = match what {
                Ref::Own(_) => " of its own",
                Ref::Shared(_) => "",
            };
            let name = resource(program, template, what);
            match mode {
                Mode::Spin => format!("{name}{own}"),
                Mode::Read => format!("{name}{own}, to read"),
                Mode::Write => format!("{name}{own}, to write"),
                Mode::Units => match units(program, template, what, 1) {
                    one if one == name => format!("{name}{own}"),
                    _ => format!("units of {name}{own}"),
                },
            }
        }
        Holding::Queued(lock) => {
            format!(
                "place among the writers of {}",
                resource(program, template, lock)
            )
        }
        Holding::PageLock(page) => lock_of_page(&program.pages[page].name),
        Holding::Cpu => "CPU".to_owned(),
    }
}
