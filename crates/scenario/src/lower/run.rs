//! Steps that run a block: what the block's steps would be in their place, stored once where that is
//! the same.
//!
//! What a block becomes depends on the block and on what is around it: where control goes after it
//! and on `break`, and the `at` and `note` that its steps have from outside ([`Entry`]). It is lowered
//! once for each of these and jumped to from wherever they recur. So a block that ends several
//! branches, or several other blocks, is stored once in a task program; one with different steps
//! behind it once for each. What a block does not ask for ([`Facts`](crate::check::blocks::Facts)) is
//! left out of the comparison: what comes after a block that always exits tells nothing apart. (Code
//! behind such an `exit` then leads to the end; nothing leads there.)
//!
//! **Why this is the program with the steps in place of each `run`.** Nodes are made from the last to
//! the first, and what a list of steps becomes is a function of the goals and remarks handed to it;
//! nothing else of the surroundings is looked at. Two runs with equal entries would become two equal
//! pieces of graph with the same goals behind them: states that differ only in which copy a task is
//! in have the same futures, so that taking the copies for one changes no run but its numbers of
//! nodes. Branches of a `select` are left out: they begin with nodes of their own, as engines expect.
//!
//! Chains of blocks that run one another as their last step may be longer than the program's stack.
//! What follows such a run is known before the block is looked at, so the whole chain is lowered from
//! its end with a stack of its own ([`Lowering::tails`]). Other runs nest, as far as
//! [`DEEPEST`](super::DEEPEST).

use std::slice;

use kmapcheck_limits::ask;

use super::{Around, DEEPEST, Destination, Goal, Lowering};
use crate::read::steps::{Action, Step};

/// A block and all that its lowering depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Entry {
    block: usize,
    /// Where control goes after it; the end, if it never does.
    next: Goal,
    /// Where `break` goes, if it has one.
    leave: Option<Goal>,
    /// `at` and `note` from outside, if some step has none.
    at: Option<usize>,
    note: Option<usize>,
}

const END: Goal = Goal {
    to: Destination::End,
    round: false,
};

impl Lowering<'_> {
    /// Where control enters a block that `step` runs.
    pub(super) fn run(
        &mut self,
        step: &Step,
        block: usize,
        next: Goal,
        around: Around<'_>,
    ) -> Goal {
        let wanted = self.entry(step, block, next, around);
        let mut left = vec![(wanted, false)];
        while let Some((entry, ready)) = left.pop() {
            if self.over || self.log.is_full() {
                return next;
            }
            ask();
            if self.entries.contains_key(&entry) {
                continue;
            }
            let (blocks, inner) = (self.blocks, self.within(entry, around));
            let steps = &blocks.list[entry.block].steps;
            if ready {
                self.growth.copies |= !self.seen_blocks.insert(entry.block);
                let start = self.block(steps, entry.next, inner);
                self.entries.insert(entry, start);
            } else {
                left.push((entry, true));
                let from = left.len();
                self.tails(steps, Some(entry.next), inner, &mut |tail| {
                    left.push((tail, false));
                });
                // The last one in the file first, like everything.
                left[from..].reverse();
            }
        }
        // It is there unless the work was cut off.
        self.entries.get(&wanted).copied().unwrap_or(next)
    }

    /// What a block becomes depends on this.
    fn entry(&mut self, step: &Step, block: usize, next: Goal, around: Around<'_>) -> Entry {
        let facts = self.blocks.list[block].facts;
        let inner = self.inherit(step, around);
        Entry {
            block,
            next: if facts.falls_through { next } else { END },
            leave: inner.leave.filter(|_| facts.breaks),
            at: inner.at.filter(|_| facts.needs_at),
            note: inner.note.filter(|_| facts.needs_note),
        }
    }

    /// What is around the steps of a block.
    fn within<'e>(&mut self, entry: Entry, around: Around<'e>) -> Around<'e> {
        let blocks = self.blocks;
        let block = &blocks.list[entry.block];
        Around {
            leave: entry.leave,
            at: self.remark(block.at.as_deref()).or(entry.at),
            note: self.remark(block.note.as_deref()).or(entry.note),
            block: Some(entry.block),
            ..around
        }
    }

    /// Runs in these steps of which it is known what follows, the last in the file first. `next`: what
    /// follows the steps, if that is known.
    fn tails(
        &mut self,
        steps: &[Step],
        next: Option<Goal>,
        around: Around<'_>,
        found: &mut impl FnMut(Entry),
    ) {
        let mut next = next;
        for step in steps.iter().rev() {
            let here = next.take();
            match &step.action {
                Action::Exit => next = Some(END),
                Action::Break => next = around.leave,
                Action::Run(block) => {
                    let facts = self.blocks.list[*block].facts;
                    if let Some(goal) = here.or((!facts.falls_through).then_some(END)) {
                        found(self.entry(step, *block, goal, around));
                    }
                }
                Action::Choose(branches) => {
                    for branch in branches.iter().rev() {
                        self.tails(branch, here, around, found);
                    }
                }
                Action::Primitive(call) if call.forks() => {
                    self.tails(&call.on_failure, here, around, found);
                    self.tails(&call.on_success, here, around, found);
                }
                Action::Select(select) => {
                    self.tails(&select.on_failure, here, around, found);
                    self.tails(&select.on_success, here, around, found);
                    let here = here.filter(|_| select.on_success.is_empty());
                    for branch in select.branches.iter().rev() {
                        // What it begins with is a node of its own.
                        self.tails(branch.get(1..).unwrap_or_default(), here, around, found);
                    }
                }
                // What follows in a loop is not known before it is lowered.
                Action::Loop(_) | Action::Repeat { .. } => {}
                Action::Primitive(_) | Action::Operation { .. } => {}
            }
        }
    }

    /// Lowers a branch of a select: its first operation becomes a node that nothing else leads to.
    pub(super) fn arm(&mut self, branch: &[Step], next: Goal, around: Around<'_>) -> Goal {
        let begins = |step| self.first(slice::from_ref(step)).is_some();
        let lead = branch.iter().position(begins);
        let Some((lead, &Action::Run(block))) = lead.map(|lead| (lead, &branch[lead].action))
        else {
            return self.block(branch, next, around);
        };
        if around.depth >= DEEPEST {
            // Notes it.
            return self.block(branch, next, around);
        }
        let after = self.block(&branch[lead + 1..], next, around);
        self.spend(1);
        let step = &branch[lead];
        let inherited = self.inherit(step, around);
        let blocks = self.blocks;
        let named = &blocks.list[block];
        let inner = Around {
            at: self.remark(named.at.as_deref()).or(inherited.at),
            note: self.remark(named.note.as_deref()).or(inherited.note),
            block: Some(block),
            depth: around.depth + 1,
            ..around
        };
        self.growth.copies |= !self.seen_blocks.insert(block);
        self.arm(&named.steps, after, inner)
    }
}
