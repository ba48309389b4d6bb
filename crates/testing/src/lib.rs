//! Random scenarios for property tests of engine against engine.
//!
//! [`scenario`] gives scenarios that use every primitive, every reuse policy, shared and private
//! pages and locks, stale mappings, bounded freelists, loops, tries and CPUs. Most operations come
//! in pairs, so that the programs are about something; some come loose, so that every kind of
//! misuse happens too. Everything shrinks: a failing case comes out with few tasks and few
//! operations.
//!
//! [`edge`] aims at edges: numbers as small or as large as they may be, and whatever seldom meets.
//!
//! [`deadlocks`] has deadlocks of every class, worked out by hand. [`scenario_files`] has the scenarios of the repository; [`small`] builds programs by hand.
//! [`sizes`] puts small numbers in place of open ones.
//! [`for_each_state`] and [`for_each_state_of_runs`] go through the states of a program.

mod blocks;
pub mod deadlocks;
pub mod edge;
mod files;
mod given;
#[cfg(feature = "judge")]
pub mod judge;
mod plain;
mod program;
mod queues;
#[cfg(feature = "schema")]
pub mod schema;
mod shared;
pub mod sizes;
pub mod small;
mod walk;

pub use blocks::{scenario_with_blocks, written_out};
pub use files::{scenario_files, scenario_folder};
pub use given::given_scenario;
pub use queues::queued_scenario;
pub use shared::shared_page_scenario;
pub use walk::{for_each_state, for_each_state_of_runs};

use std::cell::RefCell;
use std::collections::BTreeMap;

use kmapcheck_scenario::{Overrides, Program};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{RngSeed, TestRunner};
use serde_json::{Value, json};

/// How a property test runs: `default` cases, the same every time, so that a change is judged by
/// itself; or, in a campaign, `KMAPCHECK_CASES` fresh ones.
#[must_use]
pub fn config(default: u32) -> ProptestConfig {
    let campaign = campaign();
    // Whoever only asks whether a test fails need not wait for a small failure.
    let shrinks = std::env::var("PROPTEST_MAX_SHRINK_ITERS").ok();
    ProptestConfig {
        cases: campaign.unwrap_or(default),
        rng_seed: if campaign.is_some() {
            RngSeed::Random
        } else {
            RngSeed::Fixed(2002)
        },
        failure_persistence: None,
        max_shrink_iters: shrinks.and_then(|n| n.parse().ok()).unwrap_or(20_000),
        ..ProptestConfig::default()
    }
}

/// How many cases a campaign has; `None`: this is none.
#[must_use]
pub fn campaign() -> Option<u32> {
    let cases = std::env::var("KMAPCHECK_CASES").ok();
    cases.and_then(|n| n.parse().ok())
}

/// The program of a random scenario.
///
/// # Panics
///
/// If the scenario is not accepted: the generator only makes legal ones.
#[must_use]
pub fn load(scenario: &Value) -> Program {
    let text = scenario.to_string();
    match kmapcheck_scenario::load_str("random.json", &text, &Overrides::default()) {
        Ok(program) => program,
        Err(errors) => panic!("the generator made an illegal scenario:\n{errors}\n{text}"),
    }
}

/// Judges the programs of random scenarios: as [`config`] says, `cases` unless it is a campaign.
/// Returns how often each answer came.
///
/// # Panics
///
/// If `judge` does; the scenario is then shrunk as far as it still does, and printed.
pub fn tally(
    scenarios: impl Strategy<Value = Value>,
    cases: u32,
    judge: impl Fn(&Program) -> &'static str,
) -> BTreeMap<&'static str, u32> {
    let tally = RefCell::new(BTreeMap::new());
    TestRunner::new(config(cases))
        .run(&scenarios, |scenario| {
            let answer = judge(&load(&scenario));
            *tally.borrow_mut().entry(answer).or_insert(0) += 1;
            Ok(())
        })
        .unwrap_or_else(|error| panic!("{error}"));
    let tally = tally.into_inner();
    println!("{tally:?}");
    tally
}

/// What a scenario is made of, beyond its programs.
#[derive(Debug, Clone)]
struct World {
    model: Value,
    shared_stale: [Value; 2],
    free_pages: Option<u32>,
    cpus: Option<(u32, bool)>,
}

/// Random scenarios with at most four tasks; half of them [plain](plain_scenario), some with blocks.
pub fn scenario() -> impl Strategy<Value = Value> {
    (every_scenario(), any::<bool>()).prop_map(|(scenario, is_plain)| {
        blocks::sometimes_cut(match is_plain {
            true => plain::made_plain(scenario),
            false => scenario,
        })
    })
}

/// The same without what some engines refuse: selects, idle waits, waits that give up, and queues.
pub fn plain_scenario() -> impl Strategy<Value = Value> {
    every_scenario().prop_map(plain::made_plain)
}

fn every_scenario() -> impl Strategy<Value = Value> {
    (world(), prop::collection::vec(task(), 1..=3)).prop_map(|(world, tasks)| build(&world, tasks))
}

