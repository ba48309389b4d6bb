//! Whether a task starves at the end of a trace that somebody else gives.

use kmapcheck_limits::Limits;
use kmapcheck_machine::{Start, Trace, TraceStep};
use kmapcheck_scenario::{FindingKind, Program};
use kmapcheck_search::{Engine, run, starves};
use serde_json::{Value, json};

/// `h` takes the only slot and goes on with `then`; `t` waits for it.
fn program(then: &Value) -> Program {
    let mut holder = vec![json!({ "kmap": "a", "series": "S" })];
    holder.extend(then.as_array().cloned().unwrap_or_default());
    kmapcheck_testing::load(&json!({
        "name": "held",
        "model": { "name": "m", "series": { "S": { "slots": 1, "reuse": "none" } } },
        "tasks": [{ "name": "h", "pages": ["a"], "program": holder },
                  { "name": "t", "pages": ["b"], "program": [
                      { "kmap": "b", "series": "S" }, { "kunmap": "b" }] }],
    }))
}

/// `h` has taken the slot.
fn taken() -> Trace {
    Trace {
        start: Start::default(),
        steps: vec![TraceStep { task: 0, choice: 0 }],
    }
}

#[test]
fn who_waits_for_what_nobody_ever_gives_starves() {
    let sleep = json!({ "might_sleep": true });
    let for_ever = program(&json!([{ "loop": [sleep] }]));
    let may_end = program(
        &json!([{ "loop": [sleep, { "choose": [[{ "break": true }], []] }] }, { "kunmap": "a" }]),
    );
    let stuck = program(
        &json!([{ "choose": [[], [{ "loop": [{ "choose": [[{ "break": true }], []] }] }]] }]),
    );
    let limits = Limits::default();
    let of = |program: &Program, task| starves(program, &taken(), task, &limits);
    assert_eq!(of(&for_ever, 1), Some(true));
    assert_eq!(of(&for_ever, 0), Some(false), "it goes round");
    assert_eq!(of(&for_ever, 2), Some(false), "there is no such task");
    assert_eq!(of(&may_end, 1), Some(false), "it can be saved");
    // The holder can end with the slot: then it is a deadlock, and before that it can come to one.
    assert_eq!(of(&stuck, 1), Some(false));
    let few = Limits {
        max_states: Some(1),
        ..Limits::default()
    };
    assert_eq!(starves(&may_end, &taken(), 1, &few), None);
}

/// What the plain search finds starving does starve.
#[test]
fn as_the_plain_search_says() {
    let mut seen = 0;
    for path in kmapcheck_testing::scenario_files() {
        let program = kmapcheck_scenario::load(&path, &Default::default())
            .unwrap_or_else(|errors| panic!("{errors}"));
        let expected = program.expect.as_ref();
        let starved = expected.is_some_and(|kinds| kinds.contains(&FindingKind::Starved));
        if !starved || program.task_count().is_none_or(|n| n > 8) {
            continue;
        }
        let limits = Limits {
            max_states: Some(20_000),
            ..Limits::default()
        };
        let Ok(outcome) = run(Engine::Reference, &program, &limits, &mut |_| {}) else {
            continue;
        };
        let Some(finding) = outcome.finding(FindingKind::Starved) else {
            continue;
        };
        let task = finding.starved.expect("somebody starves");
        assert_eq!(
            starves(&program, &finding.trace, task, &limits),
            Some(true),
            "{path:?}"
        );
        seen += 1;
    }
    assert!(seen > 5, "{seen}");
}
