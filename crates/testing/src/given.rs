//! Random scenarios about what anybody may give: completions, pools that nobody owns, free pages.

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

/// Small scenarios in which tasks give and take what nobody owns, with a lock beside it; in loops, in
/// selects, idly and with time-outs too. Every number is small, and 0 where it may be.
pub fn given_scenario() -> impl Strategy<Value = Value> {
    let units = 1..=3u32;
    let pool = (units.clone(), 0..=3u32, any::<bool>());
    let tasks = prop::collection::vec((1..=3u32, block(2)), 1..=3);
    (pool, prop::option::of(0..=2u32), tasks).prop_map(|((units, available, fair), pages, tasks)| {
        let tasks: Vec<Value> = tasks
            .into_iter()
            .enumerate()
            .map(|(i, (count, mut program))| {
                for op in &mut program {
                    limit_units(op, units);
                }
                json!({ "name": format!("t{i}"), "count": count, "pages": ["p"], "program": program })
            })
            .collect();
        let queues = fair && units == 1 && !Value::from(tasks.as_slice()).to_string().contains("select");
        let mut scenario = json!({
            "name": "given",
            "model": { "name": "none", "series": {} },
            "locks": {
                "pool": { "semaphore": units, "owned": false, "available": available.min(units),
                          "fair": queues },
                "one": { "semaphore": 1 },
            },
            "completions": ["c", "d"],
            "tasks": tasks,
        });
        if let Some(pages) = pages {
            scenario["free_pages"] = pages.into();
        }
        scenario
    })
}

/// No operation asks for more units than there are.
pub(crate) fn limit_units(op: &mut Value, units: u32) {
    match op {
        Value::Object(members) => {
            if let Some(n) = members.get_mut("n") {
                let asked = n.as_u64().unwrap_or(1).min(units.into());
                *n = asked.into();
            }
            members
                .values_mut()
                .for_each(|value| limit_units(value, units));
        }
        Value::Array(values) => values
            .iter_mut()
            .for_each(|value| limit_units(value, units)),
        _ => {}
    }
}

fn block(depth: u32) -> BoxedStrategy<Vec<Value>> {
    prop::collection::vec(pieces(depth), 0..=3)
        .prop_map(|pieces| pieces.concat())
        .boxed()
}

/// An operation, or some that belong together.
fn pieces(depth: u32) -> BoxedStrategy<Vec<Value>> {
    let n = 1..=2u32;
    let name = || select(vec!["c", "d"]);
    let wait = (name(), 0..6u32).prop_map(|(name, way)| {
        let mut op = json!({ "wait_for_completion": name });
        match way {
            0 => op["idle"] = true.into(),
            1 => op["gives_up"] = true.into(),
            _ => {}
        }
        vec![op]
    });
    let single = prop_oneof![
        3 => name().prop_map(|name| vec![json!({ "complete": name })]),
        3 => wait,
        1 => name().prop_map(|name| vec![json!({ "try_wait_for_completion": name })]),
        2 => n.clone().prop_map(|n| vec![json!({ "down": "pool", "n": n })]),
        2 => n.clone().prop_map(|n| vec![json!({ "up": "pool", "n": n })]),
        2 => n.clone().prop_map(|n| vec![json!({ "down": "pool", "n": n }), json!({ "up": "pool", "n": n })]),
        1 => n.prop_map(|n| vec![json!({ "down_trylock": "pool", "n": n, "then": [{ "up": "pool", "n": n }] })]),
        1 => Just(vec![json!({ "alloc_page": "p" }), json!({ "free_page": "p" })]),
        1 => Just(vec![json!({ "alloc_page": "p" })]),
        1 => Just(vec![json!({ "free_page": "p" })]),
    ];
    if depth == 0 {
        return single.boxed();
    }
    let inner = move || block(depth - 1);
    prop_oneof![
        6 => single,
        2 => inner().prop_map(|inner| {
            let around = [vec![json!({ "down": "one" })], inner, vec![json!({ "up": "one" })]];
            around.concat()
        }),
        2 => (inner(), inner()).prop_map(|(a, b)| vec![json!({ "choose": [a, b] })]),
        1 => (name(), inner(), n_and(inner())).prop_map(|(name, a, (n, b))| {
            let one = [vec![json!({ "wait_for_completion": name })], a].concat();
            let other = [vec![json!({ "down": "pool", "n": n })], b].concat();
            vec![json!({ "select": [one, other] })]
        }),
        1 => inner().prop_map(|mut body| {
            body.push(json!({ "choose": [[{ "break": true }], []] }));
            vec![json!({ "loop": body })]
        }),
    ]
    .boxed()
}

fn n_and(block: BoxedStrategy<Vec<Value>>) -> impl Strategy<Value = (u32, Vec<Value>)> {
    (1..=2u32, block)
}
