//! Which numbers are reported, where each of several shows something else.

use kmapcheck_engine::Stopped;
use kmapcheck_limits::Limits;
use kmapcheck_prove::decide;
use kmapcheck_scenario::{FindingKind, Overrides, load_str};
use serde_json::json;

/// Two jobs and one part of a job end by a time-out, one job and two parts of it do not end: a warning
/// with the numbers that come first must not hide the error with others.
#[test]
fn an_error_is_reported_before_a_warning() {
    let scenario = json!({
        "name": "workers",
        "series": { "THREADS": { "slots": 4, "reuse": "none" } },
        "completions": ["submitted", "done"],
        "tasks": [
            { "name": "job", "count": "any", "pages": ["thread"], "program": [
                { "kmap": "thread", "series": "THREADS" },
                { "complete": "submitted" },
                { "wait_for_completion": "done", "gives_up": true },
                { "kunmap": "thread" } ] },
            { "name": "part", "count": "any", "pages": ["thread"], "program": [
                { "wait_for_completion": "submitted" },
                { "kmap": "thread", "series": "THREADS" },
                { "complete": "done" },
                { "kunmap": "thread" } ] },
        ],
    });
    let program = load_str("workers.json", &scenario.to_string(), &Overrides::default());
    let program = program.unwrap_or_else(|errors| panic!("{errors}"));
    let decision = decide(&program, &Limits::default(), &mut |_| {}).expect("it can be decided");
    let kinds = decision.outcome.kinds();
    assert!(kinds.contains(FindingKind::Deadlock), "{kinds:?}");
    // What other numbers show is said.
    let Some(Stopped::Undecided(said)) = decision.outcome.stopped else {
        panic!("nothing is said of the other numbers");
    };
    assert_eq!(said, "timeout-rescue shows with job = 2, part = 1");
}
