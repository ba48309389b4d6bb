//! What reports look like beyond the kinds of finding: folding, lists, limits, faults.

mod common;

use std::time::Duration;

use common::{assert_valid, plain, program, rendered, report};
use kmapcheck_limits::Limits;
use kmapcheck_report::{Fault, Report, Verdict};
use kmapcheck_search::{Engine, run};
use kmapcheck_show::{listing, text};

const MANY: &str = r#""slots": { "B": 6 }, "tasks": [ { "name": "t", "count": 8, "pages": ["p", "q"], "program": [
    { "kmap": "p", "series": "B" }, { "kmap": "q", "series": "B" }, { "kunmap": "q" }, { "kunmap": "p" } ] } ]"#;

#[test]
fn many_alike_tasks_are_one_column() {
    let report = report(&program(MANY), &Limits::default());
    let said = rendered(&report);
    assert!(said.contains("x6"), "{said}");
    assert!(said.contains("t#1..#6"), "{said}");
    assert_valid(&report);
    insta::assert_snapshot!(said);
}

#[test]
fn many_different_tasks_are_a_list() {
    let tasks: Vec<String> = (0..6)
        .map(|i| {
            format!(
                r#"{{ "name": "t{i}", "pages": ["p", "q"], "program": [
                {{ "kmap": "p", "series": "B" }}, {{ "kmap": "q", "series": "B" }}, {{ "kunmap": "q" }}, {{ "kunmap": "p" }} ] }}"#
            )
        })
        .collect();
    let report = report(
        &program(&format!(
            r#""slots": {{ "B": 6 }}, "tasks": [ {} ]"#,
            tasks.join(",\n")
        )),
        &Limits::default(),
    );
    insta::assert_snapshot!(rendered(&report));
}

#[test]
fn text_stays_within_its_width() {
    let report = report(&program(MANY), &Limits::default());
    let text = plain(&text::render(
        &report,
        &text::Options {
            width: 60,
            elapsed: false,
        },
    ));
    for line in text.lines().filter(|line| line.contains('┆')) {
        assert!(line.chars().count() <= 60, "{line}");
    }
}

#[test]
fn a_limit_keeps_what_was_found() {
    let early = r#""tasks": [
        { "name": "leaks", "pages": ["p"], "program": [ { "map": "p" } ] },
        { "name": "runs", "count": 9, "program": [ { "repeat": 9, "do": [ { "might_sleep": true } ] } ] } ]"#;
    let report = report(
        &program(early),
        &Limits {
            max_states: Some(100),
            ..Limits::default()
        },
    );
    assert_eq!(report.verdict, Verdict::Violated);
    assert!(!report.coverage.complete && report.stopped.is_some());
    assert_valid(&report);
    insta::assert_snapshot!(rendered(&report));
}

#[test]
fn a_limit_is_never_clean() {
    let long = r#""tasks": [ { "name": "runs", "count": 9, "program": [ { "repeat": 9, "do": [ { "might_sleep": true } ] } ] } ],
        "expect": []"#;
    let report = report(
        &program(long),
        &Limits {
            max_states: Some(100),
            ..Limits::default()
        },
    );
    assert_eq!(
        (report.verdict, report.as_expected),
        (Verdict::Inconclusive, None)
    );
    assert_valid(&report);
    insta::assert_snapshot!(rendered(&report));
}

#[test]
fn what_proves_nothing_says_so() {
    for fields in [
        r#""tasks": []"#,
        r#""completions": ["c"], "tasks": [ { "name": "waits", "program": [ { "wait_for_completion": "c" } ] } ]"#,
    ] {
        let said = rendered(&report(&program(fields), &Limits::default()));
        assert!(said.contains("Beware"), "{said}");
    }
}

#[test]
fn operations_that_never_run_are_listed() {
    let fields = r#""locks": { "l": "spin" }, "tasks": [ { "name": "t", "program": [
        { "spin_trylock": "l", "then": [ { "spin_unlock": "l" } ], "else": [ { "might_sleep": true, "at": "here" } ] } ] } ]"#;
    let report = report(&program(fields), &Limits::default());
    assert_eq!(report.verdict, Verdict::Clean);
    insta::assert_snapshot!(rendered(&report));
}

#[test]
fn listings_show_jumps_and_expansion() {
    let fields = r#""locks": { "l": { "rwsem": { "fair": true } } }, "mempools": { "m": { "elements": 4, "owned": false } },
        "completions": ["c"], "pages": [ { "name": "low", "highmem": false }, { "name": "left", "stale_in": "B" } ],
        "free_pages": 2, "cpus": 2, "preemptible": true,
        "tasks": [ { "name": "t", "count": 2, "pages": ["p"], "locks": { "mine": "spin" }, "program": [
            { "loop": [
                { "map": "p" },
                { "choose": [ [ { "kunmap": "p" } ], [ { "kunmap": "p" }, { "break": true } ] ] } ] },
            { "spin_trylock": "mine", "then": [ { "spin_unlock": "mine" } ], "else": [ { "exit": true } ] },
            { "alloc_page": "v", "note": "may wait" }, { "free_page": "v" } ] } ],
        "expect": []"#;
    insta::assert_snapshot!(listing::render(&program(fields)));
}

#[test]
fn a_trace_that_does_not_hold_is_a_fault() {
    let program = program(MANY);
    let outcome = run(Engine::Search, &program, &Limits::default(), &mut |_| {}).expect("it runs");
    let build =
        |outcome: &_| Report::build(&program, outcome, Duration::ZERO, &|_, _| None).map(|_| ());
    let mut too_short = outcome.clone();
    too_short.findings[0].trace.steps.pop();
    assert!(matches!(build(&too_short), Err(Fault::NotShown { .. })));
    let mut impossible = outcome.clone();
    impossible.findings[0].trace.steps[0].choice = 99;
    assert!(matches!(build(&impossible), Err(Fault::Replay { .. })));
    assert_eq!(build(&outcome), Ok(()));
}