fn world() -> impl Strategy<Value = World> {
    let series = || {
        (
            1..=2u32,
            select(vec!["any", "own", "none"]),
            select(vec![0u32, 0, 0, 1]),
        )
    };
    let order = select(vec![
        json!(null),
        json!(["A", "B"]),
        json!(["B", "A"]),
        json!(["A"]),
        json!(["A", "sem", "B", "rw"]),
        json!(["spin", "A", "own_spin", "B", "sem"]),
        json!(["fair", "rw", "sem", "spin", "B"]),
    ]);
    let cpus = prop_oneof![
        6 => Just(None),
        1 => (1..=2u32, any::<bool>()).prop_map(Some),
    ];
    let free = prop_oneof![3 => Just(None), 1 => (0..=2u32).prop_map(Some)];
    (series(), series(), order, any::<[bool; 4]>(), free, cpus).prop_map(
        |(a, b, order, stale, free_pages, cpus)| {
            let series = |(slots, reuse, for_holders): (u32, &str, u32)| {
                json!({ "slots": slots, "reuse": reuse, "for_holders": for_holders })
            };
            let mut model = json!({ "name": "m", "series": { "A": series(a), "B": series(b) } });
            if !order.is_null() {
                model["order"] = order;
            }
            // A stale mapping is legal only where mappings are kept, and one page fits any slots.
            let stale_in_a = if stale[0] && a.1 != "none" { json!("A") } else { json!(null) };
            let open = if stale[1] && stale[2] { json!("any") } else { json!(null) };
            World { model, shared_stale: [stale_in_a, open], free_pages, cpus }
        },
    )
}

fn task() -> impl Strategy<Value = (u32, Value)> {
    (select(vec![1u32, 1, 2]), program::body())
}

fn page(name: &str, stale_in: &Value) -> Value {
    if stale_in.is_null() {
        json!(name)
    } else {
        json!({ "name": name, "stale_in": stale_in })
    }
}

fn build(world: &World, tasks: Vec<(u32, Value)>) -> Value {
    let mut left = 4;
    let tasks: Vec<Value> = tasks
        .into_iter()
        .enumerate()
        .map(|(i, (count, program))| {
            let count = count.min(left).max(1);
            left -= count.min(left);
            json!({
                "name": format!("t{i}"),
                "count": count,
                "pages": ["own", { "name": "low", "highmem": false }],
                "locks": {
                    "own_spin": "spin",
                    "own_sem": { "semaphore": 1, "owned": false },
                    "own_queue": { "semaphore": 2, "fair": true },
                },
                "completions": ["own_done"],
                "program": program,
            })
        })
        .collect();
    let mut scenario = json!({
        "name": "random",
        "model": world.model,
        "pages": [page("s", &world.shared_stale[0]), page("r", &world.shared_stale[1])],
        "locks": {
            "spin": "spin",
            "spin2": "spin",
            "sem": { "semaphore": 2 },
            "io": { "semaphore": 1, "owned": false },
            "queue": { "semaphore": 2, "fair": true },
            "lent_queue": { "semaphore": 2, "owned": false, "available": 1, "fair": true },
            "rw": "rwsem",
            "fair": { "rwsem": { "fair": true } },
        },
        "completions": ["done"],
        "mempools": { "pool": 1, "lent": { "elements": 2, "owned": false, "available": 1 } },
        "tasks": tasks,
    });
    if let Some(n) = world.free_pages {
        scenario["free_pages"] = json!(n);
    }
    if let Some((n, preemptible)) = world.cpus {
        scenario["cpus"] = json!(n);
        scenario["preemptible"] = json!(preemptible);
    }
    scenario
}

/// Random scenarios in which every page is a task's own for ever: what the aimed search applies to.
pub fn private_scenario() -> impl Strategy<Value = Value> {
    (
        world(),
        prop::collection::vec((1..=3u32, program::private_body()), 1..=3),
    )
        .prop_map(|(world, tasks)| {
            let mut scenario = build(
                &World {
                    free_pages: None,
                    cpus: None,
                    ..world
                },
                tasks,
            );
            if let Some(fields) = scenario.as_object_mut() {
                fields.remove("pages");
            }
            scenario["locks"] = json!({ "spin": "spin", "sem": { "semaphore": 2 }, "rw": "rwsem",
                                        "fair": { "rwsem": { "fair": true } } });
            scenario["mempools"] = json!({ "pool": 1 });
            for task in scenario["tasks"].as_array_mut().into_iter().flatten() {
                task["pages"] = json!(["own", "other"]);
                task["locks"] = json!({ "own_spin": "spin" });
            }
            scenario
        })
}

/// Random scenarios about pages: freed while pinned or locked, allocated by others, named by
/// several tasks at once.
pub fn page_scenario() -> impl Strategy<Value = Value> {
    let tasks = prop::collection::vec((select(vec![1u32, 1, 2]), program::page_body()), 2..=3);
    (world(), 0..=1u32, tasks).prop_map(|(world, free, tasks)| {
        build(
            &World {
                free_pages: Some(free),
                cpus: None,
                ..world
            },
            tasks,
        )
    })
}
