//! The scenario files, and what it means that two engines agree.
#![allow(dead_code, reason = "each test uses its part")]

use std::path::{Path, PathBuf};

use kmapcheck_engine::{Finding, Outcome};
use kmapcheck_limits::Limits;
use kmapcheck_loom::{LoomOutcome, fits, flush_matters};
use kmapcheck_machine::{Abilities, run as replay, waiting_findings};
use kmapcheck_scenario::{FindingKind, Overrides, Program};
use kmapcheck_search::Engine;
use kmapcheck_stuck::class::{Class, class_in};
use kmapcheck_testing::for_each_state;

/// The root of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The scenarios that loom can run with at most so many tasks, by their path in the repository.
pub fn fitting(tasks: u64) -> Vec<(String, Program)> {
    let folder = kmapcheck_testing::scenario_folder();
    kmapcheck_testing::scenario_files()
        .into_iter()
        .filter_map(|path| {
            let program = kmapcheck_scenario::load(&path, &Overrides::default()).ok()?;
            let below = path.strip_prefix(&folder).expect("it is in there");
            let name = format!("scenarios/{}", below.display());
            let few = program.task_count().is_some_and(|count| count <= tasks);
            (few && fits(&program).is_ok()).then_some((name, program))
        })
        .collect()
}

/// The search's answer.
pub fn search(program: &Program, max_states: Option<u64>) -> Outcome {
    let limits = Limits {
        max_states,
        ..Limits::default()
    };
    kmapcheck_search::run(Engine::Search, program, &limits, &mut |_| {})
        .unwrap_or_else(|refusal| panic!("{refusal}"))
}

/// The class of a deadlock; panics if the trace does not show what it is said to show.
pub fn class(program: &Program, finding: &Finding) -> Option<&'static str> {
    let mut shown = false;
    let last = replay(program, &finding.trace, |i, _, step, _| {
        shown = i + 1 == finding.trace.steps.len() && step.findings.contains(finding.kind);
    })
    .unwrap_or_else(|error| panic!("{}: {error}", finding.kind));
    if finding.kind == FindingKind::Deadlock {
        let class = class_in(program, &Abilities::of(program), &last, finding.kind);
        return Some(class.expect("the trace ends in a deadlock").name());
    }
    let waits = |task| waiting_findings(program, task, &last.shared).contains(finding.kind);
    assert!(
        shown || last.tasks.iter().any(waits),
        "the trace does not show {}",
        finding.kind
    );
    None
}

/// Which classes a deadlock of loom's may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Classes {
    /// The one of the search's.
    Same,
    /// One of any reachable state: loom may come to another deadlock first.
    Reachable,
}

/// In what the two engines differ: whatever loom finds the search finds, with a trace no longer;
/// where loom is complete, the other way round. Excused is what only another flush could show.
pub fn differences(
    program: &Program,
    search: &Outcome,
    loom: &LoomOutcome,
    classes: Classes,
) -> Vec<String> {
    let mut differences = Vec::new();
    for finding in &loom.outcome.findings {
        let kind = finding.kind;
        let here = class(program, finding);
        let Some(known) = search.finding(kind) else {
            differences.push(format!("only loom finds {kind}"));
            continue;
        };
        let there = class(program, known);
        if here != there && (classes == Classes::Same || !reachable(program).contains(&here)) {
            differences.push(format!("{kind} is {here:?}, for the search {there:?}"));
        }
        if known.trace.steps.len() > finding.trace.steps.len() {
            differences.push(format!("loom's trace to {kind} is shorter"));
        }
    }
    if loom.complete && !flush_matters(program) {
        for finding in &search.findings {
            match loom.outcome.finding(finding.kind) {
                None => differences.push(format!("only the search finds {}", finding.kind)),
                Some(here) if here.can_sleep != finding.can_sleep => {
                    differences.push(format!("{}: whether it can sleep", finding.kind));
                }
                Some(_) => {}
            }
        }
    }
    differences
}

/// The classes of the deadlocks of all reachable states.
fn reachable(program: &Program) -> Vec<Option<&'static str>> {
    let abilities = Abilities::of(program);
    let mut classes = Vec::new();
    for_each_state(program, usize::MAX, |state| {
        let class = class_in(program, &abilities, state, FindingKind::Deadlock).map(Class::name);
        if class.is_some() && !classes.contains(&class) {
            classes.push(class);
        }
    });
    classes
}
