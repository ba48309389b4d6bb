//! Random scenarios of every operation beside every other. Unlike those of `kmapcheck-testing` their
//! programs seldom fit together: things are given back twice, by others or not at all, in the wrong
//! order or through the wrong name. Every number is small.

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

/// Pages of the task, those of all tasks, low memory of both, and a name that starts without a page.
const PAGES: [&str; 8] = ["p", "p", "q", "s", "r", "v", "own_low", "low"];

/// What takes something, what gives it back, and whether it can have to wait asleep. No fair ones:
/// a select cannot begin with those.
fn plain_take() -> impl Strategy<Value = (Value, Value)> {
    let page = || select(&PAGES[..]);
    let pair = |take: Value, give: Value| (take, give);
    prop_oneof![
        5 => (page(), select(vec!["A", "B", "C"]), any::<bool>()).prop_map(move |(p, s, any)| {
            let undo = if any { "kunmap_any" } else { "kunmap" };
            pair(json!({ "kmap": p, "series": s }), json!({ undo: p }))
        }),
        2 => (select(vec!["sem", "lent", "own_sem", "own_lent"]), 1..=2u32)
            .prop_map(move |(l, n)| pair(json!({ "down": l, "n": n }), json!({ "up": l, "n": n }))),
        1 => select(vec!["rw", "own_rw"])
            .prop_map(move |l| pair(json!({ "down_read": l }), json!({ "up_read": l }))),
        1 => select(vec!["rw", "own_rw"])
            .prop_map(move |l| pair(json!({ "down_write": l }), json!({ "up_write": l }))),
        1 => page().prop_map(move |p| pair(json!({ "lock_page": p }), json!({ "unlock_page": p }))),
        1 => select(vec!["done", "own_done"])
            .prop_map(move |c| pair(json!({ "wait_for_completion": c }), json!({ "complete": c }))),
        2 => page().prop_map(move |v| pair(json!({ "alloc_page": v }), json!({ "free_page": v }))),
        1 => select(vec!["pool", "open_pool"])
            .prop_map(move |m| pair(json!({ "mempool_alloc": m }), json!({ "mempool_free": m }))),
    ]
}

/// The same with fair ones.
fn asleep() -> impl Strategy<Value = (Value, Value)> {
    prop_oneof![
        5 => plain_take(),
        2 => (select(vec!["queue", "queue", "lent_queue", "own_queue"]), 1..=2u32)
            .prop_map(|(l, n)| (json!({ "down": l, "n": n }), json!({ "up": l, "n": n }))),
        1 => select(vec!["fair", "own_fair"])
            .prop_map(|l| (json!({ "down_read": l }), json!({ "up_read": l }))),
        1 => select(vec!["fair", "own_fair"])
            .prop_map(|l| (json!({ "down_write": l }), json!({ "up_write": l }))),
    ]
}

fn taken() -> impl Strategy<Value = (Value, Value)> {
    let page = || select(&PAGES[..]);
    prop_oneof![
        5 => asleep(),
        1 => (page(), select(vec!["T0", "T0", "T1"]), any::<bool>()).prop_map(|(p, t, any)| {
            let undo = if any { "kunmap_any" } else { "kunmap_atomic" };
            (json!({ "kmap_atomic": p, "type": t }), json!({ undo: p }))
        }),
        1 => (page(), any::<bool>()).prop_map(|(p, any)| {
            let undo = if any { "kunmap_any" } else { "kunmap_local" };
            (json!({ "kmap_local": p }), json!({ undo: p }))
        }),
        1 => select(vec!["spin", "own_spin"])
            .prop_map(|l| (json!({ "spin_lock": l }), json!({ "spin_unlock": l }))),
    ]
}

