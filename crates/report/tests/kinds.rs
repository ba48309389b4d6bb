//! A scenario for every kind of finding: the text as a snapshot, the JSON against the schema.

mod common;

use std::time::Duration;

use common::{assert_valid, program, rendered, report};
use kmapcheck_engine::{Coverage, Finding, Outcome};
use kmapcheck_limits::Limits;
use kmapcheck_machine::Trace;
use kmapcheck_report::{Fault, Report};
use kmapcheck_scenario::{FindingKind, Overrides, load_str};

/// Checks that a scenario has a finding of this kind, and its text.
fn check(kind: FindingKind, fields: &str) {
    let report = report(&program(fields), &Limits::default());
    assert!(
        report.findings.iter().any(|finding| finding.kind == kind),
        "{}",
        rendered(&report)
    );
    assert_valid(&report);
    insta::assert_snapshot!(kind.name(), rendered(&report));
}

#[test]
fn deadlock() {
    check(
        FindingKind::Deadlock,
        r#""locks": { "l": "semaphore" }, "tasks": [
            { "name": "pins", "pages": ["p"], "program": [
                { "map": "p", "note": "the only slot" },
                { "down": "l" }, { "up": "l" }, { "kunmap": "p" } ] },
            { "name": "locks", "pages": ["q"], "program": [
                { "down": "l" },
                { "map": "q" }, { "kunmap": "q" }, { "up": "l" } ] } ]"#,
    );
}

#[test]
fn timeout_rescue() {
    check(
        FindingKind::TimeoutRescue,
        r#""locks": { "a": "semaphore", "b": { "semaphore": 2, "fair": true } }, "tasks": [
            { "name": "patient", "program": [
                { "down": "b", "n": 2 }, { "down": "a" }, { "up": "a" }, { "up": "b", "n": 2 } ] },
            { "name": "killable", "program": [
                { "down": "a" },
                { "down": "b", "gives_up": true, "then": [ { "up": "b" } ] },
                { "up": "a" } ] } ]"#,
    );
}

/// A queue, a select and an idle wait in one deadlock.
#[test]
fn queue_and_select() {
    let report = report(
        &program(
            r#""locks": { "q": { "semaphore": 2, "fair": true }, "a": "semaphore" }, "completions": ["c"],
            "tasks": [
            { "name": "holder", "pages": ["p"], "program": [
                { "down": "q" }, { "map": "p" },
                { "select": [ [ { "down": "a" }, { "up": "a" } ], [ { "wait_for_completion": "c" } ] ] },
                { "kunmap": "p" }, { "up": "q" } ] },
            { "name": "large", "program": [
                { "down": "a" }, { "down": "q", "n": 2 }, { "up": "q", "n": 2 }, { "complete": "c" }, { "up": "a" } ] },
            { "name": "small", "program": [ { "down": "q" }, { "up": "q" } ] },
            { "name": "server", "program": [ { "wait_for_completion": "c", "idle": true } ] } ]"#,
        ),
        &Limits::default(),
    );
    assert_valid(&report);
    insta::assert_snapshot!("queue-and-select", rendered(&report));
}

/// A saved trace may say that a task starves that the scenario does not have.
#[test]
fn who_is_not_there_does_not_starve() {
    let program = program(
        r#""tasks": [ { "name": "t", "pages": ["p"], "program": [ { "map": "p" }, { "kunmap": "p" } ] } ]"#,
    );
    let outcome = Outcome {
        engine: "by hand",
        findings: vec![Finding::starved(Trace::default(), 1)],
        stopped: None,
        coverage: Coverage::default(),
    };
    let built = Report::build(&program, &outcome, Duration::ZERO, &|_, _| None);
    assert!(matches!(
        built,
        Err(Fault::NotShown {
            kind: FindingKind::Starved
        })
    ));
}

#[test]
fn starved() {
    check(
        FindingKind::Starved,
        r#""tasks": [
            { "name": "keeper", "pages": ["p"], "program": [ { "map": "p" }, { "loop": [ { "might_sleep": true } ] } ] },
            { "name": "late", "pages": ["q"], "program": [ { "map": "q" }, { "kunmap": "q" } ] } ]"#,
    );
}

#[test]
fn sleep_in_atomic() {
    check(
        FindingKind::SleepInAtomic,
        r#""locks": { "l": "spin" }, "tasks": [ { "name": "t", "pages": ["p"], "program": [
            { "spin_lock": "l" }, { "map": "p" }, { "kunmap": "p" }, { "spin_unlock": "l" } ] } ]"#,
    );
}

