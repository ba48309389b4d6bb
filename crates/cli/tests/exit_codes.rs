//! The exit status of every command and kind of end.

mod common;

use common::{ENDLESS, command, exits, fresh, scenario, scratch, stderr, stdout};
use kmapcheck_testing::schema::assert_fits;

const CLEAN: &str = "scenarios/pte-highmem/mremap-proposed.json";
const DEADLOCK: &str = "scenarios/pte-highmem/mremap-two-pagetables.json";

#[test]
fn as_expected_is_0() {
    exits(&["check", CLEAN], 0);
    exits(&["check", DEADLOCK], 0);
    exits(&["check", CLEAN, DEADLOCK], 0);
    exits(
        &[
            "check",
            "--reduce",
            "none",
            "--threads",
            "2",
            CLEAN,
            DEADLOCK,
        ],
        0,
    );
    exits(&["test", "--reduce", "none", CLEAN, DEADLOCK], 0);
}

#[test]
fn an_expectation_is_about_the_file_as_it_is() {
    exits(&["check", "--slots", "PAGETABLE=3", DEADLOCK], 0);
    exits(&["check", "--tasks", "mremap=1", DEADLOCK], 0);
    exits(&["check", "--model", "proposed", DEADLOCK], 1);
    exits(&["check", "--tasks", "mremap=3", DEADLOCK], 1);
}

