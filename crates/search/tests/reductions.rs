//! Every reduction, alone and with the others, against the reference: the same kinds of finding,
//! the same operations never executed, traces that show what they are said to show, and, where no
//! orders are left out, shortest ones of the same classes. With the premises checked on the way.
//! On random programs of three sorts (`KMAPCHECK_CASES` sets how many) and on the scenarios.

use std::cell::RefCell;
use std::path::PathBuf;

use kmapcheck_engine::{Outcome, Verdict};
use kmapcheck_limits::Limits;
use kmapcheck_machine::{Abilities, Standing, run as replay, waiting_findings};
use kmapcheck_scenario::{Bound, FindingKind, Overrides, Program};
use kmapcheck_search::{Engine, Reductions, run};
use kmapcheck_stuck::class::class_in;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use rayon::prelude::*;

/// Larger programs are left out: the reference is slow.
const MAX_STATES: u64 = 2_000;
/// With more states the premises are checked in campaigns only: that takes seconds for each choice.
const MAX_CHECKED: u64 = 1_000;

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

/// Each alone, all but each, all, and none.
fn choices() -> Vec<Reductions> {
    let names: Vec<&str> = Reductions::ALL.names();
    let of = |wanted: &dyn Fn(&str) -> bool| {
        let mut reductions = Reductions::NONE;
        for name in names.iter().filter(|name| wanted(name)) {
            assert!(reductions.turn_on(name));
        }
        reductions
    };
    let mut choices = vec![Reductions::NONE, Reductions::ALL, Reductions::COUNTED];
    choices.extend(names.iter().map(|name| of(&|other| other == *name)));
    choices.extend(names.iter().map(|name| of(&|other| other != *name)));
    choices
}

/// Finding by finding: its kind and, if lengths are kept, its class and how far it is. Traces are
/// replayed on the way, and have to end in what they show.
fn facts(program: &Program, outcome: &Outcome, lengths: bool) -> Vec<String> {
    let abilities = Abilities::of(program);
    let fact = |finding: &kmapcheck_engine::Finding| {
        let steps = finding.trace.steps.len();
        let mut shown = false;
        let last = replay(program, &finding.trace, |i, _, step, _| {
            shown = i + 1 == steps && step.findings.contains(finding.kind);
        });
        let last = last.unwrap_or_else(|error| panic!("{}: {error}", finding.kind));
        let class = match finding.kind {
            kind @ (FindingKind::Deadlock | FindingKind::TimeoutRescue) => {
                let explained = class_in(program, &abilities, &last, kind);
                explained.expect("the trace ends in a deadlock").name()
            }
            FindingKind::Starved => {
                let task = finding.starved.expect("somebody starves");
                assert!(matches!(last.standing(program, task), Standing::Waits(_)));
                ""
            }
            kind => {
                let waits = |task| waiting_findings(program, task, &last.shared).contains(kind);
                assert!(
                    shown || last.tasks.iter().any(waits),
                    "the trace does not show {kind}"
                );
                ""
            }
        };
        if lengths {
            format!("{} {class} {steps}", finding.kind)
        } else {
            finding.kind.to_string()
        }
    };
    outcome.findings.iter().map(fact).collect()
}

/// Compares them; `None` if the program is too large, else the states of each choice.
fn compare(program: &Program, what: &str) -> Option<Vec<u64>> {
    let reference = answer(Engine::Reference, program, MAX_STATES);
    if reference.stopped.is_some() {
        return None;
    }
    let is_small = reference.coverage.states <= MAX_CHECKED;
    let check = is_small || kmapcheck_testing::campaign().is_some();
    let mut states = Vec::new();
    for reductions in choices() {
        let engine = Engine::Reduced { reductions, check };
        let outcome = answer(engine, program, u64::MAX);
        let what = format!("{:?} on {what}", reductions.names());
        assert_eq!(outcome.stopped, None, "{what}");
        assert!(outcome.coverage.exhaustive, "{what}");
        let lengths = !reductions.leaves_out_orders();
        assert_eq!(
            facts(program, &outcome, lengths),
            facts(program, &reference, lengths),
            "{what}"
        );
        assert_eq!(outcome.verdict(), reference.verdict(), "{what}");
        assert_eq!(
            outcome.coverage.never_executed, reference.coverage.never_executed,
            "{what}"
        );
        assert_eq!(outcome.coverage.rests, reference.coverage.rests, "{what}");
        states.push(outcome.coverage.states);
    }
    Some(states)
}

