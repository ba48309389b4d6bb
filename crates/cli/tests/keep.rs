//! `check --html`, `check --save-trace` and `replay`.

mod common;

use std::path::Path;

use common::{exits, fresh, scenario, scratch};

const DEADLOCK: &str = "scenarios/pte-highmem/mremap-two-pagetables.json";
const CLEAN: &str = "scenarios/pte-highmem/mremap-proposed.json";

#[test]
fn a_saved_trace_is_replayed() {
    let trace = fresh("mremap.trace.json");
    exits(&["check", "--quiet", "--save-trace", &trace, DEADLOCK], 0);
    let (out, _) = exits(&["replay", &trace], 0);
    for said in [
        "deadlock: mremap#1 and mremap#2 each pin a PAGETABLE slot",
        "Start, before step 1 of 2.",
        "Step 2 of 2: mremap#2: kmap(old_pte, PAGETABLE) (slot 2 of 2). From here on nothing can save the core.",
        "  slots in use: PAGETABLE 2 of 2",
        "  mremap#1: waits for PAGETABLE",
    ] {
        assert!(out.contains(said), "{said} is not in\n{out}");
    }
    // What it was run with is kept.
    exits(
        &[
            "check",
            "--quiet",
            "--tasks",
            "mremap=3",
            "--slots",
            "PAGETABLE=3",
            "--save-trace",
            &trace,
            DEADLOCK,
        ],
        1,
    );
    let (out, _) = exits(&["replay", "--text", &trace], 0);
    assert!(out.contains("PAGETABLE 3 of 3"), "{out}");
}

#[test]
fn numbers_that_stand_for_any_are_kept() {
    let file = scratch(
        "any.json",
        &scenario(
            2,
            r#""tasks": [ { "name": "t", "count": "any", "pages": ["a", "b"], "program": [
            { "kmap": "a", "series": "S" }, { "kmap": "b", "series": "S" }, { "kunmap": "b" }, { "kunmap": "a" } ] } ]"#,
        ),
    );
    let (trace, page) = (fresh("any.trace.json"), fresh("any.html"));
    exits(
        &[
            "check",
            "--quiet",
            "--save-trace",
            &trace,
            "--html",
            &page,
            &file,
        ],
        1,
    );
    let (out, _) = exits(&["replay", &trace], 0);
    assert!(
        out.contains("t#1 and t#2 each pin") && out.contains("S 2 of 2"),
        "{out}"
    );
    let page = std::fs::read_to_string(&page).expect("there is a page");
    assert!(page.contains("<table class=\"steps\">"));
}

#[test]
fn a_trace_of_something_else_is_refused() {
    let text = std::fs::read_to_string(common::root().join(DEADLOCK)).expect("it is there");
    let file = scratch("changing.json", &text);
    let trace = fresh("changing.trace.json");
    exits(
        &[
            "check",
            "--quiet",
            "--model",
            "pte-highmem-5",
            "--save-trace",
            &trace,
            &file,
        ],
        1,
    );
    exits(&["replay", &trace], 0);
    scratch("changing.json", &(text + "\n"));
    let (_, err) = exits(&["replay", &trace], 2);
    assert!(
        err.contains("changing.json has changed since the trace was saved"),
        "{err}"
    );
    assert!(
        err.contains(&format!(
            "kmapcheck check --model pte-highmem-5 --save-trace {trace} {file}"
        )),
        "{err}"
    );
    std::fs::remove_file(&file).expect("it is there");
    let (_, err) = exits(&["replay", &trace], 2);
    assert!(err.contains("--scenario FILE"), "{err}");
}

#[test]
fn a_trace_that_was_tampered_with_is_refused() {
    let trace = fresh("tampered.trace.json");
    exits(&["check", "--quiet", "--save-trace", &trace, DEADLOCK], 0);
    let text = std::fs::read_to_string(&trace).expect("it is there");
    let other = text.replacen("\"task\": 1", "\"task\": 0", 1);
    assert_ne!(text, other);
    std::fs::write(&trace, other).expect("it can be written");
    let (_, err) = exits(&["replay", &trace], 2);
    assert!(err.contains("the file was changed"), "{err}");
    let (_, err) = exits(&["replay", DEADLOCK], 2);
    assert!(err.contains("it is no saved trace"), "{err}");
    let mut nothing: serde_json::Value = serde_json::from_str(&text).expect("it is JSON");
    nothing["sources"] = serde_json::json!([]);
    std::fs::write(&trace, nothing.to_string()).expect("it can be written");
    let (_, err) = exits(&["replay", &trace], 2);
    assert!(
        err.contains("it is no saved trace (its `sources` name no file)"),
        "{err}"
    );
    let (_, err) = exits(&["replay", "no/such/file"], 2);
    assert!(err.contains("cannot be read"), "{err}");
}

