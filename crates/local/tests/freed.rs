//! Pages that tasks free: one still in use ends the argument where somebody allocates, and one that
//! comes back has the mappings with which it was freed, but for those that were flushed.

use kmapcheck_local::{Broken, LocalState, Locals};
use kmapcheck_testing::{for_each_state, load};
use serde_json::{Value, json};

/// A task that frees its own page between `before` and `after`, beside one that does `other`.
fn frees(before: &Value, after: &Value, other: &Value) -> Value {
    let mut steps = vec![before.clone(), json!({ "free_page": "p" }), after.clone()];
    steps.retain(|step| !step.is_null());
    json!({
        "name": "freed",
        "series": { "S": { "slots": 2, "reuse": "own" } },
        "tasks": [
            { "name": "frees", "pages": ["p"], "program": steps },
            { "name": "other", "program": other },
        ],
    })
}

#[test]
fn a_page_in_use_may_be_freed_only_where_nobody_allocates() {
    let uses = [
        (
            json!({ "kmap": "p", "series": "S" }),
            json!({ "kunmap": "p" }),
        ),
        (
            json!({ "kmap_atomic": "p", "type": "KM_USER0" }),
            json!({ "kunmap_atomic": "p" }),
        ),
        (json!({ "kmap_local": "p" }), json!({ "kunmap_local": "p" })),
        (json!({ "lock_page": "p" }), json!({ "unlock_page": "p" })),
    ];
    let allocates = [
        json!([{ "alloc_page": "q" }]),
        json!([{ "try_alloc_page": "q", "then": [] }]),
    ];
    for (before, after) in &uses {
        let alone = load(&frees(before, after, &json!([])));
        assert!(Locals::of(&alone).is_ok(), "{before}: nobody allocates");
        for other in &allocates {
            let beside = load(&frees(before, after, other));
            let broken = Locals::of(&beside).expect_err("it is freed in use");
            assert_eq!(broken.what, Broken::FreedInUse, "{before}, {other}");
            let (template, node) = broken.at.expect("an operation frees it");
            let op = beside.templates[template].nodes[node].op;
            assert!(
                matches!(op, kmapcheck_scenario::Op::FreePage { .. }),
                "{op:?}"
            );
        }
    }
    // Used, and no longer: as if it had never been.
    for (before, after) in &uses {
        let mut scenario = frees(before, &Value::Null, &allocates[0]);
        let steps = scenario["tasks"][0]["program"]
            .as_array_mut()
            .expect("a list");
        steps.insert(1, after.clone());
        assert!(Locals::of(&load(&scenario)).is_ok(), "{before}, {after}");
    }
}

/// A page is freed with a mapping in each of two series, and others flush either, both, or none of them
/// before it is allocated again.
#[test]
fn a_page_comes_back_with_any_of_its_mappings() {
    let maps = |page: &str, series: &str| {
        [
            json!({ "kmap": page, "series": series }),
            json!({ "kunmap": page }),
        ]
    };
    let frees: Vec<Value> = [maps("p", "A"), maps("p", "B")].concat();
    let frees = [frees, vec![json!({ "free_page": "p" })]].concat();
    let program = load(&json!({
        "name": "comes-back",
        "series": { "A": { "slots": 1, "reuse": "own" }, "B": { "slots": 1, "reuse": "own" } },
        "tasks": [
            { "name": "frees", "pages": ["p"], "program": frees },
            { "name": "flushes A", "pages": ["a"], "program": maps("a", "A") },
            { "name": "flushes B", "pages": ["b"], "program": maps("b", "B") },
            { "name": "takes", "program": [{ "alloc_page": "q" }, { "kmap": "q", "series": "A" }, { "kunmap": "q" }] },
        ],
    }));
    let locals = Locals::of(&program).expect("it has local states");
    let mut seen = std::collections::BTreeSet::new();
    let all = for_each_state(&program, 100_000, |state| {
        for task in &state.tasks {
            let local = LocalState::of(&program, task, &state.shared);
            assert!(locals.number(&local).is_some(), "{local:?} is not known");
            if program.templates[task.template].name == "takes" {
                seen.extend(local.pages.iter().map(|page| page.count.to_vec()));
            }
        }
    });
    assert!(all, "it has too many states");
    // It met the page with each of them.
    for counts in [[0, 0], [0, 1], [1, 0], [1, 1]] {
        assert!(seen.contains(counts.as_slice()), "{counts:?} of {seen:?}");
    }
}
