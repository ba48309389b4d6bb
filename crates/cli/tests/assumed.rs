//! What a scenario assumes, and which block a step is in, wherever a verdict is read.

mod common;

use common::{fresh, prints, sarif_schema, scenario, scratch};
use kmapcheck_testing::schema::assert_fits;
use serde_json::{Value, json};

const COPY: &str = r#""blocks": { "copy": [ { "kmap": "a", "series": "S" }, { "kmap": "b", "series": "S", "at": "fs/x.c:12" },
        { "kunmap": "b" }, { "kunmap": "a" } ], "idle": [], "more": [] },
    "tasks": [ { "name": "t", "count": 2, "pages": ["a", "b"], "program": [ { "run": "copy" } ] } ]"#;

/// A scenario with so many assumptions of each kind; with three slots it is clean, with two not.
fn assuming(slots: u32, kinds: &[(&str, usize)]) -> String {
    let of = |(kind, n): &(&str, usize)| {
        let kind = kind.to_string();
        (0..*n).map(move |i| {
            json!({ "kind": kind, "text": format!("{kind} <{i}>"), "at": format!("fs/x.c:{i}"),
                    "count": i + 1, "change": "--unroll 3" })
        })
    };
    let assumed: Vec<Value> = kinds.iter().flat_map(of).collect();
    scenario(slots, &format!("{COPY}, \"assumed\": {}", json!(assumed)))
}

#[test]
fn a_verdict_reads_with_what_it_assumes() {
    let few = [("loop-bound", 2), ("balanced", 1)];
    let clean = scratch("assumed-clean.json", &assuming(3, &few));
    let text = prints(&["check", &clean], 0);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(
        lines[..5],
        [
            "clean s on m, if 3 assumptions hold",
            "  assumed: loop-bound <0> (fs/x.c:0; to change it: --unroll 3)",
            "  assumed: loop-bound <1> (fs/x.c:1; 2 times; to change it: --unroll 3)",
            "  assumed: balanced <0> (fs/x.c:0; to change it: --unroll 3)",
            "",
        ],
        "{text}"
    );
    let unused = "Beware: no task runs the blocks `idle` and `more` (";
    assert!(text.contains(unused), "{text}");
    let violated = scratch("assumed-violated.json", &assuming(2, &few[1..]));
    let text = prints(&["check", &violated], 1);
    let head = "violated s on m: deadlock, if 1 assumption holds\n";
    assert!(text.starts_with(head), "{text}");
    // What nothing could be said of depends on nothing.
    let cut = prints(
        &[
            "check",
            "--engine",
            "reference",
            "--max-states",
            "1",
            &clean,
        ],
        3,
    );
    assert!(
        !cut.lines()
            .next()
            .unwrap_or_default()
            .contains("assumption"),
        "{cut}"
    );
}

#[test]
fn many_are_folded_by_their_kinds() {
    let many = [("loop-bound", 30), ("balanced", 1), ("private", 2)];
    let file = scratch("assumed-many.json", &assuming(3, &many));
    let text = prints(&["check", &file], 0);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(
        lines[..6],
        [
            "clean s on m, if 33 assumptions hold",
            "  assumed: loop-bound <0> (fs/x.c:0; to change it: --unroll 3), and 29 more of loop-bound",
            "  assumed: balanced <0> (fs/x.c:0; to change it: --unroll 3)",
            "  assumed: private <0> (fs/x.c:0; to change it: --unroll 3), and 1 more of private",
            &format!("  `kmapcheck explain {file}` lists all 33"),
            "",
        ],
        "{text}"
    );
    let listed = prints(&["explain", &file], 0);
    let all = listed.lines().filter(|line| line.starts_with("assumed: "));
    assert_eq!(all.count(), 33, "{listed}");
    let names: Vec<String> = (0..40).map(|i| format!("kind-{i}")).collect();
    let kinds: Vec<(&str, usize)> = names.iter().map(|name| (name.as_str(), 1)).collect();
    let file = scratch("assumed-kinds.json", &assuming(3, &kinds));
    let text = prints(&["check", &file], 0);
    assert!(text.contains("\n  and 30 more kinds\n"), "{text}");
}

