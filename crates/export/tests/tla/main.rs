//! The TLA+ modules, read and run by a small interpreter of our own.
//!
//! TLC is not there to be installed, so this stands in for it: a parser and an evaluator of the
//! part of TLA+ that exports use, which know nothing of kmap. Every module that is small enough has
//! as many states as the reference engine, and deadlocks and findings after as few steps.

#[path = "../common/mod.rs"]
mod common;
mod eval;
mod parse;

use std::collections::{BTreeMap, HashSet};

use common::expected::Expected;
use common::scenarios;
use eval::Machine;
use kmapcheck_export::{Target, export};

const MAX_STATES: u64 = 600;

#[test]
fn modules_have_the_states_and_deadlocks_of_the_reference() {
    let mut compared = 0;
    for (name, program) in scenarios("") {
        let Ok(exported) = export(&program, Target::Tla, Some("M")) else {
            continue;
        };
        let module = parse::module(&exported.text);
        assert_eq!(module.name, "M");
        let Some(expected) = Expected::of(&program, MAX_STATES) else {
            continue;
        };
        println!("{name}: {} states", expected.states);
        let machine = Machine::new(&module);
        let mut level = machine.initial();
        assert_eq!(
            level.len() as u64,
            expected.starts,
            "{name}: initial states"
        );
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
        assert_eq!(seen.len() as u64, expected.states, "{name}: states");
        assert_eq!(deadlock, expected.global_deadlock, "{name}: deadlock");
        assert_eq!(findings, expected.findings, "{name}: findings");
        compared += 1;
    }
    println!("{compared} modules");
    assert!(compared > 0);
}
