//! Hand-counted state spaces, and the aimed search against the reference.

use std::collections::HashSet;

use kmapcheck_engine::{Outcome, Stopped, Verdict};
use kmapcheck_machine::{Findings, Starts, initial};
use kmapcheck_scenario::{FindingKind, Overrides, Program, load_str};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::counted::decide::possible;
use crate::counted::explore::{self, Explorer};
use crate::{Engine, Limits, run};

fn program(scenario: &Value) -> Program {
    load_str("test.json", &scenario.to_string(), &Overrides::default())
        .unwrap_or_else(|e| panic!("{e}"))
}

fn answer(engine: Engine, program: &Program) -> Outcome {
    let limits = Limits {
        max_states: Some(200_000),
        ..Limits::default()
    };
    run(engine, program, &limits, &mut |_| {}).unwrap_or_else(|e| panic!("{e}"))
}

/// The search with its aim taken at the first state.
fn aimed(program: &Program) -> Outcome {
    let limits = Limits {
        max_states: Some(200_000),
        ..Limits::default()
    };
    explore::run_from(program, &limits, &mut |_| {}, 0)
}

/// `tasks` tasks that take `k` slots of one series one by one, each for a page of its own.
fn one_by_one(tasks: u32, k: usize, slots: u32) -> Program {
    let pages: Vec<String> = (0..k).map(|i| format!("p{i}")).collect();
    let maps = pages
        .iter()
        .map(|page| json!({ "kmap": page, "series": "S" }));
    let unmaps = pages.iter().map(|page| json!({ "kunmap": page }));
    program(&json!({
        "name": "one by one",
        "model": { "name": "m", "series": { "S": { "slots": slots, "reuse": "none" } } },
        "tasks": [{ "name": "t", "count": tasks, "pages": pages,
                    "program": maps.chain(unmaps).collect::<Vec<_>>() }],
    }))
}

/// `tasks` tasks that take a slot of A, then one of B, and give both back.
fn ordered(tasks: u32, slots: u32) -> Program {
    program(&json!({
        "name": "ordered",
        "model": { "name": "m", "series": { "A": { "slots": slots, "reuse": "none" },
                                            "B": { "slots": slots, "reuse": "none" } } },
        "tasks": [{ "name": "t", "count": tasks, "pages": ["a", "b"], "program": [
            { "kmap": "a", "series": "A" }, { "kmap": "b", "series": "B" },
            { "kunmap": "b" }, { "kunmap": "a" } ] }],
    }))
}

/// N tasks that take k slots one by one out of P deadlock if and only if N(k - 1) >= P: then, and
/// only then, every slot can be with a task that lacks one. The shortest run takes the P slots.
#[test]
fn one_by_one_deadlocks_iff_n_times_k_minus_1_reaches_p() {
    for tasks in 1..=4 {
        for k in 1..=3 {
            for slots in 1..=6 {
                let program = one_by_one(tasks, k, slots);
                for engine in [Engine::Search, Engine::Reference] {
                    let outcome = answer(engine, &program);
                    let deadlock = outcome.finding(FindingKind::Deadlock);
                    let expected = tasks as usize * (k - 1) >= slots as usize;
                    assert_eq!(
                        deadlock.is_some(),
                        expected,
                        "{tasks} tasks, {k} of {slots} slots"
                    );
                    if let Some(deadlock) = deadlock {
                        assert_eq!(deadlock.trace.steps.len(), slots as usize);
                    }
                }
            }
        }
    }
}

/// One task with k slots goes through 2k + 1 states, one for each of its positions.
#[test]
fn one_task_goes_through_its_positions() {
    for k in 1..=3 {
        for engine in [Engine::Search, Engine::Reference] {
            let coverage = answer(engine, &one_by_one(1, k, 3)).coverage;
            let positions = 2 * k as u64 + 1;
            assert_eq!(
                (coverage.states, coverage.transitions),
                (positions, positions - 1)
            );
            assert_eq!(coverage.depth, positions - 1);
        }
    }
}

/// Two tasks, one slot each, enough for both: 3 positions each. Named 3 * 3 states, counted the
/// multisets of two out of three: 6. Each named state but the last has a step for each task that
/// has not ended: 2 * (3 * 2) in all; counted, the pairs (position, multiset) with a task there
/// that can move: from {0,0} 1, {0,1} 2, {0,2} 1, {1,1} 1, {1,2} 1, {2,2} 0.
#[test]
fn two_tasks_are_counted_as_multisets() {
    let program = one_by_one(2, 1, 2);
    let named = answer(Engine::Reference, &program).coverage;
    assert_eq!((named.states, named.transitions, named.depth), (9, 12, 4));
    let counted = answer(Engine::Search, &program).coverage;
    assert_eq!(
        (counted.states, counted.transitions, counted.depth),
        (6, 6, 4)
    );
}

