//! The target `model`.

use kmapcheck_scenario::{load_model_program_str, load_model_str};
use serde_json::{Value, json};

use crate::scenario::explore;
use crate::{FILE, load, refused};

/// Reads a model by itself, and has every engine run programs on it: a fixed scenario, and one that
/// uses each operation of the model.
///
/// # Panics
///
/// If something does not hold that must.
pub fn model(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let summary = load_model_str(FILE, text).map_err(|errors| refused(&errors));
    let program = load_model_program_str(FILE, text);
    assert_eq!(summary.is_ok(), program.is_ok());
    let Ok(model) = serde_json::from_str::<Value>(text) else {
        return;
    };
    for scenario in [page_tables(&model), every_operation(&model)] {
        if let Some(program) = load(&scenario.to_string()) {
            explore(&program);
        }
    }
}

/// What the kernels of `models/` have operations for.
fn page_tables(model: &Value) -> Value {
    json!({
        "name": "fuzz", "model": model,
        "slots": { "PAGETABLE": 2 },
        "locks": { "lock": "spin" },
        "tasks": [
            { "name": "mremap", "count": 2, "pages": ["old", "new"], "program": [
                { "pte_offset": "old" }, { "pte_offset": "new" },
                { "pte_kunmap": "new" }, { "pte_kunmap": "old" } ] },
            { "name": "fault", "pages": ["pte"], "program": [
                { "pte_alloc": "data" }, { "kmap_page": "pte" },
                { "kunmap_page": "pte" }, { "pte_kunmap": "data" } ] } ]
    })
}

/// A task for each operation of the model, with a page for every parameter.
fn every_operation(model: &Value) -> Value {
    let operations = model["operations"].as_object();
    let tasks = operations.into_iter().flatten().take(4).enumerate();
    let tasks: Vec<Value> = tasks
        .map(|(i, (name, operation))| {
            let params = operation["params"].as_array().map_or(&[][..], |list| list);
            let params: Vec<&str> = params.iter().filter_map(Value::as_str).collect();
            let pages: Vec<String> = (0..params.len()).map(|i| format!("p{i}")).collect();
            let mut used = json!({ name: pages.first().map_or("p", |page| page) });
            for (param, page) in params.iter().zip(&pages).skip(1) {
                used[*param] = json!(page);
            }
            let count = 1 + i % 2;
            json!({ "name": format!("t{i}"), "count": count, "pages": pages, "program": [used] })
        })
        .collect();
    json!({ "name": "fuzz", "model": model, "tasks": tasks })
}
