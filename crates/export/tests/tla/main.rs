//! The TLA+ modules, read and run by a small interpreter of our own.
//!
//! TLC is in no package registry, so this stands in for it: a parser and an evaluator of the part
//! of TLA+ that exports use, which know nothing of kmap. On every scenario that is small enough,
//! and on random programs that use every primitive, a module has as many states as the reference
//! engine, and a global deadlock and every other finding after as few steps. All textual targets
//! are printed from the same transitions, so this is also the broadest test of those.

#[path = "../common/mod.rs"]
mod common;
mod eval;
mod parse;

use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::{AtomicU32, Ordering};

use common::expected::Expected;
use common::scenarios;
use eval::Machine;
use kmapcheck_export::{Target, export};
use kmapcheck_scenario::Program;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

/// The interpreter is slow.
const MAX_STATES: u64 = 600;

/// What the module says, to be held against the reference: states, deadlock, findings.
type Facts = (u64, u64, Option<u64>, BTreeMap<String, u64>);

fn expected(program: &Program) -> Option<Facts> {
    let ours = Expected::of(program, MAX_STATES)?;
    Some((
        ours.starts,
        ours.states,
        ours.global_deadlock,
        ours.findings,
    ))
}

fn facts(text: &str) -> Facts {
    let module = parse::module(text);
    let machine = Machine::new(&module);
    let mut level = machine.initial();
    let starts = level.len() as u64;
    let mut seen: HashSet<_> = level.iter().cloned().collect();
    let (mut depth, mut deadlock) = (0, None);
    let mut findings = BTreeMap::new();
    while !level.is_empty() {
        let mut next = Vec::new();
        for state in level {
            for kind in machine.waiting(&state) {
                findings.entry(kind).or_insert(depth);
            }
            let successors = machine.successors(&state);
            if successors.is_empty() && deadlock.is_none() {
                deadlock = Some(depth);
            }
            for successor in successors {
                if seen.insert(successor.clone()) {
                    next.push(successor);
                }
            }
        }
        for kind in machine.failed() {
            findings.entry(kind).or_insert(depth + 1);
        }
        level = next;
        depth += 1;
    }
    (starts, seen.len() as u64, deadlock, findings)
}

#[test]
fn scenarios_have_the_states_and_findings_of_the_reference() {
    let mut compared = 0;
    for (name, program) in scenarios("") {
        let Ok(exported) = export(&program, Target::Tla, Some("M")) else {
            continue;
        };
        if let Some(expected) = expected(&program) {
            assert_eq!(facts(&exported.text), expected, "{name}");
            compared += 1;
        }
    }
    println!("{compared} scenarios");
    assert!(compared > 0);
}

#[test]
fn random_programs() {
    agree_on(kmapcheck_testing::scenario());
}

#[test]
fn random_programs_about_pages() {
    agree_on(kmapcheck_testing::page_scenario());
}

fn agree_on(scenarios: impl Strategy<Value = serde_json::Value>) {
    let (compared, refused, large) = (AtomicU32::new(0), AtomicU32::new(0), AtomicU32::new(0));
    let count = |counter: &AtomicU32| counter.fetch_add(1, Ordering::Relaxed);
    let mut runner = TestRunner::new(kmapcheck_testing::config(120));
    let result = runner.run(&scenarios, |scenario| {
        let program = kmapcheck_testing::load(&scenario);
        let Ok(exported) = export(&program, Target::Tla, Some("M")) else {
            count(&refused);
            return Ok(());
        };
        match expected(&program) {
            None => count(&large),
            Some(expected) => {
                prop_assert_eq!(facts(&exported.text), expected, "{}", scenario);
                count(&compared)
            }
        };
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
    let [compared, refused, large] = [compared, refused, large].map(AtomicU32::into_inner);
    println!("{compared} compared, {refused} refused, {large} too large");
    assert!(compared > 20, "only {compared} programs compared");
}
