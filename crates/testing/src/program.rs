//! Random task programs, as JSON.

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

/// A statement before it becomes operations.
#[derive(Debug, Clone)]
pub(crate) enum Statement {
    /// Acquire, something in between, release.
    Pair(Value, Vec<Statement>, Value),
    /// A loose operation.
    Loose(Value),
    /// A try with both branches.
    Try(Value, Vec<Statement>, Vec<Statement>),
    Choose(Vec<Vec<Statement>>),
    /// Branches that begin with something to wait for, which is undone at their end; how long all of
    /// it waits, and what follows if it gives up.
    Select(
        Vec<(Value, Vec<Statement>)>,
        Option<&'static str>,
        Vec<Statement>,
    ),
    Repeat(Vec<Statement>),
    Loop(Vec<Statement>),
    /// Inside a loop `break`, else `exit`.
    Leave,
}

/// A task program. Every page name it uses exists: `v` is bound by an `alloc_page`, which may come
/// too late.
pub(crate) fn body() -> impl Strategy<Value = Value> {
    prop::collection::vec(statement(), 1..=4).prop_map(|statements| bound(&statements))
}

/// Statements as a task program in which `v` is a name wherever it is used.
pub(crate) fn bound(statements: &[Statement]) -> Value {
    let mut operations = Vec::new();
    let mentions = flatten(statements, false, &mut operations);
    let binds = |op: &Value| {
        ["alloc_page", "try_alloc_page"]
            .iter()
            .any(|key| op[*key] == "v")
    };
    // Makes `v` a name of the task on every program, without any allocation on most runs.
    if mentions && !operations.iter().any(binds) {
        operations.push(json!({ "choose": [[], [{ "alloc_page": "v" }]] }));
    }
    json!(operations)
}

fn page_name() -> impl Strategy<Value = &'static str> {
    select(vec!["own", "own", "s", "s", "r", "v", "low"])
}

pub(crate) fn series() -> impl Strategy<Value = &'static str> {
    select(vec!["A", "B"])
}

fn pair() -> impl Strategy<Value = (Value, Value)> {
    prop_oneof![
        6 => (page_name(), series()).prop_map(|(p, s)| (json!({ "kmap": p, "series": s }), json!({ "kunmap": p }))),
        1 => (page_name(), series()).prop_map(|(p, s)| (json!({ "kmap": p, "series": s }), json!({ "kunmap_any": p }))),
        1 => (page_name(), select(vec!["T0", "T1"]))
            .prop_map(|(p, t)| (json!({ "kmap_atomic": p, "type": t }), json!({ "kunmap_atomic": p }))),
        1 => page_name().prop_map(|p| (json!({ "kmap_local": p }), json!({ "kunmap_local": p }))),
        2 => select(vec!["spin", "spin2", "own_spin"])
            .prop_map(|l| (json!({ "spin_lock": l }), json!({ "spin_unlock": l }))),
        2 => (select(vec!["sem", "io", "own_sem"]), 1..=2u32).prop_map(|(l, n)| {
            let n = if l == "sem" { n } else { 1 };
            (json!({ "down": l, "n": n }), json!({ "up": l, "n": n }))
        }),
        2 => (select(vec!["queue", "queue", "lent_queue", "own_queue"]), 1..=2u32)
            .prop_map(|(l, n)| (json!({ "down": l, "n": n }), json!({ "up": l, "n": n }))),
        2 => select(vec!["rw", "fair"])
            .prop_map(|l| (json!({ "down_read": l }), json!({ "up_read": l }))),
        2 => select(vec!["rw", "fair"])
            .prop_map(|l| (json!({ "down_write": l }), json!({ "up_write": l }))),
        1 => page_name().prop_map(|p| (json!({ "lock_page": p }), json!({ "unlock_page": p }))),
        1 => select(vec!["pool", "lent"])
            .prop_map(|m| (json!({ "mempool_alloc": m }), json!({ "mempool_free": m }))),
        2 => Just((json!({ "alloc_page": "v" }), json!({ "free_page": "v" }))),
        1 => Just((json!({ "complete": "done" }), json!({ "wait_for_completion": "done" }))),
    ]
}

