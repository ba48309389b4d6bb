//! Many blocks, and blocks in blocks; many assumptions.

use serde_json::{Value, json};

use crate::inputs::{Input, Size, kmap, list, map, on_slots};

pub fn all(size: Size) -> Vec<Input> {
    let of = |n| size.of(n);
    let sleep = || json!({ "might_sleep": true });
    let run = |i: usize, n: usize| json!({ "run": format!("b{}", i.min(n)) });
    // As many blocks, and one more that ends it all.
    let blocks = |name, n: usize, block: &dyn Fn(usize) -> Value| {
        let mut blocks = map(n, "b", block);
        blocks[format!("b{n}")] = json!([kmap("a"), { "kunmap": "a" }]);
        on_slots(
            name,
            2,
            json!({ "blocks": blocks, "tasks": [
                { "name": "t", "count": 3, "pages": ["a"], "program": [{ "run": "b0" }] } ] }),
        )
    };
    let (long, wide) = (of(40_000), of(15_000));
    let none = json!({ "tasks": [] });
    let with = |name, field: &str, value| {
        let mut fields = none.clone();
        fields[field] = value;
        on_slots(name, 2, fields)
    };
    vec![
        blocks("blocks-in-a-chain", long, &|i| {
            json!([sleep(), run(i + 1, long)])
        }),
        blocks(
            "blocks-sharing-their-ends",
            wide,
            &|i| json!([{ "choose": [[run(i + 1, wide)], [sleep(), run(i + 2, wide)]] }]),
        ),
        blocks("blocks-doubling", 60, &|i| {
            json!([run(i + 1, 60), run(i + 1, 60)])
        }),
        blocks("blocks-nested", of(1_000), &|i| {
            json!([run(i + 1, of(1_000)), sleep()])
        }),
        blocks("blocks-in-a-circle", long, &|i| {
            json!([run((i + 1) % long, long)])
        }),
        with(
            "blocks-unused",
            "blocks",
            map(long, "b", |_| json!([sleep()])),
        ),
        with(
            "assumed-often",
            "assumed",
            list(
                of(100_000),
                |i| json!({ "kind": format!("k{}", i % 1_000), "text": "x" }),
            ),
        ),
    ]
}
