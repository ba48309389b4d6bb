//! What is mentioned from each instruction on, in functions that are called too; and the operations
//! that matter, with the functions that are called on the way to them.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use kmapcheck_limits::ask;
use rustc_hash::FxHashSet;

use super::{Body, Slicer};
use crate::read::callee::{Callee, is_operation, may_sleep};
use crate::read::graph::reads;
use crate::read::instruction::Place;
use crate::read::names::Name;

impl Slicer<'_> {
    /// Notes the operations that matter, and the functions that are called.
    pub(super) fn list_operations(&mut self) {
        for (&(function, at), callee) in &self.callees {
            if !self.slice.bodies[&function].matters[at] {
                continue;
            }
            match callee {
                Callee::Mapped(name) => {
                    let sleeps = self.sleep_matters && may_sleep(self.mapping, name);
                    if sleeps || is_operation(self.mapping, name) {
                        self.slice.operations.insert((function, at));
                    }
                }
                Callee::Bodies(bodies) => {
                    let followed = |body: &&usize| self.slice.followed.contains(body);
                    let bodies = bodies.iter().filter(followed).copied().collect();
                    self.slice.calls.insert((function, at), bodies);
                }
                _ => {}
            }
        }
    }

    /// What is mentioned from each instruction on.
    ///
    /// First what is mentioned in each function, with those that it calls, until nothing is added; then
    /// within each. Instructions with the same names have one set: there are far fewer sets than
    /// instructions.
    pub(super) fn mentions(&mut self) {
        let mut by_function: BTreeMap<usize, Own> = BTreeMap::new();
        let mut callers: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
        for &function in &self.slice.followed {
            ask();
            let own = self.own(function);
            for body in own.calls.values().flatten() {
                callers.entry(*body).or_default().insert(function);
            }
            by_function.insert(function, own);
        }
        let mut of_function: BTreeMap<usize, BTreeSet<Name>> = (by_function.iter())
            .map(|(function, own)| (*function, own.names.values().flatten().copied().collect()))
            .collect();
        let mut todo: BTreeSet<usize> = of_function.keys().copied().collect();
        while let Some(function) = todo.pop_first() {
            ask();
            let names = of_function[&function].clone();
            for caller in callers.get(&function).into_iter().flatten() {
                let Some(of) = of_function.get_mut(caller) else {
                    continue;
                };
                let had = of.len();
                of.extend(names.iter().copied());
                if of.len() > had {
                    todo.insert(*caller);
                }
            }
        }
        let mut sets: FxHashSet<Rc<BTreeSet<Name>>> = FxHashSet::default();
        for (function, own) in by_function {
            let Some(body) = self.slice.bodies.get_mut(&function) else {
                continue;
            };
            body.mentions = from_each(body, &own, &of_function, &mut sets);
        }
    }

    /// What matters in a function and mentions something itself, and what it calls there.
    fn own(&self, function: usize) -> Own {
        let body = &self.slice.bodies[&function];
        let end = body.code.instrs.len();
        let mut own = Own::default();
        let mut seen = vec![false; end];
        let mut todo = vec![0];
        while let Some(at) = todo.pop() {
            if at >= end || std::mem::replace(&mut seen[at], true) {
                continue;
            }
            let instr = &body.code.instrs[at];
            todo.extend(instr.successors(at, end));
            if !body.matters[at] {
                continue;
            }
            let mut names = BTreeSet::new();
            reads(instr, &mut |place| match place {
                Place::Global(name) | Place::Field(_, name) => {
                    names.insert(*name);
                }
                Place::Deref(_) => names.extend(self.slice.behind),
                Place::Local(_) => {}
            });
            if !names.is_empty() {
                own.names.insert(at, names);
            }
            if let Some(Callee::Bodies(bodies)) = self.callees.get(&(function, at)) {
                own.calls.insert(at, bodies.to_vec());
            }
        }
        own
    }
}

/// What instructions of a function mention themselves, and which functions they call.
#[derive(Default)]
struct Own {
    names: BTreeMap<usize, BTreeSet<Name>>,
    calls: BTreeMap<usize, Vec<usize>>,
}

/// What is mentioned from each instruction of a function on.
fn from_each(
    body: &Body,
    own: &Own,
    of_function: &BTreeMap<usize, BTreeSet<Name>>,
    sets: &mut FxHashSet<Rc<BTreeSet<Name>>>,
) -> Vec<Rc<BTreeSet<Name>>> {
    let code = &body.code;
    let end = code.instrs.len();
    let none: Rc<BTreeSet<Name>> = Rc::default();
    let mut mentions = vec![none.clone(); end + 1];
    let mut changed = true;
    while changed {
        changed = false;
        for at in (0..end).rev() {
            ask();
            let next = code.instrs[at].successors(at, end);
            let first = next.first().map_or(&none, |&to| &mentions[to]);
            let more = next.iter().skip(1).map(|&to| &*mentions[to]);
            let called =
                (own.calls.get(&at).into_iter().flatten()).filter_map(|body| of_function.get(body));
            let added: Vec<&BTreeSet<Name>> = (more.chain(own.names.get(&at)).chain(called))
                .filter(|names| !names.is_subset(first))
                .collect();
            let set = match added.is_empty() {
                true => first.clone(),
                false => {
                    let mut set = BTreeSet::clone(first);
                    added
                        .iter()
                        .for_each(|names| set.extend(names.iter().copied()));
                    match sets.get(&set) {
                        Some(same) => same.clone(),
                        None => {
                            let set = Rc::new(set);
                            sets.insert(set.clone());
                            set
                        }
                    }
                }
            };
            if mentions[at] != set {
                mentions[at] = set;
                changed = true;
            }
        }
    }
    mentions
}
