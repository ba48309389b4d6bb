//! Reports of small scenarios.

#![allow(dead_code, reason = "every test file uses its own part of this")]

use std::time::Duration;

use kmapcheck_limits::Limits;
use kmapcheck_report::Report;
use kmapcheck_scenario::{Overrides, Program};
use kmapcheck_search::{Engine, point_of_no_return, run};
use kmapcheck_show::{json, text};
use kmapcheck_testing::schema::assert_fits;

/// A model with two series, an order, and an operation.
const MODEL: &str = r#"{ "name": "two-series", "series": { "A": { "slots": 1, "reuse": "own" }, "B": { "slots": 2, "reuse": "any" } },
  "order": ["A", "B"], "operations": { "map": { "params": ["page"], "do": [ { "kmap": "$page", "series": "A", "at": "mm/highmem.c" } ] } } }"#;

/// The program of a scenario with these fields on a model with the series A (one slot, own) and B
/// (two slots, any), in that order.
pub fn program(fields: &str) -> Program {
    let text = format!("{{ \"name\": \"s\", \"model\": {MODEL},\n{fields} }}");
    kmapcheck_scenario::load_str("s.json", &text, &Overrides::default())
        .unwrap_or_else(|errors| panic!("{errors}"))
}

/// What the search says about it.
pub fn report(program: &Program, limits: &Limits) -> Report {
    let outcome = run(Engine::Search, program, limits, &mut |_| {}).expect("the search can do it");
    let lost = |trace: &_, core: &[usize]| {
        point_of_no_return(program, trace, core, &Limits::default()).step()
    };
    Report::build(program, &outcome, Duration::from_millis(1), &lost).expect("the traces replay")
}

/// The report as text, without the time.
pub fn rendered(report: &Report) -> String {
    let text = text::render(
        report,
        &text::Options {
            width: 100,
            elapsed: false,
        },
    );
    plain(&text)
}

/// Text without escape sequences.
pub fn plain(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        if c == '\u{1b}' {
            rest.by_ref().find(|c| c.is_ascii_alphabetic());
        } else {
            out.push(c);
        }
    }
    out
}

/// Fails unless the JSON of the report follows the schema.
pub fn assert_valid(report: &Report) {
    let text = json::one(report).expect("it is JSON");
    assert_fits("report", &serde_json::from_str(&text).expect("it is JSON"));
}