/// Two slots of A and two of B, taken in that order, N tasks. The positions hold nothing (0), A
/// (1), A and B (2), A again (3), nothing (4). At most two tasks are at 1, 2 and 3 together: one
/// way with none there, 3 with one, 6 with two; the others are at 0 or 4, in N + 1, N and N - 1
/// ways. Sum: (N + 1) + 3N + 6(N - 1) = 10N - 5.
#[test]
fn ordered_tasks_give_ten_n_minus_five_states() {
    for tasks in [2, 14, 200] {
        let outcome = answer(Engine::Search, &ordered(tasks, 2));
        assert_eq!(outcome.verdict(), Verdict::Clean);
        assert!(outcome.coverage.exhaustive);
        assert_eq!(outcome.coverage.states, u64::from(10 * tasks - 5));
    }
}

/// Without a cycle in what is held while something is asked for there is nothing to aim at, and
/// nothing to be found, at any size.
#[test]
fn an_order_is_decided_at_any_size() {
    let outcome = answer(Engine::Search, &ordered(32_767, 1024));
    assert_eq!((outcome.verdict(), outcome.stopped), (Verdict::Clean, None));
    assert!(!outcome.coverage.exhaustive);
}

/// A thousand slots, a thousand tasks with one each: the shortest run takes every slot once.
#[test]
fn a_deadlock_at_full_size_is_found_with_its_shortest_trace() {
    let program = one_by_one(32_767, 2, 1024);
    let outcome = answer(Engine::Search, &program);
    let deadlock = outcome
        .finding(FindingKind::Deadlock)
        .expect("1024 tasks with a slot each");
    assert_eq!(deadlock.trace.steps.len(), 1024);
    assert_eq!(outcome.stopped, None);
}

#[test]
fn an_exploration_that_is_cut_short_is_never_clean() {
    let limits = Limits {
        max_states: Some(10),
        ..Limits::default()
    };
    for engine in [Engine::Search, Engine::Reference] {
        let outcome =
            run(engine, &ordered(14, 2), &limits, &mut |_| {}).expect("nothing to refuse");
        assert_eq!(outcome.verdict(), Verdict::Inconclusive);
        assert!(!outcome.coverage.exhaustive);
        let outcome =
            run(engine, &one_by_one(2, 2, 2), &limits, &mut |_| {}).expect("nothing to refuse");
        assert_eq!(
            outcome.verdict(),
            Verdict::Violated,
            "what was found before the limit is kept"
        );
    }
}

/// Of a run that is stopped it is said what may still be there: here that somebody starves, as there is
/// a task that never gives back what it has taken. Where no argument was asked, nothing is said.
#[test]
fn what_may_still_be_there_is_said() {
    let kept = program(&json!({
        "name": "kept",
        "model": { "name": "m", "series": {} },
        "locks": { "x": "semaphore" },
        "tasks": [
            { "name": "a", "program": [{ "down": "x" }, { "loop": [{ "might_sleep": true }] }] },
            { "name": "b", "program": [{ "down": "x" }, { "up": "x" }] } ],
    }));
    let open = |most, plain_states| {
        let limits = Limits {
            max_states: Some(most),
            ..Limits::default()
        };
        let outcome = explore::run_from(&kept, &limits, &mut |_| {}, plain_states);
        (outcome.stopped.is_some(), outcome.coverage.open)
    };
    let starved = Findings::of(FindingKind::Starved);
    assert_eq!(open(2, 0), (true, Some(starved)));
    assert_eq!(open(2, 100), (true, None), "no argument was asked for");
    assert_eq!(open(100, 0), (false, None), "all was visited");
}

/// Initial states can be so many that nothing else comes of a search.
#[test]
fn initial_states_are_counted_against_the_limit() {
    let leftover = |name: &str| json!({ "name": name, "stale_in": "any" });
    let program = program(&json!({
        "name": "s", "model": { "name": "m", "series": { "S": { "slots": 3, "reuse": "any" } } },
        "pages": [leftover("p"), leftover("q"), leftover("r")], "completions": ["never"],
        "tasks": [{ "name": "t", "program": [{ "wait_for_completion": "never" }] }],
    }));
    assert_eq!(Starts::of(&program).count(), 8);
    for most in [1, 4, 7, 8] {
        let limits = Limits {
            max_states: Some(most),
            ..Limits::default()
        };
        for engine in [Engine::Reference, Engine::Apart { threads: 1 }] {
            let outcome = run(engine, &program, &limits, &mut |_| {}).expect("nothing to refuse");
            assert_eq!(outcome.coverage.states, most, "{engine:?}");
            assert_eq!(outcome.stopped, Some(Stopped::States(most)), "{engine:?}");
            assert!(
                outcome.finding(FindingKind::Deadlock).is_some(),
                "{engine:?}"
            );
        }
    }
}

