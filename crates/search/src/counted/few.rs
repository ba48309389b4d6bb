//! Findings of a few tasks, carried over to many.
//!
//! A run of two instances of each task program is a run of any greater number of them: the others
//! stand at their first operation, hold nothing, and wait in no queue. So what a search among few
//! finds at a step, or in a task that waits, is found among all. Pages that only the others have
//! declared start unmapped, which is one of the ways to start. Every run is taken again by the full
//! program before it counts; a deadlock among few need not be one among all, as the others may
//! help, so it is looked at again there.

use kmapcheck_engine::{Candidates, Progress};
use kmapcheck_limits::{Limits, unasked};
use kmapcheck_machine::{
    Abilities, Findings, Start, State, TaskId, Trace, TraceStep, instances, is_open, run,
    waiting_findings,
};
use kmapcheck_scenario::{Bound, FindingKind, Program};
use kmapcheck_stuck::scene::scene;
use kmapcheck_stuck::stuck_sets::stuck_kinds;
use kmapcheck_stuck::traps::starved_for_good;

use super::explore::{self, Explorer};
use super::{run_out, unfold};

/// So many instances of each.
const FEW: u32 = 2;

/// So many states are looked at.
const MAX_STATES: u64 = 20_000;

/// Runs of the program to findings of the wanted kinds, with what stays open left out.
pub(super) fn findings(
    program: &Program,
    wanted: Findings,
    limits: &Limits,
) -> Vec<(FindingKind, Trace)> {
    let Some(few) = fewer(program, FEW) else {
        return Vec::new();
    };
    let limits = Limits {
        max_states: Some(MAX_STATES),
        ..limits.clone()
    };
    let outcome = explore::run_from(&few, &limits, &mut |_: &Progress| {}, usize::MAX);
    let found = (outcome.findings.into_iter()).filter(|finding| wanted.contains(finding.kind));
    found
        .filter_map(|finding| {
            let trace = among_all(program, &few, &finding.trace);
            match shows(program, finding.kind, &trace) {
                true => Some((finding.kind, trace)),
                // Others may still help; not any more when they have come to wait themselves.
                false => {
                    let kind = Findings::of(finding.kind);
                    run_out::from_there(program, &trace, kind).pop()
                }
            }
        })
        .collect()
}

/// What an explorer has found of the wanted kinds, as runs of the program that end with it. The explorer's
/// is the program of the `few`, if there is one.
pub(super) fn confirmed(
    program: &Program,
    few: Option<&Program>,
    explorer: &mut Explorer<'_>,
    wanted: Findings,
) -> Vec<(FindingKind, Trace)> {
    let found = std::mem::replace(&mut explorer.candidates, Candidates::new()).into_found();
    let found = (found.into_iter())
        .filter(|(kind, _)| wanted.contains(*kind))
        .map(|(kind, run)| (kind, unfold::trace(explorer, &run).0))
        .map(|(kind, trace)| match few {
            Some(few) => (kind, among_all(program, few, &trace)),
            None => (kind, trace),
        })
        .filter(|(kind, trace)| shows(program, *kind, trace));
    unasked(|| found.collect())
}

/// The program with at most so many instances of each task program; `None`: it is the same.
pub(super) fn fewer(program: &Program, most: u32) -> Option<Program> {
    let mut few = program.clone();
    let mut is_fewer = false;
    for template in &mut few.templates {
        if let Bound::Exactly(count) = &mut template.count {
            is_fewer |= *count > most;
            *count = most.min(*count);
        }
    }
    is_fewer.then_some(few)
}

/// The same run of the same tasks.
pub(super) fn among_all(program: &Program, few: &Program, trace: &Trace) -> Trace {
    let mut tasks: Vec<TaskId> = Vec::new();
    let mut stale = Vec::new();
    let mut starts = trace.start.stale.iter();
    let shared = program.pages.iter().filter(|page| is_open(page)).count();
    stale.extend(starts.by_ref().take(shared).cloned());
    let mut first = 0;
    for (template, fewer) in program.templates.iter().zip(&few.templates) {
        let own = template.vars.iter().filter_map(|var| var.page.as_ref());
        let open = own.filter(|page| is_open(page)).count();
        let (all, taken) = (instances(template.count), instances(fewer.count));
        tasks.extend(first..first + taken as usize);
        stale.extend(starts.by_ref().take(open * taken as usize).cloned());
        stale.extend(vec![Vec::new(); open * (all - taken) as usize]);
        first += all as usize;
    }
    let step = |step: &TraceStep| TraceStep {
        task: tasks[step.task],
        ..*step
    };
    Trace {
        start: Start { stale },
        steps: trace.steps.iter().map(step).collect(),
    }
}

/// A task that is known to starve in that state, if there is one.
pub(super) fn starving(program: &Program, state: &State) -> Option<TaskId> {
    let abilities = Abilities::of(program);
    let starved = starved_for_good(&scene(program, &abilities, state));
    starved.into_iter().position(|starves| starves)
}

/// Whether the run is one of the program's, and ends with such a finding.
pub(super) fn shows(program: &Program, kind: FindingKind, trace: &Trace) -> bool {
    let mut at_last_step = Findings::NONE;
    let Ok(last) = run(program, trace, |_, _, step, _| at_last_step = step.findings) else {
        return false;
    };
    match kind {
        FindingKind::Starved => starving(program, &last).is_some(),
        FindingKind::Deadlock | FindingKind::TimeoutRescue => {
            stuck_kinds(program, &Abilities::of(program), &last).contains(kind)
        }
        _ => {
            let waits = |task| waiting_findings(program, task, &last.shared).contains(kind);
            at_last_step.contains(kind) || last.tasks.iter().any(waits)
        }
    }
}
