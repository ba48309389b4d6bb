//! Which operations are named as those that took what is held.

use kmapcheck_questions::conform::{Conformance, Verdict, Violation};
use kmapcheck_questions::order::{Judged, Pairs};
use kmapcheck_scenario::{Overrides, Program, load_str};

fn program(fields: &str, body: &str) -> Program {
    let text = format!(
        r#"{{ "name": "s", "model": {{ "name": "m", "order": ["A", "B"],
        "series": {{ "A": {{ "slots": 4, "reuse": "any" }}, "B": {{ "slots": 4, "reuse": "any" }} }} }},
        {fields} "tasks": [ {{ "name": "t", "pages": ["p", "q", "r"], "program": {body} }} ] }}"#
    );
    load_str("s.json", &text, &Overrides::default()).unwrap_or_else(|errors| panic!("{errors}"))
}

fn chains(conformance: &Conformance) -> Vec<Vec<&str>> {
    let chain = |violation: &'_ Violation| violation.held.len();
    assert!(conformance.violations.iter().all(|v| chain(v) > 0));
    (conformance.violations.iter())
        .map(|violation| {
            let held = violation
                .held
                .iter()
                .map(|held| held.taken.operation.as_str());
            held.chain([violation.asked.by.operation.as_str()])
                .collect()
        })
        .collect()
}

#[test]
fn every_branch_that_takes_it() {
    let body = r#"[ { "choose": [ [ { "kmap": "p", "series": "B" } ], [ { "might_sleep": true }, { "kmap": "p", "series": "B" } ] ] },
        { "kmap": "q", "series": "A" }, { "kunmap": "q" }, { "kunmap": "p" } ]"#;
    let conformance = Conformance::of(&program("", body));
    let places: Vec<&str> = (conformance.violations.iter())
        .map(|violation| violation.held[0].taken.location.as_str())
        .collect();
    assert_eq!(places.len(), 2, "{places:?}");
    assert_ne!(places[0], places[1]);
    // The kmaps of p, and that of q after each of them.
    assert_eq!(conformance.paths, 4);
}

#[test]
fn what_is_left_after_the_first_is_given_back() {
    let body = r#"[ { "kmap": "p", "series": "B" }, { "kmap": "q", "series": "B" }, { "kunmap": "p" },
        { "kmap": "r", "series": "A" }, { "kunmap": "r" }, { "kunmap": "q" } ]"#;
    let conformance = Conformance::of(&program("", body));
    let expected = [
        vec!["kmap(p, B)", "kmap(q, B)"],
        vec!["kmap(q, B)", "kmap(r, A)"],
    ];
    assert_eq!(chains(&conformance), expected);
}

#[test]
fn locks_and_slots_in_the_order_taken() {
    let body = r#"[ { "down": "s", "n": 2 }, { "kmap": "p", "series": "B" }, { "down_read": "m" }, { "up": "s" },
        { "kmap": "q", "series": "A" }, { "kunmap": "q" }, { "up_read": "m" }, { "kunmap": "p" }, { "up": "s" } ]"#;
    let fields = r#""locks": { "s": { "semaphore": 3 }, "m": "rwsem" },"#;
    let conformance = Conformance::of(&program(fields, body));
    let expected = [vec![
        "down(s, 2)",
        "kmap(p, B)",
        "down_read(m)",
        "kmap(q, A)",
    ]];
    assert_eq!(chains(&conformance), expected);
    assert_eq!(
        conformance.violations[0].held[0].what,
        "1 unit of semaphore s"
    );
    let in_the_way: Vec<bool> = (conformance.violations[0].held.iter())
        .map(|held| held.in_the_way)
        .collect();
    assert_eq!(in_the_way, [false, true, false]);
}

#[test]
fn a_mapping_that_the_task_pins_is_exempt() {
    let body = r#"[ { "kmap": "p", "series": "B" }, { "kmap": "p", "series": "A" }, { "kunmap": "p" }, { "kunmap": "p" } ]"#;
    assert_eq!(Conformance::of(&program("", body)).verdict, Verdict::Keeps);
    let low = body.replace(r#""p", "series": "A""#, r#""q", "series": "A""#);
    assert_eq!(Conformance::of(&program("", &low)).verdict, Verdict::Breaks);
}

/// Nobody ever completes it, so no search gets to the second kmap.
#[test]
fn behind_a_wait_that_never_ends() {
    let body = r#"[ { "kmap": "p", "series": "B" }, { "wait_for_completion": "c" }, { "kmap": "q", "series": "A" },
        { "kunmap": "q" }, { "kunmap": "p" } ]"#;
    let fields = r#""completions": ["c"],"#;
    let conformance = Conformance::of(&program(fields, body));
    assert_eq!(chains(&conformance), [["kmap(p, B)", "kmap(q, A)"]]);
}

#[test]
fn a_broken_premise_is_named() {
    let body = r#"[ { "alloc_page": "p" }, { "kmap": "p", "series": "A" }, { "free_page": "p" } ]"#;
    let program = program("", body);
    let conformance = Conformance::of(&program);
    assert_eq!(conformance.verdict, Verdict::NotJudged);
    let (task, place) = conformance
        .not_judged
        .and_then(|why| why.at)
        .expect("it has a place");
    assert_eq!(
        (task.as_str(), place.operation.as_str()),
        ("t", "free_page(p)")
    );
    assert_eq!(Pairs::of(&program).judged, Judged::NotJudged);
}

/// A lock that both sides hold makes a circle harmless; the reason names it.
#[test]
fn a_gate_is_named() {
    let task = |name: &str, first: &str, then: &str| {
        format!(
            r#"{{ "name": "{name}", "count": 3, "program": [ {{ "down": "gate" }}, {{ "down": "{first}" }}, {{ "down": "{then}" }},
            {{ "up": "{then}" }}, {{ "up": "{first}" }}, {{ "up": "gate" }} ] }}"#
        )
    };
    let text = |gate: &str| {
        let (t, u) = (task("t", "a", "b"), task("u", "b", "a"));
        format!(
            r#"{{ "name": "s", "model": {{ "name": "m", "series": {{ "A": {{ "slots": 1, "reuse": "own" }} }} }},
            "locks": {{ "gate": {gate}, "a": "semaphore", "b": "semaphore" }}, "tasks": [ {t}, {u} ] }}"#
        )
    };
    let pairs = |gate: &str| {
        let program = load_str("s.json", &text(gate), &Overrides::default());
        Pairs::of(&program.unwrap_or_else(|errors| panic!("{errors}")))
    };
    let gated = pairs(r#""semaphore""#);
    assert_eq!(gated.judged, Judged::Excluded);
    assert_eq!(gated.cycles.len(), 1);
    let why = gated.cycles[0].why.join("\n");
    assert!(
        why.contains("one task at a time holds semaphore gate: t and u"),
        "{why}"
    );
    let open = pairs(r#"{ "semaphore": 2 }"#);
    assert_eq!(open.judged, Judged::Open);
    assert!(open.order.is_none());
}
