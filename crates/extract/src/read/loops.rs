//! Where each loop is left, and what its rounds change.
//!
//! A loop is its natural loop (F. E. Allen, *Control Flow Analysis*, 1970): the instructions that are
//! reached from where a round begins, and from which the next round is reached, without entering the
//! loop anew. Jumps and cases may lie in any order, so that is asked of the graph, and not of the
//! places in the text.
//!
//! What is changed is gathered by names, of everything that a round may run: too much is said rather
//! than too little. Whoever forgets all of it knows nothing that is untrue after any number of rounds.

use std::collections::{BTreeMap, BTreeSet};

use kmapcheck_limits::ask;

use crate::read::callee::{Callee, is_operation};
use crate::read::graph::{loops, reads};
use crate::read::instruction::{Call, Code, Expr, Instr, Place};
use crate::read::names::Name;
use crate::read::slice::Slicer;

/// What a loop, or a function, may change.
#[derive(Debug, Clone, Default)]
pub struct Changes {
    /// Variables of the function that the loop is in.
    pub locals: BTreeSet<Name>,
    /// Fields, and variables outside of functions.
    pub outside: BTreeSet<Name>,
    /// Whether what is behind pointers is set.
    pub behind: bool,
    /// Whether what is set there may be a whole structure.
    pub whole: bool,
    /// Whether pointers are handed to functions that are not followed.
    pub handed: bool,
}

/// A loop.
#[derive(Debug, Clone, Default)]
pub struct Loop {
    /// The branches that lead out of it to the end of the function, each with the side that does, and
    /// of which another round may decide otherwise than the one before.
    pub exits: BTreeSet<(usize, bool)>,
    /// What its rounds change.
    pub changes: Changes,
}

impl Slicer<'_> {
    /// The loops of all functions that are followed, and what each function changes outside of itself.
    pub(super) fn loops(&mut self) {
        let copies = self.copies();
        let mut all = Vec::new();
        for &function in &self.slice.followed {
            ask();
            all.push((function, self.loops_of(function, &copies)));
        }
        for (function, loops) in all {
            if let Some(body) = self.slice.bodies.get_mut(&function) {
                body.loops = loops;
            }
        }
        for &function in self.slice.bodies.keys() {
            let mut changes = Changes::default();
            self.changed_by(function, &copies, &mut changes);
            self.slice.changes.insert(function, changes);
        }
    }

    fn loops_of(&self, function: usize, copies: &BTreeSet<usize>) -> BTreeMap<u32, Loop> {
        let body = &self.slice.bodies[&function];
        let code = &body.code;
        let end = code.instrs.len();
        let mut rounds: BTreeMap<u32, (usize, Vec<usize>)> = BTreeMap::new();
        for (number, _, within) in loops(code) {
            let (_, backs) = rounds
                .entry(number)
                .or_insert((*within.start(), Vec::new()));
            backs.push(*within.end());
        }
        let mut all = BTreeMap::new();
        for (number, (top, backs)) in rounds {
            ask();
            let within = natural(code, number, top, &backs);
            let (mut of, mut addresses) = (Loop::default(), BTreeSet::new());
            for &at in &within {
                if body.matters[at] {
                    self.changed_at(function, at, copies, &mut of.changes);
                    taken(&code.instrs[at], &mut addresses);
                }
            }
            if of.changes.behind || of.changes.handed {
                // A pointer may be one of these for a part of a round only.
                of.changes.locals.extend(addresses);
            }
            for &at in &within {
                let Instr::Branch(value, yes, no) = &code.instrs[at] else {
                    continue;
                };
                let aliases = &self.aliases[&function];
                if !body.matters[at] || !varies(value, &of.changes, aliases) {
                    continue;
                }
                for (to, side) in [(*yes, true), (*no, false)] {
                    let comes_to_end = to == end || body.graph.joins[to].is_some();
                    if !within.contains(&to) && comes_to_end {
                        of.exits.insert((at, side));
                    }
                }
            }
            all.insert(number, of);
        }
        all
    }

    /// Functions that may copy a whole structure to behind a pointer, or call one that does.
    fn copies(&self) -> BTreeSet<usize> {
        let mut all: BTreeSet<usize> = BTreeSet::new();
        let mut callers: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        let mut todo = Vec::new();
        for (&(function, _), callee) in &self.callees {
            if let Callee::Bodies(bodies) = callee {
                for &body in bodies {
                    callers.entry(body).or_default().push(function);
                }
            }
        }
        for (&function, body) in &self.slice.bodies {
            let code = &body.code;
            if code.instrs.iter().any(|instr| copies(code, instr)) {
                todo.push(function);
            }
        }
        while let Some(function) = todo.pop() {
            if all.insert(function) {
                todo.extend(callers.get(&function).into_iter().flatten());
            }
        }
        all
    }

    fn changed_at(
        &self,
        function: usize,
        at: usize,
        whole: &BTreeSet<usize>,
        changes: &mut Changes,
    ) {
        let code = &self.slice.bodies[&function].code;
        match &code.instrs[at] {
            instr @ (Instr::Assign(place, _) | Instr::Forget(place)) => {
                changes.set(place);
                changes.whole |= copies(code, instr);
            }
            Instr::Call(call) => self.changed_by_call(function, at, call, whole, changes),
            Instr::Opaque(opaque) => {
                changes.locals.extend(&opaque.names);
                changes.outside.extend(&opaque.names);
                changes.behind = true;
            }
            _ => {}
        }
    }

    fn changed_by_call(
        &self,
        function: usize,
        at: usize,
        call: &Call,
        whole: &BTreeSet<usize>,
        changes: &mut Changes,
    ) {
        changes.locals.insert(call.result);
        let followed = match &self.callees[&(function, at)] {
            Callee::Mapped(name) if is_operation(self.mapping, name) => return,
            Callee::Bodies(bodies) => &bodies[..],
            _ => &[],
        };
        changes.handed |= call.args.iter().any(|arg| !matches!(arg, Expr::Const(_)));
        for &body in followed {
            self.changed_by(body, whole, changes);
        }
    }

    /// What a function changes, with those that it calls, besides its own variables.
    fn changed_by(&self, function: usize, whole: &BTreeSet<usize>, changes: &mut Changes) {
        let touches = self.touches.get(&function).into_iter().flatten();
        changes.outside.extend(touches);
        changes.behind |= self.writes_behind(function);
        changes.whole |= whole.contains(&function);
        changes.handed = true;
    }
}

