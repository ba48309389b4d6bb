//! Which of several runs to a finding is reported, and what all engines say of findings alike.

use std::collections::HashSet;

use kmapcheck_engine::{Candidates, Finding, Outcome, Refusal, Remedy, Verdict, can_sleep};
use kmapcheck_engine::{Coverage, Stopped, never_executed};
use kmapcheck_machine::{Findings, Trace};
use kmapcheck_scenario::{FindingKind, Overrides, Program, load_str};

/// A task with three operations, the last of which always may sleep.
fn program(count: &str) -> Program {
    let text = format!(
        r#"{{ "name": "s", "model": {{ "name": "m", "series": {{ "S": {{ "slots": 1, "reuse": "none" }} }} }},
             "tasks": [ {{ "name": "t", "count": {count}, "pages": ["p"], "program": [
                 {{ "kmap": "p", "series": "S" }}, {{ "kunmap": "p" }}, {{ "might_sleep": true }} ] }} ] }}"#
    );
    load_str("s.json", &text, &Overrides::default()).unwrap_or_else(|errors| panic!("{errors}"))
}

#[test]
fn the_shortest_then_the_first_class_then_the_first() {
    let kind = FindingKind::Deadlock;
    let mut candidates = Candidates::new();
    for (length, rank, run) in [
        (4, 0, "long"),
        (3, 2, "late"),
        (3, 1, "first"),
        (3, 1, "second"),
    ] {
        candidates.offer(kind, length, rank, || run);
    }
    // Shorter ones may still come.
    candidates.settle(2);
    assert!(!candidates.has(kind));
    candidates.settle(3);
    assert!(candidates.has(kind));
    // What is settled stays.
    candidates.offer(kind, 1, 0, || "too late");
    assert_eq!(candidates.into_found(), [(kind, "first")]);
}

#[test]
fn what_is_decided_otherwise_is_no_news() {
    let mut candidates: Candidates<()> = Candidates::new();
    candidates.offer(FindingKind::Misuse, 1, 0, || ());
    candidates.decide(FindingKind::Misuse);
    let both = Findings::of(FindingKind::Misuse).union(Findings::of(FindingKind::SlotLeak));
    assert_eq!(candidates.news(both), Findings::of(FindingKind::SlotLeak));
    assert_eq!(candidates.into_found(), []);
}

#[test]
fn a_call_can_sleep_if_it_was_seen_to_or_always_does() {
    let program = program("1");
    let (kmap, might_sleep) = ((0, 0), (0, 2));
    assert_eq!(can_sleep(&program, kmap, true, false), Some(true));
    assert_eq!(can_sleep(&program, kmap, false, true), Some(false));
    assert_eq!(can_sleep(&program, kmap, false, false), None);
    assert_eq!(can_sleep(&program, might_sleep, false, false), Some(true));
}

#[test]
fn operations_that_never_ran_are_in_program_order() {
    let program = program("1");
    let origin = |node: usize| (0, program.templates[0].nodes[node].origin);
    let executed = HashSet::from([origin(1)]);
    assert_eq!(never_executed(&program, &executed), [origin(0), origin(2)]);
}

#[test]
fn a_run_that_was_cut_short_is_never_clean() {
    let outcome = |findings, stopped| Outcome {
        engine: "e",
        findings,
        stopped,
        coverage: Coverage::default(),
    };
    let of = |kind| vec![Finding::of(kind, Trace::default())];
    let stopped = || Some(Stopped::States(1));
    let verdict = |findings, stopped| outcome(findings, stopped).verdict();
    assert_eq!(verdict(Vec::new(), None), Verdict::Clean);
    assert_eq!(verdict(Vec::new(), stopped()), Verdict::Inconclusive);
    assert_eq!(
        verdict(of(FindingKind::Misuse), stopped()),
        Verdict::Violated
    );
    let warning = FindingKind::SeriesMixture;
    assert_eq!(verdict(of(warning), None), Verdict::Clean);
    assert_eq!(verdict(of(warning), stopped()), Verdict::Inconclusive);
}

#[test]
fn open_numbers_are_refused_by_name() {
    assert_eq!(Refusal::of_open_numbers("e", &program("1")), Ok(()));
    let refusal = Refusal::of_open_numbers("e", &program("\"any\"")).expect_err("it is open");
    assert_eq!(refusal.remedy, Remedy::Count("t".to_owned()));
    assert_eq!(
        refusal.to_string(),
        "the engine `e` cannot do `\"count\": \"any\"` of task `t`"
    );
}
