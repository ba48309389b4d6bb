//! What a task holds, told of its local state, is what it holds in the state; and it keeps others
//! from going on where the machine says that they wait.

use std::collections::BTreeSet;

use kmapcheck_local::{Holding, LocalState, Locals, unqueued};
use kmapcheck_machine::{Map, Standing, Task, Wanted};
use kmapcheck_scenario::{Op, Program};
use kmapcheck_testing::{
    config, for_each_state, for_each_state_of_runs, load, queued_scenario, scenario,
    shared_page_scenario,
};
use proptest::prelude::*;
use serde_json::{Value, json};

/// What a task holds, from its maps and locks alone. Its pages are known to nobody else, but for the
/// program's shared ones.
fn held(program: &Program, task: &Task) -> Vec<(Holding, u32)> {
    let mut all = Vec::new();
    for (series, of) in program.series.iter().enumerate() {
        let pins = task.maps.iter().filter_map(|map| match *map {
            Map::Pin { page, lies, .. } if lies == series => Some(page),
            _ => None,
        });
        let (mut alone, mut joint) = (0, 0);
        if of.reuse.keeps_mappings() {
            // However often a page is mapped, it has one slot.
            for page in pins.collect::<BTreeSet<_>>() {
                *(if page < program.pages.len() {
                    &mut joint
                } else {
                    &mut alone
                }) += 1;
            }
        } else {
            alone = u32::try_from(pins.count()).expect("they are few");
        }
        all.extend([
            (Holding::Slots(series), alone),
            (Holding::JointSlots(series), joint),
        ]);
    }
    for held in &task.held {
        all.push((Holding::Held(held.what, held.mode), held.n));
    }
    for &page in task
        .page_locks
        .iter()
        .filter(|&&page| page < program.pages.len())
    {
        all.push((Holding::PageLock(page), 1));
    }
    let op = task
        .at
        .map(|at| program.templates[task.template].nodes[at].op);
    if let (Some(Op::DownWrite { lock }), Some(_)) = (op, task.queued) {
        all.push((Holding::Queued(lock), 1));
    }
    all.push((Holding::Cpu, u32::from(task.on_cpu)));
    all.retain(|(_, n)| *n > 0);
    all.sort_unstable();
    all
}

proptest! {
    #![proptest_config(config(300))]

    #[test]
    fn it_is_what_the_task_holds(
        scenario in prop_oneof![scenario(), shared_page_scenario(), queued_scenario()],
    ) {
        let program = load(&scenario);
        let program = &*unqueued(&program);
        // Else pages may change hands, and no task is alone with one.
        if Locals::of(program).is_ok() {
            for_each_state_of_runs(program, 4, 40, |state| {
                for task in &state.tasks {
                    let local = LocalState::of(program, task, &state.shared);
                    assert_eq!(local.holdings(program), held(program, task), "{task:?}");
                }
            });
        }
    }
}

/// What takes a thing, and what gives it back.
const PAIRS: [[&str; 2]; 12] = [
    [r#"{"spin_lock": "l"}"#, r#"{"spin_unlock": "l"}"#],
    [r#"{"spin_lock": "k"}"#, r#"{"spin_unlock": "k"}"#],
    [r#"{"down": "s"}"#, r#"{"up": "s"}"#],
    [r#"{"down": "t"}"#, r#"{"up": "t"}"#],
    [r#"{"down_read": "w"}"#, r#"{"up_read": "w"}"#],
    [r#"{"down_write": "w"}"#, r#"{"up_write": "w"}"#],
    [r#"{"down_write": "v"}"#, r#"{"up_write": "v"}"#],
    [r#"{"lock_page": "a"}"#, r#"{"unlock_page": "a"}"#],
    [r#"{"lock_page": "b"}"#, r#"{"unlock_page": "b"}"#],
    [r#"{"kmap": "p", "series": "A"}"#, r#"{"kunmap": "p"}"#],
    [r#"{"kmap": "p", "series": "B"}"#, r#"{"kunmap": "p"}"#],
    [r#"{"kmap": "a", "series": "C"}"#, r#"{"kunmap": "a"}"#],
];

/// A task for each of these pairs, on any number of CPUs or on one.
fn tasks(pairs: &[[&str; 2]], cpus: Option<u32>) -> Program {
    let program = |pair: &[&str; 2]| -> Vec<Value> {
        let of = |text: &str| serde_json::from_str(text).expect("it is JSON");
        pair.iter().map(|text| of(text)).collect()
    };
    let tasks: Vec<Value> = (pairs.iter().enumerate())
        .map(|(i, pair)| {
            json!({ "name": format!("t{i}"), "count": 1, "pages": ["p"], "program": program(pair) })
        })
        .collect();
    let mut scenario = json!({
        "name": "pairs",
        "series": { "A": { "slots": 1, "reuse": "none" }, "B": { "slots": 1, "reuse": "any" },
                    "C": { "slots": 1, "reuse": "any" } },
        "pages": ["a", "b"],
        "locks": { "l": "spin", "k": "spin", "s": "semaphore", "t": "semaphore", "w": "rwsem", "v": "rwsem" },
        "tasks": tasks,
    });
    if let Some(cpus) = cpus {
        scenario["cpus"] = json!(cpus);
    }
    load(&scenario)
}

/// Who waits beside one other task wants what that task keeps from him, and who goes on does not.
#[test]
fn it_keeps_others_from_what_they_wait_for() {
    let (mut waits, mut goes_on, mut wants_cpu) = (0, 0, 0);
    let numbers = [None, Some(1)];
    let cases = PAIRS
        .into_iter()
        .flat_map(|first| PAIRS.map(|second| (first, second)));
    for (first, second) in cases {
        for cpus in numbers {
            let program = tasks(&[first, second], cpus);
            for_each_state(&program, 1_000, |state| {
                let holds = LocalState::of(&program, &state.tasks[0], &state.shared);
                let holds = holds.holdings(&program);
                let wanted = match state.standing(&program, 1) {
                    Standing::Waits(waiting) => waiting.wanted(&program, &state.tasks[1]),
                    _ => Vec::new(),
                };
                waits += usize::from(!wanted.is_empty());
                wants_cpu += usize::from(wanted.contains(&Wanted::Cpu));
                for wanted in &wanted {
                    let keeps = holds.iter().any(|(holding, _)| holding.keeps(*wanted));
                    assert!(keeps, "{first:?} {second:?}: {holds:?} {wanted:?}");
                }
                // Of what it has no business with, it keeps nothing.
                let Some(at) = state.tasks[1].at.filter(|_| wanted.is_empty()) else {
                    return;
                };
                goes_on += 1;
                let op = program.templates[1].nodes[at].op;
                if takes(op) && !is_pin(op) {
                    let wanted = Wanted::of_call(&program, &state.tasks[1], op);
                    let keeps = holds.iter().any(|(holding, _)| holding.keeps(wanted));
                    assert!(!keeps, "{first:?} {second:?}: {holds:?} {wanted:?}");
                }
            });
        }
    }
    assert!(
        waits > 10 && goes_on > 100 && wants_cpu > 10,
        "{waits} {goes_on} {wants_cpu}"
    );
}

fn takes(op: Op) -> bool {
    matches!(
        op,
        Op::SpinLock { .. }
            | Op::Down { .. }
            | Op::DownRead { .. }
            | Op::DownWrite { .. }
            | Op::LockPage { .. }
            | Op::Kmap { .. }
    )
}

/// A pin of a page that is mapped needs no slot of its own.
fn is_pin(op: Op) -> bool {
    matches!(op, Op::Kmap { .. })
}
