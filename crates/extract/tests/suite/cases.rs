//! Case files: what is read is what the schema says.

use kmapcheck_extract::cases::Cases;
use serde_json::Value;

const ALL: &str = r#"{
    "$schema": "x", "about": "y",
    "common": { "files": ["a.c"], "stubs": ["s.c"], "maps": ["linux-2.6"], "include": ["i"],
        "define": { "X": null, "N": 3 }, "undef": ["Y"], "set": { "f": -1 }, "nonnull": ["p"],
        "resolve": { "read": "f" }, "inline": ["g"], "share": ["l"], "maybe_equal": [["a", "b"]],
        "unroll": 0, "recursion": 1, "units": { "s": 0 }, "slots": { "S": 1 }, "model": "m",
        "max_paths": 1 },
    "cases": { "one": { "entries": ["f", "g:2"], "expect": ["deadlock"] } } }"#;

#[test]
fn the_schema_says_what_is_read() {
    let schema = include_str!("../../../../docs/schema/extract-cases.schema.json");
    let schema: Value = serde_json::from_str(schema).expect("it is JSON");
    let fields = schema["$defs"]["Case"]["properties"]
        .as_object()
        .expect("they are there");
    let schema = jsonschema::validator_for(&schema).expect("it is a schema");
    let all: Value = serde_json::from_str(ALL).expect("it is JSON");
    assert!(schema.is_valid(&all));
    Cases::read("extract.json", ALL).expect("it is right");
    // The example has every field.
    let [common, one] = [&all["common"], &all["cases"]["one"]];
    let has = |name: &String| common.get(name).is_some() || one.get(name).is_some();
    assert!(fields.keys().all(has));
    for wrong in [
        "{}",
        r#"{ "cases": [] }"#,
        r#"{ "cases": {}, "name": "x" }"#,
        r#"{ "cases": { "a": { "entry": "f" } } }"#,
        r#"{ "cases": { "a": { "entries": ["f:0"] } } }"#,
        r#"{ "cases": { "a": { "entries": [":2"] } } }"#,
        r#"{ "cases": { "a": { "slots": { "S": -1 } } } }"#,
        r#"{ "cases": { "a": { "maybe_equal": [["a"]] } } }"#,
    ] {
        let value: Value = serde_json::from_str(wrong).expect("it is JSON");
        assert!(!schema.is_valid(&value), "{wrong}");
        assert!(Cases::read("extract.json", wrong).is_err(), "{wrong}");
    }
}
