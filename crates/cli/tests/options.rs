//! What the search leaves out and where it keeps what it has seen, as options.

mod common;

use common::{exits, kmapcheck, scratch, stdout};
use serde_json::Value;

const CLEAN: &str = "scenarios/families/ordered-3-slots-6-tasks.json";
const DEADLOCK: &str = "scenarios/families/abba-3-slots-6-tasks.json";
const SMALL: &str = "scenarios/pte-highmem/mremap-two-pagetables.json";
const LOOP: &str = "scenarios/zoo/stuck-beside-a-loop.json";

/// The report of a run, but for the time that it took.
#[track_caller]
fn report(args: &[&str], code: i32) -> Value {
    let (out, _) = exits(&[&["check", "--format", "json"], args].concat(), code);
    let mut report: Value = serde_json::from_str(&out).expect("it is JSON");
    report["elapsed_ms"] = Value::Null;
    report
}

#[test]
fn reductions_are_named_in_reports() {
    let (out, _) = exits(&["check", "--reduce", "all", CLEAN], 0);
    assert!(
        out.contains("up to the order of steps that commute"),
        "{out}"
    );
    assert!(
        out.contains("reduced by symmetry, pages, releases, stubborn, merge"),
        "{out}"
    );
    let (out, _) = exits(&["check", "--reduce", "symmetry,pages", CLEAN], 0);
    assert!(!out.contains("reduced"), "it is the default: {out}");
    let reduced = report(&["--reduce", "stubborn,merge", CLEAN], 0);
    let names = serde_json::json!(["stubborn", "merge"]);
    assert_eq!(reduced["coverage"]["reductions"], names);
    assert!(report(&[CLEAN], 0)["coverage"].get("reductions").is_none());
}

#[test]
fn premises_can_be_checked() {
    // Checking is slow: small ones.
    for file in [CLEAN, SMALL, LOOP] {
        exits(&["check", "--reduce", "all", "--check-reductions", file], 0);
    }
    exits(&["check", "--check-reductions", SMALL], 0);
    let none = ["check", "--reduce", "none", "--check-reductions", CLEAN];
    assert!(exits(&none, 2).1.contains("no reductions"));
    let loom = ["check", "--engine", "loom", "--check-reductions", CLEAN];
    assert!(exits(&loom, 2).1.contains("for the engine `search`"));
    let (_, err) = exits(&["check", "--reduce", "pages,magic", CLEAN], 2);
    assert!(err.contains("`magic`") && err.contains("stubborn"), "{err}");
}

/// 95 states: 95 * 94 / 2 pairs, each with a chance of 2^-64, makes 2.4 * 10^-16.
#[test]
fn a_verdict_by_fingerprints_says_how_sure_it_is() {
    let args = ["check", "--storage", "fingerprint", CLEAN];
    let (out, _) = exits(&args, 0);
    let first = out.lines().next().unwrap_or_default();
    assert!(
        first.contains("clean") && first.contains("probability at most 2.4e-16"),
        "{out}"
    );
    let (quiet, _) = exits(&[&args[..], &["--quiet"]].concat(), 0);
    assert!(quiet.contains("probability at most 2.4e-16"), "{quiet}");
    let by_prints = report(&["--storage", "fingerprint", CLEAN], 0);
    let said = &by_prints["coverage"]["fingerprints"];
    assert_eq!(said["bits"], 64);
    let missed = said["missed"].as_f64().expect("it is a number");
    assert!((missed / (4465.0 / 2f64.powi(64)) - 1.0).abs() < 1e-9);
    // A deadlock is one, whatever was missed.
    let (out, _) = exits(&["check", "--storage", "fingerprint", DEADLOCK], 0);
    assert!(
        !out.lines()
            .next()
            .unwrap_or_default()
            .contains("probability"),
        "{out}"
    );
}

#[test]
fn storage_that_nobody_can_honour_is_refused() {
    let prints = ["check", "--storage", "fingerprint"];
    let with = |more: &[&str]| exits(&[&prints[..], more].concat(), 2).1;
    assert!(with(&[LOOP]).contains("without loops"));
    assert!(with(&["--reduce", "none", CLEAN]).contains("with reductions only"));
    assert!(with(&["--engine", "reference", CLEAN]).contains("with reductions only"));
    assert!(with(&["--spill", "no/such/folder", CLEAN]).contains("no folder"));
    if cfg!(target_os = "linux") {
        let said = with(&["--spill", "/proc", CLEAN]);
        assert!(said.contains("cannot keep states in /proc"), "{said}");
    }
    let (_, err) = exits(&["check", "--spill", ".", CLEAN], 2);
    assert!(
        err.contains("`--spill` is for `--storage fingerprint`"),
        "{err}"
    );
    exits(
        &["check", "--storage", "fingerprint", "--spill", ".", CLEAN],
        0,
    );
}

#[test]
fn a_stopped_run_goes_on_from_its_checkpoint() {
    let file = scratch("checkpoint", "");
    std::fs::remove_file(&file).expect("it was just written");
    for (scenario, max) in [(CLEAN, "30"), (DEADLOCK, "200"), (LOOP, "5")] {
        let checkpoint = ["--checkpoint", &file];
        let first = [&checkpoint[..], &["--max-states", max, scenario]].concat();
        let stopped = kmapcheck(&[&["check", "--quiet"], &first[..]].concat());
        assert!(std::path::Path::new(&file).exists(), "{}", stdout(&stopped));
        // Of another scenario, or with other options, it is of no use.
        let (_, err) = exits(
            &[
                "check",
                "--checkpoint",
                &file,
                "scenarios/zoo/no-tasks.json",
            ],
            2,
        );
        assert!(err.contains("another scenario"), "{err}");
        let resumed = report(&[&checkpoint[..], &[scenario]].concat(), 0);
        assert_eq!(resumed, report(&[scenario], 0));
        assert!(!std::path::Path::new(&file).exists());
    }
    let garbage = scratch(
        "garbage",
        "this is no checkpoint, and long enough to hold a digest",
    );
    let (_, err) = exits(&["check", "--checkpoint", &garbage, CLEAN], 2);
    assert!(
        err.contains("damaged") && err.contains("remove it"),
        "{err}"
    );
    // That it can be written is known before anything is explored.
    let folder = env!("CARGO_TARGET_TMPDIR");
    let (out, err) = exits(&["check", "--checkpoint", folder, DEADLOCK], 2);
    assert!(err.contains("cannot write the checkpoint"), "{err}");
    assert_eq!(out, "");
}
