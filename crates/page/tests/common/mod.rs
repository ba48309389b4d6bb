//! Pages of scenarios.

#![allow(dead_code, reason = "every test file uses its own part of this")]

use std::path::Path;
use std::time::Duration;

use kmapcheck_report::Report;
use kmapcheck_scenario::{Overrides, Program, load, load_str};
use kmapcheck_search::{Engine, Limits, point_of_no_return, run};

/// The page of a scenario of this repository.
pub fn page(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(file);
    of_program(load(&path, &Overrides::default()).unwrap_or_else(|errors| panic!("{errors}")))
}

/// The page of a scenario that is written here.
pub fn of(text: &str) -> String {
    of_program(
        load_str("s.json", text, &Overrides::default()).unwrap_or_else(|errors| panic!("{errors}")),
    )
}

fn of_program(program: Program) -> String {
    let outcome = run(Engine::Search, &program, &Limits::default(), &mut |_| {}).expect("it runs");
    let lost = |trace: &_, core: &[usize]| {
        point_of_no_return(&program, trace, core, &Limits::default()).step()
    };
    let report =
        Report::build(&program, &outcome, Duration::ZERO, &lost).expect("the traces replay");
    kmapcheck_page::render(&program, &report).expect("there is a page")
}
