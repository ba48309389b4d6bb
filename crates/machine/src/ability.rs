//! What the rest of a task program can still do.
//!
//! Waiting for a completion, for an unowned unit, for memory, or for somebody to map a page is
//! waiting for whoever can still reach the operation that gives it. [`Abilities`] answers that
//! from the control flow alone, computed backwards once for each template: for every node the set
//! of giving operations reachable from it, itself included. It over-approximates (a branch may
//! never be taken), which errs towards *not yet stuck*: once the task has passed its last chance,
//! the set no longer has the operation.

use kmapcheck_limits::ask;
use kmapcheck_scenario::{NodeId, Op, Program, Template, TemplateId};

use crate::state::Task;

/// What every task program can still do from every node on.
#[derive(Debug, Clone)]
pub struct Abilities {
    templates: Vec<Reach>,
}

#[derive(Debug, Clone)]
struct Reach {
    /// The giving operations of the template, without repetition.
    ops: Vec<Op>,
    /// Words of a bit set for each node.
    words: usize,
    /// The sets, node by node.
    sets: Vec<u64>,
}

impl Abilities {
    /// Computes the sets. Cost: nodes times a few passes (one more for each level of loops).
    #[must_use]
    pub fn of(program: &Program) -> Self {
        let reach = |(id, template)| Reach::of(program, id, template);
        Abilities {
            templates: program.templates.iter().enumerate().map(reach).collect(),
        }
    }

    /// Whether some operation that `gives` accepts can be reached from `node`, itself included.
    pub fn can(&self, template: TemplateId, node: NodeId, gives: impl FnMut(Op) -> bool) -> bool {
        self.from(template, node).any(gives)
    }

    /// The same for a task; never for one that has ended.
    pub fn task_can(&self, task: &Task, gives: impl FnMut(Op) -> bool) -> bool {
        task.at
            .is_some_and(|node| self.can(task.template, node, gives))
    }

    /// The giving operations that can be reached from `node`, itself included.
    pub fn from(&self, template: TemplateId, node: NodeId) -> impl Iterator<Item = Op> + '_ {
        let reach = &self.templates[template];
        let set = &reach.sets[node * reach.words..(node + 1) * reach.words];
        reach
            .ops
            .iter()
            .enumerate()
            .filter(|(i, _)| set[i / 64] >> (i % 64) & 1 == 1)
            .map(|(_, &op)| op)
    }
}

impl Reach {
    fn of(program: &Program, id: TemplateId, template: &Template) -> Reach {
        let mut ops = Vec::new();
        let mut number = rustc_hash::FxHashMap::default();
        for node in &template.nodes {
            ask();
            if gives_something(program, id, node.op) && !number.contains_key(&node.op) {
                number.insert(node.op, ops.len());
                ops.push(node.op);
            }
        }
        let words = ops.len().div_ceil(64);
        let mut sets = vec![0u64; words * template.nodes.len()];
        for (node, set) in template.nodes.iter().zip(sets.chunks_mut(words.max(1))) {
            if let Some(i) = number.get(&node.op) {
                set[i / 64] |= 1 << (i % 64);
            }
        }
        let mut changed = words > 0;
        while changed {
            changed = false;
            for node in (0..template.nodes.len()).rev() {
                ask();
                for next in template.nodes[node]
                    .next
                    .iter()
                    .filter_map(|target| target.node)
                {
                    for word in 0..words {
                        let both = sets[node * words + word] | sets[next * words + word];
                        changed |= both != sets[node * words + word];
                        sets[node * words + word] = both;
                    }
                }
            }
        }
        Reach { ops, words, sets }
    }
}

/// Whether somebody may wait for another task to reach the operation.
fn gives_something(program: &Program, template: TemplateId, op: Op) -> bool {
    match op {
        Op::Complete { .. } | Op::FreePage { .. } | Op::Kmap { .. } | Op::TryKmap { .. } => true,
        Op::AllocPage { .. } | Op::TryAllocPage { .. } => true,
        Op::Up { pool, .. } => !program.resource(template, pool).kind.is_owned(),
        _ => false,
    }
}
