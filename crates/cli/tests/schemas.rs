//! Every JSON output has a schema, which `kmapcheck schema` prints, docs/schema has, and real
//! output fits.

mod common;

use common::{exits, prints, root, scenario, scratch};
use kmapcheck_testing::schema::{assert_fits, strict};
use serde_json::Value;

const MREMAP: &str = "scenarios/pte-highmem/mremap-two-pagetables.json";
const PROPOSED: &str = "scenarios/pte-highmem/mremap-proposed.json";
const READ: &str = "scenarios/pte-highmem/read-against-fault.json";
const SHARED: &str = "scenarios/pte-highmem/alloc-kmap-free.json";
const ANY: &str = "scenarios/any-number/mremap-1024-slots.json";

/// What is printed is what docs/schema has.
#[test]
fn every_schema_is_printed() {
    let folder = std::fs::read_dir(root().join("docs/schema")).expect("there is such a folder");
    let mut names = 0;
    for file in folder {
        let path = file.expect("it can be read").path();
        let name = path.file_name().and_then(|name| name.to_str());
        let name = name.and_then(|name| name.strip_suffix(".schema.json"));
        let name = name.expect("nothing else is there");
        let stored = std::fs::read_to_string(&path).expect("it can be read");
        assert_eq!(prints(&["schema", name], 0), stored, "build again: {name}");
        names += 1;
    }
    assert_eq!(names, 16);
}

/// Fails unless what is printed fits the schema, and the schema says no to an object with `without`
/// left out: a schema that everything fits says nothing.
#[track_caller]
fn fits(name: &str, without: &str, args: &[&str], code: i32) -> Value {
    let (out, _) = exits(&[args, &["--format", "json"]].concat(), code);
    let answer: Value = serde_json::from_str(&out).expect("it is JSON");
    assert_fits(name, &answer);
    let mut less = answer.clone();
    let removed = less
        .as_object_mut()
        .and_then(|object| object.remove(without));
    assert!(removed.is_some(), "{args:?} has no `{without}`");
    assert!(!strict(name).is_valid(&less), "{name} without `{without}`");
    answer
}

#[test]
fn reports() {
    fits("report", "verdict", &["check", MREMAP], 0);
    let proof = fits("report", "verdict", &["check", ANY], 0);
    assert!(proof["proof"].is_object(), "{proof}");
}

/// All arguments are in the tests of what writes and reads them.
#[test]
fn certificates() {
    let file = scratch("schemas.cert", "");
    for scenario in [PROPOSED, ANY] {
        let write = [
            "check",
            "--engine",
            "proof",
            "--certificate",
            &file,
            scenario,
        ];
        let (_, said) = exits(&write, 0);
        assert_eq!(said, "");
        let text = std::fs::read_to_string(&file).expect("it was written");
        let certificate: Value = serde_json::from_str(&text).expect("it is JSON");
        assert_fits("certificate", &certificate);
        assert!(certificate["locals"]["states"].is_array());
    }
}

#[test]
fn rules() {
    let ordered = fits("rule", "pairs", &["rule", "proposed"], 0);
    assert!(ordered["certificate"]["argument"]["order"].is_array());
    let counted = fits("rule", "pairs", &["rule", "reservation"], 0);
    assert!(counted["certificate"]["argument"]["equations"].is_array());
    let refuted = fits("rule", "pairs", &["rule", "rekmap"], 1);
    assert_eq!(refuted["verdict"], "not-sufficient");
    assert!(refuted["refutation"]["scenario"].is_string());
    let lent = scratch(
        "schemas-lent.json",
        r#"{ "name": "lent", "series": { "A": { "slots": 2, "reuse": "none" } },
             "locks": { "io": { "semaphore": 1, "owned": false } }, "order": ["A", "io"] }"#,
    );
    let open = fits("rule", "pairs", &["rule", &lent], 3);
    assert_eq!(open["verdict"], "not-decided");
    let held = scratch(
        "schemas-held.json",
        r#"{ "name": "held", "series": { "A": { "slots": 4, "reuse": "none", "for_holders": 1 } } }"#,
    );
    let held = fits("rule", "pairs", &["rule", &held, "--pins", "2"], 0);
    assert_eq!(held["pins"], 2);
    assert_eq!(held["for_holders"][0]["slots"], 4);
}

#[test]
fn conformance() {
    let broken = fits(
        "conform",
        "summary",
        &["conform", "proposed", READ, PROPOSED],
        1,
    );
    assert_eq!(broken["summary"]["break_it"], 1);
    let not_judged = fits("conform", "summary", &["conform", "proposed", SHARED], 3);
    assert!(not_judged["scenarios"][0]["not_judged"].is_object());
}

#[test]
fn orders() {
    let ordered = fits("order", "judged", &["order", PROPOSED], 0);
    assert!(ordered["order"].is_array());
    let circle = fits("order", "judged", &["order", READ], 3);
    assert_eq!(circle["cycles"][0]["judged"], "open");
    fits("order", "judged", &["order", SHARED], 3);
}

#[test]
fn sizes() {
    let small = ["--slots-up-to", "2", "--tasks-up-to", "2"];
    for file in [MREMAP, PROPOSED, READ] {
        fits("size", "given", &[&["size", file], &small[..]].concat(), 0);
    }
    // Sizes that no file may have.
    let leftover = r#""tasks": [ { "name": "t", "pages": [ { "name": "p", "stale_in": "S" } ],
        "program": [ { "kmap": "p", "series": "S" }, { "kunmap": "p" } ] } ]"#;
    let text = scenario(2, leftover).replace("\"none\"", "\"own\"");
    let file = scratch("schemas-leftover.json", &text);
    let out = fits("size", "given", &[&["size", &file], &small[..]].concat(), 0);
    assert!(out.to_string().contains("misfit"), "{out}");
}

#[test]
fn suggestions() {
    let solved = fits("suggest", "works", &["suggest", PROPOSED], 0);
    assert_eq!(solved["smallest"]["diff"], "");
    let lost = fits("suggest", "works", &["suggest", MREMAP], 1);
    assert!(lost["offenders"][0]["repairs"].is_array());
}
