//! A proof never contradicts the search, and a refutation replays: random programs with `"any"`
//! for some numbers, against the reference engine at small ones.

mod common;

use std::collections::BTreeMap;

use common::decided_rightly;
use kmapcheck_scenario::{Bound, Program};
use proptest::prelude::*;
use serde_json::Value;

/// The program with all counts open, and the slots too if `slots`.
fn opened(program: &Program, slots: bool) -> Program {
    let mut open = program.clone();
    for template in &mut open.templates {
        template.count = Bound::Any;
    }
    for series in 0..open.series.len() {
        if slots {
            open.set_slots(series, Bound::Any);
        }
    }
    open
}

fn judge(
    scenarios: impl Strategy<Value = Value>,
    cases: u32,
    slots: bool,
) -> BTreeMap<&'static str, u32> {
    kmapcheck_testing::tally(scenarios, cases, |program| {
        decided_rightly(&opened(program, slots), 6).unwrap_or_else(|wrong| panic!("{wrong}"))
    })
}

#[test]
fn any_number_of_tasks() {
    let tally = judge(kmapcheck_testing::scenario(), 20, false);
    assert!(tally.len() > 1, "{tally:?}");
}

#[test]
fn any_number_of_tasks_that_use_pages() {
    let tally = judge(kmapcheck_testing::page_scenario(), 20, false);
    assert!(tally.len() > 1, "{tally:?}");
}

#[test]
fn any_number_of_tasks_with_shared_and_declared_pages() {
    let tally = judge(kmapcheck_testing::shared_page_scenario(), 40, false);
    assert!(tally.len() > 1, "{tally:?}");
}

#[test]
fn any_number_of_tasks_and_slots_with_shared_and_declared_pages() {
    let tally = judge(kmapcheck_testing::shared_page_scenario(), 20, true);
    assert!(tally.len() > 1, "{tally:?}");
}

#[test]
fn any_number_of_tasks_with_private_pages() {
    let tally = judge(kmapcheck_testing::private_scenario(), 20, false);
    assert!(tally["clean"] > 0 && tally["violated"] > 0, "{tally:?}");
}

#[test]
fn any_number_of_tasks_and_slots() {
    let tally = judge(kmapcheck_testing::private_scenario(), 20, true);
    assert!(tally["clean"] > 0 && tally["violated"] > 0, "{tally:?}");
}
