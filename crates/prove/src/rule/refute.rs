//! A candidate is an answer only if the search says so.

use kmapcheck_engine::Verdict;
use kmapcheck_limits::Limits;
use kmapcheck_scenario::{FindingKind, Level, Overrides, Program, load_str};
use kmapcheck_search::{Engine, run};

use super::candidates::Candidate;
use super::discipline::Discipline;
use super::scenario::{Place, write};

/// States that the search may visit for one candidate.
const MAX_STATES: u64 = 200_000;

/// A program that keeps the rule and deadlocks.
#[derive(Debug, Clone)]
pub struct Refuted {
    /// The scenario, as text.
    pub scenario: String,
    /// What it does, in a sentence.
    pub about: String,
    /// Its tasks.
    pub tasks: usize,
    /// What the search found in it, and nothing else.
    pub findings: Vec<FindingKind>,
    /// The states that the search visited.
    pub states: u64,
    /// The program that the search ran.
    pub program: Program,
}

/// Runs the search on a candidate: an answer if it deadlocks, and no other error is found anywhere
/// in it.
#[must_use]
pub fn confirm(
    discipline: &Discipline<'_>,
    candidate: &Candidate,
    place: &Place,
) -> Option<Refuted> {
    let load = |text: &str| load_str(&place.file, text, &Overrides::default()).ok();
    let program = load(&write(discipline, candidate, place, None))?;
    let limits = Limits {
        max_states: Some(MAX_STATES),
        ..Limits::default()
    };
    let outcome = run(Engine::Search, &program, &limits, &mut |_| {}).ok()?;
    let findings: Vec<FindingKind> = outcome.kinds().iter().collect();
    let only = (findings.iter())
        .all(|&kind| kind == FindingKind::Deadlock || kind.level() == Level::Warning);
    if outcome.stopped.is_some() || outcome.verdict() != Verdict::Violated || !only {
        return None;
    }
    let scenario = write(discipline, candidate, place, Some(&findings));
    let program = load(&scenario)?;
    Some(Refuted {
        scenario,
        about: program.about.clone().unwrap_or_default(),
        tasks: candidate.tasks.len(),
        findings,
        states: outcome.coverage.states,
        program,
    })
}
