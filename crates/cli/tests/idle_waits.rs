//! Where tasks can end in an idle wait is told under the verdict: seen, by engines that look, or
//! possible.

mod common;

use common::{exits, fresh, prints, scratch};
use kmapcheck_testing::schema::assert_fits;
use serde_json::Value;

const SERVER: &str = "scenarios/primitives/idle-server.json";
const CIRCLE: &str = "scenarios/primitives/idle-circle.json";

/// The task of each idle wait, and whether it was seen at rest there.
#[track_caller]
fn rests(args: &[&str], code: i32) -> Vec<(String, bool)> {
    let (out, _) = exits(&[&["check", "--format", "json"], args].concat(), code);
    let report: Value = serde_json::from_str(&out).expect("it is JSON");
    assert_fits("report", &report);
    let waits = report["idle_waits"].as_array().expect("it has idle waits");
    let told = waits.iter().map(|wait| {
        let task = wait["task"].as_str().expect("it has a task").to_owned();
        (task, wait["seen"].as_bool().expect("it says whether"))
    });
    told.collect()
}

fn all(seen: bool, tasks: &[&str]) -> Vec<(String, bool)> {
    tasks.iter().map(|&task| (task.to_owned(), seen)).collect()
}

#[test]
fn each_engine_says_what_it_knows() {
    for engine in [
        &[][..],
        &["--reduce", "all"],
        &["--reduce", "symmetry,merge"],
        &["--reduce", "none", "--threads", "1"],
        &["--reduce", "none", "--threads", "3"],
        &["--engine", "reference"],
    ] {
        let args = [engine, &[SERVER]].concat();
        assert_eq!(rests(&args, 0), all(true, &["server"]), "{engine:?}");
        let args = [engine, &[CIRCLE]].concat();
        assert_eq!(rests(&args, 0), all(true, &["t", "u"]), "{engine:?}");
    }
    for engine in ["proof", "loom"] {
        let args = ["--engine", engine, CIRCLE];
        assert_eq!(rests(&args, 0), all(false, &["t", "u"]), "{engine}");
    }
    let args = ["--max-states", "2", SERVER];
    assert_eq!(rests(&args, 3), all(false, &["server"]));
}

/// Somebody always comes and gives: where every state was visited, that is known.
#[test]
fn a_wait_that_always_ends_is_none_to_rest_in() {
    let file = scratch(
        "idle-wait-that-ends.json",
        r#"{ "name": "s", "completions": ["go"], "tasks": [
            { "name": "waits", "program": [ { "wait_for_completion": "go", "idle": true } ] },
            { "name": "gives", "program": [ { "complete": "go" } ] } ] }"#,
    );
    assert_eq!(rests(&[&file], 0), []);
    assert_eq!(
        rests(&["--max-states", "1", &file], 3),
        all(false, &["waits"])
    );
    assert!(!prints(&["check", &file], 0).contains("rest in an idle wait"));
}

#[test]
fn many_are_folded_and_json_has_all() {
    let tasks: Vec<String> = (0..6)
        .map(|i| {
            format!(
                r#"{{ "name": "t{i}", "completions": ["go"], "program": [ {{ "wait_for_completion": "go", "idle": true }} ] }}"#
            )
        })
        .collect();
    for (n, shown, folded) in [
        (4, 4, None),
        (5, 3, Some("and 2 more idle waits; JSON has all")),
        (6, 3, Some("and 3 more idle waits; JSON has all")),
    ] {
        let text = format!(
            r#"{{ "name": "s", "tasks": [ {} ] }}"#,
            tasks[..n].join(", ")
        );
        let file = scratch("many-idle-waits.json", &text);
        let out = prints(&["check", &file], 0);
        let lines = out
            .lines()
            .filter(|line| line.contains("can rest in an idle wait: t"));
        assert_eq!(lines.count(), shown, "{out}");
        match folded {
            Some(folded) => assert!(out.contains(folded), "{out}"),
            None => assert!(!out.contains("more idle waits"), "{out}"),
        }
        assert_eq!(rests(&[&file], 0).len(), n);
    }
}

#[test]
fn the_page_tells_too() {
    let page = fresh("idle-waits.html");
    exits(&["check", "--html", &page, SERVER], 0);
    let page = std::fs::read_to_string(&page).expect("it was written");
    assert!(page.contains("can rest in an idle wait: server: wait_for_completion(request)"));
}
