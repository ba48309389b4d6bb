//! Tasks that do nothing: no target has an automaton for them, nor anything that is theirs alone.

use kmapcheck_export::{Target, export};
use kmapcheck_scenario::Program;
use serde_json::{Value, json};

/// Tasks with locks of their own.
fn program(tasks: &[(u32, Value)]) -> Program {
    let tasks = tasks.iter().enumerate();
    let tasks: Vec<Value> = tasks
        .map(|(i, (count, program))| {
            json!({ "name": format!("t{i}"), "count": count, "completions": ["done"],
                    "locks": { "mine": "spin", "units": "semaphore" }, "program": program })
        })
        .collect();
    kmapcheck_testing::load(&json!({
        "name": "idle",
        "model": { "name": "m", "series": { "S": { "slots": 1, "reuse": "none" } } },
        "tasks": tasks
    }))
}

/// The model speaks of locks of tasks' own as often as without the idle ones.
#[test]
fn have_nothing_in_the_model() {
    let works = || json!([{ "spin_lock": "mine" }, { "spin_unlock": "mine" }]);
    for target in [Target::Promela, Target::Murphi, Target::Tla, Target::Pnml] {
        let mentioned = |tasks: &[(u32, Value)]| match export(&program(tasks), target, None) {
            Ok(exported) => exported.text.matches("mine").count(),
            Err(refusal) => panic!("{refusal}"),
        };
        let alone = mentioned(&[(1, works())]);
        assert!(alone > 0, "{target:?}");
        let (idle, busy) = ((2, json!([])), (1, works()));
        assert_eq!(mentioned(std::slice::from_ref(&idle)), 0, "{target:?}");
        let before = mentioned(&[idle.clone(), busy.clone()]);
        assert_eq!(before, alone, "{target:?}");
        assert_eq!(mentioned(&[busy, idle]), alone, "{target:?}");
    }
}
