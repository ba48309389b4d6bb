//! Whether a decision about open numbers is so.

use kmapcheck_engine::Verdict;
use kmapcheck_prove::decide;
use kmapcheck_scenario::{Level, Program};
use kmapcheck_testing::judge::{found, shows, states};
use kmapcheck_testing::sizes::{numbers, small};

/// Larger searches are cut short.
const MAX_STATES: u64 = 1_000;

/// Whether what is decided of a program with open numbers is so: nothing that is excluded happens,
/// what is found replays, nothing is left out where nothing is said to be left open, and what is
/// clean is clean at small numbers.
///
/// # Errors
///
/// In words, if not.
pub fn decided_rightly(open: &Program, most_tasks: u32) -> Result<&'static str, String> {
    let decision =
        decide(open, &states(MAX_STATES), &mut |_| {}).map_err(|refusal| refusal.to_string())?;
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