fn tried() -> impl Strategy<Value = (Value, Value)> {
    let page = || select(&PAGES[..]);
    prop_oneof![
        3 => (page(), select(vec!["A", "B", "C"]), any::<bool>()).prop_map(|(p, s, flush)| {
            (json!({ "try_kmap": p, "series": s, "flush": flush }), json!({ "kunmap": p }))
        }),
        1 => select(vec!["spin", "own_spin"])
            .prop_map(|l| (json!({ "spin_trylock": l }), json!({ "spin_unlock": l }))),
        2 => (select(vec!["sem", "lent", "queue", "lent_queue", "own_queue"]), 1..=2u32)
            .prop_map(|(l, n)| (json!({ "down_trylock": l, "n": n }), json!({ "up": l, "n": n }))),
        1 => select(vec!["rw", "fair"])
            .prop_map(|l| (json!({ "down_read_trylock": l }), json!({ "up_read": l }))),
        1 => select(vec!["rw", "fair"])
            .prop_map(|l| (json!({ "down_write_trylock": l }), json!({ "up_write": l }))),
        1 => page().prop_map(|p| (json!({ "trylock_page": p }), json!({ "unlock_page": p }))),
        1 => select(vec!["pool", "open_pool"])
            .prop_map(|m| (json!({ "mempool_try_alloc": m }), json!({ "mempool_free": m }))),
        1 => select(vec!["done", "own_done"])
            .prop_map(|c| (json!({ "try_wait_for_completion": c }), json!({ "complete": c }))),
        1 => page().prop_map(|v| (json!({ "try_alloc_page": v }), json!({ "free_page": v }))),
    ]
}

fn single() -> impl Strategy<Value = Vec<Value>> {
    prop_oneof![
        4 => (taken(), any::<bool>()).prop_map(|((take, give), first)| {
            vec![if first { take } else { give }]
        }),
        4 => taken().prop_map(|(take, give)| vec![take, give]),
        1 => asleep().prop_map(|(mut take, _)| {
            take["idle"] = json!(true);
            vec![take]
        }),
        1 => Just(vec![json!({ "might_sleep": true })]),
        1 => tried().prop_map(|(take, _)| vec![take]),
    ]
}

fn block(depth: u32, in_loop: bool) -> BoxedStrategy<Vec<Value>> {
    prop::collection::vec(piece(depth, in_loop), 0..=2)
        .prop_map(|pieces| pieces.concat())
        .boxed()
}

fn piece(depth: u32, in_loop: bool) -> BoxedStrategy<Vec<Value>> {
    let leave = if in_loop { "break" } else { "exit" };
    if depth == 0 {
        return prop_oneof![9 => single(), 1 => Just(vec![json!({ leave: true })])].boxed();
    }
    let inner = move || block(depth - 1, in_loop);
    let arm = move || {
        (plain_take(), inner())
            .prop_map(|((take, give), rest)| [vec![take], rest, vec![give]].concat())
    };
    prop_oneof![
        3 => single(),
        4 => (taken(), inner()).prop_map(|((take, give), inner)| {
            [vec![take], inner, vec![give]].concat()
        }),
        2 => (tried(), inner(), inner()).prop_map(|((mut take, give), then, other)| {
            take["then"] = Value::Array([then, vec![give]].concat());
            take["else"] = json!(other);
            vec![take]
        }),
        2 => (asleep(), inner(), inner()).prop_map(|((mut take, give), then, other)| {
            take["gives_up"] = json!(true);
            take["then"] = Value::Array([then, vec![give]].concat());
            take["else"] = json!(other);
            vec![take]
        }),
        1 => prop::collection::vec(inner(), 1..=3).prop_map(|arms| vec![json!({ "choose": arms })]),
        2 => (prop::collection::vec(arm(), 1..=3), 0..=3u32, inner(), inner()).prop_map(
            |(arms, mark, then, other)| {
                let mut op = json!({ "select": arms });
                if mark == 1 {
                    op["idle"] = json!(true);
                }
                if mark == 2 {
                    op["gives_up"] = json!(true);
                    op["then"] = json!(then);
                    op["else"] = json!(other);
                }
                vec![op]
            }
        ),
        1 => (single(), block(depth - 1, true)).prop_map(|(first, rest)| {
            vec![json!({ "loop": Value::Array([first, rest].concat()) })]
        }),
        1 => inner().prop_map(|body| vec![json!({ "repeat": 2, "do": body })]),
    ]
    .boxed()
}

