//! Searches against one another.

use kmapcheck_engine::Outcome;
use kmapcheck_machine::Findings;
use kmapcheck_scenario::{FindingKind, Program};
use kmapcheck_search::{Engine, run};

use crate::{MAX_STATES, MOST_TASKS, limits, shown};

/// The reference's answer, if the program is small enough for it.
fn by_reference(program: &Program) -> Option<Outcome> {
    let few = program.task_count().is_some_and(|n| n <= MOST_TASKS);
    few.then(|| searched(Engine::Reference, program))
}

fn searched(engine: Engine, program: &Program) -> Outcome {
    run(engine, program, &limits(MAX_STATES), &mut |_| {})
        .unwrap_or_else(|refusal| panic!("{refusal}"))
}

/// The search's answer, unless numbers are open, with its traces replayed.
pub(crate) fn search(program: &Program) -> Option<Outcome> {
    if program.first_open().is_some() {
        return None;
    }
    let outcome = searched(Engine::Search, program);
    shown::report(program, &outcome);
    Some(outcome)
}

/// What the reference finds within the limits; nothing if it is not run.
pub(crate) fn reference(program: &Program) -> Findings {
    by_reference(program).map_or(Findings::NONE, |outcome| outcome.kinds())
}

/// Runs the search, the plain search and the reference on a program without open numbers, and
/// compares their answers. Returns what the reference found within the limits.
pub(crate) fn agree(program: &Program) -> Findings {
    let Some(search) = search(program) else {
        return Findings::NONE;
    };
    shown::whole(program, &search);
    let Some(reference) = by_reference(program) else {
        return Findings::NONE;
    };
    let plain = searched(Engine::Apart { threads: 1 }, program);
    for engine in [&search, &plain] {
        shown::report(program, engine);
        compare(engine, &reference);
        compare(&reference, engine);
    }
    reference.kinds()
}

/// Who has seen everything has found what the other has, and as soon.
fn compare(all: &Outcome, some: &Outcome) {
    if all.stopped.is_some() {
        return;
    }
    for finding in &some.findings {
        let same = all.finding(finding.kind);
        let same = same.unwrap_or_else(|| {
            panic!(
                "{} found {}, {} did not",
                some.engine, finding.kind, all.engine
            )
        });
        let (sooner, later) = (same.trace.steps.len(), finding.trace.steps.len());
        // Who starves is looked for at the end of a search, in what it has seen.
        let whole = some.stopped.is_none() || finding.kind != FindingKind::Starved;
        assert!(
            !whole || sooner == later,
            "{}: {sooner} steps by {}, {later} by {}",
            finding.kind,
            all.engine,
            some.engine
        );
        if some.stopped.is_none() {
            assert_eq!(same.can_sleep, finding.can_sleep, "{}", finding.kind);
        }
    }
}

/// The reference finds these kinds as well, unless it does not see everything.
pub(crate) fn finds(program: &Program, kinds: &Findings) {
    if let Some(reference) = by_reference(program)
        && reference.stopped.is_none()
    {
        let unknown = kinds.minus(reference.kinds());
        assert!(
            unknown.is_empty(),
            "{unknown:?} is shown, and the reference does not find it"
        );
    }
}