#[test]
fn one_scenario_at_a_time_and_nothing_of_nothing() {
    let (trace, page) = (fresh("none.trace.json"), fresh("clean.html"));
    for option in [
        "--html",
        "--save-trace",
        "--svg",
        "--dot",
        "--mermaid",
        "--certificate",
        "--checkpoint",
    ] {
        let (out, err) = exits(&["check", option, &page, CLEAN, DEADLOCK], 2);
        let said = format!("kmapcheck: `{option}` is for one scenario at a time\n");
        assert_eq!((out.as_str(), err), ("", said));
    }
    let (_, err) = exits(
        &[
            "check",
            "--quiet",
            "--save-trace",
            &trace,
            "--html",
            &page,
            CLEAN,
        ],
        0,
    );
    assert!(
        err.contains("nothing was found, so no trace is saved"),
        "{err}"
    );
    assert!(!Path::new(&trace).exists() && Path::new(&page).exists());
    let (_, err) = exits(
        &["check", "--quiet", "--html", "/no/such/dir/p.html", CLEAN],
        2,
    );
    assert!(err.contains("cannot write /no/such/dir/p.html"), "{err}");
}

#[test]
fn a_file_that_cannot_be_written_costs_nobody_the_result() {
    let folder = env!("CARGO_TARGET_TMPDIR");
    let page = fresh("beside-what-fails.html");
    let trace = fresh("beside-what-fails.trace.json");
    for failing in ["--html", "--save-trace", "--svg"] {
        let mut args = vec!["check", "--quiet", failing, folder, DEADLOCK];
        if failing != "--html" {
            args.extend(["--html", &page]);
        }
        if failing != "--save-trace" {
            args.extend(["--save-trace", &trace]);
        }
        let (out, err) = exits(&args, 2);
        assert!(out.contains("violated mremap-two-pagetables"), "{out}");
        assert!(err.contains("write"), "{err}");
        let written = [&page, &trace].map(|file| std::fs::remove_file(file).is_ok());
        assert_eq!(written, [failing != "--html", failing != "--save-trace"]);
    }
    let args = ["check", "--engine", "proof", "--certificate", folder, CLEAN];
    let (out, err) = exits(&args, 2);
    assert!(out.contains("clean mremap-proposed"), "{out}");
    assert!(err.contains("write"), "{err}");
}

#[test]
fn nothing_that_is_read_is_written_over() {
    let text = scenario(
        1,
        r#""tasks": [{ "name": "t", "pages": ["x"], "program": [{ "kmap": "x", "series": "S" }] }]"#,
    );
    let file = scratch("read-and-written", &text);
    let args = |command: &[&str]| -> Vec<String> {
        command
            .iter()
            .map(|&arg| arg.replace("FILE", &file))
            .collect()
    };
    for command in [
        &["check", "FILE", "--html", "FILE"][..],
        &["check", "FILE", "--save-trace", "FILE"],
        &["check", "FILE", "--mermaid", "FILE"],
        &["export", "--to", "promela", "FILE", "-o", "FILE"],
        &["test", "FILE", "--junit", "FILE"],
        &["test", "FILE", "--sarif", "FILE"],
        &["order", "FILE", "--svg", "FILE"],
        &["order", "FILE", "--dot", "FILE"],
        &["size", "FILE", "--svg", "FILE"],
        &["simulate", "FILE", "--svg", "FILE"],
        &["check", "FILE", "--checkpoint", "FILE"],
    ] {
        let args = args(command);
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let (_, err) = exits(&args, 2);
        assert!(err.contains("would be overwritten"), "{err}");
        assert_eq!(std::fs::read_to_string(&file).expect("it is there"), text);
    }
    let model =
        r#"{ "name": "m", "series": { "S": { "slots": 1, "reuse": "none" } }, "order": ["S"] }"#;
    let file = scratch("model-read-and-written.json", model);
    for command in [
        &["rule", &file, "--certificate", &file][..],
        &["rule", &file, "--write", &file],
        &["order", &file, "--svg", &file],
    ] {
        let (_, err) = exits(command, 2);
        assert!(err.contains("would be overwritten"), "{err}");
        assert_eq!(std::fs::read_to_string(&file).expect("it is there"), model);
    }
}

