//! The plain search as the judge of what others say, and traces held against what they show.

use kmapcheck_engine::Finding;
use kmapcheck_limits::Limits;
use kmapcheck_machine::{Abilities, Findings, run as replay, waiting_findings};
use kmapcheck_scenario::{FindingKind, Program};
use kmapcheck_search::{Engine, run};
use kmapcheck_stuck::class::class_in;

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
        FindingKind::Deadlock | FindingKind::TimeoutRescue => {
            class_in(program, &Abilities::of(program), &last, kind).is_some()
        }
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