#[test]
fn freed_while_mapped() {
    check(
        FindingKind::FreedWhileMapped,
        r#""tasks": [ { "name": "t", "pages": ["p"], "program": [ { "map": "p" }, { "free_page": "p" }, { "kunmap": "p" } ] } ]"#,
    );
}

#[test]
fn slot_leak() {
    check(
        FindingKind::SlotLeak,
        r#""tasks": [ { "name": "t", "pages": ["p", "q"], "program": [
            { "map": "p" }, { "kmap_atomic": "q", "type": "KM_USER0" }, { "kunmap_atomic": "q" } ] } ]"#,
    );
}

#[test]
fn lock_leak() {
    check(
        FindingKind::LockLeak,
        r#""locks": { "l": "rwsem", "s": { "semaphore": 3 } }, "tasks": [ { "name": "t", "pages": ["p"], "program": [
            { "down": "s", "n": 2 }, { "down_read": "l" }, { "up": "s" }, { "lock_page": "p" } ] } ]"#,
    );
}

#[test]
fn atomic_slot_clash() {
    check(
        FindingKind::AtomicSlotClash,
        r#""tasks": [ { "name": "t", "pages": ["p", "q"], "program": [
            { "kmap_atomic": "p", "type": "KM_USER0" }, { "kmap_atomic": "q", "type": "KM_USER0" },
            { "kunmap_atomic": "q" }, { "kunmap_atomic": "p" } ] } ]"#,
    );
}

#[test]
fn use_after_free() {
    check(
        FindingKind::UseAfterFree,
        r#""tasks": [ { "name": "t", "program": [
            { "alloc_page": "p" }, { "free_page": "p" }, { "kmap_local": "p" } ] } ]"#,
    );
}

#[test]
fn double_free() {
    check(
        FindingKind::DoubleFree,
        r#""pages": ["shared"], "tasks": [ { "name": "t", "count": 2, "program": [ { "free_page": "shared" } ] } ]"#,
    );
}

#[test]
fn misuse() {
    check(
        FindingKind::Misuse,
        r#""locks": { "l": "spin" }, "tasks": [ { "name": "t", "program": [ { "spin_unlock": "l" } ] } ]"#,
    );
}

#[test]
fn order_violation() {
    check(
        FindingKind::OrderViolation,
        r#""tasks": [ { "name": "t", "pages": ["p", "q"], "program": [
            { "kmap": "p", "series": "B" }, { "kmap": "q", "series": "A" }, { "kunmap": "q" }, { "kunmap": "p" } ] } ]"#,
    );
}

/// A lock asked for with a slot and a lock in hand, a slot under a lock held to read, and a second
/// unit; the order that is shown leaves out what the scenario does not have.
#[test]
fn order_violations_of_locks() {
    let tasks = [
        r#"{ "kmap": "p", "series": "S" }, { "spin_lock": "spin" }, { "down_write": "rw" }"#,
        r#"{ "down_read": "rw" }, { "kmap": "p", "series": "S" }"#,
        r#"{ "down": "units" }, { "down": "units", "n": 2 }"#,
    ];
    let texts = tasks.map(|program| {
        let text = format!(
            r#"{{ "name": "s", "model": {{ "name": "m", "series": {{ "S": {{ "slots": 1, "reuse": "none" }} }},
                   "locks": {{ "units": {{ "semaphore": {{ "slots_of": "S" }} }} }},
                   "order": ["mmap_sem", "S", "rw", "units", "spin"] }},
                 "slots": {{ "S": 3 }}, "locks": {{ "rw": "rwsem" }},
                 "tasks": [ {{ "name": "t", "pages": ["p"], "locks": {{ "spin": "spin" }}, "program": [ {program} ] }} ] }}"#
        );
        let program = load_str("s.json", &text, &Overrides::default())
            .unwrap_or_else(|errors| panic!("{errors}"));
        let report = report(&program, &Limits::default());
        assert_valid(&report);
        let mut found = report.findings.iter();
        let found = found.find(|finding| finding.kind == FindingKind::OrderViolation);
        found.expect("an order-violation").summary.clone()
    });
    insta::assert_snapshot!("order-violations-of-locks", texts.join("\n"));
}

#[test]
fn series_mixture() {
    check(
        FindingKind::SeriesMixture,
        r#""pages": [ { "name": "p", "stale_in": "any" } ], "tasks": [ { "name": "t", "program": [
            { "kmap": "p", "series": "B" }, { "kunmap": "p" } ] } ]"#,
    );
}
