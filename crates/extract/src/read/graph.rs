//! The control-flow graph of a function: post-dominators, what a branch decides, what is live where.
//!
//! Post-dominators are found by the iteration of K. D. Cooper, T. J. Harvey and K. Kennedy, *A
//! Simple, Fast Dominance Algorithm* (2001), on the reversed graph. A path that ends at once (a
//! `BUG()`) is not followed, and so does not keep others from coming together.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use std::rc::Rc;

use kmapcheck_limits::ask;

use crate::read::instruction::{Code, Expr, Instr, Place, Target};
use crate::read::names::Name;

/// What is known of each instruction.
#[derive(Debug, Clone, Default)]
pub struct Graph {
    /// The instruction where all ways that end come together after it; the number of instructions
    /// stands for the end of the function. `None`: no way from it ends.
    pub joins: Vec<Option<usize>>,
    /// Variables whose value may still be read.
    pub live: Vec<Rc<BTreeSet<Name>>>,
    /// The loops that a branch goes on with, or leaves, by its ways.
    pub leaves: BTreeMap<usize, Vec<u32>>,
}

/// A loop: its number, the line of its rounds, and its instructions, from where a round begins to the
/// jump back.
pub fn loops(code: &Code) -> impl Iterator<Item = (u32, usize, RangeInclusive<usize>)> + '_ {
    code.instrs.iter().enumerate().filter_map(|(at, instr)| {
        let (Instr::Round(number, line), Some(Instr::Jump(top))) = (instr, code.instrs.get(at + 1))
        else {
            return None;
        };
        Some((*number, *line, *top..=at + 1))
    })
}

fn leaves(code: &Code) -> BTreeMap<usize, Vec<u32>> {
    let mut all: BTreeMap<usize, Vec<u32>> = BTreeMap::new();
    for (number, _, within) in loops(code) {
        for at in within.clone() {
            if let Some(Instr::Branch(_, yes, no)) = code.instrs.get(at)
                && !(within.contains(yes) && within.contains(no))
            {
                all.entry(at).or_default().push(number);
            }
        }
    }
    all
}

/// The graph of some code.
#[must_use]
pub fn graph(code: &Code) -> Graph {
    Graph {
        joins: joins(code),
        live: live(code),
        leaves: leaves(code),
    }
}

fn joins(code: &Code) -> Vec<Option<usize>> {
    let end = code.instrs.len();
    let mut before: Vec<Vec<usize>> = vec![Vec::new(); end + 1];
    let mut after: Vec<Vec<usize>> = Vec::with_capacity(end + 1);
    for (at, instr) in code.instrs.iter().enumerate() {
        let to = instr.successors(at, end);
        for &next in &to {
            before[next].push(at);
        }
        after.push(to);
    }
    after.push(Vec::new());
    // Post-order of the reversed graph from the end.
    let mut number: Vec<Option<usize>> = vec![None; end + 1];
    let mut order = Vec::new();
    let mut seen = vec![false; end + 1];
    let mut stack = vec![(end, 0)];
    seen[end] = true;
    while let Some((at, next)) = stack.pop() {
        match before[at].get(next) {
            Some(&from) => {
                stack.push((at, next + 1));
                if !seen[from] {
                    seen[from] = true;
                    stack.push((from, 0));
                }
            }
            None => {
                number[at] = Some(order.len());
                order.push(at);
            }
        }
    }
    let mut joins: Vec<Option<usize>> = vec![None; end + 1];
    joins[end] = Some(end);
    let mut changed = true;
    while changed {
        changed = false;
        for &at in order.iter().rev().skip(1) {
            ask();
            let mut join: Option<usize> = None;
            for &next in &after[at] {
                if joins[next].is_some() {
                    join = Some(join.map_or(next, |join| meet(&joins, &number, join, next)));
                }
            }
            if join != joins[at] {
                joins[at] = join;
                changed = true;
            }
        }
    }
    joins.truncate(end);
    joins
}

fn meet(joins: &[Option<usize>], number: &[Option<usize>], a: usize, b: usize) -> usize {
    let (mut a, mut b) = (a, b);
    while a != b {
        if number[a] < number[b] {
            a = joins[a].expect("it was met before");
        } else {
            b = joins[b].expect("it was met before");
        }
    }
    a
}

/// The instructions that a branch decides about at once: those that one of its ways comes to
/// whatever is decided later, before its ways join. What lies behind further branches is decided by
/// those, and they by this one (J. Ferrante, K. J. Ottenstein and J. D. Warren, *The Program
/// Dependence Graph*, 1987). A way that does not end is gone along to wherever it leads.
pub fn decided_by(code: &Code, joins: &[Option<usize>], branch: usize) -> BTreeSet<usize> {
    let end = code.instrs.len();
    let stop = joins[branch];
    let mut seen = BTreeSet::new();
    for start in code.instrs[branch].successors(branch, end) {
        let mut at = start;
        while Some(at) != stop && at < end && seen.insert(at) {
            ask();
            match joins[at] {
                Some(next) => at = next,
                None => {
                    let mut todo = code.instrs[at].successors(at, end);
                    while let Some(at) = todo.pop() {
                        ask();
                        if Some(at) != stop && at < end && seen.insert(at) {
                            todo.extend(code.instrs[at].successors(at, end));
                        }
                    }
                    break;
                }
            }
        }
    }
    seen
}

fn live(code: &Code) -> Vec<Rc<BTreeSet<Name>>> {
    let end = code.instrs.len();
    let empty = Rc::new(BTreeSet::new());
    let mut live: Vec<Rc<BTreeSet<Name>>> = vec![empty; end + 1];
    let mut changed = true;
    while changed {
        changed = false;
        for at in (0..end).rev() {
            ask();
            let instr = &code.instrs[at];
            let next = instr.successors(at, end);
            let mut set = match next.as_slice() {
                [] => BTreeSet::new(),
                [first, rest @ ..] => {
                    let mut set = (*live[*first]).clone();
                    for other in rest {
                        set.extend(live[*other].iter().copied());
                    }
                    set
                }
            };
            match instr {
                Instr::Assign(Place::Local(name), _) | Instr::Forget(Place::Local(name)) => {
                    set.remove(name);
                }
                Instr::Call(call) => {
                    set.remove(&call.result);
                }
                _ => {}
            }
            reads(instr, &mut |place| {
                if let Place::Local(name) = place {
                    set.insert(*name);
                }
            });
            if *live[at] != set {
                live[at] = Rc::new(set);
                changed = true;
            }
        }
    }
    live.truncate(end);
    live
}

/// Calls `each` with every place that an instruction reads.
pub fn reads(instr: &Instr, each: &mut dyn FnMut(&Place)) {
    let mut of = |expr: &Expr| expr.places(each);
    match instr {
        Instr::Assign(place, value) => {
            of(value);
            place.inner(each);
        }
        Instr::Forget(place) => place.inner(each),
        Instr::Branch(value, ..) => of(value),
        Instr::Return(value) => value.iter().for_each(of),
        Instr::Call(call) => {
            call.args.iter().for_each(&mut of);
            if let Target::Value(value, _) = &call.target {
                of(value);
            }
        }
        _ => {}
    }
}

/// The variables whose address an expression is made of.
pub fn kept_addresses(expr: &Expr, into: &mut BTreeSet<Name>) {
    match expr {
        Expr::Address(place) => {
            if let Place::Local(name) = **place {
                into.insert(name);
            }
        }
        Expr::Binary(_, left, right) => {
            kept_addresses(left, into);
            kept_addresses(right, into);
        }
        _ => {}
    }
}
