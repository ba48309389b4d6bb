//! Inputs that are wide, deep, or many of one thing.

use kmapcheck_verify::{Certificate, FORMAT};
use serde_json::{Value, json};

/// A model, and a scenario on it.
pub struct Input {
    pub name: &'static str,
    pub model: String,
    pub scenario: String,
}

/// How large inputs are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// Enough to take every way through the program.
    Small,
    /// As large as files may be, or beyond what any command gets done in time.
    Full,
}

impl Size {
    /// So many things, or a few hundred.
    pub fn of(self, n: usize) -> usize {
        match self {
            Size::Small => n.min(200),
            Size::Full => n,
        }
    }
}

pub fn list(n: usize, item: impl Fn(usize) -> Value) -> Value {
    (0..n).map(item).collect()
}

pub fn map(n: usize, name: &str, item: impl Fn(usize) -> Value) -> Value {
    let entries = (0..n).map(|i| (format!("{name}{i}"), item(i)));
    Value::Object(entries.collect())
}

/// `n` names.
fn names(n: usize, name: &str) -> Value {
    list(n, |i| json!(format!("{name}{i}")))
}

pub fn kmap(page: &str) -> Value {
    json!({ "kmap": page, "series": "S" })
}

fn series(slots: usize) -> Value {
    json!({ "S": { "slots": slots, "reuse": "own" } })
}

/// Values with `wrap` around `inner`, so many times.
fn nested(n: usize, inner: Value, wrap: impl Fn(Value) -> Value) -> Value {
    (0..n).fold(inner, |inner, _| wrap(inner))
}

/// An input whose scenario has these fields, on a model with these.
fn on(name: &'static str, model: Value, fields: Value) -> Input {
    let mut scenario = json!({ "name": name, "model": format!("./{name}.model.json") });
    let mut own = json!({ "name": "hostile" });
    for (whole, part) in [(&mut scenario, fields), (&mut own, model)] {
        if let (Value::Object(whole), Value::Object(part)) = (whole, part) {
            whole.extend(part);
        }
    }
    Input {
        name,
        model: own.to_string(),
        scenario: scenario.to_string(),
    }
}

/// The same on a model with the one series `S`.
pub fn on_slots(name: &'static str, slots: usize, fields: Value) -> Input {
    on(name, json!({ "series": series(slots) }), fields)
}

/// A file that is no scenario.
fn raw(name: &'static str, text: String) -> Input {
    Input {
        scenario: text,
        ..on_slots(name, 2, json!({}))
    }
}

/// A task that maps two pages: two of them and two slots deadlock.
fn two_pages(name: &str, count: usize) -> Value {
    json!({ "name": name, "count": count, "pages": ["a", "b"],
            "program": [kmap("a"), kmap("b"), { "kunmap": "b" }, { "kunmap": "a" }] })
}

fn sleeper(name: &str) -> Value {
    json!({ "name": name, "program": [{ "might_sleep": true }] })
}

/// All inputs.
pub fn all(size: Size) -> Vec<Input> {
    let mut all = pages(size);
    all.extend(stale(size));
    all.extend(things(size));
    all.extend(tasks(size));
    all.extend(programs(size));
    all.extend(crate::blocks::all(size));
    all.extend(models(size));
    all.extend(texts(size));
    all
}

fn pages(size: Size) -> Vec<Input> {
    let of = |n| size.of(n);
    let stale = |n: usize, series: &str| {
        list(
            n,
            |i| json!({ "name": format!("p{i}"), "stale_in": series }),
        )
    };
    vec![
        on_slots(
            "pages-shared",
            8,
            json!({ "pages": names(of(10_000), "p"), "tasks": [two_pages("t", 10)] }),
        ),
        on_slots(
            "pages-shared-many",
            8,
            json!({ "pages": names(of(100_000), "p"), "tasks": [two_pages("t", 10)] }),
        ),
        on_slots(
            "pages-shared-all-mapped",
            8,
            json!({ "pages": names(of(10_000), "p"), "tasks": [{ "name": "t", "count": 4,
                "program": list(of(10_000), |i| kmap(&format!("p{i}"))) }] }),
        ),
        on_slots(
            "pages-private",
            8,
            json!({ "tasks": [{ "name": "t", "pages": names(of(100_000), "p"),
                "program": [kmap("p0"), { "kunmap": "p0" }] }] }),
        ),
        on_slots(
            "pages-private-instances",
            8,
            json!({ "tasks": [{ "name": "t", "count": of(10_000), "pages": names(of(1_000), "p"),
                "program": [kmap("p0"), kmap("p1"), { "kunmap": "p0" }] }] }),
        ),
        on_slots(
            "pages-leftover",
            of(100_000),
            json!({ "pages": stale(of(100_000), "S"), "tasks": [two_pages("t", 3)] }),
        ),
        on_slots(
            "pages-allocated",
            8,
            json!({ "free_pages": of(1_000_000), "tasks": [{ "name": "t", "count": of(1_000),
                "program": [{ "alloc_page": "v" }, kmap("v"), { "kunmap": "v" }, { "free_page": "v" }] }] }),
        ),
    ]
}

