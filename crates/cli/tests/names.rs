//! Names may be any text: nothing that is said about them is read out of them again.

mod common;

use common::{exits, fresh, prints, scratch};
use serde_json::{Value, json};

/// A scenario on a model with one series.
fn scenario(series: &str, slots: u32, tasks: Value) -> Value {
    let model = json!({ "name": "d", "series": { series: { "slots": slots, "reuse": "none" } } });
    json!({ "name": "s", "model": model, "tasks": tasks })
}

/// A task that pins two slots.
fn takes_two(name: &str, series: &str) -> Value {
    json!({ "name": name, "pages": ["p", "q"], "program": [
        { "kmap": "p", "series": series }, { "kmap": "q", "series": series },
        { "kunmap": "q" }, { "kunmap": "p" } ] })
}

fn written(name: &str, value: &Value) -> String {
    scratch(name, &value.to_string())
}

#[test]
fn the_header_of_a_page() {
    let page = fresh("named.html");
    let scenario = scenario("S", 1, json!([takes_two("t", "S")]));
    exits(
        &[
            "check",
            "--html",
            &page,
            &written("named-d.json", &scenario),
        ],
        1,
    );
    let page = std::fs::read_to_string(page).expect("it is written");
    assert!(page.contains("on the model <b>d</b> · deadlock</p>"));
}

#[test]
fn a_number_for_a_series_with_an_equals_sign() {
    let scenario = scenario("A=B", 1, json!([takes_two("t", "A=B")]));
    let file = written("named-equals.json", &scenario);
    prints(&["check", &file], 1);
    let out = prints(&["check", "--slots", "A=B=2", &file], 0);
    assert!(out.starts_with("clean s on d"), "{out}");
}

#[test]
fn a_task_that_looks_like_several() {
    let tasks = json!([takes_two("(odd", "S"), takes_two("even", "S")]);
    let file = written("named-bracket.json", &scenario("S", 2, tasks));
    let out = prints(
        &["size", "--slots-up-to", "2", "--tasks-up-to", "2", &file],
        0,
    );
    for table in [
        "Slots of S (down) by (odd (across), with even=1:",
        "Slots of S (down) by even (across), with (odd=1:",
        "Slots of S (down) by (1 (odd + 1 even) (across):",
    ] {
        assert!(out.contains(table), "{table}\n{out}");
    }
}

#[test]
fn a_series_that_looks_like_a_lock() {
    let file = written(
        "named-lock.json",
        &scenario(
            "rwsem pool",
            2,
            json!([takes_two("t", "rwsem pool"), takes_two("u", "rwsem pool")]),
        ),
    );
    let out = prints(&["order", &file], 3);
    assert!(
        out.contains("holding a rwsem pool slot and asking for a rwsem pool slot"),
        "{out}"
    );
}

/// The lock is the only participant beside the series, whatever it is called.
#[test]
fn arrows_to_a_lock_of_several_words() {
    let file = written(
        "named-words.json",
        &json!({ "name": "s", "model": { "name": "d", "series": { "S": { "slots": 1, "reuse": "none" } } },
                 "locks": { "the big lock (old)": "semaphore" },
                 "tasks": [
                    { "name": "a", "pages": ["p"], "program": [
                        { "kmap": "p", "series": "S" }, { "down": "the big lock (old)" },
                        { "up": "the big lock (old)" }, { "kunmap": "p" } ] },
                    { "name": "b", "pages": ["p"], "program": [
                        { "down": "the big lock (old)" }, { "kmap": "p", "series": "S" },
                        { "kunmap": "p" }, { "up": "the big lock (old)" } ] } ] }),
    );
    let diagram = fresh("named.mmd");
    exits(&["check", "--mermaid", &diagram, &file], 1);
    let diagram = std::fs::read_to_string(diagram).expect("it is written");
    assert!(
        diagram.contains("participant R1 as semaphore the big lock (old)"),
        "{diagram}"
    );
    assert!(
        diagram.contains("T1->>R1: 2: down(the big lock (old))"),
        "{diagram}"
    );
}

/// Why a scenario is not for a model, in full although the name has brackets and a colon.
#[test]
fn a_mistake_about_a_name_with_punctuation() {
    let tasks = json!([takes_two("t", "x: y (z)")]);
    let mut scenario = scenario("x: y (z)", 2, tasks);
    scenario["expect"] = json!([]);
    let folder = std::path::PathBuf::from(fresh("named-conform"));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("a folder can be made");
    std::fs::write(folder.join("a.json"), scenario.to_string()).expect("it can be written");
    let folder = folder.display().to_string();
    let out = common::kmapcheck(&["conform", "proposed", &folder]);
    let out = common::stdout(&out);
    assert!(
        out.contains("it is not for this model: ") && out.contains("x: y (z)"),
        "{out}"
    );
}