/// A file is the same by whatever name.
#[cfg(unix)]
#[test]
fn links_to_what_is_read_are_not_written_over() {
    let text = scenario(
        1,
        r#""tasks": [{ "name": "t", "pages": ["x"], "program": [{ "kmap": "x", "series": "S" }] }]"#,
    );
    let file = scratch("read-and-linked", &text);
    let [hard, symbolic, nowhere, new] =
        ["hard-link", "symbolic-link", "link-to-nothing", "new-file"].map(fresh);
    std::fs::hard_link(&file, &hard).expect("it is one file system");
    std::os::unix::fs::symlink(&file, &symbolic).expect("it can link");
    std::os::unix::fs::symlink(&new, &nowhere).expect("it can link");
    for link in [&hard, &symbolic] {
        for command in [
            &["check", &file, "--svg", link][..],
            &["check", &file, "--save-trace", link],
            &["check", link, "--html", &file],
            &["check", &file, "--checkpoint", link],
            &["export", "--to", "tla", &file, "-o", link],
            &["test", &file, "--sarif", link],
            &["order", &file, "--dot", link],
            &["size", &file, "--svg", link],
            &["simulate", &file, "--svg", link],
            &["matrix", &file, "--svg", link],
        ] {
            let (_, err) = exits(command, 2);
            assert!(err.contains("would be overwritten"), "{command:?}: {err}");
            assert_eq!(std::fs::read_to_string(&file).expect("it is there"), text);
        }
    }
    let (_, err) = exits(&["check", &file, "--html", &nowhere, "--svg", &new], 2);
    assert!(err.contains("two things are to be written"), "{err}");
    assert!(!Path::new(&new).exists());
}

#[test]
fn no_file_is_written_twice() {
    let twice = fresh("twice");
    for command in [
        &["check", CLEAN, "--html", &twice, "--svg", &twice][..],
        &["order", CLEAN, "--svg", &twice, "--dot", &twice],
        &["order", "proposed", "--svg", &twice, "--dot", &twice],
        &[
            "rule",
            "proposed",
            "--write",
            &twice,
            "--certificate",
            &twice,
        ],
        &["test", CLEAN, "--junit", &twice, "--sarif", &twice],
    ] {
        let (_, err) = exits(command, 2);
        assert!(err.contains("two things are to be written"), "{err}");
        assert!(!Path::new(&twice).exists());
    }
}

#[test]
fn what_cannot_be_written_is_known_before_anything_is_explored() {
    for command in [
        &["check", DEADLOCK, "--html"][..],
        &["check", DEADLOCK, "--checkpoint"],
        &["test", DEADLOCK, "--junit"],
        &["order", DEADLOCK, "--svg"],
        &["size", DEADLOCK, "--svg"],
        &["simulate", DEADLOCK, "--svg"],
        &["rule", "proposed", "--certificate"],
        &["export", DEADLOCK, "--to", "promela", "-o"],
    ] {
        let (out, err) = exits(&[command, &["no/such/folder/x"]].concat(), 2);
        assert!(
            err.contains("cannot write no/such/folder/x: there is no such folder"),
            "{err}"
        );
        assert_eq!(out, "");
    }
    // A minus is no file, and standard output has something else already; but for `export`.
    for command in [
        &["check", DEADLOCK, "--html", "-"][..],
        &["test", DEADLOCK, "--sarif", "-"],
        &["order", DEADLOCK, "--svg", "-"],
    ] {
        let (out, err) = exits(command, 2);
        assert!(err.contains("`-` names no file"), "{err}");
        assert_eq!(out, "");
    }
    let export = ["export", DEADLOCK, "--to", "promela"];
    let printed = exits(&export, 0).0;
    assert_eq!(exits(&[&export[..], &["-o", "-"]].concat(), 0).0, printed);
    assert!(!common::root().join("-").exists());
}
