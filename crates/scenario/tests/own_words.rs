//! Pools that the scenario declares, in its own words.

use kmapcheck_scenario::{Node, Overrides, load_str};

/// Where the scenario has pools of its own, traces speak of them in its words; a kernel's function
/// goes by its primitives, as does what is more than one of them.
#[test]
fn pools_of_the_scenario_go_by_its_words() {
    let texts = |head: &str| {
        let text = format!(
            r#"{{ "name": "t", {head},
                 "tasks": [ {{ "name": "t", "pages": ["c"], "program": [
                     {{ "again": "c" }}, {{ "bounce": "c" }}, {{ "kunmap": "c" }} ] }} ] }}"#
        );
        let program = load_str("t.json", &text, &Overrides::default())
            .unwrap_or_else(|errors| panic!("{errors}"));
        let nodes = program.templates[0].nodes.iter();
        let text = |node: &Node| program.origins[node.origin].text().to_owned();
        nodes.map(text).collect::<Vec<String>>()
    };
    let series = r#""series": { "S": { "slots": 1 } }"#;
    let operations = r#""operations": {
        "acquire": { "params": ["c"], "do": [ { "kmap": "$c", "series": "S" } ] },
        "again": { "params": ["c"], "do": [ { "acquire": "$c" } ] },
        "bounce": { "params": ["c"], "do": [ { "kunmap": "$c" }, { "acquire": "$c" } ] } }"#;
    let own = texts(&format!("{series}, {operations}"));
    assert_eq!(own, ["again(c)", "kunmap(c)", "acquire(c)", "kunmap(c)"]);
    let kernel = texts(&format!(
        r#""model": {{ "name": "m", {series}, {operations} }}"#
    ));
    assert_eq!(
        kernel,
        ["kmap(c, S)", "kunmap(c)", "kmap(c, S)", "kunmap(c)"]
    );
}
