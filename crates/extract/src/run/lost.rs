//! Operations that no path comes to, because paths were cut before them.
//!
//! A path is cut where a bound says so: rounds of a loop, calls of a function by itself. If nothing
//! else comes to what follows, it is as if it were not there, and a scenario without it is clean too
//! easily. So the operations that paths came to, and from which they come to an end, are held against
//! those that the control-flow graph has after the cuts: within the function, in those that it calls,
//! and in its open callers. What is missing is lost. An operation that is missing without a cut before
//! it is excluded by facts, and that is right.
//!
//! Where something is lost, the entry is followed once more, and where the first time cut a path, what
//! the loop or call may change is forgotten instead ([`widen`](mod@crate::run::widen)). More paths are
//! possible then, and some of them cannot be, so that is kept only if it comes to something that was
//! lost. What is lost still is said.

use std::collections::{BTreeMap, BTreeSet};

use kmapcheck_limits::ask;

use crate::assumed::Assumptions;
use crate::read::instruction::Instr;
use crate::read::names::Name;
use crate::read::slice::Slice;
use crate::refusal::{Kind, Refusal};
use crate::run::explore::Paths;
use crate::run::rounds::Then;
use crate::run::step::{Machine, Thing};
use crate::write::graph::components;

/// An instruction: the function, and its place in it.
pub type Spot = (usize, usize);

/// What a run has noted besides its paths.
struct Noted {
    assumptions: Assumptions,
    things: BTreeMap<Name, Thing>,
    met: BTreeSet<String>,
    sizes: BTreeMap<Name, u32>,
}

impl Paths {
    /// The nodes that count: those from which a path comes to its end, or goes round for ever and does
    /// something on the way.
    #[must_use]
    pub fn alive(&self) -> Vec<bool> {
        let many = self.nodes.len();
        let mut before: Vec<Vec<usize>> = vec![Vec::new(); many];
        let mut next: Vec<Vec<usize>> = vec![Vec::new(); many];
        for (from, node) in self.nodes.iter().enumerate() {
            for (_, to) in &node.edges {
                before[*to].push(from);
                next[from].push(*to);
            }
        }
        let mut circle = vec![0; many];
        for (number, part) in components(&next, &(0..many).collect()).iter().enumerate() {
            part.iter().for_each(|node| circle[*node] = number);
        }
        let counts = |from: usize| {
            let node = &self.nodes[from];
            let mut edges = node.edges.iter();
            node.ends || edges.any(|(label, to)| label.is_some() && circle[*to] == circle[from])
        };
        let mut alive = vec![false; many];
        let mut todo: Vec<usize> = (0..many).filter(|node| counts(*node)).collect();
        while let Some(node) = todo.pop() {
            ask();
            if !std::mem::replace(&mut alive[node], true) {
                todo.extend(&before[node]);
            }
        }
        alive
    }

    /// The operations of the nodes that count.
    fn covered(&self) -> BTreeSet<Spot> {
        let nodes = self.nodes.iter().zip(self.alive());
        let alive = nodes.filter(|(_, alive)| *alive);
        alive.filter_map(|(node, _)| node.operation).collect()
    }
}

