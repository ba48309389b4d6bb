//! A scenario's own pools are spoken of in its own words, whatever is asked.

mod common;

use common::{kmapcheck, root, scratch, stderr, stdout};

/// Two pools, taken in two orders; and a pool that is taken twice.
const CIRCLE: &str = r#"{ "name": "pools",
    "series": { "connections": { "slots": 2 }, "threads": { "slots": 2 } },
    "operations": {
        "connect": { "params": ["c"], "do": [ { "kmap": "$c", "series": "connections" } ] },
        "close": { "params": ["c"], "do": [ { "kunmap": "$c" } ] },
        "start": { "params": ["t"], "do": [ { "kmap": "$t", "series": "threads" } ] },
        "stop": { "params": ["t"], "do": [ { "kunmap": "$t" } ] } },
    "tasks": [
        { "name": "web", "count": 2, "pages": ["c", "t"], "program": [
            { "start": "t" }, { "connect": "c" }, { "close": "c" }, { "stop": "t" } ] },
        { "name": "job", "count": 2, "pages": ["c", "t"], "program": [
            { "connect": "c" }, { "start": "t" }, { "stop": "t" }, { "close": "c" } ] } ] }"#;
/// One connection is never given back, and one is closed twice.
const CARELESS: &str = r#"{ "name": "careless", "model": "pool", "series": { "connections": { "slots": 1 } },
    "tasks": [
        { "name": "leaks", "pages": ["c"], "program": [ { "acquire": "c", "from": "connections" } ] },
        { "name": "closes", "pages": ["c"], "program": [
            { "acquire": "c", "from": "connections" }, { "release": "c" }, { "release": "c" } ] } ] }"#;

/// What the kernel calls its own, but for the names of findings, classes and options.
fn kernel_words(text: &str) -> Vec<String> {
    const NAMES: [&str; 7] = [
        "slot-exhaustion",
        "slot-leak",
        "slots-and-locks",
        "leaked-slots",
        "--slots",
        "kmapcheck",
        "kmap-",
    ];
    let mut text = text.to_lowercase();
    for name in NAMES {
        text = text.replace(name, "");
    }
    let is_kernels = |word: &&str| {
        let words = [
            "slot", "slots", "pin", "pins", "pinned", "kunmap", "unmapped", "mapped", "mapping",
            "kernel",
        ];
        words.contains(word) || word.starts_with("kmap")
    };
    let words = text.split(|c: char| !c.is_alphanumeric() && c != '_');
    words.filter(is_kernels).map(str::to_owned).collect()
}

#[test]
fn no_word_of_the_kernel_is_said_of_a_pool() {
    let circle = scratch("pools-circle.json", CIRCLE);
    let careless = scratch("pools-careless.json", CARELESS);
    let connections = root().join("scenarios/tutorial/connections.json");
    let connections = connections.display().to_string();
    for file in [&circle, &careless, &connections] {
        for command in [
            &["check"][..],
            &["check", "--reduce", "none"],
            &["check", "--engine", "proof"],
            &["check", "--slots", "connections=any"],
            &["order"],
            &["size", "--slots-up-to", "3", "--tasks-up-to", "3"],
            &["suggest"],
            &["simulate", "--runs", "200"],
            &["matrix"],
            &["test"],
        ] {
            if command.contains(&"connections=any") && file.ends_with("tutorial/connections.json") {
                continue;
            }
            let output = kmapcheck(&[command, &[file]].concat());
            let said = stdout(&output) + &stderr(&output);
            assert!(
                said.contains("connections") || ["test", "matrix"].contains(&command[0]),
                "{command:?}: {said}"
            );
            assert_eq!(kernel_words(&said), [""; 0], "{command:?}: {said}");
        }
    }
}

#[test]
fn an_order_of_pools_is_one_of_their_names() {
    let ordered = CIRCLE.replace(
        r#"{ "connect": "c" }, { "start": "t" }, { "stop": "t" }, { "close": "c" }"#,
        r#"{ "start": "t" }, { "stop": "t" }, { "connect": "c" }, { "close": "c" }"#,
    );
    for (text, said) in [
        (CIRCLE, "\n  connections -> threads -> connections\n"),
        (
            ordered.as_str(),
            "\nThere is an order: threads, then connections.\n",
        ),
    ] {
        let file = scratch("pools-order.json", text);
        let out = stdout(&kmapcheck(&["order", &file]));
        assert!(out.contains(said), "{out}");
    }
    // Semaphores and mempools likewise, whatever number of units is asked for.
    let units = |second: &str| {
        format!(
            r#"{{ "name": "units", "locks": {{ "permits": {{ "semaphore": 4 }} }}, "mempools": {{ "bios": 2 }},
            "tasks": [ {{ "name": "a", "count": 9, "program": [ {{ "down": "permits", "n": 3 }}, {{ "mempool_alloc": "bios" }},
                {{ "mempool_free": "bios" }}, {{ "up": "permits", "n": 3 }} ] }},
              {{ "name": "b", "count": 9, "program": [ {second} ] }} ] }}"#
        )
    };
    let along = r#"{ "down": "permits" }, { "mempool_alloc": "bios" }, { "mempool_free": "bios" }, { "up": "permits" }"#;
    let against = r#"{ "mempool_alloc": "bios" }, { "down": "permits" }, { "up": "permits" }, { "mempool_free": "bios" }"#;
    for (second, said) in [
        (
            along,
            "\nThere is an order: semaphore permits, then mempool bios.\n",
        ),
        (
            against,
            "\n  semaphore permits -> mempool bios -> semaphore permits\n",
        ),
    ] {
        let file = scratch("pools-units.json", &units(second));
        let out = stdout(&kmapcheck(&["order", &file]));
        assert!(out.contains(said), "{out}");
    }
}
