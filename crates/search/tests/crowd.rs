//! Every number of tasks at once comes to an end, with a limit and without.

use kmapcheck_engine::Stopped;
use kmapcheck_limits::Limits;
use kmapcheck_search::every_number;

#[test]
fn a_counter_that_grows_for_ever_is_told() {
    let program = kmapcheck_testing::load(&serde_json::json!({
        "name": "unbounded",
        "model": { "name": "m", "series": { "A": { "slots": 1, "reuse": "none" } } },
        "tasks": [{ "name": "t", "count": "any", "completions": ["done"], "program": [
            { "loop": [{ "complete": "done" }] } ] }],
    }));
    let every =
        every_number(&program, &Limits::default(), &mut |_| {}).expect("it can be explored");
    assert!(
        matches!(&every.stopped, Some(Stopped::Unbounded(what)) if what.contains("`done`")),
        "{:?}",
        every.stopped
    );
}

#[test]
fn a_large_crowd_counts_towards_the_limit() {
    let program = kmapcheck_testing::load(&serde_json::json!({
        "name": "crowd",
        "model": { "name": "m", "series": { "A": { "slots": 3, "reuse": "none" } } },
        "tasks": [{ "name": "t", "count": "any", "pages": ["x"], "program": [
            { "repeat": 20, "do": [{ "kmap": "x", "series": "A" }, { "kunmap": "x" }] } ] }],
    }));
    let limited = |max_states| {
        let limits = Limits {
            max_states,
            ..Limits::default()
        };
        every_number(&program, &limits, &mut |_| {})
            .expect("it can be explored")
            .stopped
    };
    assert_eq!(limited(None), None);
    assert_eq!(limited(Some(1)), Some(Stopped::States(1)));
}
