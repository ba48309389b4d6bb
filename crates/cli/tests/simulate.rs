//! `kmapcheck simulate` and `kmapcheck compare`, as people and programs call them.

mod common;

use common::{kmapcheck, scratch, stderr, stdout};
use kmapcheck_testing::schema::assert_fits;

const DEADLOCK: &str = "scenarios/pte-highmem/mremap-two-pagetables.json";
const CLEAN: &str = "scenarios/pte-highmem/mremap-proposed.json";

fn valid(schema: &str, text: &str) {
    assert_fits(schema, &serde_json::from_str(text).expect("it is JSON"));
}

#[test]
fn simulate_as_text_and_json() {
    let args = ["simulate", DEADLOCK, "--runs", "2k", "--seed", "3"];
    let output = kmapcheck(&args);
    assert_eq!(output.status.code(), Some(1));
    insta::assert_snapshot!("simulate", stdout(&output));
    let json = |threads: &str| {
        stdout(&kmapcheck(
            &[&args[..], &["--format", "json", "--threads", threads]].concat(),
        ))
    };
    let one = json("1");
    assert_eq!(one, json("3"));
    valid("simulation", &one);
}

#[test]
fn a_run_is_walked_again() {
    let again = kmapcheck(&["simulate", DEADLOCK, "--run", "0", "--seed", "3"]);
    let text = stdout(&again);
    match again.status.code() {
        Some(1) => assert!(text.contains("deadlock (slot-exhaustion)"), "{text}"),
        Some(3) => assert_eq!(text, "Run 0 does not deadlock.\n"),
        other => panic!("{other:?}: {text}"),
    }
    let found = stdout(&kmapcheck(&[
        "simulate", DEADLOCK, "--runs", "100", "--format", "json",
    ]));
    let found: serde_json::Value = serde_json::from_str(&found).expect("it is JSON");
    let run = found["shown"]["run"].to_string();
    let shown = kmapcheck(&["simulate", DEADLOCK, "--run", &run]);
    assert_eq!(shown.status.code(), Some(1), "{}", stdout(&shown));
}

#[test]
fn no_deadlock_is_no_proof() {
    let output = kmapcheck(&["simulate", CLEAN, "--runs", "500"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(
        stdout(&output).contains("That proves nothing"),
        "{}",
        stdout(&output)
    );
}

#[test]
fn simulate_refuses_and_draws() {
    let any = kmapcheck(&["simulate", "scenarios/any-number/ordered.json"]);
    assert_eq!(any.status.code(), Some(2));
    assert!(stderr(&any).contains("with `--"), "{}", stderr(&any));
    let svg = scratch("simulate.svg", "");
    kmapcheck(&["simulate", DEADLOCK, "--runs", "100", "--svg", &svg]);
    let text = std::fs::read_to_string(&svg).expect("it is written");
    roxmltree::Document::parse(&text).expect("it is XML");
}

#[test]
fn compare_as_text_markdown_and_json() {
    let args = [
        "compare",
        "pte-highmem-5",
        "proposed",
        DEADLOCK,
        "scenarios/pte-highmem/fork-pte-offset-nowait.json",
    ];
    let text = kmapcheck(&args);
    insta::assert_snapshot!("compare", stdout(&text));
    let of = |format: &str| stdout(&kmapcheck(&[&args[..], &["--format", format]].concat()));
    insta::assert_snapshot!("compare_markdown", of("markdown"));
    valid("comparison", &of("json"));
}

#[test]
fn what_runs_on_neither_model_is_in_the_comparison() {
    let neither = "scenarios/primitives/order-broken.json";
    let args = ["compare", "pte-highmem-5", "proposed", DEADLOCK, neither];
    let output = kmapcheck(&args);
    assert_eq!(output.status.code(), Some(2));
    let out = stdout(&output);
    assert!(
        out.contains("\norder-broken\n") && out.contains("not run: there is no series `B`"),
        "{out}"
    );
    assert!(stderr(&output).contains("unknown-series"));
    let output = kmapcheck(&[&args[..], &["--format", "json"]].concat());
    let json: serde_json::Value = serde_json::from_str(&stdout(&output)).expect("it is JSON");
    assert_eq!(json["scenarios"][1]["file"], neither);
    for side in [0, 1] {
        assert_eq!(json["scenarios"][1]["sides"][side]["outcome"], "not-run");
    }
}

#[test]
fn compare_refuses_unknown_models() {
    let output = kmapcheck(&["compare", "pte-highmem-5", "no-such-model", DEADLOCK]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("no-such-model"),
        "{}",
        stderr(&output)
    );
}
