//! What pointers may point to, by names: for writes through pointers that nobody resolves.

use std::collections::BTreeSet;

use crate::read::callee::Callee;
use crate::read::graph::reads;
use crate::read::instruction::{Expr, Instr, Place};
use crate::read::names::{Name, Names};
use crate::read::slice::{Slice, Slicer};

impl Slice {
    /// The variables outside of functions that are mentioned.
    #[must_use]
    pub fn outside_names(&self, names: &Names) -> BTreeSet<String> {
        let mut all = BTreeSet::new();
        for body in self.bodies.values() {
            for instr in &body.code.instrs {
                let mut note = |place: &Place| {
                    if let Place::Global(name) = place {
                        all.insert(names.text(*name).to_owned());
                    }
                };
                reads(instr, &mut note);
                if let Instr::Assign(place, _) | Instr::Forget(place) = instr {
                    note(place);
                }
            }
        }
        all
    }
}

impl Slicer<'_> {
    /// Variables and fields whose address is kept or handed on, other than to an operation.
    pub(super) fn pointed(&self) -> BTreeSet<Name> {
        let mut all = BTreeSet::new();
        for (&function, body) in &self.slice.bodies {
            for (at, instr) in body.code.instrs.iter().enumerate() {
                match instr {
                    Instr::Assign(_, value) | Instr::Return(Some(value)) => {
                        addresses(value, &mut all)
                    }
                    Instr::Call(call)
                        if !matches!(self.callees[&(function, at)], Callee::Mapped(_)) =>
                    {
                        call.args.iter().for_each(|arg| addresses(arg, &mut all));
                    }
                    _ => {}
                }
            }
        }
        all
    }

    /// Notes the places whose values an expression has.
    pub(super) fn want_values(&mut self, expr: &Expr) {
        let behind = self.slice.behind;
        let had = self.values.len();
        values(expr, &mut |place| match place {
            Place::Global(name) | Place::Field(_, name) => {
                self.values.insert(*name);
            }
            Place::Deref(_) => self.values.extend(behind),
            Place::Local(_) => {}
        });
        self.changed |= self.values.len() > had;
    }

    /// Whether a function writes through pointers.
    pub(super) fn writes_behind(&self, function: usize) -> bool {
        let touches = self.touches.get(&function);
        (self.slice.behind).is_some_and(|name| touches.is_some_and(|of| of.contains(&name)))
    }

    /// Whether something matters that a pointer may point to.
    fn is_read_behind(&self) -> bool {
        self.slice
            .behind
            .is_some_and(|name| self.values.contains(&name))
            || self.is_pointed_at()
    }

    /// Whether something matters whose address is kept.
    pub(super) fn is_pointed_at(&self) -> bool {
        let mut followed = self.slice.followed.iter();
        !self.pointed.is_disjoint(&self.values)
            || followed.any(|function| self.is_aliased(*function))
    }

    /// Calls of functions that write through pointers and are not followed, although what they write
    /// may be read.
    pub(super) fn passed_over(&self) -> Vec<(usize, usize, usize)> {
        let mut all = Vec::new();
        for ((function, at), callee) in &self.callees {
            let (Callee::Bodies(bodies), true) = (callee, self.slice.followed.contains(function))
            else {
                continue;
            };
            for body in bodies {
                if self.writes_behind(*body)
                    && !self.slice.followed.contains(body)
                    && (self.is_read_behind() || self.asked.contains(&(*function, *at)))
                {
                    all.push((*function, *at, *body));
                }
            }
        }
        all
    }
}

/// Variables outside and fields whose address an expression is made of.
fn addresses(expr: &Expr, into: &mut BTreeSet<Name>) {
    match expr {
        Expr::Address(place) => {
            if let Place::Global(name) | Place::Field(_, name) = **place {
                into.insert(name);
            }
        }
        Expr::Binary(_, left, right) => {
            addresses(left, into);
            addresses(right, into);
        }
        Expr::Complement(inner) => addresses(inner, into),
        _ => {}
    }
}

/// Calls `each` with every place whose value an expression has, and not only its address.
fn values(expr: &Expr, each: &mut dyn FnMut(&Place)) {
    match expr {
        Expr::Read(place) => {
            each(place);
            of_place(place, each);
        }
        Expr::Address(place) => of_place(place, each),
        Expr::Binary(_, left, right) => {
            values(left, each);
            values(right, each);
        }
        Expr::Complement(inner) => values(inner, each),
        _ => {}
    }
}

fn of_place(place: &Place, each: &mut dyn FnMut(&Place)) {
    if let Place::Field(base, _) | Place::Deref(base) = place {
        values(base, each);
    }
}

/// Whether an argument may be a pointer that was handed in: it is no number.
pub(super) fn may_be_handed_on(arg: &Expr) -> bool {
    !matches!(arg, Expr::Const(_) | Expr::Text(_) | Expr::Function(_))
}
