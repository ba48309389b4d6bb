//! What two models make of the same scenario, where that is known by hand.

use kmapcheck_limits::Limits;
use kmapcheck_questions::compare::{Compared, Comparison, Pool, Ran, Side, Size, side, text};
use kmapcheck_questions::size::Options;
use kmapcheck_scenario::{Overrides, load_str};
use kmapcheck_testing::schema::assert_fits;

/// Two tasks, each with a slot of A while it asks for one of B, which is A itself where `one` is set.
fn scenario(one: bool) -> kmapcheck_scenario::Program {
    let second = if one { "A" } else { "B" };
    let text = format!(
        r#"{{ "name": "s", "model": {{ "name": "m", "series": {{ "A": {{ "slots": 2, "reuse": "none" }}, "B": {{ "slots": 2, "reuse": "none" }} }},
            "operations": {{ "second": {{ "params": ["page"], "do": [ {{ "kmap": "$page", "series": "{second}" }} ] }} }} }},
          "tasks": [ {{ "name": "t", "count": 2, "pages": ["p", "q"], "program": [
            {{ "kmap": "p", "series": "A" }}, {{ "second": "q" }}, {{ "kunmap": "q" }}, {{ "kunmap": "p" }} ] }} ] }}"#
    );
    load_str("s.json", &text, &Overrides::default()).unwrap_or_else(|errors| panic!("{errors}"))
}

fn options(max_states: u64) -> Options {
    let limits = Limits {
        max_states: Some(max_states),
        ..Limits::default()
    };
    Options {
        slots_up_to: 4,
        tasks_up_to: 4,
        limits,
    }
}

fn ran(one: bool) -> Ran {
    match side(&scenario(one), &options(10_000), &mut |_| {}) {
        Side::Ran(ran) => ran,
        Side::NotRun { why } => panic!("{why}"),
    }
}

fn comparison() -> Comparison {
    Comparison {
        models: ["one".to_owned(), "two".to_owned()],
        scenarios: vec![Compared {
            scenario: "s".to_owned(),
            file: "s.json".to_owned(),
            sides: [Side::Ran(ran(true)), Side::Ran(ran(false))],
        }],
    }
}

/// Two slots: two tasks that each take two of them one by one deadlock, one task does not. With a
/// series for each, nothing does, however many tasks.
#[test]
fn one_series_deadlocks_and_two_do_not() {
    let (one, two) = (ran(true), ran(false));
    assert_eq!(
        (one.verdict.as_str(), two.verdict.as_str()),
        ("violated", "clean")
    );
    let found = &one.findings[0];
    assert_eq!(
        (found.kind.as_str(), found.class.as_deref(), found.steps),
        ("deadlock", Some("slot-exhaustion"), 2)
    );
    assert_eq!(
        one.sizes,
        [Size {
            of: "t".to_owned(),
            safe_up_to: Some(1),
            smallest_unsafe: Some(2),
            no_larger_is_safe: true
        }]
    );
    let pool = |of: &str, safe_from| Pool {
        of: of.to_owned(),
        counts: "slots",
        safe_from,
    };
    assert_eq!(one.pools, [pool("A", Some(3))]);
    assert_eq!(two.pools, [pool("A", Some(1)), pool("B", Some(1))]);
    assert_eq!(
        two.sizes,
        [Size {
            of: "t".to_owned(),
            safe_up_to: None,
            smallest_unsafe: None,
            no_larger_is_safe: false
        }]
    );
    let only = comparison().only(0);
    assert_eq!(only, [("deadlock".to_owned(), vec!["s".to_owned()])]);
    assert_eq!(comparison().only(1), []);
}

/// What was not explored to its end is no difference.
#[test]
fn an_unfinished_side_has_no_differences() {
    let mut comparison = comparison();
    comparison.scenarios[0].sides[1] = side(&scenario(false), &options(1), &mut |_| {});
    let complete = comparison.scenarios[0].sides[1].is_complete();
    assert_eq!(comparison.only(0).is_empty(), !complete);
    comparison.scenarios[0].sides[1] = Side::NotRun {
        why: "no".to_owned(),
    };
    assert_eq!(comparison.only(0), []);
    assert!(!comparison.is_complete());
    assert!(text::render(&comparison).contains("not run: no"));
}

#[test]
fn text_markdown_and_json() {
    let comparison = comparison();
    let text = text::render(&comparison);
    for part in [
        "deadlock (slot-exhaustion, 2 steps)",
        "2 t and more",
        "no number of t",
        "Only on one: deadlock in s.",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let markdown = text::markdown(&comparison);
    let cells = |line: &str| line.matches(" | ").count();
    let table: Vec<&str> = markdown
        .lines()
        .take_while(|line| line.starts_with('|'))
        .collect();
    assert_eq!(table.len(), 6);
    assert!(
        table.iter().skip(2).all(|line| cells(line) == 3),
        "{markdown}"
    );
    let value = serde_json::to_value(&comparison).expect("it is JSON");
    assert_fits("comparison", &value);
}

/// Two tasks that each take two connections of two, and a thread of a pool that all tasks share: as with
/// slots, three connections are enough; threads are no part of it.
#[test]
fn units_are_counted_as_slots_are() {
    let text = r#"{ "name": "s", "locks": { "connections": { "semaphore": 2 } }, "mempools": { "threads": 4 },
      "tasks": [ { "name": "t", "count": 2, "program": [ { "mempool_alloc": "threads" },
        { "down": "connections" }, { "down": "connections" },
        { "up": "connections" }, { "up": "connections" }, { "mempool_free": "threads" } ] } ] }"#;
    let program =
        load_str("s.json", text, &Overrides::default()).unwrap_or_else(|errors| panic!("{errors}"));
    let ran = match side(&program, &options(10_000), &mut |_| {}) {
        Side::Ran(ran) => ran,
        Side::NotRun { why } => panic!("{why}"),
    };
    let connections = ran.pools.iter().find(|pool| pool.of == "connections");
    let connections = connections.unwrap_or_else(|| panic!("{:?}", ran.pools));
    assert_eq!(
        (connections.counts, connections.safe_from),
        ("units", Some(3))
    );
    assert_eq!(ran.sizes[0].smallest_unsafe, Some(2));
    let comparison = Comparison {
        models: ["one".to_owned(), "two".to_owned()],
        scenarios: vec![Compared {
            scenario: "s".to_owned(),
            file: "s.json".to_owned(),
            sides: [Side::Ran(ran.clone()), Side::Ran(ran)],
        }],
    };
    assert!(text::render(&comparison).contains("enough    3 connections and more"));
}
