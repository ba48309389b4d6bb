//! The plain search against the reference: same findings, classes, shortest lengths, and the very
//! same numbers of states and transitions, on random programs and on the scenarios; and the same
//! outcome, trace for trace, for any number of threads. `KMAPCHECK_CASES` sets how many programs.

use kmapcheck_engine::Outcome;
use kmapcheck_limits::Limits;
use kmapcheck_machine::{Abilities, run as replay};
use kmapcheck_scenario::{FindingKind, Overrides, Program};
use kmapcheck_search::{Engine, run};
use kmapcheck_stuck::class::class_in;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

/// Larger programs are left out: the reference is slow.
const MAX_STATES: u64 = 5_000;

fn answer(engine: Engine, program: &Program, max_states: u64) -> Outcome {
    let limits = Limits {
        max_states: Some(max_states),
        ..Limits::default()
    };
    match run(engine, program, &limits, &mut |_| {}) {
        Ok(outcome) => outcome,
        Err(refusal) => panic!("{refusal}"),
    }
}

/// What engines must agree on, finding by finding; traces are replayed on the way.
fn facts(program: &Program, outcome: &Outcome) -> Vec<String> {
    let abilities = Abilities::of(program);
    let fact = |finding: &kmapcheck_engine::Finding| {
        let steps = finding.trace.steps.len();
        let mut shown = false;
        let last = replay(program, &finding.trace, |i, _, step, _| {
            shown = i + 1 == steps && step.findings.contains(finding.kind);
        });
        let last = last.unwrap_or_else(|error| panic!("{}: {error}", outcome.engine));
        let class = match finding.kind {
            kind @ (FindingKind::Deadlock | FindingKind::TimeoutRescue) => {
                class_in(program, &abilities, &last, kind)
                    .expect("the trace ends in a stuck set")
                    .name()
            }
            FindingKind::Starved => {
                let task = finding.starved.expect("somebody starves");
                let standing = last.standing(program, task);
                assert!(matches!(standing, kmapcheck_machine::Standing::Waits(_)));
                ""
            }
            kind => {
                let waits = |task| {
                    kmapcheck_machine::waiting_findings(program, task, &last.shared).contains(kind)
                };
                assert!(
                    shown || last.tasks.iter().any(waits),
                    "{}: the trace does not show {kind}",
                    outcome.engine
                );
                ""
            }
        };
        // Whether a call can sleep depends on the call, and of several that are as near the
        // engines may report different ones; that one is reported if the search is complete,
        // though, they must agree on.
        let judged = finding.can_sleep.is_some();
        format!("{} {class} {steps} {judged}", finding.kind)
    };
    outcome.findings.iter().map(fact).collect()
}

/// Compares the two; false if the program is too large.
fn compare(program: &Program, what: &str) -> bool {
    let reference = answer(Engine::Reference, program, MAX_STATES);
    if reference.stopped.is_some() {
        return false;
    }
    let plain = answer(Engine::Apart { threads: 1 }, program, u64::MAX);
    assert_eq!(plain.stopped, None, "{what}");
    assert_eq!(facts(program, &plain), facts(program, &reference), "{what}");
    let (ours, theirs) = (&plain.coverage, &reference.coverage);
    assert_eq!(
        (ours.states, ours.transitions, ours.depth, ours.exhaustive),
        (
            theirs.states,
            theirs.transitions,
            theirs.depth,
            theirs.exhaustive
        ),
        "{what}"
    );
    assert_eq!(ours.never_executed, theirs.never_executed, "{what}");
    assert_eq!(ours.rests, theirs.rests, "{what}");
    if ours.states > 500 {
        let threads = answer(Engine::Apart { threads: 3 }, program, u64::MAX);
        assert_eq!(threads, plain, "{what}");
    }
    true
}

