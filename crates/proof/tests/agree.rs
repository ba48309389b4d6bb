//! A proof never contradicts the search, and a refutation replays: random programs with `"any"`
//! for some numbers, against the reference engine at small ones.

use std::collections::BTreeMap;

use kmapcheck_machine::{Verdict, run as replay};
use kmapcheck_proof::{Decision, decide};
use kmapcheck_scenario::{Bound, Program};
use kmapcheck_search::{Engine, Limits, run};
use proptest::prelude::*;
use serde_json::Value;

/// Larger searches are left out.
const MAX_STATES: u64 = 1_000;

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

/// The program with those numbers.
fn sized(program: &Program, tasks: u32, slots: Option<u32>) -> Program {
    let mut sized = program.clone();
    for template in &mut sized.templates {
        template.count = Bound::Exactly(tasks);
    }
    for series in 0..sized.series.len() {
        if let Some(slots) = slots {
            sized.set_slots(series, Bound::Exactly(slots));
        }
    }
    sized
}

fn check(program: &Program, open_slots: bool) -> &'static str {
    let open = opened(program, open_slots);
    let limits = Limits {
        max_states: Some(MAX_STATES),
        ..Limits::default()
    };
    let decision: Decision =
        decide(&open, &limits, &mut |_| {}).unwrap_or_else(|refusal| panic!("{refusal}"));
    let excluded = decision.reasons.kinds();
    for finding in &decision.outcome.findings {
        assert!(
            !excluded.contains(finding.kind),
            "{} is excluded and found",
            finding.kind
        );
        replay(&decision.program, &finding.trace, |_, _, _, _| {})
            .unwrap_or_else(|error| panic!("{error}"));
    }
    let slots: Vec<Option<u32>> = if open_slots {
        (1..=3).map(Some).collect()
    } else {
        vec![None]
    };
    for tasks in 1..=6 {
        for &slots in &slots {
            let sized = sized(&open, tasks, slots);
            if !sized.leftovers_fit() {
                continue;
            }
            let outcome = run(Engine::Reference, &sized, &limits, &mut |_| {})
                .unwrap_or_else(|refusal| panic!("{refusal}"));
            for finding in &outcome.findings {
                assert!(
                    !excluded.contains(finding.kind),
                    "{} was excluded, but {tasks} tasks of each and {slots:?} slots show it",
                    finding.kind
                );
            }
        }
    }
    match decision.outcome.verdict() {
        Verdict::Clean => "clean",
        Verdict::Violated if decision.outcome.stopped.is_none() => "violated",
        Verdict::Violated => "violated, the rest open",
        Verdict::Inconclusive => "inconclusive",
    }
}

fn judge(
    scenarios: impl Strategy<Value = Value>,
    cases: u32,
    slots: bool,
) -> BTreeMap<&'static str, u32> {
    kmapcheck_testing::tally(scenarios, cases, |program| check(program, slots))
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
