//! `kmapcheck matrix --cell`: the report of one cell, as `check` has it.

mod common;

use common::{exits, fresh, scratch};
use kmapcheck_testing::schema::assert_fits;
use serde_json::Value;

fn scenario(test: &str, name: &str, tasks: &str) -> String {
    let text = format!(
        r#"{{ "name": "{name}", "locks": {{ "pool": {{ "semaphore": 1 }}, "l": "semaphore", "m": "semaphore" }},
            "tasks": [ {tasks} ] }}"#
    );
    scratch(&format!("cell-{test}-{name}.json"), &text)
}

/// Files of a test of their own. One deadlocks alone, after one step; another takes two locks in the other order than it.
fn both(test: &str) -> [String; 2] {
    let twice = r#"{ "name": "twice", "program": [ { "down": "pool" }, { "down": "pool" }, { "up": "pool" }, { "up": "pool" } ] }"#;
    let locks = |name: &str, first: &str, second: &str| {
        format!(
            r#"{{ "name": "{name}", "program": [ {{ "down": "{first}" }}, {{ "down": "{second}" }}, {{ "up": "{second}" }}, {{ "up": "{first}" }} ] }}"#
        )
    };
    [
        scenario(
            test,
            "alone",
            &format!("{twice}, {}", locks("forth", "l", "m")),
        ),
        scenario(test, "back", &locks("back", "m", "l")),
    ]
}

#[track_caller]
fn reports(args: &[&str], code: i32) -> Vec<Value> {
    let (out, _) = exits(&[&["matrix", "--format", "json"], args].concat(), code);
    let reports: Vec<Value> = serde_json::from_str(&out).expect("it is a list");
    for report in &reports {
        assert_fits("report", report);
    }
    reports
}

#[test]
fn a_cell_is_told_as_check_tells_a_scenario() {
    let [alone, back] = both("1");
    let found = reports(&["--cell", "alone", "back", &alone, &back], 1);
    let [first, together] = found.as_slice() else {
        panic!("{found:?}");
    };
    assert_eq!(first["scenario"], "alone beside back");
    assert_eq!(first["findings"][0]["class"], "lock-cycle");
    assert_eq!(first["findings"][0]["core"], serde_json::json!(["twice"]));
    assert_eq!(together["findings"][0]["class"], "lock-cycle");
    assert_eq!(
        together["findings"][0]["core"],
        serde_json::json!(["forth", "back"])
    );
    let (text, _) = exits(&["matrix", "--cell", "alone", "back", &alone, &back], 1);
    for said in [
        "violated alone beside back: deadlock\n",
        "twice waits for semaphore pool, which it holds itself",
        "\nOf tasks of both together: violated alone beside back: deadlock\n",
        "forth holds semaphore l and waits for semaphore m; back holds semaphore m and waits for semaphore l",
    ] {
        assert!(text.contains(said), "{said:?} is not in {text}");
    }
    // Rows have numbers, and it does not matter which of the two is named first.
    let by_row = reports(&["--cell", "2", "alone", &alone, &back], 1);
    let core = |reports: &[Value]| -> Vec<Value> {
        reports
            .iter()
            .map(|report| report["findings"][0]["core"].clone())
            .collect()
    };
    assert_eq!(core(&by_row), core(&found));
}

#[test]
fn a_scenario_alone_is_that_scenario() {
    let [alone, back] = both("2");
    let mut by_itself = reports(&["--cell", "back", "back", &alone, &back], 0);
    let (out, _) = exits(&["check", "--format", "json", &back], 0);
    let mut checked: Value = serde_json::from_str(&out).expect("it is JSON");
    for report in [&mut by_itself[0], &mut checked] {
        report["elapsed_ms"] = Value::Null;
    }
    assert_eq!(by_itself, [checked]);
}

#[test]
fn each_size_has_a_report() {
    let [alone, back] = both("3");
    let sizes = ["--units", "pool=1,2", "--cell", "1", "1", &alone, &back];
    let found = reports(&sizes, 1);
    let verdicts: Vec<&Value> = found.iter().map(|report| &report["verdict"]).collect();
    assert_eq!(verdicts, ["violated", "clean"]);
    let (text, _) = exits(&[&["matrix"], &sizes[..]].concat(), 1);
    assert!(
        text.starts_with("With 1 unit of pool: violated alone"),
        "{text}"
    );
    assert!(
        text.contains("\nWith 2 units of pool: clean alone"),
        "{text}"
    );
}

#[test]
fn what_is_no_cell_is_told() {
    let [alone, back] = both("4");
    let (_, err) = exits(&["matrix", "--cell", "alone", "3", &alone, &back], 2);
    assert!(err.contains("there is no scenario 3 here"), "{err}");
    assert!(err.contains("alone, back"), "{err}");
    let (_, err) = exits(&["matrix", "--cell", "alone", &alone], 2);
    assert!(err.contains("--cell"), "{err}");
    let svg = fresh("cell.svg");
    exits(
        &["matrix", "--cell", "1", "2", "--svg", &svg, &alone, &back],
        2,
    );
    let (out, _) = exits(
        &[
            "matrix",
            "--cell",
            "2",
            "2",
            "--max-states",
            "2",
            &alone,
            &back,
        ],
        3,
    );
    assert!(
        out.contains("ive it more, such as `--max-states 20`"),
        "{out}"
    );
}