fn loose() -> impl Strategy<Value = Value> {
    prop_oneof![
        3 => Just(json!({ "might_sleep": true })),
        1 => (page_name(), series()).prop_map(|(p, s)| json!({ "kmap": p, "series": s })),
        1 => page_name().prop_map(|p| json!({ "kunmap": p })),
        1 => page_name().prop_map(|p| json!({ "kunmap_any": p })),
        1 => page_name().prop_map(|p| json!({ "free_page": p })),
        1 => select(vec!["v", "v", "s"]).prop_map(|p| json!({ "alloc_page": p })),
        1 => waiting().prop_map(|mut wait| { wait["idle"] = json!(true); wait }),
        1 => Just(json!({ "up": "lent_queue" })),
        1 => Just(json!({ "complete": "done" })),
        1 => Just(json!({ "complete": "own_done" })),
        1 => Just(json!({ "wait_for_completion": "done" })),
        1 => Just(json!({ "up": "io" })),
        1 => Just(json!({ "mempool_free": "lent" })),
        1 => Just(json!({ "spin_lock": "spin" })),
        1 => Just(json!({ "unlock_page": "s" })),
    ]
}

fn attempt() -> impl Strategy<Value = Value> {
    prop_oneof![
        3 => (page_name(), series(), any::<bool>())
            .prop_map(|(p, s, flush)| json!({ "try_kmap": p, "series": s, "flush": flush })),
        1 => Just(json!({ "spin_trylock": "spin" })),
        1 => Just(json!({ "down_trylock": "sem", "n": 2 })),
        1 => page_name().prop_map(|p| json!({ "trylock_page": p })),
        1 => Just(json!({ "mempool_try_alloc": "pool" })),
        1 => select(vec!["rw", "fair"]).prop_map(|l| json!({ "down_read_trylock": l })),
        1 => select(vec!["rw", "fair"]).prop_map(|l| json!({ "down_write_trylock": l })),
        1 => select(vec!["done", "own_done"]).prop_map(|c| json!({ "try_wait_for_completion": c })),
        1 => select(vec!["v", "v", "s"]).prop_map(|p| json!({ "try_alloc_page": p })),
        1 => (select(vec!["queue", "lent_queue"]), 1..=2u32)
            .prop_map(|(l, n)| json!({ "down_trylock": l, "n": n })),
        4 => (waiting(), any::<bool>()).prop_map(|(mut wait, on_queue)| {
            if on_queue && wait.get("down").is_some() {
                wait["down"] = json!("queue");
            }
            wait["gives_up"] = json!(true);
            wait
        }),
    ]
}

/// An operation that can wait asleep, and for which nobody queues.
fn waiting() -> impl Strategy<Value = Value> {
    prop_oneof![
        3 => (page_name(), series()).prop_map(|(p, s)| json!({ "kmap": p, "series": s })),
        2 => select(vec!["sem", "io", "own_sem"]).prop_map(|l| json!({ "down": l })),
        1 => Just(json!({ "down_read": "rw" })),
        1 => Just(json!({ "down_write": "rw" })),
        1 => page_name().prop_map(|p| json!({ "lock_page": p })),
        2 => select(vec!["done", "own_done"]).prop_map(|c| json!({ "wait_for_completion": c })),
        1 => select(vec!["v", "v", "s"]).prop_map(|p| json!({ "alloc_page": p })),
        1 => select(vec!["pool", "lent"]).prop_map(|m| json!({ "mempool_alloc": m })),
    ]
}

/// What undoes a successful try.
fn undo(attempt: &Value) -> Value {
    for (key, undo) in [
        ("try_kmap", "kunmap"),
        ("spin_trylock", "spin_unlock"),
        ("down_trylock", "up"),
        ("trylock_page", "unlock_page"),
        ("mempool_try_alloc", "mempool_free"),
        ("down_read_trylock", "up_read"),
        ("down_write_trylock", "up_write"),
        ("try_alloc_page", "free_page"),
        ("kmap", "kunmap"),
        ("down", "up"),
        ("down_read", "up_read"),
        ("down_write", "up_write"),
        ("lock_page", "unlock_page"),
        ("alloc_page", "free_page"),
        ("mempool_alloc", "mempool_free"),
    ] {
        if let Some(what) = attempt.get(key) {
            let n = attempt.get("n").cloned();
            let mut undoing = json!({ undo: what });
            if let Some(n) = n {
                undoing["n"] = n;
            }
            return undoing;
        }
    }
    json!({ "might_sleep": true })
}

