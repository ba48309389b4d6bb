//! `check` of scenarios with given numbers, by the default engine where it does not visit every
//! state: in the company of tasks that change nothing.

use kmapcheck_scenario::Program;
use kmapcheck_search::{Engine, run};
use kmapcheck_testing::edge::Numbers;
use kmapcheck_testing::edge::aim::aimed;
use kmapcheck_testing::edge::pad::Padding;
use kmapcheck_testing::load;

use kmapcheck_testing::judge::{found, shows, states};

/// The padded search has taken aim by then.
const PADDED_STATES: u64 = 31_000;
/// Of the plain search.
const PLAIN_STATES: u64 = 5_000;

fn agree(small: &Program, padded: &Program) -> Result<&'static str, String> {
    let (plainly, complete) = found(small, PLAIN_STATES);
    let outcome = run(Engine::Search, padded, &states(PADDED_STATES), &mut |_| {})
        .map_err(|refusal| refusal.to_string())?;
    for finding in &outcome.findings {
        shows(padded, finding)?;
    }
    let (kinds, decided) = (outcome.kinds(), outcome.stopped.is_none());
    let (more, fewer) = (kinds.minus(plainly), plainly.minus(kinds));
    let names = |kinds: kmapcheck_machine::Findings| kinds.iter().collect::<Vec<_>>();
    if complete && !more.is_empty() {
        return Err(format!("{:?} is found only in company", names(more)));
    }
    if decided && !fewer.is_empty() {
        return Err(format!("{:?} is not found in company", names(fewer)));
    }
    Ok(match (decided, outcome.coverage.states >= 30_000) {
        (true, true) => "decided by aim",
        (true, false) => "decided",
        (false, _) => "not decided",
    })
}

#[test]
fn what_is_decided_without_every_state_is_so() {
    let came = aimed(Numbers::Given, 40, |scenario| {
        if scenario.get("cpus").is_some() {
            return Ok("cpus");
        }
        let padding = Padding::ALL[scenario.to_string().len() % Padding::ALL.len()];
        agree(&load(scenario), &load(&padding.of(scenario)))
    });
    assert!(came.of("decided by aim") > 10);
}
