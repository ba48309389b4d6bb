//! What a report says about smaller numbers than those that something was found with.

mod common;

use common::{prints, scratch};
use serde_json::Value;

/// Tasks that pin two slots one after the other: so many of each, on so many slots.
fn takers(file: &str, slots: &str, counts: &[(&str, &str)]) -> String {
    let tasks: Vec<String> = (counts.iter())
        .map(|(name, count)| {
            format!(
                r#"{{ "name": "{name}", "count": {count}, "pages": ["a", "b"], "program": [
                    {{ "kmap": "a", "series": "A" }}, {{ "kmap": "b", "series": "A" }},
                    {{ "kunmap": "b" }}, {{ "kunmap": "a" }} ] }}"#
            )
        })
        .collect();
    let text = format!(
        r#"{{ "name": "f", "model": {{ "name": "m", "series": {{ "A": {{ "slots": {slots}, "reuse": "none" }} }} }},
              "tasks": [ {} ] }}"#,
        tasks.join(", ")
    );
    scratch(file, &text)
}

/// The line about the numbers, and what the JSON says.
fn claims(file: &str) -> (String, bool) {
    let text = prints(&["check", file], 1);
    let line = text.lines().find(|line| line.starts_with("Found with"));
    let json = prints(&["check", "--format", "json", file], 1);
    let json: Value = serde_json::from_str(&json).expect("it is JSON");
    let smallest = json["proof"]["smallest"].as_bool().expect("it is there");
    (line.expect("there is one").to_owned(), smallest)
}

/// One task on one slot is stuck as well: with slots alone open, tasks are as they are.
#[test]
fn nothing_is_said_of_tasks_whose_number_is_given() {
    let file = takers("smallest-slots.json", r#""any""#, &[("t", "4")]);
    assert_eq!(claims(&file), ("Found with A = 1.".to_owned(), false));
}

#[test]
fn what_is_smallest_is_said_exactly() {
    let any = "\"any\"";
    let file = takers("smallest-one.json", "3", &[("t", any)]);
    let said = "Found with t = 3; no smaller number of t shows all of it.";
    assert_eq!(claims(&file), (said.to_owned(), true));
    // There is no smaller number of `t`, though fewer of `u` would do.
    let file = takers("smallest-least.json", "3", &[("t", any), ("u", "4")]);
    assert_eq!(claims(&file), ("Found with t = 1.".to_owned(), true));
    let file = takers("smallest-two.json", "4", &[("t", any), ("u", any)]);
    let (said, smallest) = claims(&file);
    assert!(
        said.ends_with("; no smaller number of t and u together shows all of it."),
        "{said}"
    );
    assert!(smallest);
}
