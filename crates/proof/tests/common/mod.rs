//! The plain search at small numbers: what it says of programs with open ones.

// Not every test needs all of it.
#![allow(dead_code)]

use std::collections::BTreeSet;

use kmapcheck_machine::{Abilities, Finding, Findings, Verdict, run as replay, waiting_findings};
use kmapcheck_proof::decide;
use kmapcheck_proof::place::Place;
use kmapcheck_scenario::{FindingKind, Level, Program};
use kmapcheck_search::{Engine, Limits, run};
use kmapcheck_stuck::explain::explain;
use kmapcheck_testing::for_each_state;
use kmapcheck_testing::sizes::{numbers, small};

/// Larger searches are cut short.
pub const MAX_STATES: u64 = 1_000;

/// A limit of states.
pub fn states(max: u64) -> Limits {
    Limits {
        max_states: Some(max),
        ..Limits::default()
    }
}

/// What the plain search finds, and whether it came to an end.
pub fn found(program: &Program, max_states: u64) -> (Findings, bool) {
    let outcome = run(Engine::Reference, program, &states(max_states), &mut |_| {})
        .unwrap_or_else(|refusal| panic!("{refusal}"));
    (outcome.kinds(), outcome.stopped.is_none())
}

/// Whether what is decided of a program with open numbers is so: nothing that is excluded happens,
/// what is found replays, nothing is left out where nothing is said to be left open, and what is
/// clean is clean at small numbers.
///
/// # Errors
///
/// In words, if not.
pub fn decided_rightly(open: &Program, most_tasks: u32) -> Result<&'static str, String> {
    let decision = decide(open, &states(MAX_STATES), &mut |_| {})?;
    let excluded = decision.reasons.kinds();
    let outcome = &decision.outcome;
    for finding in &outcome.findings {
        if excluded.contains(finding.kind) {
            return Err(format!("{} is excluded and found", finding.kind));
        }
        shows(&decision.program, finding)?;
    }
    let verdict = outcome.verdict();
    let settled = excluded.union(outcome.kinds());
    for sized in small(open, most_tasks) {
        let (kinds, _) = found(&sized, MAX_STATES);
        for kind in kinds.iter() {
            let wrong = match kind.level() {
                _ if excluded.contains(kind) => "is excluded",
                Level::Error if verdict == Verdict::Clean => "makes nothing of `clean`",
                _ if outcome.stopped.is_none() && !settled.contains(kind) => "is not mentioned",
                _ => continue,
            };
            return Err(format!(
                "{kind} {wrong}, and happens with {}",
                numbers(&sized)
            ));
        }
    }
    Ok(match verdict {
        Verdict::Clean => "clean",
        Verdict::Violated if outcome.stopped.is_none() => "violated",
        Verdict::Violated => "violated, the rest open",
        Verdict::Inconclusive => "inconclusive",
    })
}

/// Whether the trace of a finding shows it.
///
/// # Errors
///
/// In words, if not.
pub fn shows(program: &Program, finding: &Finding) -> Result<(), String> {
    let kind = finding.kind;
    let mut at_its_end = false;
    let last = replay(program, &finding.trace, |i, _, step, _| {
        at_its_end = i + 1 == finding.trace.steps.len() && step.findings.contains(kind);
    })
    .map_err(|error| format!("{kind}: {error}"))?;
    let there = match kind {
        FindingKind::Deadlock => explain(program, &Abilities::of(program), &last).is_some(),
        FindingKind::Starved => true,
        _ => {
            let mut tasks = last.tasks.iter();
            let waits = |task| waiting_findings(program, task, &last.shared).contains(kind);
            at_its_end || tasks.any(waits)
        }
    };
    there
        .then_some(())
        .ok_or(format!("the trace to {kind} does not show it"))
}

/// Operations that go against the order: task, operation, where.
pub type Broken = BTreeSet<(String, String, String)>;

/// The operations that go against the order in some run, and whether every state was visited.
pub fn breaks_the_order(program: &Program, most: usize) -> (Broken, bool) {
    let mut found = Broken::new();
    let complete = for_each_state(program, most, |state| {
        for (id, task) in state.tasks.iter().enumerate() {
            let Some(at) = task.at else { continue };
            let findings = (state.successors(program, id).iter())
                .map(|(step, _)| step.findings)
                .fold(
                    waiting_findings(program, task, &state.shared),
                    Findings::union,
                );
            if findings.contains(FindingKind::OrderViolation) {
                let place = Place::of(program, task.template, at);
                let task = program.templates[task.template].name.clone();
                found.insert((task, place.operation, place.location));
            }
        }
    });
    (found, complete)
}