fn agree_on(scenarios: impl Strategy<Value = serde_json::Value>) {
    let (mut compared, mut left_out) = (0, 0);
    let counters = std::cell::RefCell::new((&mut compared, &mut left_out));
    let mut runner = TestRunner::new(kmapcheck_testing::config(200));
    let result = runner.run(&scenarios, |scenario| {
        let program = kmapcheck_testing::load(&scenario);
        let mut counters = counters.borrow_mut();
        if compare(&program, &scenario.to_string()) {
            *counters.0 += 1;
        } else {
            *counters.1 += 1;
        }
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
    assert!(
        compared > left_out,
        "only {compared} programs compared, {left_out} were too large"
    );
}

#[test]
fn random_programs() {
    agree_on(kmapcheck_testing::scenario());
}

#[test]
fn random_programs_about_pages() {
    agree_on(kmapcheck_testing::page_scenario());
}

#[test]
fn random_programs_about_shared_and_declared_pages() {
    agree_on(kmapcheck_testing::shared_page_scenario());
}

#[test]
fn random_programs_with_private_pages() {
    agree_on(kmapcheck_testing::private_scenario());
}

/// `tasks` tasks that take a slot of P, then one of Q, and give both back; two slots each.
fn ordered(tasks: u32, second: &str) -> Program {
    kmapcheck_testing::load(&serde_json::json!({
        "name": "ordered",
        "model": { "name": "m", "series": { "P": { "slots": 2, "reuse": "none" },
                                            "Q": { "slots": 2, "reuse": "none" } } },
        "tasks": [{ "name": "t", "count": tasks, "pages": ["p", "q"], "program": [
            { "kmap": "p", "series": "P" }, { "kmap": "q", "series": second },
            { "kunmap": "q" }, { "kunmap": "p" } ] }],
    }))
}

/// A task that holds nothing is at its first or past its last operation, one that holds a slot of P
/// is at one of three; at most two hold one, and a slot of Q is then always to be had. So there are
/// 2^N + N * 3 * 2^(N-1) + N(N-1)/2 * 9 * 2^(N-2) states. The last is 4N steps away.
#[test]
fn tasks_are_told_apart() {
    for tasks in [2u32, 8, 12] {
        let n = u64::from(tasks);
        let states = (1 << n) + n * 3 * (1 << (n - 1)) + n * (n - 1) / 2 * 9 * (1 << (n - 2));
        let coverage =
            answer(Engine::Apart { threads: 2 }, &ordered(tasks, "Q"), u64::MAX).coverage;
        assert_eq!((coverage.states, coverage.depth), (states, 4 * n));
        if tasks == 8 {
            assert_eq!(states, 19_456);
            let reference = answer(Engine::Reference, &ordered(tasks, "Q"), u64::MAX).coverage;
            assert_eq!(coverage.states, reference.states);
            assert_eq!(coverage.transitions, reference.transitions);
        }
        if tasks == 12 {
            // Eight bytes a key, and a level's worth of index and successors.
            let stored = coverage.stored_bytes.expect("it is counted");
            assert!(stored <= 16 * states, "{stored} bytes for {states} states");
        }
    }
}

/// A limit of states cuts in at the same place for any number of threads, is not overstepped by
/// more than one state's successors, and does not hide what was found by then.
#[test]
fn a_limit_is_kept_and_hides_nothing() {
    for (second, max, deadlock) in [("Q", 50_000, false), ("P", 50_000, true), ("P", 60, true)] {
        let program = ordered(12, second);
        let one = answer(Engine::Apart { threads: 1 }, &program, max);
        let three = answer(Engine::Apart { threads: 3 }, &program, max);
        assert_eq!(one, three);
        assert!(one.stopped.is_some() && !one.coverage.exhaustive);
        assert_eq!(one.finding(FindingKind::Deadlock).is_some(), deadlock);
        assert!(
            (max..max + 12).contains(&one.coverage.states),
            "{}",
            one.coverage.states
        );
    }
}

#[test]
fn the_scenarios() {
    let files = kmapcheck_testing::scenario_files();
    let mut compared = 0;
    for file in &files {
        let Ok(program) = kmapcheck_scenario::load(file, &Overrides::default()) else {
            continue;
        };
        let few = |count| matches!(count, kmapcheck_scenario::Bound::Exactly(n) if n <= 16);
        let small = program.templates.iter().all(|template| few(template.count))
            && (program.series.iter()).all(|series| series.slots != kmapcheck_scenario::Bound::Any);
        if small && compare(&program, &file.display().to_string()) {
            compared += 1;
        }
    }
    assert!(compared > files.len() / 2, "{compared} of {}", files.len());
}
