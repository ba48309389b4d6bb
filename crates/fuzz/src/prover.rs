//! The prover against the reference.

use kmapcheck_engine::Verdict;
use kmapcheck_machine::Findings;
use kmapcheck_prove::{certificate, decide};
use kmapcheck_scenario::{Bound, FindingKind, Program};
use kmapcheck_verify::verify;

use crate::{FILE, MAX_STATES, MOST_TASKS, limits, shown};

/// Decides a program; `seen` is what the reference finds at some of the numbers that it leaves open.
/// Nothing of that may be excluded, and a certificate of what is excluded has to hold.
pub(crate) fn proves(program: &Program, seen: &[Findings]) {
    let decision = decide(program, &limits(MAX_STATES), &mut |_| {})
        .unwrap_or_else(|refusal| panic!("{refusal}"));
    shown::report(&decision.program, &decision.outcome);
    let excluded = decision.reasons.kinds();
    let clean = decision.outcome.verdict() == Verdict::Clean;
    for finding in &decision.outcome.findings {
        assert!(!excluded.contains(finding.kind), "{}", finding.kind);
    }
    for kind in seen.iter().flat_map(|seen| seen.iter()) {
        assert!(!excluded.contains(kind), "{kind} is excluded, and occurs");
        let error = kind.level() == kmapcheck_scenario::Level::Error;
        assert!(!(clean && error), "clean, and {kind} occurs");
    }
    if let Ok(certificate) = certificate(program, &decision.reasons, FILE, None) {
        verify(&certificate, program)
            .unwrap_or_else(|wrong| panic!("our own certificate: {wrong}"));
    }
}

/// The program at a few small numbers of whatever it leaves open.
pub(crate) fn sized(program: &Program) -> Vec<Program> {
    let mut found = Vec::new();
    for slots in 1..=2 {
        for count in 1..=2 {
            let mut sized = program.clone();
            for template in &mut sized.templates {
                if template.count == Bound::Any {
                    template.count = Bound::Exactly(count);
                }
            }
            for series in 0..sized.series.len() {
                if sized.series[series].slots == Bound::Any {
                    let slots = program.least_slots(series) + slots - 1;
                    sized.set_slots(series, Bound::Exactly(slots));
                }
            }
            let few = sized.task_count().is_some_and(|n| n <= MOST_TASKS);
            if few && sized.numbers_fit() && !found.contains(&sized) {
                found.push(sized);
            }
        }
    }
    found
}

/// The kind of that name.
pub(crate) fn kind_of(name: &str) -> Option<FindingKind> {
    (FindingKind::ALL.into_iter()).find(|kind| kind.name() == name)
}