impl Changes {
    fn set(&mut self, place: &Place) {
        match place {
            Place::Local(name) => {
                self.locals.insert(*name);
            }
            Place::Global(name) | Place::Field(_, name) => {
                self.outside.insert(*name);
            }
            Place::Deref(_) => self.behind = true,
        }
    }
}

/// The variables of the function that an address in an instruction lies in.
fn taken(instr: &Instr, into: &mut BTreeSet<Name>) {
    match instr {
        Instr::Assign(place, value) => {
            roots(value, into);
            if let Place::Deref(base) = place {
                roots(base, into);
            }
        }
        Instr::Forget(Place::Deref(base)) => roots(base, into),
        Instr::Call(call) => call.args.iter().for_each(|arg| roots(arg, into)),
        _ => {}
    }
}

/// The variables of the function that an address in an expression lies in.
fn roots(expr: &Expr, into: &mut BTreeSet<Name>) {
    match expr {
        Expr::Address(place) => match &**place {
            Place::Local(name) => {
                into.insert(*name);
            }
            Place::Field(base, _) | Place::Deref(base) => roots(base, into),
            Place::Global(_) => {}
        },
        Expr::Binary(_, left, right) => {
            roots(left, into);
            roots(right, into);
        }
        _ => {}
    }
}

/// The instructions of a loop.
fn natural(code: &Code, number: u32, top: usize, backs: &[usize]) -> BTreeSet<usize> {
    let end = code.instrs.len();
    let mut before: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    let mut forward = BTreeSet::new();
    let mut todo = vec![top];
    while let Some(at) = todo.pop() {
        if at >= end || code.instrs[at] == Instr::Enter(number) || !forward.insert(at) {
            continue;
        }
        ask();
        for next in code.instrs[at].successors(at, end) {
            before.entry(next).or_default().push(at);
            todo.push(next);
        }
    }
    let mut within = BTreeSet::from([top]);
    let mut todo: Vec<usize> = backs.to_vec();
    while let Some(at) = todo.pop() {
        ask();
        if forward.contains(&at) && within.insert(at) {
            todo.extend(before.get(&at).into_iter().flatten());
        }
    }
    within
}

