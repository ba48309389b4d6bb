//! Scenarios with queues and selects: who waits behind others, and who waits for one of several things.

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use crate::given::limit_units;

/// Small scenarios in which tasks take units of fair semaphores, one and several at once, try, give up,
/// and wait in selects, holding a lock or a slot or nothing. Every number is small.
pub fn queued_scenario() -> impl Strategy<Value = Value> {
    let units = 1..=3u32;
    let tasks = prop::collection::vec((1..=3u32, block(2)), 1..=3);
    let numbers = (units, 1..=2u32, any::<bool>(), 0..=2u32, any::<bool>());
    // Mostly without: CPUs are taken for so many reasons that little else is met beside them.
    let cpus = prop_oneof![4 => Just(None), 1 => (1..=2u32).prop_map(Some)];
    let keeps = (any::<bool>(), 0..=1u32, cpus);
    (numbers, keeps, tasks).prop_map(|(numbers, (keeps, for_holders, cpus), tasks)| {
        let (units, slots, owned, available, fair) = numbers;
        let tasks: Vec<Value> = tasks
            .into_iter()
            .enumerate()
            .map(|(i, (count, mut program))| {
                program.iter_mut().for_each(|op| limit_units(op, units));
                json!({ "name": format!("t{i}"), "count": count, "pages": ["p", "q"], "program": program })
            })
            .collect();
        let mut queue = json!({ "semaphore": units, "fair": true });
        if !owned {
            queue["owned"] = false.into();
            queue["available"] = available.min(units).into();
        }
        let reuse = if keeps { "own" } else { "none" };
        let series = json!({ "slots": slots, "reuse": reuse, "for_holders": for_holders });
        let mut scenario = json!({
            "name": "queued",
            "model": { "name": "m", "series": { "S": series } },
            "locks": {
                "queue": queue,
                "pool": { "semaphore": units },
                "one": { "semaphore": 1, "fair": fair },
                "both": "rwsem",
                "spin": "spin",
            },
            "completions": ["c"],
            "tasks": tasks,
        });
        if let Some(cpus) = cpus {
            scenario["cpus"] = cpus.into();
        }
        scenario
    })
}

fn block(depth: u32) -> BoxedStrategy<Vec<Value>> {
    prop::collection::vec(pieces(depth), 0..=2)
        .prop_map(|pieces| pieces.concat())
        .boxed()
}

/// Something taken, and how it is given back.
fn taken() -> impl Strategy<Value = (Value, Vec<Value>)> {
    let pool = select(vec!["queue", "queue", "pool"]);
    prop_oneof![
        4 => (pool, 1..=3u32).prop_map(|(pool, n)| {
            (json!({ "down": pool, "n": n }), vec![json!({ "up": pool, "n": n })])
        }),
        1 => Just((json!({ "down": "one" }), vec![json!({ "up": "one" })])),
        1 => Just((json!({ "spin_lock": "spin" }), vec![json!({ "spin_unlock": "spin" })])),
        2 => not_queued(),
    ]
}

/// The same of what has no queue, so that a select may begin with it.
fn not_queued() -> impl Strategy<Value = (Value, Vec<Value>)> {
    prop_oneof![
        2 => (1..=3u32).prop_map(|n| {
            (json!({ "down": "pool", "n": n }), vec![json!({ "up": "pool", "n": n })])
        }),
        1 => Just((json!({ "down_read": "both" }), vec![json!({ "up_read": "both" })])),
        1 => Just((json!({ "down_write": "both" }), vec![json!({ "up_write": "both" })])),
        2 => select(vec!["p", "q"]).prop_map(|page| {
            (json!({ "kmap": page, "series": "S" }), vec![json!({ "kunmap": page })])
        }),
        2 => Just((json!({ "wait_for_completion": "c" }), Vec::new())),
    ]
}

/// An operation, or some that belong together.
fn pieces(depth: u32) -> BoxedStrategy<Vec<Value>> {
    let single = prop_oneof![
        2 => Just(vec![json!({ "complete": "c" })]),
        1 => Just(vec![json!({ "wait_for_completion": "c", "idle": true })]),
        1 => Just(vec![json!({ "up": "queue" })]),
        1 => taken().prop_map(|(take, _)| vec![take]),
        3 => taken().prop_map(|(take, give)| [vec![take], give].concat()),
    ];
    if depth == 0 {
        return single.boxed();
    }
    let inner = move || block(depth - 1);
    let arm = move || {
        (not_queued(), inner())
            .prop_map(|((take, give), inner)| Value::Array([vec![take], inner, give].concat()))
    };
    prop_oneof![
        2 => single,
        4 => (taken(), inner()).prop_map(|((take, give), inner)| {
            [vec![take], inner, give].concat()
        }),
        2 => (1..=3u32, inner()).prop_map(|(n, inner)| {
            let then = [inner, vec![json!({ "up": "queue", "n": n })]].concat();
            vec![json!({ "down_trylock": "queue", "n": n, "then": then })]
        }),
        2 => (1..=3u32, inner()).prop_map(|(n, inner)| {
            let then = [inner, vec![json!({ "up": "queue", "n": n })]].concat();
            vec![json!({ "down": "queue", "n": n, "gives_up": true, "then": then })]
        }),
        3 => (prop::collection::vec(arm(), 1..=3), 0..6u32).prop_map(|(arms, way)| {
            let mut op = json!({ "select": arms });
            match way {
                0 | 1 => op["idle"] = true.into(),
                2 => op["gives_up"] = true.into(),
                _ => {}
            }
            vec![op]
        }),
        1 => (inner(), inner()).prop_map(|(a, b)| vec![json!({ "choose": [a, b] })]),
        1 => inner().prop_map(|mut body| {
            body.push(json!({ "choose": [[{ "break": true }], []] }));
            vec![json!({ "loop": body })]
        }),
    ]
    .boxed()
}