fn stale(size: Size) -> Vec<Input> {
    let of = |n| size.of(n);
    let open = |n: usize| list(n, |i| json!({ "name": format!("p{i}"), "stale_in": "any" }));
    let many =
        |n: usize| json!({ "series": map(n, "S", |_| json!({ "slots": 9, "reuse": "own" })) });
    let task = |n: usize| {
        json!({ "name": "t", "pages": open(n),
            "program": [{ "kmap": "p0", "series": "S0" }, { "kunmap": "p0" }] })
    };
    vec![
        on("stale-8", many(3), json!({ "tasks": [task(8)] })),
        on("stale-12", many(4), json!({ "tasks": [task(12)] })),
        on("stale-series-30", many(30), json!({ "tasks": [task(3)] })),
        on_slots(
            "stale-shared",
            9,
            json!({ "pages": open(of(10_000)), "tasks": [two_pages("t", 2)] }),
        ),
        on_slots(
            "stale-one-slot",
            1,
            json!({ "pages": open(of(2_000)), "tasks": [two_pages("t", 2)] }),
        ),
        on_slots(
            "stale-instances",
            50,
            json!({ "tasks": [{ "name": "t", "count": of(1_000), "pages": open(4),
                "program": [kmap("p0"), { "kunmap": "p0" }] }] }),
        ),
    ]
}

fn things(size: Size) -> Vec<Input> {
    let of = |n| size.of(n);
    let locked = |n: usize| {
        let take = (0..n).map(|i| json!({ "down": format!("l{i}") }));
        let give = (0..n).rev().map(|i| json!({ "up": format!("l{i}") }));
        take.chain(give).collect::<Value>()
    };
    vec![
        on_slots(
            "locks",
            2,
            json!({ "locks": map(of(100_000), "l", |_| json!("semaphore")), "tasks": [two_pages("t", 3)] }),
        ),
        on_slots(
            "locks-taken",
            2,
            json!({ "locks": map(of(1_000), "l", |_| json!("semaphore")),
                "tasks": [{ "name": "t", "count": 3, "program": locked(of(1_000)) }] }),
        ),
        on_slots(
            "locks-own",
            2,
            json!({ "tasks": [{ "name": "t", "count": of(1_000),
                "locks": map(of(10_000), "l", |_| json!("spin")), "program": [{ "spin_lock": "l0" }] }] }),
        ),
        on_slots(
            "completions",
            2,
            json!({ "completions": names(of(100_000), "c"),
                "tasks": [{ "name": "t", "program": list(of(10_000), |i| json!({ "complete": format!("c{i}") })) }] }),
        ),
        on_slots(
            "mempools",
            2,
            json!({ "mempools": map(of(100_000), "m", |_| json!(1_000_000)), "tasks": [
                { "name": "t", "count": 5, "program": [{ "mempool_alloc": "m0" }, { "mempool_alloc": "m1" }] }] }),
        ),
        on_slots(
            "units",
            2,
            json!({ "locks": { "s": { "semaphore": 1_000_000 } }, "tasks": [{ "name": "t", "count": of(1_000),
                "program": [{ "down": "s", "n": 999_999 }, { "down": "s" }, { "up": "s" }, { "up": "s", "n": 999_999 }] }] }),
        ),
        on_slots(
            "readers",
            2,
            json!({ "locks": { "r": { "rwsem": { "fair": true } } }, "tasks": [
                { "name": "r", "count": of(100_000), "program": [{ "down_read": "r" }, { "down_read": "r" }, { "up_read": "r" }, { "up_read": "r" }] },
                { "name": "w", "count": 2, "program": [{ "down_write": "r" }, { "up_write": "r" }] }] }),
        ),
        on_slots(
            "cpus",
            2,
            json!({ "cpus": of(1_000), "preemptible": true, "locks": { "l": "spin" }, "tasks": [
                { "name": "t", "count": of(2_000), "program": [{ "spin_lock": "l" }, { "might_sleep": true }, { "spin_unlock": "l" }] }] }),
        ),
    ]
}