fn agree_on(scenarios: impl Strategy<Value = serde_json::Value>) {
    let counters = RefCell::new((0, 0));
    let mut runner = TestRunner::new(kmapcheck_testing::config(40));
    let result = runner.run(&scenarios, |scenario| {
        let program = kmapcheck_testing::load(&scenario);
        match compare(&program, &scenario.to_string()) {
            Some(_) => counters.borrow_mut().0 += 1,
            None => counters.borrow_mut().1 += 1,
        }
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
    let (compared, left_out) = counters.into_inner();
    assert!(
        compared > left_out,
        "only {compared} programs compared, {left_out} were too large"
    );
}

/// t1 frees `s`, t0 gets that page as `v`, and t2 ends with a map of it. If t0 maps it first, `s` goes
/// on remembering the page for its sake; if t2 ends first, `s` forgets it. Found by a campaign.
#[test]
fn a_name_remembers_its_page_for_whoever_has_it_now() {
    let program = kmapcheck_testing::load(&serde_json::json!({
        "name": "remembers", "free_pages": 1, "pages": ["s"],
        "model": { "name": "m", "series": { "A": { "slots": 1, "reuse": "any" } } },
        "tasks": [
            { "name": "t0", "pages": ["own"], "program": [
                { "alloc_page": "v" }, { "kmap": "v", "series": "A" }, { "free_page": "own" } ] },
            { "name": "t1", "pages": ["own"], "program": [
                { "free_page": "s" }, { "kunmap": "own" } ] },
            { "name": "t2", "pages": ["own"], "program": [
                { "kmap": "s", "series": "A" }, { "lock_page": "own" } ] } ],
    }));
    assert!(compare(&program, "remembers").is_some());
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
fn random_programs_with_private_pages() {
    agree_on(kmapcheck_testing::private_scenario());
}

#[test]
fn the_scenarios() {
    let files = kmapcheck_testing::scenario_files();
    let states = |file: &PathBuf| {
        let program = kmapcheck_scenario::load(file, &Overrides::default()).ok()?;
        let few = |count| matches!(count, Bound::Exactly(n) if n <= 16);
        let small = program.templates.iter().all(|template| few(template.count))
            && (program.series.iter()).all(|series| series.slots != Bound::Any);
        small.then(|| compare(&program, &file.display().to_string()))?
    };
    let states: Vec<Vec<u64>> = files.par_iter().filter_map(states).collect();
    let compared = states.len();
    let smaller = |choice: usize| states.iter().filter(|n| n[choice] < n[0]).count();
    let smaller = (0..choices().len()).map(smaller);
    assert!(compared > files.len() / 3, "{compared} of {}", files.len());
    // Every reduction makes some scenario smaller, alone already.
    for (choice, smaller) in choices().iter().zip(smaller).skip(1) {
        assert!(
            smaller > 0,
            "{:?} makes no scenario smaller",
            choice.names()
        );
    }
}

fn ordered(tasks: u32) -> Program {
    kmapcheck_testing::load(&serde_json::json!({
        "name": "ordered",
        "model": { "name": "m", "series": { "P": { "slots": 2, "reuse": "none" },
                                            "Q": { "slots": 2, "reuse": "none" } } },
        "tasks": [{ "name": "t", "count": tasks, "pages": ["p", "q"], "program": [
            { "kmap": "p", "series": "P" }, { "kmap": "q", "series": "Q" },
            { "kunmap": "q" }, { "kunmap": "p" } ] }],
    }))
}

/// Tasks that take a slot of P, then one of Q, two slots each, told apart and counted: 10N - 5
/// counted states (see the tests of the search). With `merge` and `releases` a task that has both
/// gives both back at once, so of its five positions the last but one is passed through, and the
/// third too: what is stored is how many have not begun, have P alone (at most two), or are done:
/// (N + 1) + N + (N - 1) = 3N.
#[test]
fn ordered_tasks_by_hand() {
    for tasks in [2, 8] {
        let mut reductions = Reductions::COUNTED;
        let counted = answer(
            Engine::Reduced {
                reductions,
                check: false,
            },
            &ordered(tasks),
            100_000,
        );
        assert_eq!(counted.coverage.states, u64::from(10 * tasks - 5));
        reductions.releases = true;
        reductions.merge = true;
        let merged = answer(
            Engine::Reduced {
                reductions,
                check: true,
            },
            &ordered(tasks),
            100_000,
        );
        assert_eq!(merged.coverage.states, u64::from(3 * tasks));
        assert_eq!(merged.verdict(), Verdict::Clean);
    }
}

/// Two tasks that are stuck on one another, beside one that goes round a loop of steps that touch
/// nothing. Whoever always puts that one first never sees the others move.
#[test]
fn nobody_is_put_off_for_ever() {
    let program = kmapcheck_testing::load(&serde_json::json!({
        "name": "a loop beside",
        "model": { "name": "m", "series": { "P": { "slots": 2, "reuse": "none" } } },
        "tasks": [
            { "name": "round", "program": [{ "loop": [{ "might_sleep": true }, { "might_sleep": true }] }] },
            { "name": "t", "count": 2, "pages": ["p", "q"], "program": [
                { "kmap": "p", "series": "P" }, { "kmap": "q", "series": "P" },
                { "kunmap": "q" }, { "kunmap": "p" } ] }],
    }));
    for reductions in choices() {
        let outcome = answer(
            Engine::Reduced {
                reductions,
                check: true,
            },
            &program,
            10_000,
        );
        assert!(
            outcome.finding(FindingKind::Deadlock).is_some(),
            "{:?}",
            reductions.names()
        );
    }
}
