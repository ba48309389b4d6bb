//! The closure covers what really happens: every task of every state that a plain search of random
//! programs reaches is in a local state of the closure, waits for nothing that the closure does not
//! know, and does nothing wrong that the closure does not know.

use std::sync::atomic::{AtomicU32, Ordering};

use kmapcheck_local::{LocalState, Locals, Waiter, unqueued};
use kmapcheck_machine::{Findings, Standing, State, TaskId, waiting_findings};
use kmapcheck_scenario::{FindingKind, Op, Program};
use kmapcheck_testing::for_each_state;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use serde_json::Value;

/// Programs with more states are looked at in part.
const MAX_STATES: usize = 500;

fn covers(program: &Program) -> bool {
    let program = &*unqueued(program);
    let closures = [Locals::of(program), Locals::at_these_numbers(program)];
    let closures: Vec<Locals> = closures.into_iter().flatten().collect();
    for locals in &closures {
        covers_all(program, locals);
    }
    !closures.is_empty()
}

fn covers_all(program: &Program, locals: &Locals) {
    let possible = locals.possible();
    // A leak is named where there may be one, and only there.
    let lost = Findings::from_iter([FindingKind::SlotLeak, FindingKind::LockLeak]);
    let named = locals.leak().map(|found| found.findings.intersection(lost));
    assert_eq!(named.is_some(), !possible.intersection(lost).is_empty());
    assert!(named.is_none_or(|named| !named.is_empty()));
    // Nothing is listed twice, and nothing is listed that is not wrong.
    let is_new = |i: usize| {
        let (before, it) = (locals.found[..i].iter().rev(), locals.found[i]);
        !before
            .take_while(|found| found.local == it.local)
            .any(|found| *found == it)
    };
    assert!((0..locals.found.len()).all(is_new));
    assert!(locals.found.iter().all(|found| !found.findings.is_empty()));
    let is_new = |i: usize| {
        let (before, it) = (locals.waiters[..i].iter().rev(), &locals.waiters[i]);
        !before
            .take_while(|waiter| waiter.local == it.local)
            .any(|waiter| waiter == it)
    };
    assert!((0..locals.waiters.len()).all(is_new));
    for_each_state(program, MAX_STATES, |state| {
        for (id, task) in state.tasks.iter().enumerate() {
            let local = LocalState::of(program, task, &state.shared);
            let Some(number) = locals.number(&local) else {
                panic!("{}: {local:?} is not in the closure", program.name);
            };
            if let Standing::Waits(waiting) = state.standing(program, id) {
                let waiter = Waiter {
                    local: number,
                    waiting,
                };
                let known = locals.waiters.iter().any(|known| alike(known, &waiter));
                assert!(known, "{waiter:?}: {local:?}\n{:?}", locals.waiters);
            }
            assert_nothing_new(program, state, id, possible);
        }
    });
}

/// Nothing is wrong with a task, or with its next steps, that is not known to be possible.
fn assert_nothing_new(program: &Program, state: &State, id: TaskId, possible: Findings) {
    let wrong = waiting_findings(program, &state.tasks[id], &state.shared);
    assert!(wrong.minus(possible).is_empty(), "{wrong:?}");
    for (step, _) in state.successors(program, id) {
        assert!(
            step.findings.minus(possible).is_empty(),
            "{:?}",
            step.findings
        );
    }
}

/// Page numbers of what is waited for are the state's, or the local state's.
fn alike(known: &Waiter, waiter: &Waiter) -> bool {
    use kmapcheck_machine::Wait;
    let same = match (known.waiting.wait, waiter.waiting.wait) {
        (Some(Wait::Slot { series: a, .. }), Some(Wait::Slot { series: b, .. })) => a == b,
        (Some(Wait::PageLock(_)), Some(Wait::PageLock(_))) => true,
        (a, b) => a == b,
    };
    same && known.local == waiter.local && known.waiting.cpu == waiter.waiting.cpu
}