fn statement() -> impl Strategy<Value = Statement> {
    let leaf = prop_oneof![
        3 => pair().prop_map(|(take, give)| Statement::Pair(take, vec![], give)),
        2 => loose().prop_map(Statement::Loose),
        1 => Just(Statement::Leave),
    ];
    leaf.prop_recursive(3, 8, 3, |inner| {
        let some = prop::collection::vec(inner.clone(), 0..=2);
        let more = prop::collection::vec(inner, 1..=2);
        prop_oneof![
            6 => (pair(), some.clone())
                .prop_map(|((take, give), body)| Statement::Pair(take, body, give)),
            2 => (attempt(), some.clone(), some.clone())
                .prop_map(|(attempt, then, otherwise)| Statement::Try(attempt, then, otherwise)),
            1 => prop::collection::vec(some.clone(), 1..=3).prop_map(Statement::Choose),
            1 => (
                prop::collection::vec((waiting(), some.clone()), 1..=3),
                select(vec![None, None, Some("idle"), Some("gives_up")]),
                some,
            ).prop_map(|(branches, mark, otherwise)| Statement::Select(branches, mark, otherwise)),
            1 => more.clone().prop_map(Statement::Repeat),
            1 => more.prop_map(Statement::Loop),
        ]
    })
}

/// Writes statements as operations; whether they mention `v`.
fn flatten(statements: &[Statement], in_loop: bool, operations: &mut Vec<Value>) -> bool {
    let mut mentions = false;
    let mut block = |statements: &[Statement], in_loop: bool| {
        let mut inner = Vec::new();
        mentions |= flatten(statements, in_loop, &mut inner);
        inner
    };
    for statement in statements {
        match statement {
            Statement::Pair(take, body, give) => {
                operations.push(take.clone());
                let body = block(body, in_loop);
                operations.extend(body);
                operations.push(give.clone());
            }
            Statement::Loose(operation) => operations.push(operation.clone()),
            Statement::Try(attempt, then, otherwise) => {
                let mut operation = attempt.clone();
                let mut then = block(then, in_loop);
                then.push(undo(attempt));
                operation["then"] = json!(then);
                operation["else"] = json!(block(otherwise, in_loop));
                operations.push(operation);
            }
            Statement::Choose(branches) => {
                let branches: Vec<_> = branches
                    .iter()
                    .map(|branch| block(branch, in_loop))
                    .collect();
                operations.push(json!({ "choose": branches }));
            }
            Statement::Select(branches, mark, otherwise) => {
                let branches: Vec<_> = branches
                    .iter()
                    .map(|(wait, body)| {
                        let mut operations = vec![wait.clone()];
                        operations.extend(block(body, in_loop));
                        operations.push(undo(wait));
                        operations
                    })
                    .collect();
                let mut select = json!({ "select": branches });
                if let Some(mark) = mark {
                    select[*mark] = json!(true);
                }
                if *mark == Some("gives_up") {
                    select["else"] = json!(block(otherwise, in_loop));
                }
                operations.push(select);
            }
            Statement::Repeat(body) => {
                let body = block(body, true);
                operations.push(json!({ "repeat": 2, "do": body }));
            }
            Statement::Loop(body) => {
                // A step of its own keeps the loop from being one without any.
                let mut round = vec![json!({ "might_sleep": true })];
                round.extend(block(body, true));
                operations.push(json!({ "loop": round }));
            }
            Statement::Leave if in_loop => {
                operations.push(json!({ "choose": [[{ "break": true }], []] }))
            }
            Statement::Leave => operations.push(json!({ "choose": [[{ "exit": true }], []] })),
        }
    }
    mentions || operations.iter().any(mentions_v)
}

