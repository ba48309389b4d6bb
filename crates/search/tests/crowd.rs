//! Every number of tasks at once comes to an end, with a limit and without.

use kmapcheck_engine::Stopped;
use kmapcheck_limits::Limits;
use kmapcheck_scenario::{Bound, FindingKind, Program};
use kmapcheck_search::{Engine, every_number, every_number_in_turn, run};
use proptest::prelude::*;

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

/// What does not occur with any numbers, with a crowd for each state, does not with these; and that says
/// at least as much as one crowd for all.
fn in_turn(program: &Program) -> &'static str {
    let mut open = program.clone();
    for template in &mut open.templates {
        template.count = Bound::Any;
    }
    let limits = Limits {
        max_states: Some(600),
        ..Limits::default()
    };
    let explored = |each| match each {
        true => every_number_in_turn(&open, &limits, &mut |_| {}),
        false => every_number(&open, &limits, &mut |_| {}),
    };
    let Ok(every) = explored(true) else {
        return "no crowd";
    };
    if every.stopped.is_some() {
        return "too much";
    }
    let seen = Limits {
        max_states: Some(1_500),
        ..Limits::default()
    };
    let outcome = run(Engine::Reference, program, &seen, &mut |_| {})
        .unwrap_or_else(|refusal| panic!("{refusal}"));
    let mut found = outcome.kinds();
    if found.contains(FindingKind::Starved) {
        found = found.minus([FindingKind::Starved].into_iter().collect());
    }
    let wrong = found.minus(every.possible);
    assert!(wrong.is_empty(), "{}: {wrong:?} was excluded", program.name);
    match explored(false) {
        Ok(one) if one.stopped.is_none() => {
            let more = every.possible.minus(one.possible);
            assert!(more.is_empty(), "{more:?} is excluded by one crowd");
            match one.possible == every.possible {
                true => "the same",
                false => "more",
            }
        }
        _ => "the same",
    }
}

#[test]
fn a_crowd_for_each_state_excludes_nothing_that_happens() {
    let all = [
        kmapcheck_testing::scenario().boxed(),
        kmapcheck_testing::page_scenario().boxed(),
        kmapcheck_testing::shared_page_scenario().boxed(),
        kmapcheck_testing::queued_scenario().boxed(),
    ];
    for scenarios in all {
        let scenarios = scenarios.prop_map(|mut scenario| {
            if let Some(fields) = scenario.as_object_mut() {
                fields.remove("free_pages");
            }
            scenario
        });
        let tally = kmapcheck_testing::tally(scenarios, 300, in_turn);
        println!("{tally:?}");
        assert!(tally.len() > 1, "{tally:?}");
    }
}
