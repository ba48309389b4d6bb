//! Random scenarios about pages that several tasks go by one name, or that are there from the
//! start: allocated into and freed through shared names, freed although declared, and with
//! whatever leftovers.

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use crate::program::{Statement, bound, series};
use crate::{World, build, world};

/// Random scenarios with at most four tasks. Unlike those of [`page_scenario`](crate::page_scenario)
/// they mostly undo what they do, so that what goes wrong has to do with whose page it is.
pub fn shared_page_scenario() -> impl Strategy<Value = Value> {
    let tasks = prop::collection::vec((select(vec![1u32, 1, 2]), body()), 1..=3);
    let free = prop_oneof![1 => Just(None), 2 => (0..=2u32).prop_map(Some)];
    (world(), free, any::<[bool; 2]>(), tasks).prop_map(|(world, free_pages, open, tasks)| {
        let stale = |open: bool, page: Value| if open { json!("any") } else { page };
        let [s, r] = world.shared_stale;
        let mut scenario = build(
            &World {
                model: world.model,
                shared_stale: [s, stale(open[0], r)],
                free_pages,
                cpus: None,
            },
            tasks,
        );
        if open[1] {
            // Of one task: with more, most of what there is to explore are initial states.
            scenario["tasks"][0]["pages"][0] = json!({ "name": "own", "stale_in": "any" });
        }
        scenario
    })
}

/// A task program that maps, frees and allocates pages of all sorts.
fn body() -> impl Strategy<Value = Value> {
    let page = || select(vec!["own", "s", "s", "r", "r", "v"]);
    let named = || select(vec!["s", "r", "v"]);
    let pair = move || {
        prop_oneof![
            6 => (page(), series())
                .prop_map(|(p, s)| (json!({ "kmap": p, "series": s }), json!({ "kunmap": p }))),
            3 => named().prop_map(|p| (json!({ "alloc_page": p }), json!({ "free_page": p }))),
            // Given up for a while: others may get that very page.
            3 => named().prop_map(|p| (json!({ "free_page": p }), json!({ "alloc_page": p }))),
            1 => page().prop_map(|p| (json!({ "lock_page": p }), json!({ "unlock_page": p }))),
            1 => Just((json!({ "down": "own_sem" }), json!({ "up": "own_sem" }))),
            1 => Just((json!({ "down": "sem", "n": 2 }), json!({ "up": "sem", "n": 2 }))),
        ]
    };
    let leaf = prop_oneof![
        4 => pair().prop_map(|(take, give)| Statement::Pair(take, vec![], give)),
        2 => page().prop_map(|p| Statement::Loose(json!({ "free_page": p }))),
        1 => named().prop_map(|p| Statement::Loose(json!({ "alloc_page": p }))),
        1 => Just(Statement::Loose(json!({ "complete": "done" }))),
        1 => Just(Statement::Loose(json!({ "wait_for_completion": "done" }))),
    ];
    let attempt = move || {
        (page(), series(), any::<bool>())
            .prop_map(|(p, s, flush)| json!({ "try_kmap": p, "series": s, "flush": flush }))
    };
    let statement = leaf.prop_recursive(2, 5, 2, move |inner| {
        let some = prop::collection::vec(inner.clone(), 0..=1);
        let more = prop::collection::vec(inner, 1..=2);
        prop_oneof![
            6 => (pair(), more.clone())
                .prop_map(|((take, give), body)| Statement::Pair(take, body, give)),
            1 => (attempt(), some.clone(), some.clone())
                .prop_map(|(attempt, then, otherwise)| Statement::Try(attempt, then, otherwise)),
            1 => prop::collection::vec(some, 1..=2).prop_map(Statement::Choose),
            1 => more.prop_map(Statement::Loop),
        ]
    });
    prop::collection::vec(statement, 1..=2).prop_map(|statements| bound(&statements))
}
