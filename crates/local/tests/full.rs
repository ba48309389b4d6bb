//! Series that can never be full: where nobody can ever find one so, and only there, are local states
//! without the wait for a slot.

use kmapcheck_local::Locals;
use kmapcheck_machine::{Standing, Wait};
use kmapcheck_scenario::Program;
use kmapcheck_testing::{for_each_state, load};
use serde_json::{Value, json};

/// `count` tasks that take `each` slots one after the other, of `slots`; under a spinlock of their
/// own, or not, on so many CPUs.
fn program(count: u32, each: u32, slots: u32, cpus: Option<u32>) -> Program {
    let page = |i: u32| format!("p{i}");
    let mut steps: Vec<Value> = (0..each)
        .map(|i| json!({ "kmap": page(i), "series": "S" }))
        .chain((0..each).map(|i| json!({ "kunmap": page(i) })))
        .collect();
    let mut scenario = json!({
        "name": "full",
        "series": { "S": { "slots": slots, "reuse": "none" } },
        "tasks": [{ "name": "t", "count": count, "pages": (0..each).map(page).collect::<Vec<_>>(),
                    "locks": { "l": "spin" } }],
    });
    if let Some(cpus) = cpus {
        steps.insert(0, json!({ "spin_lock": "l" }));
        steps.push(json!({ "spin_unlock": "l" }));
        scenario["cpus"] = json!(cpus);
    }
    scenario["tasks"][0]["program"] = json!(steps);
    load(&scenario)
}

fn is_slot(wait: Option<Wait>) -> bool {
    matches!(wait, Some(Wait::Slot { .. }))
}

/// Whether some task waits for a slot in some state.
fn waits(program: &Program) -> bool {
    let mut found = false;
    let all = for_each_state(program, 100_000, |state| {
        for task in 0..state.tasks.len() {
            if let Standing::Waits(waiting) = state.standing(program, task) {
                found |= is_slot(waiting.wait);
            }
        }
    });
    assert!(all, "{} has too many states", program.name);
    found
}

fn may_wait(locals: Result<Locals, impl std::fmt::Debug>) -> bool {
    let locals = locals.expect("it has local states");
    locals
        .waiters
        .iter()
        .any(|waiter| is_slot(waiter.waiting.wait))
}

#[test]
fn who_waits_for_a_slot_is_known_to() {
    for count in 1..=3 {
        for each in 0..=3 {
            for slots in 1..=6 {
                let program = program(count, each, slots, None);
                let may = may_wait(Locals::at_these_numbers(&program));
                let case = format!("{count} tasks, {each} each, {slots} slots");
                assert!(may || !waits(&program), "{case}: somebody waits");
                // Nobody holds so many.
                assert!(!may || count * each >= slots, "{case}: nobody waits");
                // Whatever the numbers are, somebody may.
                assert_eq!(may_wait(Locals::of(&program)), each > 0, "{case}");
            }
        }
    }
}

/// Under a spinlock of its own a task keeps its CPU, so no more tasks hold slots than there are CPUs.
#[test]
fn on_cpus_no_more_hold_slots() {
    let mut never = 0;
    for cpus in 1..=2 {
        for count in 1..=4 {
            for (each, slots) in [(1, 1), (1, 2), (1, 3), (2, 2), (2, 3), (2, 4), (2, 5)] {
                let program = program(count, each, slots, Some(cpus));
                let may = may_wait(Locals::at_these_numbers(&program));
                let case = format!("{cpus} CPUs, {count} tasks, {each} each, {slots} slots");
                assert!(may || !waits(&program), "{case}: somebody waits");
                never += usize::from(!may && count * each >= slots);
            }
        }
    }
    assert!(never > 0, "CPUs never made a difference");
}
