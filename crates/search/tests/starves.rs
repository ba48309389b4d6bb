//! Whether a task starves at the end of a trace that somebody else gives.

use kmapcheck_limits::Limits;
use kmapcheck_machine::{Abilities, Start, Starts, Trace, TraceStep, initial, steps};
use kmapcheck_scenario::{FindingKind, Program};
use kmapcheck_search::{Engine, run, starves};
use kmapcheck_stuck::scene::scene;
use kmapcheck_stuck::traps::starved_for_good;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

/// `h` takes the only slot and goes on with `then`; `t` waits for it.
fn program(then: &Value) -> Program {
    let mut holder = vec![json!({ "kmap": "a", "series": "S" })];
    holder.extend(then.as_array().cloned().unwrap_or_default());
    kmapcheck_testing::load(&json!({
        "name": "held",
        "model": { "name": "m", "series": { "S": { "slots": 1, "reuse": "none" } } },
        "tasks": [{ "name": "h", "pages": ["a"], "program": holder },
                  { "name": "t", "pages": ["b"], "program": [
                      { "kmap": "b", "series": "S" }, { "kunmap": "b" }] }],
    }))
}

/// `h` has taken the slot.
fn taken() -> Trace {
    Trace {
        start: Start::default(),
        steps: vec![TraceStep { task: 0, choice: 0 }],
    }
}

#[test]
fn who_waits_for_what_nobody_ever_gives_starves() {
    let sleep = json!({ "might_sleep": true });
    let for_ever = program(&json!([{ "loop": [sleep] }]));
    let may_end = program(
        &json!([{ "loop": [sleep, { "choose": [[{ "break": true }], []] }] }, { "kunmap": "a" }]),
    );
    let stuck = program(
        &json!([{ "choose": [[], [{ "loop": [{ "choose": [[{ "break": true }], []] }] }]] }]),
    );
    let limits = Limits::default();
    let of = |program: &Program, task| starves(program, &taken(), task, &limits);
    assert_eq!(of(&for_ever, 1), Some(true));
    assert_eq!(of(&for_ever, 0), Some(false), "it goes round");
    assert_eq!(of(&for_ever, 2), Some(false), "there is no such task");
    assert_eq!(of(&may_end, 1), Some(false), "it can be saved");
    // The holder can end with the slot: then it is a deadlock, and before that it can come to one.
    assert_eq!(of(&stuck, 1), Some(false));
    let few = Limits {
        max_states: Some(1),
        ..Limits::default()
    };
    assert_eq!(starves(&may_end, &taken(), 1, &few), None);
}

/// What the plain search finds starving does starve.
#[test]
fn as_the_plain_search_says() {
    let mut seen = 0;
    for path in kmapcheck_testing::scenario_files() {
        let program = kmapcheck_scenario::load(&path, &Default::default())
            .unwrap_or_else(|errors| panic!("{errors}"));
        let expected = program.expect.as_ref();
        let starved = expected.is_some_and(|kinds| kinds.contains(&FindingKind::Starved));
        if !starved || program.task_count().is_none_or(|n| n > 8) {
            continue;
        }
        let limits = Limits {
            max_states: Some(20_000),
            ..Limits::default()
        };
        let Ok(outcome) = run(Engine::Reference, &program, &limits, &mut |_| {}) else {
            continue;
        };
        let Some(finding) = outcome.finding(FindingKind::Starved) else {
            continue;
        };
        let task = finding.starved.expect("somebody starves");
        assert_eq!(
            starves(&program, &finding.trace, task, &limits),
            Some(true),
            "{path:?}"
        );
        seen += 1;
    }
    assert!(seen > 5, "{seen}");
}

