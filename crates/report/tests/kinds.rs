//! A scenario for every kind of finding: the text as a snapshot, the JSON against the schema.

mod common;

use common::{assert_valid, program, rendered, report};
use kmapcheck_scenario::FindingKind;
use kmapcheck_search::Limits;

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

#[test]
fn series_mixture() {
    check(
        FindingKind::SeriesMixture,
        r#""pages": [ { "name": "p", "stale_in": "any" } ], "tasks": [ { "name": "t", "program": [
            { "kmap": "p", "series": "B" }, { "kunmap": "p" } ] } ]"#,
    );
}