/// Whether a condition may have another value in another round. `aliases`: the variables of the
/// function whose address is kept.
fn varies(value: &Expr, changes: &Changes, aliases: &BTreeSet<Name>) -> bool {
    let mut varies = false;
    // Each `Unknown` is another value.
    let instr = Instr::Return(Some(value.clone()));
    reads(&instr, &mut |place| {
        varies |= match place {
            Place::Local(name) => {
                let by_pointer = changes.behind || changes.handed;
                changes.locals.contains(name) || by_pointer && aliases.contains(name)
            }
            Place::Global(name) | Place::Field(_, name) => {
                changes.outside.contains(name) || changes.behind
            }
            Place::Deref(_) => changes.behind || changes.handed,
        };
    });
    varies || has_unknown(value)
}

fn has_unknown(value: &Expr) -> bool {
    match value {
        Expr::Unknown => true,
        Expr::Binary(_, left, right) => has_unknown(left) || has_unknown(right),
        Expr::Complement(inner) => has_unknown(inner),
        _ => false,
    }
}

/// Whether an assignment may set a whole structure behind a pointer: only what is known to be a number
/// or a pointer is none.
fn copies(code: &Code, instr: &Instr) -> bool {
    match instr {
        Instr::Assign(Place::Deref(_), Expr::Read(from)) => match &**from {
            Place::Local(name) => !code.scalars.contains(name),
            _ => true,
        },
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::map::{File, Mapping, shipped};
    use crate::read::conditional::Defined;
    use crate::read::names::Names;
    use crate::read::slice::Slice;
    use crate::read::unit::{Source, Unit};

    /// The loops of `f`, in order, with the names of what they change.
    fn loops(c: &str) -> Vec<(usize, Vec<String>, Changes)> {
        let source = Source {
            name: "a.c".to_owned(),
            bytes: format!("static struct semaphore a; extern int ext(void); {c}").into_bytes(),
            is_stub: false,
        };
        let text = shipped::text("linux-2.4").expect("it is shipped");
        let mapping = Mapping::of(&[File::read("linux-2.4", text).expect("it is right")]);
        let unit = Unit::read(&[source], &mapping, &Defined::default(), &|_| None);
        let unit = unit.unwrap_or_else(|refusal| panic!("{refusal}"));
        let f = unit.resolve("f", None).expect("it is there");
        let mut names = Names::default();
        let slice = Slice::of(&unit, &mapping, &mut names, &[f], &BTreeSet::new());
        let loops = slice.bodies[&f].loops.values();
        loops
            .map(|of| {
                let all = of.changes.locals.iter().chain(&of.changes.outside);
                let mut all: Vec<String> = all.map(|name| names.text(*name).to_owned()).collect();
                all.retain(|name| !name.starts_with('%'));
                all.sort();
                (of.exits.len(), all, of.changes.clone())
            })
            .collect()
    }

    #[test]
    fn ways_out_and_changes() {
        let all = loops(
            "int f(int x, struct r *r) { int i, k = 0;
                 for (i = 0; i < 9; i++) { if (x) break; if (ext()) return 1; BUG_ON(ext()); down(&a); up(&a); r->n = i; }
                 return k + r->n + i; }",
        );
        // The condition and `return`; nothing changes `x`, and nothing comes after a bug.
        let (exits, names, changes) = &all[0];
        assert_eq!((*exits, names.join(" ")), (2, "i".to_owned()));
        assert!(!changes.behind && !changes.whole);
    }

    #[test]
    fn a_break_leaves_the_inner_loop_only() {
        let all = loops(
            "int f(void) { int i, j;
                 for (i = 0; i < 9; i++) { for (j = 0; j < 9; j++) { if (ext()) break; down(&a); up(&a); } }
                 return 0; }",
        );
        let exits: Vec<usize> = all.iter().map(|(exits, ..)| *exits).collect();
        assert_eq!(exits, [1, 2]);
        // The outer one changes what the inner one does, not the reverse.
        assert_eq!(all[0].1, ["i", "j"]);
        assert_eq!(all[1].1, ["j"]);
    }

    #[test]
    fn what_is_set_by_functions_and_pointers() {
        let all = loops(
            "static int n; static void set(int *p, struct r *r) { *p = 1; r->m = 2; n = 3; }
             int f(struct r *r) { int i = 0, *q = &i;
                 again: down(&a); up(&a); set(q, r); if (i < 9 && r->m && n) goto again;
                 return 0; }",
        );
        let (_, names, changes) = &all[0];
        assert!(
            names.contains(&"m".to_owned()) && names.contains(&"n".to_owned()),
            "{names:?}"
        );
        assert!(changes.behind && changes.handed && !changes.whole);
        let all = loops(
            "int f(struct r *r, struct r s) { while (ext()) { *r = s; down(&r->sem); up(&r->sem); } return 0; }",
        );
        assert!(all[0].2.whole);
    }
}
