//! The numbers of a program, and what hangs on them.

use kmapcheck_scenario::{Bound, Open, Overrides, Program, ResourceKind, load_str};

/// Series A and B; `gate` follows A, as does a lock of each task's own; `two` follows nothing.
fn program(count: &str, slots: &str) -> Program {
    let text = format!(
        r#"{{ "name": "s", "model": {{ "name": "m", "series": {{
               "A": {{ "slots": {slots}, "reuse": "own" }},
               "B": {{ "slots": 5, "reuse": "own" }} }} }},
             "locks": {{ "gate": {{ "semaphore": {{ "slots_of": "A" }} }},
                         "two": {{ "semaphore": 2 }} }},
             "pages": [ {{ "name": "s", "stale_in": "B" }} ],
             "tasks": [ {{ "name": "t", "count": {count}, "program": [],
                "pages": [ {{ "name": "p", "stale_in": "B" }} ],
                "locks": {{ "own": {{ "semaphore": {{ "slots_of": "A" }} }} }} }} ] }}"#
    );
    load_str("s.json", &text, &Overrides::default()).unwrap_or_else(|errors| panic!("{errors}"))
}

fn units(program: &Program) -> Vec<u32> {
    (program
        .resources
        .iter()
        .chain(&program.templates[0].resources))
    .map(|resource| match resource.kind {
        ResourceKind::Semaphore { units, .. } => units,
        _ => 0,
    })
    .collect()
}

#[test]
fn semaphores_follow() {
    let mut program = program("1", "3");
    assert_eq!(units(&program), [3, 2, 3]);
    program.set_slots(0, Bound::Exactly(7));
    assert_eq!(units(&program), [7, 2, 7]);
    program.set_slots(1, Bound::Exactly(9));
    assert_eq!(units(&program), [7, 2, 7]);
    program.set_slots(0, Bound::Any);
    assert_eq!(units(&program), [u32::MAX, 2, u32::MAX]);
    // Only what is open gets the number.
    let program = program.with_open_slots(4);
    assert_eq!(units(&program), [4, 2, 4]);
    assert_eq!(program.series[1].slots, Bound::Exactly(9));
}

#[test]
fn what_is_open_is_named() {
    assert_eq!(program("1", "3").first_open(), None);
    let open = program("1", "\"any\"");
    assert!(open.has_open_slots() && !open.has_open_counts());
    let first = open.first_open().map(|open| open.what());
    assert_eq!(first.as_deref(), Some("`\"slots\": \"any\"` of series `A`"));
    let mut both = open;
    both.templates[0].count = Bound::Any;
    assert!(matches!(both.first_open(), Some(Open::Count(t)) if t.name == "t"));
}

/// One leftover of the shared page in B and one of each task's own: four tasks fit five slots.
#[test]
fn leftovers_have_to_fit() {
    let mut program = program("4", "3");
    assert!(program.leftovers_fit());
    program.templates[0].count = Bound::Exactly(5);
    assert!(!program.leftovers_fit());
    program.templates[0].count = Bound::Any;
    assert!(!program.leftovers_fit());
    program.set_slots(1, Bound::Any);
    assert!(program.leftovers_fit());
}