#[test]
fn explain_says_which_block_an_operation_is_in() {
    let file = scratch("blocks-explained.json", &scenario(3, COPY));
    let text = prints(&["explain", &file], 0);
    let line = "  1  kmap(a, S)             block copy  1:";
    assert!(text.contains(line), "{text}");
    assert!(text.contains("\nblock more (2:"), "{text}");
}

#[test]
fn json_and_the_page_have_all_of_them() {
    let file = scratch("assumed-json.json", &assuming(2, &[("loop-bound", 20)]));
    let page = fresh("assumed.html");
    let out = prints(&["check", &file, "--format", "json", "--html", &page], 1);
    let report: Value = serde_json::from_str(&out).expect("it is JSON");
    assert_fits("report", &report);
    let assumed = report["assumed"].as_array().expect("a list");
    assert_eq!(assumed.len(), 20);
    assert_eq!(
        assumed[1],
        json!({ "kind": "loop-bound", "text": "loop-bound <1>", "at": "fs/x.c:1", "count": 2, "change": "--unroll 3" })
    );
    let steps = report["findings"][0]["trace"].as_array().expect("a trace");
    assert!(steps.iter().all(|step| step["block"] == "copy"), "{out}");
    let html = std::fs::read_to_string(page).expect("it was written");
    assert!(html.contains("<summary>What is assumed (20)</summary>"));
    assert_eq!(html.matches("<li>assumed: loop-bound").count(), 20);
    assert!(html.contains("if 20 assumptions hold"));
}

#[test]
fn tests_say_it_where_others_read_them() {
    let text = |slots| assuming(slots, &[("loop-bound", 2)]);
    let with = |text: String, expect: &str| {
        format!("{}, \"expect\": {expect} }}", &text[..text.len() - 1])
    };
    let folder = std::path::PathBuf::from(fresh("assumed-suite"));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("a folder can be made");
    for (name, text) in [("a", with(text(3), "[]")), ("b", with(text(2), "[]"))] {
        std::fs::write(folder.join(format!("{name}.json")), text).expect("it can be written");
    }
    let (junit, sarif) = (fresh("assumed.xml"), fresh("assumed.sarif"));
    let folder = folder.display().to_string();
    let out = prints(&["test", &folder, "--junit", &junit, "--sarif", &sarif], 1);
    assert!(
        out.contains("a.json: clean, if 2 assumptions hold\n"),
        "{out}"
    );
    let junit = std::fs::read_to_string(junit).expect("it was written");
    let said = "<system-out>clean, if 2 assumptions hold\nassumed: loop-bound &lt;0&gt; (fs/x.c:0; to change it: --unroll 3)\n";
    assert!(junit.contains(said), "{junit}");
    assert_eq!(junit.matches("<system-out>").count(), 2, "{junit}");
    let sarif = std::fs::read_to_string(sarif).expect("it was written");
    let log: Value = serde_json::from_str(&sarif).expect("it is JSON");
    let validator = jsonschema::validator_for(&sarif_schema()).expect("the schema is one");
    let errors: Vec<String> = validator.iter_errors(&log).map(|e| e.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?}");
    let run = &log["runs"][0];
    let notes = run["invocations"][0]["toolExecutionNotifications"].as_array();
    assert_eq!(notes.map(Vec::len), Some(2), "{sarif}");
    let result = &run["results"][0];
    let message = result["message"]["text"].as_str().unwrap_or_default();
    assert!(message.ends_with(" (if 2 assumptions hold)"), "{message}");
    assert_eq!(
        result["properties"]["assumed"].as_array().map(Vec::len),
        Some(2)
    );
}