/// A series, and whether mappings in it can go stale.
fn series() -> impl Strategy<Value = (Value, bool)> {
    (
        1..=2u32,
        select(vec!["any", "own", "none"]),
        select(vec![0, 0, 0, 1, 2, 3u32]),
    )
        .prop_map(|(slots, reuse, for_holders)| {
            let series = json!({ "slots": slots, "reuse": reuse, "for_holders": for_holders });
            (series, reuse != "none")
        })
}

pub fn loose_scenario() -> impl Strategy<Value = Value> {
    let order = select(vec![
        json!(null),
        json!(["A", "B", "C"]),
        json!(["sem", "A", "spin", "B", "rw", "own_sem"]),
        json!(["fair", "queue", "C", "own_queue", "lent"]),
        json!(["spin", "own_spin", "lent_queue", "own_fair", "A"]),
    ]);
    let cpus = prop_oneof![3 => Just(None), 1 => (1..=2u32, any::<bool>()).prop_map(Some)];
    let free = prop_oneof![2 => Just(None), 1 => (0..=2u32).prop_map(Some)];
    let tasks = prop::collection::vec((1..=2u32, block(2, false)), 1..=3);
    let numbers = (free, cpus, 0..=2u32, any::<[bool; 4]>());
    ((series(), series(), series()), order, numbers, tasks).prop_map(
        |((a, b, c), order, (free, cpus, available, stale), tasks)| {
            let mut model = json!({ "name": "m", "series": { "A": a.0, "B": b.0, "C": c.0 } });
            if !order.is_null() {
                model["order"] = order;
            }
            let page = |name: &str, is_open: bool, is_stale: bool| match (is_open, is_stale) {
                (true, _) => json!({ "name": name, "stale_in": "any" }),
                (false, true) => json!({ "name": name, "stale_in": "A" }),
                (false, false) => json!(name),
            };
            let low = |name: &str| json!({ "name": name, "highmem": false });
            let tasks: Vec<Value> = (tasks.into_iter().enumerate())
                .map(|(i, (count, mut program))| {
                    // So that it is a name of the task.
                    program.push(json!({ "choose": [[], [{ "alloc_page": "v" }]] }));
                    json!({
                        "name": format!("t{i}"),
                        "count": count,
                        "pages": ["p", page("q", i == 0 && stale[0], false), low("own_low")],
                        "locks": {
                            "own_spin": "spin",
                            "own_sem": { "semaphore": 2 },
                            "own_lent": { "semaphore": 2, "owned": false, "available": available },
                            "own_queue": { "semaphore": 2, "fair": true },
                            "own_rw": "rwsem",
                            "own_fair": { "rwsem": { "fair": true } },
                        },
                        "completions": ["own_done"],
                        "program": program,
                    })
                })
                .collect();
            let mut scenario = json!({
                "name": "loose",
                "model": model,
                "pages": [
                    page("s", stale[1], false),
                    page("r", stale[1] && stale[2], stale[3] && a.1),
                    low("low"),
                ],
                "locks": {
                    "spin": "spin",
                    "sem": { "semaphore": 2 },
                    "lent": { "semaphore": 2, "owned": false, "available": available },
                    "queue": { "semaphore": 2, "fair": true },
                    "lent_queue": { "semaphore": 2, "owned": false, "fair": true },
                    "rw": "rwsem",
                    "fair": { "rwsem": { "fair": true } },
                },
                "completions": ["done"],
                "mempools": { "pool": 1, "open_pool": { "elements": 2, "owned": false } },
                "tasks": tasks,
            });
            if let Some(n) = free {
                scenario["free_pages"] = json!(n);
            }
            if let Some((n, preemptible)) = cpus {
                scenario["cpus"] = json!(n);
                scenario["preemptible"] = json!(preemptible);
            }
            scenario
        },
    )
}