fn tasks(size: Size) -> Vec<Input> {
    let of = |n| size.of(n);
    vec![
        on_slots(
            "tasks",
            2,
            json!({ "tasks": list(of(20_000), |i| sleeper(&format!("t{i}"))) }),
        ),
        on_slots(
            "tasks-mapping",
            2,
            json!({ "tasks": list(of(5_000), |i| two_pages(&format!("t{i}"), 2)) }),
        ),
        on_slots(
            "tasks-in-circles",
            2,
            json!({ "locks": map(of(2_000), "l", |_| json!("semaphore")),
                "tasks": list(of(2_000), |i| json!({ "name": format!("t{i}"), "program": [
                    { "down": format!("l{i}") }, { "down": format!("l{}", (i + 1) % of(2_000)) },
                    { "up": format!("l{i}") }, { "up": format!("l{}", (i + 1) % of(2_000)) }] })) }),
        ),
        on_slots(
            "instances",
            2,
            json!({ "tasks": [two_pages("t", of(1_000_000))] }),
        ),
        on_slots(
            "instances-of-many",
            1_000,
            json!({ "tasks": list(of(1_000), |i| two_pages(&format!("t{i}"), of(1_000))) }),
        ),
        on_slots(
            "instances-any",
            2,
            json!({ "tasks": list(of(50), |i| json!({ "name": format!("t{i}"), "count": "any", "pages": ["a", "b"],
                "program": [kmap("a"), kmap("b"), { "kunmap": "b" }, { "kunmap": "a" }] })) }),
        ),
        on_slots(
            "instances-sleeping",
            2,
            json!({ "tasks": [{ "name": "t", "count": of(1_000_000),
                "program": [{ "repeat": 50, "do": [{ "might_sleep": true }] }] }] }),
        ),
    ]
}

fn programs(size: Size) -> Vec<Input> {
    let of = |n| size.of(n);
    let sleep = || json!({ "might_sleep": true });
    let one = |name: &'static str, program: Value| {
        on_slots(
            name,
            2,
            json!({ "tasks": [{ "name": "t", "count": 3, "pages": ["a", "b"], "program": program }] }),
        )
    };
    let deep = if size == Size::Full { 44 } else { 20 };
    vec![
        one("operations", list(of(90_000), |_| sleep())),
        one(
            "operations-mapping",
            list(of(90_000), |i| {
                if i % 2 == 0 {
                    kmap("a")
                } else {
                    json!({ "kunmap": "a" })
                }
            }),
        ),
        one("operations-pinning", list(of(90_000), |_| kmap("a"))),
        one("repeat", json!([{ "repeat": of(99_000), "do": [sleep()] }])),
        one(
            "repeat-too-often",
            json!([{ "repeat": 1_000_000, "do": [sleep()] }]),
        ),
        one(
            "repeat-nested",
            json!([nested(
                deep,
                sleep(),
                |inner| json!({ "repeat": 2, "do": [inner] })
            )]),
        ),
        one(
            "choose-nested",
            json!([nested(
                deep / 2,
                sleep(),
                |inner| json!({ "choose": [[inner.clone()], [sleep()]] })
            )]),
        ),
        one(
            "choose-wide",
            json!([{ "choose": list(of(40_000), |_| json!([sleep()])) }]),
        ),
        one(
            "choose-often",
            list(
                of(1_000),
                |_| json!({ "choose": [[kmap("a"), { "kunmap": "a" }], [kmap("b"), { "kunmap": "b" }]] }),
            ),
        ),
        one(
            "try-nested",
            json!([nested(
                deep / 2,
                sleep(),
                |inner| json!({ "try_kmap": "a", "series": "S", "then": [{ "kunmap": "a" }, inner], "else": [sleep()] })
            )]),
        ),
        one(
            "loops",
            json!([nested(
                deep,
                sleep(),
                |inner| json!({ "loop": [sleep(), inner] })
            )]),
        ),
    ]
}