#[test]
fn an_error_or_another_finding_than_expected_is_1() {
    let tasks = r#""tasks": [ { "name": "t", "pages": ["p"], "program": [ { "kmap": "p", "series": "S" } ] } ]"#;
    let unexpecting = scratch("unexpecting.json", &scenario(1, tasks));
    exits(&["check", &unexpecting], 1);
    let wrong = scratch(
        "wrong.json",
        &scenario(1, &format!(r#"{tasks}, "expect": ["deadlock"]"#)),
    );
    let (out, _) = exits(&["check", &wrong], 1);
    assert!(out.contains("not as expected"), "{out}");
    let (out, _) = exits(&["test", &wrong], 1);
    assert!(
        out.contains("expected: deadlock") && out.contains("found:    slot-leak"),
        "{out}"
    );
    assert!(out.contains("0 passed, 1 failed, 0 skipped"), "{out}");
}

#[test]
fn bad_input_or_usage_is_2() {
    exits(&["check"], 2);
    exits(&["frobnicate"], 2);
    exits(&["check", "--engine", "magic", CLEAN], 2);
    exits(&["check", "--slots", "PAGETABLE", CLEAN], 2);
    exits(&["check", "--reduce", "some", CLEAN], 2);
    exits(&["check", "--reduce", "none", "--threads", "0", CLEAN], 2);
    let (_, err) = exits(&["check", "--threads", "2", CLEAN], 2);
    assert!(err.contains("`--threads` is for `--reduce none`"), "{err}");
    let (_, err) = exits(&["check", "--reduce", "none", "--engine", "loom", CLEAN], 2);
    assert!(
        err.contains("`--reduce` is for the engine `search`"),
        "{err}"
    );
    let many = ["--tasks", "mremap=9000"];
    let (_, err) = exits(
        &[&["check", "--reduce", "none", DEADLOCK], &many[..]].concat(),
        2,
    );
    assert!(err.contains("9000 tasks told apart"), "{err}");
    exits(&["check", "--timeout", "10", CLEAN], 2);
    let (_, err) = exits(&["check", "--timeout", "0s", CLEAN], 2);
    assert!(err.contains("give 1ms or more"), "{err}");
    let (_, err) = exits(&["check", "--max-memory", "1", CLEAN], 2);
    assert!(err.contains("give 16M or more"), "{err}");
    for (option, wanted) in [
        ("--slots", "expected NAME=NUMBER"),
        ("--max-states", "expected a whole number from 1 on"),
        ("--threads", "-1 is not in 1..=1024"),
        ("--timeout", "expected a time, such as 10s or 5m"),
    ] {
        let (_, err) = exits(&["check", option, "-1", CLEAN], 2);
        assert!(err.contains(wanted) && !err.contains("'-- -1'"), "{err}");
    }
    for engine in [&["--engine", "proof"][..], &["--engine", "search"], &[]] {
        let args = [&["check", "--preemptions", "2", CLEAN], engine].concat();
        let (_, err) = exits(&args, 2);
        assert!(err.contains("for `--engine loom` only"), "{err}");
    }
    exits(&["check", "--max-states", "0", CLEAN], 2);
    exits(&["check", "no-such-file.json"], 2);
    exits(&["check", "scenarios"], 2);
    exits(&["check", "--model", "no-such-model", CLEAN], 2);
    exits(&["check", "--slots", "NOSUCH=1", CLEAN], 2);
    exits(&["explain", "no-such-file.json"], 2);
    exits(&["test", "no-such-directory"], 2);
    let broken = scratch("broken.json", "{");
    exits(&["test", &broken], 2);
    // A readable file beside it does not hide it, and its JSON is still there.
    let (out, _) = exits(&["check", "--format", "json", CLEAN, &broken], 2);
    let reports: serde_json::Value = serde_json::from_str(&out).expect("it is JSON");
    assert_eq!(reports.as_array().map(Vec::len), Some(1));
    let (out, err) = exits(&["check", "--format", "json", &broken], 2);
    assert!(out.is_empty() && !err.is_empty());
}

#[test]
fn what_an_engine_refuses_is_2_and_skipped_by_test() {
    let any = scratch(
        "any.json",
        &scenario(
            1,
            r#""tasks": [ { "name": "t", "count": "any", "program": [] } ]"#,
        ),
    );
    let (_, err) = exits(&["check", "--engine", "search", &any], 2);
    assert!(err.contains("--tasks t=N"), "{err}");
    let (out, _) = exits(&["test", "--engine", "search", &any], 0);
    assert!(out.contains("0 passed, 0 failed, 1 skipped"), "{out}");
    // Left to itself, kmapcheck takes the engine that can do it.
    let (out, _) = exits(&["check", &any], 0);
    assert!(out.contains("Proved for every number of t"), "{out}");
}

#[test]
fn every_number_can_be_asked_for_on_the_command_line() {
    let file = "scenarios/pte-highmem/mremap-proposed.json";
    let (out, _) = exits(&["check", "--tasks", "mremap=any", file], 0);
    assert!(out.contains("Proved for every number of mremap"), "{out}");
    let slots = ["--slots", "PAGETABLE=any", "--slots", "PAGETABLE2=any"];
    let args = [&["check", "--engine", "proof"], &slots[..], &[file]].concat();
    let (out, _) = exits(&args, 0);
    assert!(out.contains("every number of PAGETABLE slots"), "{out}");
    for engine in ["search", "reference", "loom"] {
        let (_, err) = exits(
            &["check", "--engine", engine, "--tasks", "mremap=any", file],
            2,
        );
        assert!(err.contains("--tasks mremap=N"), "{err}");
    }
}

#[test]
fn a_limit_is_3() {
    let clean_so_far = r#""tasks": [ { "name": "a", "count": 40, "program": [ { "repeat": 40, "do": [ { "might_sleep": true } ] } ] } ]"#;
    let file = scratch("long.json", &scenario(1, clean_so_far));
    for limit in [
        ["--max-states", "1000"],
        ["--timeout", "50ms"],
        ["--max-memory", "16M"],
    ] {
        let (out, _) = exits(
            &["check", "--engine", "reference", limit[0], limit[1], &file],
            3,
        );
        assert!(
            out.starts_with("inconclusive") && out.contains("kmapcheck check"),
            "{out}"
        );
    }
    let expecting = scratch(
        "long-clean.json",
        &scenario(1, &format!(r#"{clean_so_far}, "expect": []"#)),
    );
    exits(
        &[
            "check",
            "--engine",
            "reference",
            "--max-states",
            "1000",
            &expecting,
        ],
        3,
    );
    let (out, _) = exits(
        &[
            "test",
            "--engine",
            "reference",
            "--timeout",
            "50ms",
            &expecting,
        ],
        3,
    );
    assert!(
        out.contains("0 passed, 0 failed, 0 skipped, 1 inconclusive"),
        "{out}"
    );
}

#[test]
fn more_states_than_the_limit_are_accounted_for() {
    let (out, _) = exits(&["check", "--max-states", "3", DEADLOCK], 1);
    assert!(
        out.contains(
            "the limit of 3 states came first; all that follows one state is counted together"
        ) && out.contains("4 states"),
        "{out}"
    );
}

#[test]
fn findings_before_a_limit_are_kept() {
    let file = scratch("long-leak.json", &scenario(1, ENDLESS));
    let (out, _) = exits(
        &[
            "check",
            "--engine",
            "reference",
            "--max-states",
            "1000",
            &file,
        ],
        1,
    );
    assert!(
        out.contains("slot-leak") && out.contains("Stopped early"),
        "{out}"
    );
}

#[test]
fn an_error_is_one_even_if_a_limit_comes_before_all_is_known() {
    let fields = format!(r#"{ENDLESS}, "expect": ["deadlock", "slot-leak"]"#);
    let file = scratch("long-leak-expected.json", &scenario(1, &fields));
    let limit = ["--engine", "reference", "--max-states", "1000"];
    let (out, _) = exits(&[&["check"], &limit[..], &[&file]].concat(), 1);
    assert!(
        out.starts_with("violated s on m: slot-leak, as expected so far\n"),
        "{out}"
    );
    let (out, _) = exits(
        &["test", "--engine", "reference", "--timeout", "50ms", &file],
        3,
    );
    assert!(
        out.contains("0 passed, 0 failed, 0 skipped, 1 inconclusive"),
        "{out}"
    );
}

#[test]
fn the_command_to_go_on_asks_the_same_question() {
    let file = scratch("to go on.json", &scenario(1, ENDLESS));
    let model = scratch(
        "another model.json",
        r#"{ "name": "other", "series": { "S": { "slots": 3, "reuse": "none" } } }"#,
    );
    let given = [
        "--model",
        &model,
        "--slots",
        "S=2",
        "--tasks",
        "a=30",
        "--tasks",
        "leak=2",
        "--timeout",
        "90s",
    ];
    let limit = ["check", "--engine", "reference", "--max-states", "1k"];
    let again = format!(
        "kmapcheck check --engine reference --model '{model}' --slots S=2 --tasks a=30 \
         --tasks leak=2 --timeout 90s --max-states 10000 '{file}'"
    );
    let args = [&limit[..], &given, &[&file]].concat();
    let (out, _) = exits(&args, 1);
    assert!(out.contains(&format!("To go on: {again}\n")), "{out}");
    let (out, _) = exits(&[&args[..], &["--format", "json"]].concat(), 1);
    let report: serde_json::Value = serde_json::from_str(&out).expect("it is JSON");
    assert_eq!(report["stopped"]["next"], again.as_str());
}

#[test]
fn numbers_of_units() {
    const NESTED: &str = "scenarios/any-number/permits-nested.json";
    let of = |units: &'static str, engine: &[&'static str], status| {
        let given = ["check", "--tasks", "request=3", "--units", units, NESTED];
        exits(&[&given, engine].concat(), status)
    };
    let (out, _) = of("permits=3", &[], 1);
    assert!(
        out.starts_with("violated permits-nested: deadlock"),
        "{out}"
    );
    let (out, _) = of("permits=4", &[], 0);
    assert!(out.starts_with("clean permits-nested"), "{out}");
    let (_, err) = of("permits=any", &["--engine", "search"], 2);
    assert!(err.contains("`--units permits=N`"), "{err}");
    let (out, _) = exits(&["check", "--format", "json", NESTED], 0);
    let report: serde_json::Value = serde_json::from_str(&out).expect("it is JSON");
    let sizes = serde_json::json!([
        { "name": "request", "number": 1 }, { "name": "permits", "number": 1 } ]);
    assert_eq!(report["proof"]["sizes"], sizes);
}

#[test]
fn what_an_option_accepts_is_said() {
    for name in ["--slots", "--units", "--tasks"] {
        let (_, err) = exits(&["check", name, "K=2", name, "K=3", CLEAN], 2);
        assert!(
            err.contains("given twice for K: K=2 and K=3")
                && err.contains("Usage: kmapcheck check"),
            "{err}"
        );
        let (_, err) = exits(&["explain", name, "K=x", CLEAN], 2);
        assert!(err.contains("a number from 1 to 1000000"), "{err}");
    }
    let (_, err) = exits(&["check", "--max-states", "lots", CLEAN], 2);
    assert!(err.contains("500000, 500k, 2M or 1e6"), "{err}");
    exits(&["check", "--max-states", "1e6", CLEAN], 0);
    let (_, check) = exits(&["check", "no-such-file.json"], 2);
    let (_, test) = exits(&["test", "no-such-file.json"], 2);
    assert_eq!(check, test);
    assert!(test.contains("there is no such file"), "{test}");
}

#[test]
fn the_manual_page_has_the_options_of_every_command() {
    let (out, _) = exits(&["man"], 0);
    let out = out.replace('\\', "");
    for said in [
        "OPTIONS OF CHECK",
        "--max-states",
        "OPTIONS OF TEST",
        "1,000,000",
    ] {
        assert!(out.contains(said), "{said}");
    }
}

#[test]
fn the_worst_of_several_counts() {
    let file = scratch("long-leak-2.json", &scenario(1, ENDLESS));
    exits(
        &[
            "check",
            "--max-states",
            "1000",
            CLEAN,
            &file,
            "no-such-file.json",
        ],
        2,
    );
}

#[test]
fn test_skips_models_and_takes_named_files() {
    exits(&["test", "models"], 2);
    let (out, _) = exits(&["test", "scenarios/tutorial"], 0);
    assert!(
        out.lines()
            .all(|line| line.starts_with("ok") || line.contains("passed")),
        "{out}"
    );
}

#[test]
fn the_other_commands_are_0() {
    exits(&["explain", DEADLOCK], 0);
    exits(&["man"], 0);
    exits(&["--version"], 0);
    exits(&["--help"], 0);
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        exits(&["completions", shell], 0);
    }
}

/// Runs the program as if Ctrl-C had come before it began, a limit that is reached for sure; what it
/// prints.
#[track_caller]
fn interrupted(args: &[&str]) -> String {
    let output = command(args)
        .env("KMAPCHECK_INTERRUPTED", "1")
        .output()
        .expect("the program starts");
    let (out, err) = (stdout(&output), stderr(&output));
    assert_eq!(output.status.code(), Some(3), "{args:?}\n{out}\n{err}");
    out
}

/// Every command that can take long has limits, and says that one came first.
#[test]
fn every_command_can_be_stopped() {
    let trace = fresh("stopped.trace.json");
    exits(&["check", "--quiet", "--save-trace", &trace, DEADLOCK], 0);
    let (certificate, of_rule) = (fresh("stopped.cert"), fresh("stopped-rule.cert"));
    let prove = ["check", "--engine", "proof", "--certificate", &certificate];
    exits(&[&prove[..], &[CLEAN]].concat(), 0);
    exits(&["rule", "proposed", "--certificate", &of_rule], 0);
    for args in [
        &["check", DEADLOCK][..],
        &["check", "--engine", "reference", DEADLOCK],
        &["check", "--engine", "proof", DEADLOCK],
        &["check", "--engine", "loom", DEADLOCK],
        &["check", "--reduce", "none", DEADLOCK],
        &["test", DEADLOCK],
        &["rule", "proposed"],
        &["verify", &certificate],
        &["verify", &of_rule],
        &["replay", &trace],
        &["order", DEADLOCK],
        &["size", DEADLOCK],
        &["suggest", DEADLOCK],
        &["simulate", DEADLOCK],
        &["conform", "proposed", DEADLOCK],
        &["compare", "proposed", "pte-highmem-5", DEADLOCK],
        &["explain", DEADLOCK],
        &["export", "--to", "promela", DEADLOCK],
    ] {
        let out = interrupted(args);
        let said = match args[0] {
            "test" => "Interrupted: 1 file not run",
            "conform" => "not judged: interrupted",
            "compare" => "stopped while reading: interrupted",
            _ => "\nStopped early: interrupted",
        };
        assert!(out.contains(said), "{args:?}\n{out}");
    }
    for args in [
        &["check", DEADLOCK][..],
        &["rule", "proposed"],
        &["order", DEADLOCK],
        &["size", DEADLOCK],
        &["suggest", DEADLOCK],
        &["simulate", DEADLOCK],
        &["conform", "proposed", DEADLOCK],
        &["compare", "proposed", "pte-highmem-5", DEADLOCK],
    ] {
        let out = interrupted(&[args, &["--format", "json"]].concat());
        let said: serde_json::Value = serde_json::from_str(&out).expect("it is JSON");
        assert!(said.is_object(), "{args:?}\n{out}");
        assert!(out.contains("interrupted"), "{args:?}\n{out}");
    }
}

/// A run that is stopped early is reported in the shape of every report.
#[test]
fn a_report_of_nothing_follows_the_schema() {
    let args = ["check", "--format", "json", "--reduce", "none", DEADLOCK];
    let out = interrupted(&args);
    let report: serde_json::Value = serde_json::from_str(&out).expect("it is JSON");
    assert_fits("report", &report);
    assert_eq!(report["verdict"], "inconclusive");
    assert_eq!(report["stopped"]["reason"], "interrupted");
    assert_eq!(report["stopped"]["while"], "reading");
    assert_eq!(report["coverage"]["engine"], "apart");
}
