//! A proof never contradicts the search, and a refutation replays: random programs with `"any"`
//! for some numbers, against the reference engine at small ones.

use std::collections::BTreeMap;
use std::sync::Mutex;

use kmapcheck_machine::{Verdict, run as replay};
use kmapcheck_proof::{Decision, decide};
use kmapcheck_scenario::{Bound, PageDecl, Program, ResourceKind, StaleIn};
use kmapcheck_search::{Engine, Limits, run};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use serde_json::Value;

/// Larger searches are left out.
const MAX_STATES: u64 = 1_000;

/// The program with all counts open, and the slots too if `slots`.
fn opened(program: &Program, slots: bool) -> Program {
    let mut open = program.clone();
    for template in &mut open.templates {
        template.count = Bound::Any;
    }
    if slots {
        for (id, series) in open.series.iter_mut().enumerate() {
            series.slots = Bound::Any;
            for resource in &mut open.resources {
                if let (Some(followed), ResourceKind::Semaphore { units, .. }) =
                    (resource.follows, &mut resource.kind)
                    && followed == id
                {
                    *units = u32::MAX;
                }
            }
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
    for (id, series) in sized.series.iter_mut().enumerate() {
        let Some(slots) = slots else { continue };
        series.slots = Bound::Exactly(slots);
        for resource in &mut sized.resources {
            if let (Some(followed), ResourceKind::Semaphore { units, .. }) =
                (resource.follows, &mut resource.kind)
                && followed == id
            {
                *units = slots;
            }
        }
    }
    sized
}

/// Whether the mappings left over from earlier uses that the program declares fit the slots; a
/// scenario in which they do not is an input error.
fn leftovers_fit(program: &Program) -> bool {
    (0..program.series.len()).all(|id| {
        let stale = |page: &PageDecl| match &page.stale_in {
            StaleIn::Exactly(series) => u32::from(series.contains(&id)),
            StaleIn::Any => 0,
        };
        let own = program.templates.iter().map(|template| {
            let pages = template.vars.iter().filter_map(|var| var.page.as_ref());
            pages.map(stale).sum::<u32>() * kmapcheck_machine::instances(template.count)
        });
        let shared: u32 = program.pages.iter().map(stale).sum();
        program.series[id].slots != Bound::Exactly(0)
            && match program.series[id].slots {
                Bound::Exactly(slots) => shared + own.sum::<u32>() <= slots,
                Bound::Any => true,
            }
    })
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
            if !leftovers_fit(&sized) {
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
    let tally = Mutex::new(BTreeMap::new());
    let mut runner = TestRunner::new(kmapcheck_testing::config(cases));
    runner
        .run(&scenarios, |scenario| {
            let verdict = check(&kmapcheck_testing::load(&scenario), slots);
            *tally
                .lock()
                .expect("nobody panicked")
                .entry(verdict)
                .or_insert(0) += 1;
            Ok(())
        })
        .unwrap_or_else(|error| panic!("{error}"));
    let tally = tally.into_inner().expect("nobody panicked");
    println!("{tally:?}");
    tally
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
fn any_number_of_tasks_with_private_pages() {
    let tally = judge(kmapcheck_testing::private_scenario(), 20, false);
    assert!(tally["clean"] > 0 && tally["violated"] > 0, "{tally:?}");
}

#[test]
fn any_number_of_tasks_and_slots() {
    let tally = judge(kmapcheck_testing::private_scenario(), 20, true);
    assert!(tally["clean"] > 0 && tally["violated"] > 0, "{tally:?}");
}