impl Machine<'_> {
    /// All paths of a function; once more, and less closely, if operations are lost.
    ///
    /// # Errors
    ///
    /// As [`Machine::explore`].
    pub fn follow(&mut self, function: usize) -> Result<Paths, Refusal> {
        self.then = Then::Usual;
        let start = self.noted();
        let first = match self.explore(function) {
            Err(refusal) if refusal.kind == Kind::Budget => {
                // Following more than the bounds say may be what is too much.
                self.take(start);
                self.then = Then::Cut;
                let first = match self.explore(function) {
                    Ok(first) if first.alive().first() == Some(&true) => first,
                    _ => return Err(refusal),
                };
                let lost = self
                    .after_cuts()
                    .difference(&first.covered())
                    .copied()
                    .collect();
                self.note_lost(&lost);
                return Ok(first);
            }
            first => first?,
        };
        let (covered, after) = (first.covered(), self.after_cuts());
        let lost: BTreeSet<Spot> = after.difference(&covered).copied().collect();
        if lost.is_empty() {
            return Ok(first);
        }
        let (noted, cuts) = (self.noted(), self.cuts.clone());
        self.take(start);
        self.then = Then::Forget;
        let second = self.explore(function);
        if let Ok(second) = second {
            let (more, after) = (second.covered(), self.after_cuts());
            if lost.intersection(&more).next().is_some() {
                let lost: BTreeSet<Spot> = after.difference(&more).copied().collect();
                self.note_lost(&lost);
                return Ok(second);
            }
            // What is not reached and has no cut before it now is excluded by facts.
            self.take(noted);
            self.cuts = cuts;
            self.note_lost(&lost.intersection(&after).copied().collect());
        } else {
            // It was too much: what is lost stays so.
            self.take(noted);
            self.cuts = cuts;
            self.note_lost(&lost);
        }
        self.then = Then::Usual;
        Ok(first)
    }

    fn noted(&self) -> Noted {
        Noted {
            assumptions: self.assumptions.clone(),
            things: self.things.clone(),
            met: self.met.clone(),
            sizes: self.sizes.clone(),
        }
    }

    fn take(&mut self, noted: Noted) {
        self.assumptions = noted.assumptions;
        self.things = noted.things;
        self.met = noted.met;
        self.sizes = noted.sizes;
    }

    /// The operations that the graph has after the places where paths were cut.
    fn after_cuts(&self) -> BTreeSet<Spot> {
        let opens = self.cuts.iter().flatten();
        let reached = reached(self.slice, opens.map(|(function, at)| (*function, at + 1)));
        let operations = &self.slice.operations;
        reached.intersection(operations).copied().collect()
    }

    /// Says which operations are lost, by functions.
    fn note_lost(&mut self, lost: &BTreeSet<Spot>) {
        let unroll = self.options.unroll.saturating_add(2); // a proposal only
        let cut = self.cuts.iter().filter_map(|open| open.last()).min();
        let Some(cut) = cut.map(|spot| self.line(*spot)) else {
            return;
        };
        let mut by_function: BTreeMap<usize, Vec<(usize, String)>> = BTreeMap::new();
        for &spot in lost {
            let Instr::Call(call) = &self.slice.bodies[&spot.0].code.instrs[spot.1] else {
                continue;
            };
            let text = match &call.target {
                crate::read::instruction::Target::Function(name)
                | crate::read::instruction::Target::Field(name)
                | crate::read::instruction::Target::Value(_, name) => self.names.text(*name),
            };
            let of = by_function.entry(spot.0).or_default();
            of.push((call.line, text.to_owned()));
        }
        for (function, mut all) in by_function {
            all.sort();
            all.dedup();
            let (line, first) = all[0].clone();
            let of = &self.unit.functions[function];
            self.here = (of.file, line, function);
            let more = match all.len() {
                1 => String::new(),
                n => format!(" and {} more operations", n - 1),
            };
            let text = format!(
                "of `{}`, `{first}` in line {line}{more} are reached on no path: every one was cut before, the first at {cut}, and what comes after that is not in the verdict",
                of.name
            );
            let at = self.at();
            let change = Some(format!("--unroll {unroll}"));
            self.assumptions.note("unreached", at, text, change);
        }
    }

    /// Where an instruction is.
    fn line(&self, (function, at): Spot) -> String {
        let file = self.unit.functions[function].file;
        let instr = &self.slice.bodies[&function].code.instrs[at];
        let line = match instr {
            Instr::Round(_, line) => *line,
            Instr::Call(call) => call.line,
            _ => self.unit.functions[function].line,
        };
        format!("{}:{line}", self.unit.files[file].name)
    }
}

/// What the graph has after some instructions, in functions that are called too.
fn reached(slice: &Slice, from: impl Iterator<Item = Spot>) -> BTreeSet<Spot> {
    let mut all = BTreeSet::new();
    let mut todo: Vec<Spot> = from.collect();
    while let Some((function, at)) = todo.pop() {
        ask();
        let code = &slice.bodies[&function].code;
        let end = code.instrs.len();
        if at >= end || !all.insert((function, at)) {
            continue;
        }
        todo.extend(
            slice
                .calls
                .get(&(function, at))
                .into_iter()
                .flatten()
                .map(|body| (*body, 0)),
        );
        let next = code.instrs[at].successors(at, end);
        todo.extend(next.into_iter().map(|at| (function, at)));
    }
    all
}
