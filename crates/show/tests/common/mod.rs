//! Pages of scenarios.

#![allow(dead_code, reason = "every test file uses its own part of this")]

use std::path::Path;
use std::time::Duration;

use kmapcheck_limits::Limits;
use kmapcheck_report::Report;
use kmapcheck_scenario::{Overrides, Program, load, load_str};
use kmapcheck_search::{Engine, point_of_no_return, run};
use kmapcheck_show::recording::Recording;

/// The page of a scenario of this repository.
pub fn page(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(file);
    let limits = Limits::default();
    of_file(&path, &limits).expect("it ends within no limits")
}

/// The page of a scenario; `None`: a limit came first, or it is about every number.
pub fn of_file(path: &Path, limits: &Limits) -> Option<String> {
    let program = load(path, &Overrides::default()).unwrap_or_else(|errors| panic!("{errors}"));
    of_program(&program, limits)
}

/// The page of a scenario that is written here.
pub fn of(text: &str) -> String {
    let program = load_str("s.json", text, &Overrides::default());
    let program = program.unwrap_or_else(|errors| panic!("{errors}"));
    of_program(&program, &Limits::default()).expect("it ends within no limits")
}

fn of_program(program: &Program, limits: &Limits) -> Option<String> {
    let outcome = run(Engine::Search, program, limits, &mut |_| {}).ok()?;
    if outcome.stopped.is_some() {
        return None;
    }
    let lost = |trace: &_, core: &[usize]| point_of_no_return(program, trace, core, limits).step();
    let report = Report::build(program, &outcome, Duration::ZERO, &lost).expect("it replays");
    let recordings = Recording::all(program, &report).expect("it replays");
    Some(kmapcheck_show::page::render(program, &report, &recordings).expect("there is a page"))
}

/// A model with two series, an order, and an operation.
const MODEL: &str = r#"{ "name": "two-series", "series": { "A": { "slots": 1, "reuse": "own" }, "B": { "slots": 2, "reuse": "any" } },
  "order": ["A", "B"], "operations": { "map": { "params": ["page"], "do": [ { "kmap": "$page", "series": "A", "at": "mm/highmem.c" } ] } } }"#;

/// The program of a scenario with these fields on a model with the series A (one slot, own) and B
/// (two slots, any), in that order.
pub fn program(fields: &str) -> Program {
    let text = format!("{{ \"name\": \"s\", \"model\": {MODEL},\n{fields} }}");
    load_str("s.json", &text, &Overrides::default()).unwrap_or_else(|errors| panic!("{errors}"))
}

/// What the search says about it.
pub fn report(program: &Program, limits: &Limits) -> Report {
    let outcome = run(Engine::Search, program, limits, &mut |_| {}).expect("the search can do it");
    let lost = |trace: &_, core: &[usize]| {
        point_of_no_return(program, trace, core, &Limits::default()).step()
    };
    Report::build(program, &outcome, Duration::from_millis(1), &lost).expect("the traces replay")
}
