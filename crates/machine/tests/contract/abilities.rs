//! What the rest of a task program can still give, by a plain search of its control flow.

use std::collections::BTreeSet;

use kmapcheck_machine::{Abilities, State};
use kmapcheck_scenario::{Op, Program, Template};
use proptest::prelude::*;
use serde_json::{Value, json};

/// The nodes that a task at `node` can still come to, that one included.
fn reachable(template: &Template, node: usize) -> BTreeSet<usize> {
    let mut found = BTreeSet::new();
    let mut next = vec![node];
    while let Some(node) = next.pop() {
        if found.insert(node) {
            let targets = template.nodes[node].next.iter();
            next.extend(targets.filter_map(|target| target.node));
        }
    }
    found
}

/// Whether others may wait for a task to come to the operation: for a completion, for units that
/// nobody owns, for a free page, for somebody to map a page. Which page that would be depends on what
/// is allocated before.
fn gives(program: &Program, template: usize, op: Op) -> bool {
    match op {
        Op::Complete { .. } | Op::FreePage { .. } => true,
        Op::Kmap { .. } | Op::TryKmap { .. } => true,
        Op::AllocPage { .. } | Op::TryAllocPage { .. } => true,
        Op::Up { pool, .. } => !program.resource(template, pool).kind.is_owned(),
        _ => false,
    }
}

/// The same, with one entry for each operation.
fn given_from(program: &Program, template: usize, node: usize) -> Vec<Op> {
    let nodes = &program.templates[template].nodes;
    let mut ops: Vec<Op> = Vec::new();
    for node in reachable(&program.templates[template], node) {
        let op = nodes[node].op;
        if gives(program, template, op) && !ops.contains(&op) {
            ops.push(op);
        }
    }
    ops
}

/// Holds what the machine says of every node against that. How many operations were given by the
/// first of them.
pub fn compare(program: &Program) -> usize {
    let abilities = Abilities::of(program);
    for (id, template) in program.templates.iter().enumerate() {
        for node in 0..template.nodes.len() {
            let expected = given_from(program, id, node);
            let found: Vec<Op> = abilities.from(id, node).collect();
            assert_eq!(found.len(), expected.len(), "{found:?} {expected:?}");
            for other in &template.nodes {
                let is_given = expected.contains(&other.op);
                assert_eq!(found.contains(&other.op), is_given, "{:?}", other.op);
                assert_eq!(abilities.can(id, node, |op| op == other.op), is_given);
            }
        }
    }
    match program.templates.first() {
        Some(template) if !template.nodes.is_empty() => given_from(program, 0, 0).len(),
        _ => 0,
    }
}

/// The same of tasks: those that have ended give nothing.
pub fn compare_tasks(program: &Program, abilities: &Abilities, state: &State) {
    for task in &state.tasks {
        let expected = match task.at {
            Some(at) => given_from(program, task.template, at),
            None => Vec::new(),
        };
        assert_eq!(abilities.task_can(task, |_| true), !expected.is_empty());
        let pages = |op: Op| matches!(op, Op::FreePage { .. });
        let frees = expected.iter().any(|&op| pages(op));
        assert_eq!(abilities.task_can(task, pages), frees);
    }
}

/// Programs with more completions than a word has bits, some of them in loops, on one way only, or
/// behind an end.
pub fn many_completions() -> impl Strategy<Value = Value> {
    const MANY: usize = 130;
    let complete = |number: usize| json!({ "complete": format!("c{number}") });
    let pieces = prop::collection::vec((prop::collection::vec(0..MANY, 1..=6), 0..5u8), 60);
    pieces.prop_map(move |pieces| {
        let mut program = Vec::new();
        for (numbers, shape) in pieces {
            let mut ops: Vec<Value> = numbers.into_iter().map(complete).collect();
            match shape {
                0 => program.extend(ops),
                1 => program.push(json!({ "choose": [ops, []] })),
                2 => {
                    ops.push(json!({ "exit": true }));
                    program.push(json!({ "choose": [ops, []] }));
                }
                _ => {
                    let leave = json!({ "choose": [[], [{ "break": true }]] });
                    ops.insert(ops.len() / 2, leave);
                    let inner = json!({ "loop": ops });
                    let leave = json!({ "choose": [[{ "break": true }], []] });
                    program.push(json!({ "loop": [complete(0), inner, leave] }));
                }
            }
        }
        program.extend((0..MANY).map(complete));
        let names: Vec<String> = (0..MANY).map(|i| format!("c{i}")).collect();
        json!({ "name": "many", "series": { "S": { "slots": 1 } }, "completions": names,
                "tasks": [ { "name": "t", "program": program } ] })
    })
}
