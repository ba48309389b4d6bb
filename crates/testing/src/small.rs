//! Small programs written by hand, for tests that say what is known of them.

use serde_json::{Value, json};

/// A scenario of series `A` and `B` with so many slots, in which mappings are not shared, and tasks
/// with pages `p`, `q` and `r`.
#[must_use]
pub fn scenario(slots: [Value; 2], tasks: &[(Value, &[Value])]) -> Value {
    let tasks = tasks.iter().enumerate();
    let tasks: Vec<Value> = tasks
        .map(|(i, (count, program))| {
            json!({ "name": format!("t{i}"), "count": count, "pages": ["p", "q", "r"],
                    "program": program })
        })
        .collect();
    let [a, b] = slots;
    json!({
        "name": "small",
        "model": { "name": "m", "series": { "A": { "slots": a, "reuse": "none" },
                                            "B": { "slots": b, "reuse": "none" } } },
        "tasks": tasks,
    })
}

/// A slot of a series for a page.
#[must_use]
pub fn kmap(page: &str, series: &str) -> Value {
    json!({ "kmap": page, "series": series })
}

/// The latest slot of a page back.
#[must_use]
pub fn kunmap(page: &str) -> Value {
    json!({ "kunmap": page })
}

/// One operation of that name on that thing.
#[must_use]
pub fn op(name: &str, thing: &str) -> Value {
    json!({ name: thing })
}

/// So many slots of `A`, at most three, one after the other, and all of them back.
///
/// # Panics
///
/// If there are more.
#[must_use]
pub fn pins(how_many: usize) -> Vec<Value> {
    let pages = &["p", "q", "r"][..how_many];
    let take = pages.iter().map(|page| kmap(page, "A"));
    take.chain(pages.iter().rev().map(|page| kunmap(page)))
        .collect()
}

/// `first` and then `second` taken, and both given back; each is a way to take and one to give.
#[must_use]
pub fn nested(first: [Value; 2], second: [Value; 2]) -> Vec<Value> {
    let ([take, give], [take_second, give_second]) = (first, second);
    vec![take, take_second, give_second, give]
}

/// A slot of a series, taken and given back: by page `p` for `A` and `q` for `B`.
#[must_use]
pub fn slot(series: &str) -> [Value; 2] {
    let page = if series == "A" { "p" } else { "q" };
    [kmap(page, series), kunmap(page)]
}

/// A unit of a semaphore, taken and given back.
#[must_use]
pub fn semaphore(name: &str) -> [Value; 2] {
    [op("down", name), op("up", name)]
}
