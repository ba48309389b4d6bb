//! Claims that numbers of tasks are the smallest, against the reference engine at all smaller ones.

use std::cell::Cell;

use kmapcheck_limits::Limits;
use kmapcheck_machine::Findings;
use kmapcheck_prove::decide;
use kmapcheck_report::{NumberOf, Size};
use kmapcheck_scenario::{Bound, Overrides, Program, load_str};
use kmapcheck_search::{Engine, run};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::TestRunner;
use serde_json::Value;

/// What is open of a program, as bits: its templates, and all its slots.
#[derive(Debug, Clone, Copy)]
struct Open {
    counts: u8,
    slots: bool,
}

/// The program with those numbers open; of the other templates there are `given` instances.
fn opened(program: &Program, open: Open, given: u32) -> Program {
    let mut program = program.clone();
    for (i, template) in program.templates.iter_mut().enumerate() {
        template.count = match open.counts & 1 << i {
            0 => Bound::Exactly(given),
            _ => Bound::Any,
        };
    }
    for series in 0..program.series.len() {
        if open.slots {
            program.set_slots(series, Bound::Any);
        }
    }
    program
}

/// All numbers for `n` counts, from 1 on, with a sum below `sum`.
fn below(n: usize, sum: u32) -> Vec<Vec<u32>> {
    if n == 0 {
        return if sum > 0 {
            vec![Vec::new()]
        } else {
            Vec::new()
        };
    }
    (1..sum)
        .flat_map(|first| {
            let rest = below(n - 1, sum - first);
            rest.into_iter()
                .map(move |rest| [vec![first], rest].concat())
        })
        .collect()
}

/// Checks the claim on a program; how many smaller numbers it was compared with.
fn compared(open: &Program) -> u32 {
    let limits = Limits {
        max_states: Some(2_000),
        ..Limits::default()
    };
    let decision = decide(open, &limits, &mut |_| {}).unwrap_or_else(|error| panic!("{error}"));
    let shown: Findings = decision.outcome.kinds();
    if !decision.smallest {
        return 0;
    }
    assert!(
        !shown.is_empty(),
        "nothing was found, and that with the fewest tasks"
    );
    let counts: Vec<u32> = (decision.sizes.iter())
        .filter(|size| size.of == NumberOf::Tasks)
        .map(|size| size.number)
        .collect();
    assert!(
        !counts.is_empty(),
        "no number of tasks is open, and it is the smallest"
    );
    let mut compared = 0;
    for fewer in below(counts.len(), counts.iter().sum()) {
        let mut program = decision.program.clone();
        let mut numbers = fewer.iter();
        for (template, open) in program.templates.iter_mut().zip(&open.templates) {
            if open.count == Bound::Any {
                template.count = Bound::Exactly(*numbers.next().expect("one for each"));
            }
        }
        let limits = Limits {
            max_states: Some(20_000),
            ..Limits::default()
        };
        let outcome = run(Engine::Reference, &program, &limits, &mut |_| {});
        let found = outcome
            .unwrap_or_else(|refusal| panic!("{refusal}"))
            .kinds();
        assert!(
            !shown.minus(found).is_empty(),
            "{shown:?} is said to need {:?}, but {fewer:?} show it",
            decision.sizes
        );
        compared += 1;
    }
    compared
}

fn judge(scenarios: impl Strategy<Value = Value>, cases: u32) -> u32 {
    let (total, given) = (Cell::new(0), select(vec![1_u32, 2]));
    TestRunner::new(kmapcheck_testing::config(cases))
        .run(
            &(scenarios, any::<u8>(), any::<bool>(), given),
            |(scenario, counts, slots, given)| {
                let open = Open { counts, slots };
                let program = opened(&kmapcheck_testing::load(&scenario), open, given);
                if program.numbers_fit() {
                    total.set(total.get() + compared(&program));
                }
                Ok(())
            },
        )
        .unwrap_or_else(|error| panic!("{error}"));
    total.get()
}

#[test]
fn no_smaller_number_shows_all_of_it() {
    let compared = judge(kmapcheck_testing::private_scenario(), 500);
    assert!(compared > 20, "{compared} smaller numbers were looked at");
}

#[test]
fn nor_with_shared_pages() {
    let compared = judge(kmapcheck_testing::shared_page_scenario(), 80);
    assert!(compared > 5, "{compared} smaller numbers were looked at");
}

#[test]
fn nor_with_every_primitive() {
    let compared = judge(kmapcheck_testing::scenario(), 100);
    assert!(compared > 5, "{compared} smaller numbers were looked at");
}

/// Tasks that pin `pins` slots each, one after the other.
fn takers(counts: &[(&str, &str)], slots: &str, pins: usize) -> Program {
    let tasks: Vec<String> = (counts.iter())
        .map(|(name, count)| {
            let pages: Vec<String> = (0..pins).map(|i| format!("\"p{i}\"")).collect();
            let maps = pages
                .iter()
                .map(|p| format!(r#"{{ "kmap": {p}, "series": "A" }}"#));
            let unmaps = pages
                .iter()
                .rev()
                .map(|p| format!(r#"{{ "kunmap": {p} }}"#));
            let program: Vec<String> = maps.chain(unmaps).collect();
            format!(
                r#"{{ "name": "{name}", "count": {count}, "pages": [{}], "program": [{}] }}"#,
                pages.join(", "),
                program.join(", ")
            )
        })
        .collect();
    let text = format!(
        r#"{{ "name": "s", "model": {{ "name": "m", "series": {{ "A": {{ "slots": {slots}, "reuse": "none" }} }} }},
              "tasks": [{}] }}"#,
        tasks.join(", ")
    );
    load_str("s.json", &text, &Overrides::default()).unwrap_or_else(|errors| panic!("{errors}"))
}

/// The numbers that a deadlock was found with, and whether they are said to be the smallest.
fn found(program: &Program) -> (Vec<(String, u32)>, bool) {
    let decision = decide(program, &Limits::default(), &mut |_| {});
    let decision = decision.unwrap_or_else(|error| panic!("{error}"));
    let pair = |size: &Size| (size.name.clone(), size.number);
    (decision.sizes.iter().map(pair).collect(), decision.smallest)
}

/// One task with two pins deadlocks with itself on one slot; as many as there are slots otherwise.
#[test]
fn what_is_claimed_of_tasks_that_take_slots() {
    let size = |name: &str, n| (name.to_owned(), n);
    // Only the slots are open: nothing is known of fewer tasks.
    let four = found(&takers(&[("t", "4")], r#""any""#, 2));
    assert_eq!(four, (vec![size("A", 1)], false));
    let three = found(&takers(&[("t", "\"any\"")], "3", 2));
    assert_eq!(three, (vec![size("t", 3)], true));
    // The equations say that there are no fewer than seven, and nobody searches the smaller numbers.
    let seven = found(&takers(&[("t", "\"any\"")], "7", 2));
    assert_eq!(seven, (vec![size("t", 7)], true));
    // Two of `u` are there in any case: one of `t` makes three.
    let beside = found(&takers(&[("t", "\"any\""), ("u", "2")], "3", 2));
    assert_eq!(beside, (vec![size("t", 1)], true));
    let both = found(&takers(&[("t", "\"any\""), ("u", "\"any\"")], "3", 2));
    assert_eq!(both, (vec![size("t", 2), size("u", 1)], true));
    let all_open = found(&takers(&[("t", "\"any\"")], r#""any""#, 2));
    assert_eq!(all_open, (vec![size("t", 1), size("A", 1)], true));
}