#[test]
fn a_completion_without_end_is_never_clean() {
    let program = program(&json!({
        "name": "s", "model": { "name": "m", "series": { "S": { "slots": 1, "reuse": "none" } } },
        "completions": ["c"],
        "tasks": [{ "name": "t", "program": [{ "loop": [{ "complete": "c" }] }] }],
    }));
    for engine in [Engine::Search, Engine::Reference] {
        assert_eq!(answer(engine, &program).verdict(), Verdict::Inconclusive);
    }
}

#[test]
fn the_aimed_search_agrees_with_the_reference() {
    aimed_agrees(kmapcheck_testing::private_scenario());
    aimed_agrees(kmapcheck_testing::page_scenario());
    aimed_agrees(kmapcheck_testing::scenario());
}

fn aimed_agrees(scenarios: impl proptest::strategy::Strategy<Value = serde_json::Value>) {
    let config = kmapcheck_testing::config(300);
    let excluding = std::cell::Cell::new(0);
    proptest!(config, |(scenario in scenarios)| {
        let program = kmapcheck_testing::load(&scenario);
        let limits = Limits { max_states: Some(4_000), ..Limits::default() };
        let reference = run(Engine::Reference, &program, &limits, &mut |_| {}).expect("nothing to refuse");
        if reference.stopped.is_some() {
            return Ok(());
        }
        if let Some(possible) = possible(&program) {
            excluding.set(excluding.get() + 1);
            for finding in &reference.findings {
                prop_assert!(possible.contains(finding.kind), "{:?} in {}", finding.kind, scenario);
            }
        }
        let aimed = aimed(&program);
        let facts = |outcome: &Outcome| -> Vec<_> {
            outcome.findings.iter().map(|finding| (finding.kind, finding.trace.steps.len())).collect()
        };
        prop_assert_eq!(aimed.stopped.clone(), None);
        prop_assert_eq!(facts(&aimed), facts(&reference), "{}", scenario);
        for finding in &aimed.findings {
            let last = kmapcheck_machine::run(&program, &finding.trace, |_, _, _, _| {}).expect("replays");
            if [FindingKind::Deadlock, FindingKind::TimeoutRescue].contains(&finding.kind) {
                let abilities = kmapcheck_machine::Abilities::of(&program);
                prop_assert!(kmapcheck_stuck::class::class_in(&program, &abilities, &last, finding.kind).is_some());
            }
        }
    });
    assert!(
        excluding.get() > 30,
        "few programs were within the premise: {}",
        excluding.get()
    );
}

/// Three alike tasks, each with a page that is unmapped or stale in A or in B, and room for two
/// stale mappings in A and any number in B; besides, a shared page. Counted, the starts are
/// those of the full enumeration.
#[test]
fn starts_are_those_of_the_full_enumeration() {
    let scenario = json!({
        "name": "s",
        "model": { "name": "m", "series": { "A": { "slots": 2, "reuse": "any" },
                                            "B": { "slots": 9, "reuse": "any" } } },
        "pages": [{ "name": "s", "stale_in": "any" }, { "name": "r", "stale_in": "B" }],
        "tasks": [
            { "name": "t", "count": 3, "pages": ["o", { "name": "p", "stale_in": "any" }],
              "program": [{ "kmap": "p", "series": "A" }, { "kunmap": "p" }] },
            { "name": "u", "program": [{ "might_sleep": true }] },
        ],
    });
    let program = program(&scenario);
    let mut explorer = Explorer::new(&program);
    let mut all = HashSet::new();
    for start in Starts::of(&program) {
        let state = explorer.counted(&initial(&program, &start));
        all.insert((state.world, state.tasks));
    }
    let mut few = Vec::new();
    for start in Starts::up_to_order(&program) {
        let state = explorer.counted(&initial(&program, &start));
        few.push((state.world, state.tasks));
    }
    // Multisets of three out of {none, A, B} with at most two A, times three for the shared
    // page, less those with more than two in A: 10 - 1 = 9 with it unmapped, 9 with it in B,
    // and 10 - 1 - 2 = 7 with it in A (no more than one other there).
    assert_eq!(few.len(), 25);
    assert_eq!(few.iter().cloned().collect::<HashSet<_>>(), all);
}
