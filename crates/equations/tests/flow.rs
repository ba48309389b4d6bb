//! The state equation, held against states of random runs; and what it excludes, by hand.

mod common;

use common::Judged;
use kmapcheck_equations::{Cores, Flow, Graph, Taken, possible};
use kmapcheck_local::{Locals, unqueued};
use kmapcheck_machine::{Starts, initial};
use kmapcheck_scenario::{FindingKind, Op, Program};
use proptest::prelude::*;
use serde_json::{Value, json};

/// A scenario of tasks that share completions `c` and `d` and a pool of so many units.
fn scenario(units: u32, tasks: &[(u32, Value)]) -> Value {
    let tasks = tasks.iter().enumerate();
    let tasks = tasks
        .map(|(i, (count, program))| json!({ "name": format!("t{i}"), "count": count, "program": program }));
    json!({
        "name": "given",
        "model": { "name": "none", "series": {} },
        "locks": { "pool": { "semaphore": units, "owned": false }, "lock": "spin" },
        "completions": ["c", "d"],
        "tasks": tasks.collect::<Vec<Value>>(),
    })
}

fn never_stuck(scenario: &Value) -> bool {
    matches!(Judged::of(scenario).cores, Cores::NeverMissing(_))
}

/// As many completed as waited for, and one fewer.
#[test]
fn as_many_given_as_taken() {
    let of = |givers, takers| {
        let gives = json!([{ "complete": "c" }]);
        let takes = json!([{ "wait_for_completion": "c" }]);
        never_stuck(&scenario(1, &[(givers, gives), (takers, takes)]))
    };
    for n in [1, 2, 1024, 32_767] {
        assert!(of(n, n) && of(n + 1, n) && !of(n, n + 1), "{n}");
    }
}

/// Two that wait for each other, and two of which one gives first.
#[test]
fn who_gives_before_it_waits() {
    let wait = |what: &str| json!({ "wait_for_completion": what });
    let give = |what: &str| json!({ "complete": what });
    let one = json!([wait("c"), give("d")]);
    assert!(!never_stuck(&scenario(
        1,
        &[(1, one.clone()), (1, json!([wait("d"), give("c")]))]
    )));
    assert!(never_stuck(&scenario(
        1,
        &[(1, one), (1, json!([give("c"), wait("d")]))]
    )));
}

/// A giver that waits for a lock which the waiter holds never gives; one that has given before does.
#[test]
fn a_lock_around_a_wait() {
    let around = json!([{ "down": "pool" }, { "wait_for_completion": "c" }, { "up": "pool" }]);
    let inside = json!([{ "down": "pool" }, { "complete": "c" }, { "up": "pool" }]);
    let before = json!([{ "complete": "c" }, { "down": "pool" }, { "up": "pool" }]);
    let of = |giver: &Value| never_stuck(&scenario(1, &[(1, around.clone()), (1, giver.clone())]));
    assert!(!of(&inside));
    assert!(of(&before));
}

/// Two units each, one by one: stuck as soon as there are as many tasks as units.
#[test]
fn units_that_nobody_owns() {
    let two = json!([{ "down": "pool" }, { "down": "pool" }, { "up": "pool", "n": 2 }]);
    for units in [2, 3, 512] {
        assert!(
            never_stuck(&scenario(units, &[(units - 1, two.clone())])),
            "{units}"
        );
        assert!(
            !never_stuck(&scenario(units, &[(units, two.clone())])),
            "{units}"
        );
    }
}

/// A server that has nothing left to do waits idly; a client that it has not answered is stuck.
#[test]
fn who_waits_idly_is_not_stuck() {
    let server = |answer: Value| {
        let wait = json!({ "wait_for_completion": "c", "idle": true });
        json!([{ "loop": [wait, answer] }])
    };
    let client = json!([{ "complete": "c" }, { "wait_for_completion": "d" }]);
    let of = |answer| never_stuck(&scenario(1, &[(1, server(answer)), (3, client.clone())]));
    assert!(of(json!({ "complete": "d" })));
    assert!(!of(json!({ "might_sleep": true })));
}

/// Whether nobody can give back more units than there are, as far as is known.
fn never_too_many(scenario: &Value) -> bool {
    let judged = Judged::of(scenario);
    let flow = Flow::of(&judged.program, &judged.locals, &judged.graph).expect("it has a pool");
    assert!(judged.locals.possible().contains(FindingKind::Misuse));
    !possible(&judged.locals, Some(&flow)).contains(FindingKind::Misuse)
}

#[test]
fn gives_that_are_refused() {
    let of = |units, program| never_too_many(&scenario(units, &[(5, program)]));
    let give = json!({ "up": "pool" });
    assert!(of(1, json!([{ "down": "pool" }, give])));
    assert!(of(3, json!([{ "down": "pool", "n": 3 }, give, give, give])));
    assert!(!of(
        3,
        json!([{ "down": "pool", "n": 2 }, give, give, give])
    ));
    assert!(!of(1, json!([give])));
    // Taken by others first.
    let others = [
        (2, json!([{ "down": "pool" }, { "complete": "c" }])),
        (2, json!([{ "wait_for_completion": "c" }, give])),
    ];
    assert!(never_too_many(&scenario(2, &others)));
}

/// Runs that take the successors that `dice` say; what is wrong with the inequalities on the way.
fn check_runs(program: &Program, dice: &[u8]) -> Result<bool, TestCaseError> {
    let program = &*unqueued(program);
    let Ok(locals) = Locals::of(program) else {
        return Ok(false);
    };
    let graph = Graph::of(program, &locals);
    let Some(flow) = Flow::of(program, &locals, &graph) else {
        return Ok(false);
    };
    let start = Starts::of(program).next().expect("there is a start");
    let mut state = initial(program, &start);
    let mut taken: Vec<Taken> = Vec::new();
    for &die in dice {
        prop_assert!(flow.holds_after(&taken) != Some(false), "after {:?}", taken);
        let choices = (0..state.tasks.len()).flat_map(|task| {
            state
                .successors(program, task)
                .into_iter()
                .map(move |(successor, _)| (task, successor))
        });
        let choices: Vec<_> = choices.collect();
        if choices.is_empty() {
            break;
        }
        let (task, successor) = &choices[usize::from(die) % choices.len()];
        let (template, before) = (state.tasks[*task].template, state.tasks[*task].at);
        let before = before.expect("it goes on");
        let mut note = |from, to| {
            taken.push(Taken {
                template,
                from,
                to,
                times: 1,
            })
        };
        // A branch of a select is two steps: to it, and its first operation.
        let is_select = program.templates[template].nodes[before].op == Op::Select;
        if is_select && successor.node != before {
            note(before, Some(successor.node));
        }
        if successor.task.at != Some(before) || successor.node != before {
            note(successor.node, successor.task.at);
        }
        state.advance(program, *task, successor);
    }
    Ok(true)
}

/// In every state of random runs the inequalities hold that are true of every state.
#[test]
fn random_runs() {
    let checked = std::cell::Cell::new(0);
    let cases = (
        kmapcheck_testing::given_scenario(),
        prop::collection::vec(any::<u8>(), 24),
    );
    proptest::test_runner::TestRunner::new(kmapcheck_testing::config(1_000))
        .run(&cases, |(scenario, dice)| {
            let program = kmapcheck_testing::load(&scenario);
            checked.set(checked.get() + u32::from(check_runs(&program, &dice)?));
            Ok(())
        })
        .unwrap_or_else(|error| panic!("{error}"));
    assert!(checked.get() > 300, "{}", checked.get());
}
