//! What the equations exclude does not happen: against the plain search, on random programs of up
//! to six tasks and on every scenario.

use std::cell::RefCell;
use std::collections::BTreeMap;

use kmapcheck_equations::{
    Cores, Judged, LetsGo, judge as judged, judge_the_patient, lets_go, possible,
};
use kmapcheck_limits::Limits;
use kmapcheck_local::{Locals, possible_without_pages};
use kmapcheck_scenario::{FindingKind, Overrides, Program, load, load_str};
use kmapcheck_search::{Engine, run};
use kmapcheck_testing::edge::Numbers;
use kmapcheck_testing::edge::aim::aimed;
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
    let Judged {
        graph, flow, cores, ..
    } = judged(program, &locals);
    let seen = possible(&locals, flow.as_ref());
    for kind in locals.possible().minus(seen).iter() {
        assert!(
            !found(program, kind, max_states),
            "{}: {kind} was excluded",
            program.name
        );
    }
    if judge_the_patient(program, &locals).is_some_and(|judged| judged.excludes()) {
        assert!(
            !found(program, FindingKind::Deadlock, max_states),
            "{}: deadlock was excluded, of those who cannot give up",
            program.name
        );
        if matches!(cores, Cores::Possible(_)) {
            return "rescued";
        }
    }
    let lets_go = lets_go(program, &locals, &cores).filter(|_| program.has_loops());
    if let Some(lets_go) = lets_go {
        assert!(
            !found(program, FindingKind::Starved, max_states),
            "{}: starvation was excluded: {lets_go:?}",
            program.name
        );
    }
    match cores {
        Cores::NeverMissing(_) => {
            for kind in [FindingKind::Deadlock, FindingKind::TimeoutRescue] {
                assert!(
                    !found(program, kind, max_states),
                    "{}: {kind} was excluded, as nothing is missing",
                    program.name
                );
            }
            match lets_go {
                Some(_) => "come to rest",
                None => "never missing",
            }
        }
        Cores::Excluded(_) => {
            for kind in [FindingKind::Deadlock, FindingKind::TimeoutRescue] {
                assert!(
                    !found(program, kind, max_states),
                    "{}: {kind} was excluded",
                    program.name
                );
            }
            if graph.order().is_some() {
                "ordered"
            } else {
                "excluded"
            }
        }
        Cores::Possible(_) => match lets_go {
            Some(LetsGo::Drains) => "possible, but all let go",
            Some(LetsGo::Rests) => "possible, but all come to rest",
            None => "possible",
        },
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

/// What anybody may give, on programs about little else.
#[test]
fn random_programs_about_what_anybody_may_give() {
    let tally = check(kmapcheck_testing::given_scenario(), 1_500);
    assert!(
        tally["never missing"] > 50 && tally["possible"] > 100,
        "{tally:?}"
    );
}

/// Who waits in a queue or a select.
#[test]
fn random_programs_with_queues_and_selects() {
    let tally = check(kmapcheck_testing::queued_scenario(), 1_500);
    assert!(
        tally["never missing"] > 50 && tally["ordered"] > 100 && tally["rescued"] > 20,
        "{tally:?}"
    );
}

#[test]
fn random_private_programs() {
    let tally = check(kmapcheck_testing::private_scenario(), 400);
    assert!(tally["ordered"] > 50 && tally["possible"] > 20, "{tally:?}");
}

/// What a scenario expects is not excluded.
#[test]
fn scenarios() {
    let mut tally: BTreeMap<&str, u32> = BTreeMap::new();
    for path in kmapcheck_testing::scenario_files() {
        let program =
            load(&path, &Overrides::default()).unwrap_or_else(|errors| panic!("{errors}"));
        let (Some(_), Ok(locals)) = (program.task_count(), Locals::of(&program)) else {
            continue;
        };
        let expected = program.expect.clone().unwrap_or_default();
        let Judged { flow, cores, .. } = judged(&program, &locals);
        let possible = possible(&locals, flow.as_ref());
        for kind in &expected {
            let is_of_one_task = !matches!(
                kind,
                FindingKind::Deadlock | FindingKind::TimeoutRescue | FindingKind::Starved
            );
            assert!(
                !is_of_one_task || possible.contains(*kind),
                "{path:?}: {kind}"
            );
        }
        let starves = expected.contains(&FindingKind::Starved);
        let goes_on = !program.has_loops() || lets_go(&program, &locals, &cores).is_some();
        assert!(!starves || !goes_on, "{path:?}");
        let came = match cores {
            Cores::NeverMissing(_) => {
                let stuck = [FindingKind::Deadlock, FindingKind::TimeoutRescue];
                assert!(
                    !stuck.iter().any(|kind| expected.contains(kind)),
                    "{path:?}"
                );
                "never missing"
            }
            Cores::Excluded(_) => {
                assert!(!expected.contains(&FindingKind::Deadlock), "{path:?}");
                "excluded"
            }
            Cores::Possible(_) => "possible",
            Cores::Undecided(_) => "undecided",
        };
        *tally.entry(came).or_default() += 1;
    }
    assert!(
        tally["excluded"] > 50 && tally["possible"] > 50,
        "{tally:?}"
    );
}

/// A misuse at the end of that task: it is possible if the end can be reached.
fn with_misuse_at_the_end(scenario: &Value, task: usize) -> Option<Program> {
    let mut scenario = scenario.clone();
    scenario["locks"]["told"] = "spin".into();
    let program = scenario["tasks"][task]["program"].as_array_mut()?;
    program.push(serde_json::json!({ "spin_unlock": "told" }));
    // Refused where the program ends in a loop: then there is no end.
    load_str("told.json", &scenario.to_string(), &Overrides::default()).ok()
}

/// Nothing is found that the closure without pages excludes; nor is the end of a task reached, if
/// that is excluded.
fn judge_without_pages(scenario: &Value) -> Result<&'static str, String> {
    let tasks = scenario["tasks"].as_array().map_or(0, Vec::len);
    let mut programs = vec![kmapcheck_testing::load(scenario)];
    programs.extend((0..tasks).filter_map(|task| with_misuse_at_the_end(scenario, task)));
    let mut answer = "nothing known";
    for program in programs {
        let Some(possible) = possible_without_pages(&program) else {
            continue;
        };
        let limits = Limits {
            max_states: Some(400),
            ..Limits::default()
        };
        let outcome = run(Engine::Reference, &program, &limits, &mut |_| {})
            .unwrap_or_else(|refusal| panic!("{refusal}"));
        let wrong = outcome.kinds().minus(possible);
        if let Some(kind) = wrong.iter().next() {
            return Err(format!("{kind} was excluded, and happens"));
        }
        if Locals::of(&program).is_err() {
            answer = "known without pages only";
        } else if answer == "nothing known" {
            answer = "known anyway";
        }
    }
    Ok(answer)
}

/// On programs in which pages are freed while mapped, and all others.
#[test]
fn what_is_excluded_without_pages_does_not_happen() {
    let mut answers = BTreeMap::new();
    for scenarios in [
        kmapcheck_testing::scenario().boxed(),
        kmapcheck_testing::page_scenario().boxed(),
    ] {
        let counts = RefCell::new(&mut answers);
        let judged = |scenario: Value| {
            let answer = judge_without_pages(&scenario).map_err(TestCaseError::fail)?;
            *counts.borrow_mut().entry(answer).or_insert(0) += 1;
            Ok(())
        };
        let mut runner = TestRunner::new(kmapcheck_testing::config(150));
        if let Err(failed) = runner.run(&scenarios, judged) {
            panic!("{failed}");
        }
    }
    println!("{answers:?}");
    assert!(answers["known without pages only"] > 4, "{answers:?}");
    aimed(Numbers::Given, 300, judge_without_pages);
}