/// Who is known to wait for ever, from the state alone, does starve: on random programs that loop.
#[test]
fn who_waits_for_the_trapped_starves() {
    let limits = Limits {
        max_states: Some(3_000),
        ..Limits::default()
    };
    let told = std::cell::RefCell::new(0);
    let judge = |program: &Program| {
        let mut said = "nobody is known to starve";
        for seed in 0..6usize {
            let Some(start) = Starts::of(program).next() else {
                break;
            };
            let mut state = initial(program, &start);
            let mut trace = Trace {
                start,
                steps: Vec::new(),
            };
            for step in 0..25usize {
                let abilities = Abilities::of(program);
                let starved = starved_for_good(&scene(program, &abilities, &state));
                if let Some(task) = starved.into_iter().position(|starves| starves) {
                    // `None`: there are too many states to tell.
                    match starves(program, &trace, task, &limits) {
                        Some(true) => said = "somebody starves",
                        Some(false) => panic!("task {task} does not starve: {trace:?}"),
                        None => {}
                    }
                    *told.borrow_mut() += 1;
                }
                let task = (seed * 7 + step * (seed + 3)) % state.tasks.len();
                let here = (0..state.tasks.len()).map(|i| (task + i) % state.tasks.len());
                let mut movers =
                    here.map(|task| (task, steps(program, &state.tasks[task], &state.shared)));
                let Some((task, successors)) =
                    movers.find(|(_, successors)| !successors.is_empty())
                else {
                    break;
                };
                let choice = (seed + step) % successors.len();
                state.advance(program, task, &successors[choice]);
                trace.steps.push(TraceStep { task, choice });
            }
        }
        said
    };
    let tally = kmapcheck_testing::tally(looping(), 1_500, judge);
    assert!(tally["somebody starves"] > 10, "{tally:?}");
}

/// Small programs in which tasks keep what they have in loops, and others want it.
fn looping() -> impl Strategy<Value = Value> {
    let op = || {
        select(vec![
            json!({ "kmap": "a", "series": "S" }),
            json!({ "kmap": "s", "series": "K" }),
            json!({ "down": "sem" }),
            json!({ "down": "sem", "n": 2 }),
            json!({ "down": "fair", "n": 2 }),
            json!({ "down": "fair" }),
            json!({ "down": "sem", "gives_up": true }),
            json!({ "down": "sem", "idle": true }),
            json!({ "spin_lock": "spin" }),
            json!({ "down_write": "rw" }),
            json!({ "down_read": "rw" }),
            json!({ "down_read": "frw" }),
            json!({ "down_write": "frw" }),
            json!({ "lock_page": "s" }),
            json!({ "up": "sem" }),
            json!({ "spin_unlock": "spin" }),
            json!({ "kunmap": "a" }),
            json!({ "up": "lent", "n": 1 }),
            json!({ "down": "lent", "n": 1 }),
        ])
    };
    let turn = || {
        select(vec![
            json!({ "might_sleep": true }),
            json!({ "kmap_atomic": "a", "type": "KM_USER0" }),
            json!({ "choose": [[{ "might_sleep": true }], []] }),
            json!({ "choose": [[{ "break": true }], []] }),
            json!({ "spin_trylock": "spin" }),
            json!({ "kunmap_any": "s" }),
        ])
    };
    let ops = move |most| prop::collection::vec(op(), 0..=most);
    let program = (
        ops(3),
        prop::option::weighted(0.6, (turn(), turn())),
        ops(2),
    );
    let program = program.prop_map(|(before, turns, after)| {
        let mut program = before;
        match turns {
            Some((a, b)) if b["choose"] == json!([[{ "break": true }], []]) => {
                program.push(json!({ "loop": [a, b] }));
                program.extend(after);
            }
            Some((a, b)) if a["choose"] != json!([[{ "break": true }], []]) => {
                program.push(json!({ "loop": [a, b] }));
            }
            _ => program.extend(after),
        }
        program
    });
    let tasks = prop::collection::vec((1..=2u32, program), 2..=3);
    let cpus = prop::option::weighted(0.3, (1..=2u32, any::<bool>()));
    (tasks, cpus, 1..=2u32).prop_map(|(tasks, cpus, units)| {
        let tasks: Vec<Value> = (tasks.into_iter().enumerate())
            .map(|(i, (count, program))| {
                json!({ "name": format!("t{i}"), "count": count, "pages": ["a"], "program": program })
            })
            .collect();
        let mut scenario = json!({
            "name": "looping",
            "model": { "name": "m", "series": {
                "S": { "slots": units, "reuse": "none" }, "K": { "slots": 1, "reuse": "own" } } },
            "pages": ["s"],
            "locks": { "sem": { "semaphore": 2 }, "fair": { "semaphore": 2, "fair": true }, "spin": "spin",
                       "rw": "rwsem", "frw": { "rwsem": { "fair": true } },
                       "lent": { "semaphore": 1, "owned": false, "available": 0 } },
            "tasks": tasks,
        });
        if let Some((n, preemptible)) = cpus {
            scenario["cpus"] = json!(n);
            scenario["preemptible"] = json!(preemptible);
        }
        scenario
    })
}
