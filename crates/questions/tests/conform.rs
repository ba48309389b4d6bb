//! What conform says against what really happens: on random programs and on every scenario.

mod common;

use std::sync::Mutex;

use common::{Broken, breaks_the_order as happens};
use kmapcheck_limits::Limits;
use kmapcheck_questions::conform::{Conformance, Verdict};
use kmapcheck_scenario::{FindingKind, Overrides, Program, load};
use kmapcheck_search::{Engine, run};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

fn reported(conformance: &Conformance) -> Broken {
    let key = |v: &kmapcheck_questions::conform::Violation| {
        let by = &v.asked.by;
        (v.task.clone(), by.operation.clone(), by.location.clone())
    };
    conformance.violations.iter().map(key).collect()
}

fn in_reference(program: &Program, max_states: u64) -> bool {
    let limits = Limits {
        max_states: Some(max_states),
        ..Limits::default()
    };
    let outcome = run(Engine::Reference, program, &limits, &mut |_| {})
        .unwrap_or_else(|refusal| panic!("{refusal}"));
    outcome.finding(FindingKind::OrderViolation).is_some()
}

/// Runs `check` on random scenarios; how many programs broke the rule and were judged.
fn on_random(scenarios: impl Strategy<Value = Value>, cases: u32) -> (u32, u32) {
    let tally = Mutex::new((0, 0));
    let mut runner = TestRunner::new(kmapcheck_testing::config(cases));
    runner
        .run(&scenarios, |scenario| {
            let program = kmapcheck_testing::load(&scenario);
            let conformance = Conformance::of(&program);
            if conformance.verdict == Verdict::NotJudged {
                return Ok(());
            }
            let reported = reported(&conformance);
            let (happens, _) = happens(&program, 600);
            prop_assert!(happens.is_subset(&reported), "{happens:?} {reported:?}");
            if in_reference(&program, 600) {
                prop_assert_eq!(conformance.verdict, Verdict::Breaks);
            }
            let mut tally = tally.lock().expect("nobody panicked");
            tally.0 += 1;
            tally.1 += u32::from(!happens.is_empty());
            Ok(())
        })
        .unwrap_or_else(|error| panic!("{error}"));
    tally.into_inner().expect("nobody panicked")
}

#[test]
fn nothing_that_happens_is_missed() {
    let (judged, broken) = on_random(kmapcheck_testing::scenario(), 200);
    assert!(judged > 40 && broken > 10, "{judged} {broken}");
    let (judged, broken) = on_random(kmapcheck_testing::page_scenario(), 150);
    assert!(judged > 15, "{judged} {broken}");
    let (judged, broken) = on_random(kmapcheck_testing::private_scenario(), 200);
    assert!(judged > 130 && broken > 40, "{judged} {broken}");
}

/// One task of a private scenario by itself, with so many slots that it never waits for one.
fn alone(scenario: &Value) -> Value {
    let mut alone = scenario.clone();
    for series in ["A", "B"] {
        alone["model"]["series"][series]["slots"] = json!(8);
        alone["model"]["series"][series]["for_holders"] = json!(0);
    }
    alone["tasks"] = json!([scenario["tasks"][0]]);
    alone["tasks"][0]["count"] = json!(1);
    alone
}

/// With a task that does nothing but map new pages, which flushes now and then.
fn with_flushes(alone: &Value) -> Value {
    let mut scenario = alone.clone();
    let round = json!([
        { "alloc_page": "v" }, { "kmap": "v", "series": "A" }, { "kunmap": "v" },
        { "alloc_page": "v" }, { "kmap": "v", "series": "B" }, { "kunmap": "v" } ]);
    let flusher = json!({ "name": "flusher", "program": [ { "loop": round } ] });
    if let Some(tasks) = scenario["tasks"].as_array_mut() {
        tasks.push(flusher);
    }
    scenario
}

/// What is reported of a task that tries nothing happens when it runs by itself, or else when
/// somebody flushes its mappings: both are surroundings of any program.
#[test]
fn nothing_is_reported_that_cannot_happen() {
    let tally = Mutex::new((0, 0, 0));
    let mut runner = TestRunner::new(kmapcheck_testing::config(400));
    runner
        .run(&kmapcheck_testing::private_scenario(), |scenario| {
            let alone = alone(&scenario);
            if alone["tasks"].to_string().contains("try_kmap") {
                // Fails only where others have the slots.
                return Ok(());
            }
            let program = kmapcheck_testing::load(&alone);
            let conformance = Conformance::of(&program);
            if conformance.verdict == Verdict::NotJudged {
                // A loop that pins the same page once more in every round has no closure.
                return Ok(());
            }
            let reported = reported(&conformance);
            let (happens, complete) = happens(&program, 20_000);
            prop_assert!(happens.is_subset(&reported), "{happens:?} {reported:?}");
            let mut tally = tally.lock().expect("nobody panicked");
            tally.0 += u32::from(complete && !happens.is_empty() && happens == reported);
            if complete && happens != reported {
                let program = kmapcheck_testing::load(&with_flushes(&alone));
                let (flushed, complete) = common::breaks_the_order(&program, 20_000);
                tally.1 += u32::from(reported.is_subset(&flushed));
                tally.2 += u32::from(!complete && !reported.is_subset(&flushed));
                prop_assert!(
                    !complete || reported.is_subset(&flushed),
                    "{reported:?} {flushed:?}"
                );
            }
            Ok(())
        })
        .unwrap_or_else(|error| panic!("{error}"));
    let (exact, flushed, unknown) = tally.into_inner().expect("nobody panicked");
    println!("{exact} exact, {flushed} with flushes, {unknown} unknown");
    assert!(exact > 60, "{exact} {flushed} {unknown}");
    assert_eq!(unknown, 0, "{exact} {flushed}");
}

/// Where conform names a path against the rule that no run of the scenario takes: nowhere, since in
/// no scenario with a rule is there a violation behind a wait that never ends or in a branch that
/// nobody gets to. (`tests/chains.rs` has one that is.)
const ONLY_STATIC: [&str; 0] = [];

#[test]
fn agrees_with_the_search_on_every_scenario() {
    let (mut agreed, mut differ) = (0, Vec::new());
    for file in kmapcheck_testing::scenario_files() {
        let program = load(&file, &Overrides::default()).unwrap_or_else(|e| panic!("{e}"));
        let ranked = program.series.iter().any(|series| series.rank.is_some())
            || program.resources.iter().any(|lock| lock.rank.is_some());
        let conformance = Conformance::of(&program);
        if program.task_count().is_none() || !ranked || conformance.verdict == Verdict::NotJudged {
            continue;
        }
        let limits = Limits {
            max_states: Some(50_000),
            ..Limits::default()
        };
        let outcome = run(Engine::Search, &program, &limits, &mut |_| {})
            .unwrap_or_else(|refusal| panic!("{refusal}"));
        let found = outcome.finding(FindingKind::OrderViolation).is_some();
        let said = conformance.verdict == Verdict::Breaks;
        assert!(said || !found, "{}: missed", program.name);
        if outcome.stopped.is_none() && said != found {
            differ.push(program.name);
        } else if said == found {
            agreed += 1;
        }
    }
    assert_eq!(differ, ONLY_STATIC);
    assert!(agreed > 20, "{agreed}");
}
