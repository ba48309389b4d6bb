//! That no number of an exported model is larger than what it is written in.

use kmapcheck_export::{Target, export};
use kmapcheck_scenario::{Overrides, Program, load_str};
use serde_json::{Value, json};

fn program(scenario: &Value) -> Program {
    load_str("s.json", &scenario.to_string(), &Overrides::default())
        .unwrap_or_else(|errors| panic!("{errors}"))
}

/// Two hundred tasks of three `complete` each, beside one that waits in a loop: 600 completions can
/// be open, which no byte holds. (The reference gives up at 64 more.)
#[test]
fn completions_beside_a_loop_are_all_counted() {
    let program = program(&json!({
        "name": "s",
        "model": { "name": "m", "series": { "S": { "slots": 1, "reuse": "none" } } },
        "completions": ["c"],
        "tasks": [
            { "name": "give", "count": 200, "program": [
                { "complete": "c" }, { "complete": "c" }, { "complete": "c" } ] },
            { "name": "take", "program": [ { "loop": [ { "wait_for_completion": "c" } ] } ] },
        ],
    }));
    let model = export(&program, Target::Promela, None).expect("it can be exported");
    assert!(model.text.contains("short c_done;"), "{}", model.text);
    assert!(
        model.text.contains("assert(c_done < 664)"),
        "{}",
        model.text
    );
    let model = export(&program, Target::Murphi, None).expect("it can be exported");
    assert!(model.text.contains("0..664"), "{}", model.text);
}

/// What 250 tasks can hold, by units of ten pools, is more than an `int` of SPIN; so many readers
/// there could be, as far as the exporter sees.
#[test]
fn a_number_that_spin_has_no_type_for_is_refused() {
    let pools: Vec<String> = (0..10).map(|i| format!("p{i}")).collect();
    let mut locks: serde_json::Map<String, Value> = (pools.iter())
        .map(|pool| (pool.clone(), json!({ "semaphore": 1_000_000 })))
        .collect();
    locks.insert("r".to_owned(), json!("rwsem"));
    let mut steps: Vec<Value> = (pools.iter())
        .map(|pool| json!({ "down": pool, "n": 1_000_000 }))
        .collect();
    steps.extend([json!({ "down_read": "r" }), json!({ "up_read": "r" })]);
    steps.extend((pools.iter().rev()).map(|pool| json!({ "up": pool, "n": 1_000_000 })));
    let program = program(&json!({
        "name": "s",
        "model": { "name": "m", "series": { "S": { "slots": 1, "reuse": "none" } } },
        "locks": locks,
        "tasks": [{ "name": "t", "count": 250, "program": steps }],
    }));
    let refused = export(&program, Target::Promela, None).expect_err("no type holds that");
    let said = refused.to_string();
    assert!(
        said.contains("`r_readers`, which may be 2500000250"),
        "{said}"
    );
}
