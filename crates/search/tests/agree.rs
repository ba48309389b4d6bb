//! The search against the reference: same findings, classes, shortest lengths and coverage, on
//! random programs. `KMAPCHECK_CASES` sets how many; `just fuzz-agree` runs 10,000.

use std::sync::atomic::{AtomicU32, Ordering};

use kmapcheck_engine::Outcome;
use kmapcheck_limits::Limits;
use kmapcheck_machine::{Abilities, run as replay};
use kmapcheck_scenario::{FindingKind, Program};
use kmapcheck_search::{Engine, run};
use kmapcheck_stuck::class::class_in;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

/// Larger programs are left out: the reference keeps every task apart.
const MAX_STATES: u64 = 4_000;

fn answer(engine: Engine, program: &Program) -> Outcome {
    let limits = Limits {
        max_states: Some(MAX_STATES),
        ..Limits::default()
    };
    match run(engine, program, &limits, &mut |_| {}) {
        Ok(outcome) => outcome,
        Err(refusal) => panic!("{refusal}"),
    }
}

/// What engines must agree on, finding by finding; traces are replayed on the way.
fn facts(program: &Program, outcome: &Outcome) -> Vec<String> {
    let abilities = Abilities::of(program);
    outcome
        .findings
        .iter()
        .map(|finding| {
            let mut shown = false;
            let last = replay(program, &finding.trace, |i, _, step, _| {
                shown = i + 1 == finding.trace.steps.len() && step.findings.contains(finding.kind);
            });
            let last = last.unwrap_or_else(|error| panic!("{}: {error}", outcome.engine));
            let class = match finding.kind {
                kind @ (FindingKind::Deadlock | FindingKind::TimeoutRescue) => {
                    let stuck = class_in(program, &abilities, &last, kind);
                    stuck.expect("the trace ends in a stuck set").name()
                }
                FindingKind::Starved => "",
                _ => {
                    let waiting = last.tasks.iter().any(|task| {
                        kmapcheck_machine::waiting_findings(program, task, &last.shared)
                            .contains(finding.kind)
                    });
                    assert!(
                        shown || waiting,
                        "{}: the trace does not show {}",
                        outcome.engine,
                        finding.kind
                    );
                    ""
                }
            };
            format!(
                "{} {class} {} {:?}",
                finding.kind,
                finding.trace.steps.len(),
                finding.can_sleep
            )
        })
        .collect()
}

#[test]
fn random_programs() {
    agree_on(kmapcheck_testing::scenario());
}

#[test]
fn random_programs_about_pages() {
    agree_on(kmapcheck_testing::page_scenario());
}

#[test]
fn random_programs_about_shared_and_declared_pages() {
    agree_on(kmapcheck_testing::shared_page_scenario());
}

fn agree_on(scenarios: impl Strategy<Value = serde_json::Value>) {
    let (compared, left_out) = (AtomicU32::new(0), AtomicU32::new(0));
    let config = kmapcheck_testing::config(250);
    let mut runner = TestRunner::new(config);
    let result = runner.run(&scenarios, |scenario| {
        let program = kmapcheck_testing::load(&scenario);
        let reference = answer(Engine::Reference, &program);
        let search = answer(Engine::Search, &program);
        if reference.stopped.is_some() {
            left_out.fetch_add(1, Ordering::Relaxed);
            return Ok(());
        }
        compared.fetch_add(1, Ordering::Relaxed);
        prop_assert_eq!(&search.stopped, &None);
        prop_assert_eq!(
            facts(&program, &search),
            facts(&program, &reference),
            "{}",
            scenario
        );
        prop_assert_eq!(
            &search.coverage.never_executed,
            &reference.coverage.never_executed,
            "{}",
            scenario
        );
        prop_assert_eq!(
            &search.coverage.rests,
            &reference.coverage.rests,
            "{}",
            scenario
        );
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
    let (compared, left_out) = (compared.into_inner(), left_out.into_inner());
    assert!(
        compared > left_out,
        "only {compared} programs compared, {left_out} were too large"
    );
}