fn models(size: Size) -> Vec<Input> {
    let of = |n| size.of(n);
    let chain = |n: usize, twice: bool| {
        map(n, "op", |i| {
            let next = json!({ format!("op{}", i + 1): "$p" });
            let steps = match (i + 1 < n, twice) {
                (false, _) => json!([kmap("$p"), { "kunmap": "$p" }]),
                (true, false) => json!([next]),
                (true, true) => json!([next.clone(), next]),
            };
            json!({ "params": ["p"], "do": steps })
        })
    };
    let use_it = || json!({ "tasks": [{ "name": "t", "count": 2, "pages": ["a"], "program": [{ "op0": "a" }] }] });
    let with = |name, operations: Value| {
        on(
            name,
            json!({ "series": series(2), "operations": operations }),
            use_it(),
        )
    };
    let slots = |n: usize| map(n, "S", |_| json!({ "slots": 1, "reuse": "own" }));
    let through = |n: usize| {
        json!({ "tasks": [{ "name": "t", "count": 2, "pages": names(n, "p"), "program":
            list(n, |i| json!({ "kmap": format!("p{i}"), "series": format!("S{i}") })) }] })
    };
    vec![
        with("chain", chain(of(1_000), false)),
        with("chain-short", chain(100, false)),
        with("chain-doubling", chain(40, true)),
        on(
            "series",
            json!({ "series": slots(of(1_000)) }),
            through(of(1_000)),
        ),
        on(
            "series-too-many",
            json!({ "series": slots(of(100_000)) }),
            through(3),
        ),
        on(
            "series-in-order",
            json!({ "series": slots(of(300)), "order": names(of(300), "S") }),
            through(of(300)),
        ),
        on(
            "order-of-locks",
            json!({ "series": series(2), "locks": map(of(900), "l", |_| json!("semaphore")), "order": names(of(900), "l") }),
            json!({ "tasks": [two_pages("t", 2)] }),
        ),
    ]
}

fn texts(size: Size) -> Vec<Input> {
    let of = |n| size.of(n);
    let long = |n: usize| "x".repeat(n);
    vec![
        on_slots(
            "names-long",
            2,
            json!({ "tasks": list(of(300), |i| two_pages(&format!("{}{i}", long(90)), 2)) }),
        ),
        on_slots(
            "text-long",
            2,
            json!({ "about": long(of(15_000_000)), "tasks": [two_pages("t", 2)] }),
        ),
        on_slots(
            "numbers",
            2,
            json!({ "free_pages": 99_999_999_999_999_u64, "tasks": [two_pages("t", 1_000_001)] }),
        ),
        on_slots(
            "errors",
            2,
            json!({ "tasks": [{ "name": "t", "program": list(of(100_000), |i| json!({ format!("no{i}"): true })) }] }),
        ),
        raw("deep", "[".repeat(of(10_000_000))),
        raw("deep-objects", "{\"a\":".repeat(of(2_000_000))),
        raw(
            "invalid",
            format!("{{ \"tasks\": [ {} x", "1, ".repeat(of(5_000_000))),
        ),
        raw(
            "invalid-50M",
            format!("{{ \"tasks\": [ {} x", "1, ".repeat(of(17_000_000))),
        ),
        raw("wide", format!("[{}1]", "1,".repeat(of(7_000_000)))),
        raw("empty", String::new()),
        raw("no-text", "\u{0}\u{1}\u{fffd}".repeat(of(1_000_000))),
        raw("certificate", certificate(of(200_000))),
        raw("trace", trace(of(200_000))),
    ]
}

/// A certificate as far as can be seen from its form: the checker has to look at what it says.
fn certificate(n: usize) -> String {
    let text = json!({
        "format": FORMAT, "scenario": "scenarios/pte-highmem/mremap-proposed.json", "locals": {
            "contents": list(n, |i| json!({ "page_locks": [i] })), "holdings": [{}], "waits": [],
            "effects": [{}],
            "states": list(n, |i| json!({ "task": i, "at": i, "has": i, "holds": n, "steps": [[[n, n]]] })),
        },
        "waiting": list(n, |i| json!({ "task": format!("t{i}"), "waits_for": "slot S", "holds": {}, "pins_in": [] })),
        "excluded": [{ "kinds": ["deadlock"], "by": "order" }, { "kinds": ["starved"], "by": "drains" }],
        "order": names(n, "o"), "sets": [],
        "ranks": vec![u32::MAX; n], "digest": "",
    });
    let mut certificate: Certificate =
        serde_json::from_value(text).expect("it has the form of one");
    certificate.digest = certificate.digest_of();
    serde_json::to_string(&certificate).expect("it is plain data")
}

/// Something that looks like a saved trace.
fn trace(n: usize) -> String {
    json!({
        "format": "kmapcheck-trace-1", "scenario": "s",
        "file": "scenarios/pte-highmem/mremap-two-pagetables.json", "sources": [],
        "findings": [{ "kind": "deadlock", "summary": "", "steps":
            list(n, |_| json!({ "task": 0, "choice": 0, "says": "" })) }],
    })
    .to_string()
}