fn check(scenarios: impl Strategy<Value = Value>, cases: u32, least: u32) {
    let covered = AtomicU32::new(0);
    let mut runner = TestRunner::new(kmapcheck_testing::config(cases));
    runner
        .run(&scenarios, |scenario| {
            if covers(&kmapcheck_testing::load(&scenario)) {
                covered.fetch_add(1, Ordering::Relaxed);
            }
            Ok(())
        })
        .unwrap_or_else(|error| panic!("{error}"));
    let covered = covered.into_inner();
    assert!(covered >= least, "only {covered} programs had a closure");
}

/// The same of a program with its queues: each task, its place in a queue forgotten, is in a local state
/// of the program without them, but for the CPU with which it has just joined; and does nothing wrong that
/// is not known there.
fn covers_with_queues(program: &Program) -> bool {
    let Ok(locals) = Locals::of(program) else {
        return false;
    };
    let (plain, possible) = (unqueued(program), locals.possible());
    let mut queued = false;
    for_each_state(program, MAX_STATES, |state| {
        for (id, task) in state.tasks.iter().enumerate() {
            let mut forgetful = task.clone();
            let op = task
                .at
                .map(|at| program.templates[task.template].nodes[at].op);
            if matches!(op, Some(Op::Down { .. })) {
                let joined = forgetful.queued.take().is_some();
                forgetful.on_cpu &= !joined;
                queued |= joined;
            }
            let local = LocalState::of(&plain, &forgetful, &state.shared);
            assert!(
                locals.number(&local).is_some(),
                "{local:?} is not in the closure"
            );
            assert_nothing_new(program, state, id, possible);
        }
    });
    queued
}

#[test]
fn random_programs_with_queues() {
    let tally = kmapcheck_testing::tally(kmapcheck_testing::queued_scenario(), 400, |program| {
        match covers_with_queues(program) {
            true => "somebody queued",
            false => "nobody queued, or no closure",
        }
    });
    assert!(tally["somebody queued"] > 50, "{tally:?}");
}

#[test]
fn random_programs() {
    check(kmapcheck_testing::scenario(), 400, 100);
}

#[test]
fn random_programs_about_pages() {
    check(kmapcheck_testing::page_scenario(), 400, 40);
}

#[test]
fn random_programs_about_shared_and_declared_pages() {
    check(kmapcheck_testing::shared_page_scenario(), 300, 20);
}

/// The same programs where nobody allocates, and everybody frees its own page only: it may have it mapped
/// or locked then.
#[test]
fn random_programs_that_free_what_they_use() {
    let scenarios = kmapcheck_testing::page_scenario().prop_map(|mut scenario| {
        for task in scenario["tasks"].as_array_mut().into_iter().flatten() {
            without_allocations(&mut task["program"]);
        }
        scenario
    });
    check(scenarios, 600, 300);
}

fn without_allocations(op: &mut Value) {
    match op {
        Value::Array(ops) => ops.iter_mut().for_each(without_allocations),
        Value::Object(fields) => {
            for name in ["alloc_page", "try_alloc_page"] {
                if fields.remove(name).is_some() {
                    fields.retain(|key, _| key == "then" || key == "else");
                    let then = fields
                        .remove("then")
                        .unwrap_or_else(|| Value::Array(Vec::new()));
                    let otherwise = fields
                        .remove("else")
                        .unwrap_or_else(|| Value::Array(Vec::new()));
                    fields.insert("choose".to_owned(), Value::Array(vec![then, otherwise]));
                }
            }
            let own = [
                "kmap",
                "try_kmap",
                "kunmap",
                "kunmap_any",
                "free_page",
                "lock_page",
                "unlock_page",
            ];
            let own = own
                .into_iter()
                .chain(["trylock_page", "kmap_atomic", "kunmap_atomic"]);
            for name in own.chain(["kmap_local", "kunmap_local"]) {
                if let Some(page) = fields.get_mut(name) {
                    *page = "own".into();
                }
            }
            fields.values_mut().for_each(without_allocations);
        }
        _ => {}
    }
}

#[test]
fn random_private_programs() {
    check(kmapcheck_testing::private_scenario(), 300, 250);
}
