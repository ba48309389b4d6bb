//! What the equations exclude does not happen: against the plain search, on random programs of up
//! to six tasks and on every scenario.

use std::collections::BTreeMap;

use kmapcheck_cores::{Cores, Graph, cannot_starve, exclude};
use kmapcheck_locals::{Locals, possible_without_pages};
use kmapcheck_scenario::{FindingKind, Overrides, Program, load};
use kmapcheck_search::{Engine, Limits, run};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use serde_json::Value;

fn found(program: &Program, kind: FindingKind, max_states: u64) -> bool {
    let limits = Limits {
        max_states: Some(max_states),
        ..Limits::default()
    };
    let outcome = run(Engine::Reference, program, &limits, &mut |_| {})
        .unwrap_or_else(|refusal| panic!("{refusal}"));
    outcome.findings.iter().any(|finding| finding.kind == kind)
}

/// What the equations say, checked.
fn judge(program: &Program, max_states: u64) -> &'static str {
    let Ok(locals) = Locals::of(program) else {
        return "premise broken";
    };
    let graph = Graph::of(program, &locals);
    match exclude(program, &locals, &graph) {
        Cores::Excluded(_) => {
            assert!(
                !found(program, FindingKind::Deadlock, max_states),
                "{}: a deadlock was excluded",
                program.name
            );
            if cannot_starve(program, &locals) {
                assert!(
                    !found(program, FindingKind::Starved, max_states),
                    "{}: starvation was excluded",
                    program.name
                );
            }
            if graph.order().is_some() {
                "ordered"
            } else {
                "excluded"
            }
        }
        Cores::Possible(_) => "possible",
        Cores::Undecided(_) => "undecided",
    }
}

fn check(scenarios: impl Strategy<Value = Value>, cases: u32) -> BTreeMap<&'static str, u32> {
    kmapcheck_testing::tally(scenarios, cases, |program| judge(program, 1_500))
}

#[test]
fn random_programs() {
    let tally = check(kmapcheck_testing::scenario(), 400);
    assert!(tally["ordered"] > 20, "{tally:?}");
}

#[test]
fn random_programs_about_shared_and_declared_pages() {
    let tally = check(kmapcheck_testing::shared_page_scenario(), 300);
    assert!(tally.len() > 1, "{tally:?}");
}

#[test]
fn random_private_programs() {
    let tally = check(kmapcheck_testing::private_scenario(), 400);
    assert!(tally["ordered"] > 50 && tally["possible"] > 20, "{tally:?}");
}

#[test]
fn scenarios() {
    let mut tally: BTreeMap<String, u32> = BTreeMap::new();
    for path in kmapcheck_testing::scenario_files() {
        let program =
            load(&path, &Overrides::default()).unwrap_or_else(|errors| panic!("{errors}"));
        if program.task_count().is_none() {
            continue;
        }
        let start = std::time::Instant::now();
        let locals = Locals::of(&program);
        let (verdict, states) = match &locals {
            Err(broken) => (format!("{}", broken.what), 0),
            Ok(locals) => {
                let graph = Graph::of(&program, locals);
                let cores = exclude(&program, locals, &graph);
                let expected = program.expect.clone().unwrap_or_default();
                let verdict = match cores {
                    Cores::Excluded(list) => {
                        assert!(!expected.contains(&FindingKind::Deadlock), "{path:?}");
                        if cannot_starve(&program, locals) {
                            assert!(!expected.contains(&FindingKind::Starved), "{path:?}");
                        }
                        if list.is_empty() {
                            "ordered".into()
                        } else {
                            "excluded".to_owned()
                        }
                    }
                    Cores::Possible(list) => {
                        let least = list.iter().map(|p| p.tasks()).min();
                        if !expected.contains(&FindingKind::Deadlock) {
                            println!("{path:?}: possible with {least:?} {:?}", list[0].core);
                        }
                        "possible".into()
                    }
                    Cores::Undecided(why) => {
                        if program.expect == Some(vec![]) {
                            println!("{path:?}: {why:?}");
                        }
                        "undecided".into()
                    }
                };
                let possible = locals.possible();
                for kind in &expected {
                    if !matches!(kind, FindingKind::Deadlock | FindingKind::Starved) {
                        assert!(possible.contains(*kind), "{path:?}: {kind}");
                    }
                }
                (verdict, locals.states.len())
            }
        };
        if start.elapsed().as_millis() > 200 {
            println!("{path:?}: {:?}, {states} local states", start.elapsed());
        }
        *tally.entry(verdict).or_insert(0) += 1;
    }
    println!("{tally:?}");
}

/// Programs in which pages are freed while mapped, and all others: nothing is found that the closure
/// without pages excludes.
#[test]
fn what_is_excluded_without_pages_does_not_happen() {
    let runner = || TestRunner::new(kmapcheck_testing::config(300));
    let judged = |scenario: Value| {
        let program = kmapcheck_testing::load(&scenario);
        if let Some(possible) = possible_without_pages(&program) {
            for kind in FindingKind::ALL {
                let is_excluded = !possible.contains(kind);
                prop_assert!(!is_excluded || !found(&program, kind, 400), "{kind:?}");
            }
        }
        Ok(())
    };
    for scenarios in [
        kmapcheck_testing::scenario().boxed(),
        kmapcheck_testing::page_scenario().boxed(),
    ] {
        if let Err(failed) = runner().run(&scenarios, judged) {
            panic!("{failed}");
        }
    }
}
