//! `kmapcheck rule`: exit status, files written, JSON.

mod common;

use std::path::Path;

use common::{exits, scratch};
use serde_json::Value;

#[test]
fn a_proof_is_0() {
    let certificate = scratch("certificate.json", "");
    let args = [
        "rule",
        "models/proposed.json",
        "--certificate",
        &certificate,
    ];
    let (out, _) = exits(&args, 0);
    assert!(
        out.contains("By order: PAGETABLE2, then PAGETABLE, then DEFAULT"),
        "{out}"
    );
    let written = std::fs::read_to_string(&certificate).expect("it was written");
    let written: Value = serde_json::from_str(&written).expect("it is JSON");
    let (out, _) = exits(&[&args[..], &["--format", "json"]].concat(), 0);
    let answer: Value = serde_json::from_str(&out).expect("it is JSON");
    assert_eq!(answer["verdict"], "sufficient");
    assert_eq!(answer["certificate"], written);
}

/// pte-highmem-5 with an order, in a folder of its own; the scenario goes to another.
#[test]
fn a_deadlock_is_1_and_check_confirms_it() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("rule-models");
    std::fs::create_dir_all(&folder).expect("a folder");
    let text =
        std::fs::read_to_string(common::root().join("models/pte-highmem-5.json")).expect("a model");
    let ordered = text.replacen(
        "\"operations\"",
        "\"order\": [\"PAGETABLE2\", \"PAGETABLE\", \"DEFAULT\"],\n  \"operations\"",
        1,
    );
    let model = folder.join("ordered.json").display().to_string();
    std::fs::write(&model, ordered).expect("a file");
    let scenario = scratch("refutation.json", "");
    let (out, _) = exits(&["rule", &model, "--write", &scenario], 1);
    assert!(
        out.contains("asked for as PAGETABLE and found as a leftover"),
        "{out}"
    );
    // As it expects, and what it expects is the deadlock.
    let (out, _) = exits(&["check", "--format", "json", &scenario], 0);
    let report: Value = serde_json::from_str(&out).expect("it is JSON");
    assert_eq!(
        report["expected"],
        serde_json::json!(["deadlock", "series-mixture"])
    );
    assert_eq!(report["as_expected"], true);
}

/// Nobody can keep or break a rule that is not there.
#[test]
fn a_model_without_an_order_is_not_said_to_have_a_rule() {
    let held = scratch(
        "held-without-order.json",
        r#"{ "name": "held", "series": { "A": { "slots": 4, "reuse": "none", "for_holders": 1 } } }"#,
    );
    for (args, code) in [
        (&["rule", "rekmap"][..], 1),
        (&["rule", "holders-last"], 1),
        (&["rule", &held, "--pins", "2"], 0),
    ] {
        let (out, _) = exits(args, code);
        assert!(out.contains("he model states no order"), "{args:?}: {out}");
        for said in ["the rule is", "The rule of", "keeps the rule"] {
            assert!(!out.contains(said), "{args:?}: {out}");
        }
        let (out, _) = exits(&[args, &["--format", "json"]].concat(), code);
        let answer: Value = serde_json::from_str(&out).expect("it is JSON");
        assert_eq!(answer["order"], serde_json::json!([]));
    }
    let (out, _) = exits(&["rule", "proposed", "--format", "json"], 0);
    let answer: Value = serde_json::from_str(&out).expect("it is JSON");
    let order = serde_json::json!(["PAGETABLE2", "PAGETABLE", "DEFAULT"]);
    assert_eq!(answer["order"], order);
}

#[test]
fn bad_input_is_2() {
    exits(&["rule"], 2);
    exits(&["rule", "no-such-file.json"], 2);
    let (_, err) = exits(&["rule", "propsed"], 2);
    assert!(err.contains("proposed"), "{err}");
    exits(&["rule", "proposed", "--pins", "0"], 2);
    exits(&["rule", "rekmap", "--write", "no-such-folder/x.json"], 2);
}

#[test]
fn neither_is_3() {
    let lent = scratch(
        "lent.json",
        r#"{ "name": "lent", "series": { "A": { "slots": 2, "reuse": "none" } },
             "locks": { "io": { "semaphore": 1, "owned": false } }, "order": ["A", "io"] }"#,
    );
    let (out, _) = exits(&["rule", &lent], 3);
    assert!(out.contains("anybody may give back units of io"), "{out}");
}