/// Whether an operation names `v`, or the first one of one of its branches does.
fn mentions_v(operation: &Value) -> bool {
    let firsts = operation["select"].as_array().into_iter().flatten();
    let mut all = [operation]
        .into_iter()
        .chain(firsts.map(|branch| &branch[0]));
    all.any(|operation| {
        operation
            .as_object()
            .is_some_and(|fields| fields.values().any(|value| value == "v"))
    })
}

/// A task program that takes and gives back slots of its own two pages, and locks.
pub(crate) fn private_body() -> impl Strategy<Value = Value> {
    let page = || select(vec!["own", "other"]);
    let pair = move || {
        prop_oneof![
            6 => (page(), series())
                .prop_map(|(p, s)| (json!({ "kmap": p, "series": s }), json!({ "kunmap": p }))),
            1 => select(vec!["spin", "own_spin"])
                .prop_map(|l| (json!({ "spin_lock": l }), json!({ "spin_unlock": l }))),
            1 => (1..=2u32).prop_map(|n| (json!({ "down": "sem", "n": n }), json!({ "up": "sem", "n": n }))),
            1 => select(vec!["rw", "fair"])
                .prop_map(|l| (json!({ "down_read": l }), json!({ "up_read": l }))),
            1 => select(vec!["rw", "fair"])
                .prop_map(|l| (json!({ "down_write": l }), json!({ "up_write": l }))),
            1 => Just((json!({ "mempool_alloc": "pool" }), json!({ "mempool_free": "pool" }))),
        ]
    };
    let leaf = prop_oneof![
        6 => pair().prop_map(|(take, give)| Statement::Pair(take, vec![], give)),
        1 => Just(Statement::Loose(json!({ "might_sleep": true }))),
        1 => (page(), series()).prop_map(|(p, s)| Statement::Loose(json!({ "kmap": p, "series": s }))),
    ];
    let tries = move || {
        (page(), series(), any::<bool>())
            .prop_map(|(p, s, flush)| json!({ "try_kmap": p, "series": s, "flush": flush }))
    };
    let statement = leaf.prop_recursive(3, 8, 2, move |inner| {
        let some = prop::collection::vec(inner.clone(), 0..=2);
        let more = prop::collection::vec(inner, 1..=2);
        prop_oneof![
            8 => (pair(), more.clone()).prop_map(|((take, give), body)| Statement::Pair(take, body, give)),
            1 => (tries(), some.clone(), some.clone())
                .prop_map(|(attempt, then, otherwise)| Statement::Try(attempt, then, otherwise)),
            1 => prop::collection::vec(some, 1..=2).prop_map(Statement::Choose),
            1 => more.prop_map(Statement::Loop),
        ]
    });
    prop::collection::vec(statement, 1..=2).prop_map(|statements| {
        let mut operations = Vec::new();
        flatten(&statements, false, &mut operations);
        json!(operations)
    })
}

/// A task program of page operations, which completions bring into an order.
pub(crate) fn page_body() -> impl Strategy<Value = Value> {
    let page = || select(vec!["own", "v", "v", "s"]);
    let statement = prop_oneof![
        2 => (page(), series()).prop_map(|(p, s)| json!({ "kmap": p, "series": s })),
        2 => page().prop_map(|p| json!({ "kunmap": p })),
        2 => page().prop_map(|p| json!({ "lock_page": p })),
        2 => page().prop_map(|p| json!({ "unlock_page": p })),
        3 => page().prop_map(|p| json!({ "free_page": p })),
        3 => select(vec!["v", "v", "s"]).prop_map(|p| json!({ "alloc_page": p })),
        1 => Just(json!({ "complete": "done" })),
        1 => Just(json!({ "wait_for_completion": "done" })),
    ];
    (prop::collection::vec(statement, 2..=6), any::<[bool; 2]>()).prop_map(
        |(mut operations, [loops, binds])| {
            if binds || operations.iter().any(mentions_v) {
                operations.insert(0, json!({ "alloc_page": "v" }));
            }
            if loops {
                let round = operations.split_off(operations.len() / 2);
                operations.push(json!({ "loop": round }));
            }
            json!(operations)
        },
    )
}
