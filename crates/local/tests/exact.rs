//! Small programs whose local states can be counted by hand: there are no more than those that a task can
//! be in, whatever the others do, and no fewer.

use kmapcheck_local::Locals;
use kmapcheck_machine::{Findings, Map};
use kmapcheck_testing::load;
use serde_json::{Value, json};

/// One task program beside another that takes the same things, on all that there is to take.
fn locals(program: &Value) -> Locals {
    let program = load(&json!({
        "name": "exact",
        "series": { "NONE": { "slots": 1, "reuse": "none" }, "OWN": { "slots": 1, "reuse": "own" } },
        "pages": ["g", { "name": "low", "highmem": false }],
        "locks": { "l": "spin", "s": "semaphore", "w": "rwsem", "two": { "semaphore": 2 } },
        "completions": ["c"],
        "tasks": [{ "name": "t", "count": 2, "pages": ["a", "b"], "program": program }],
    }));
    Locals::of(&program).expect("it has local states")
}

/// How many local states there are: before each operation that is got to, and after the last.
#[test]
fn there_are_as_many_as_a_task_can_be_in() {
    let cases = [
        ("nothing is done", json!([]), 1),
        (
            "taken and given back",
            json!([{ "spin_lock": "l" }, { "spin_unlock": "l" }]),
            3,
        ),
        ("units", json!([{ "down": "s" }, { "up": "s" }]), 3),
        (
            "more units than one",
            json!([{ "down": "two" }, { "down": "two" }, { "up": "two", "n": 2 }]),
            4,
        ),
        ("read", json!([{ "down_read": "w" }, { "up_read": "w" }]), 3),
        (
            "written",
            json!([{ "down_write": "w" }, { "up_write": "w" }]),
            3,
        ),
        (
            "read twice",
            json!([{ "down_read": "w" }, { "down_read": "w" }, { "up_read": "w" }, { "up_read": "w" }]),
            5,
        ),
        (
            "a slot",
            json!([{ "kmap": "a", "series": "NONE" }, { "kunmap": "a" }]),
            3,
        ),
        (
            "a slot, of a page that all know",
            json!([{ "kmap": "g", "series": "NONE" }, { "kunmap": "g" }]),
            3,
        ),
        (
            "no slot, of low memory",
            json!([{ "kmap": "low", "series": "NONE" }, { "kunmap": "low" }]),
            3,
        ),
        (
            "the lock of a page that all know",
            json!([{ "lock_page": "g" }, { "unlock_page": "g" }]),
            3,
        ),
        (
            "what others complete",
            json!([{ "complete": "c" }, { "wait_for_completion": "c" }]),
            3,
        ),
        // A mapping stays until others flush it; who has ended knows of none.
        (
            "a mapping stays",
            json!([{ "kmap": "a", "series": "OWN" }, { "kunmap": "a" }, { "might_sleep": true }]),
            5,
        ),
        // What a task itself keeps from itself never comes.
        (
            "spun for twice",
            json!([{ "spin_lock": "l" }, { "spin_lock": "l" }]),
            2,
        ),
        (
            "the only unit twice",
            json!([{ "down": "s" }, { "down": "s" }]),
            2,
        ),
        (
            "written and read",
            json!([{ "down_write": "w" }, { "down_read": "w" }]),
            2,
        ),
        (
            "read and written",
            json!([{ "down_read": "w" }, { "down_write": "w" }]),
            2,
        ),
        (
            "the only slot twice",
            json!([{ "kmap": "a", "series": "NONE" }, { "kmap": "b", "series": "NONE" }]),
            2,
        ),
        (
            "the lock of a page twice",
            json!([{ "lock_page": "g" }, { "lock_page": "g" }]),
            2,
        ),
    ];
    for (what, program, states) in cases {
        let locals = locals(&program);
        assert_eq!(locals.states.len(), states, "{what}: {:#?}", locals.states);
        // Nothing of this is wrong in itself, but for what is not given back: and nobody gets that far.
        assert_eq!(locals.possible(), Findings::NONE, "{what}");
    }
}

/// Low memory takes no slot.
#[test]
fn a_shared_page_of_low_memory_is_mapped_without_a_slot() {
    let locals = locals(&json!([{ "kmap": "low", "series": "NONE" }, { "kunmap": "low" }]));
    let maps: Vec<Map> = (locals.states.iter())
        .flat_map(|local| local.task.maps.to_vec())
        .collect();
    assert!(matches!(maps[..], [Map::Low { .. }]), "{maps:?}");
    assert!(locals.waiters.is_empty(), "{:?}", locals.waiters);
}
