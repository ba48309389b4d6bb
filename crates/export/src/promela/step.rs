//! Control states as labels, steps as `d_step`s.

use std::fmt::Write;

use super::{Printer, finding_name};
use crate::ir::{Automaton, Control, Expr, Stmt, Transition};
use crate::syntax::{Syntax, comment};

impl Printer<'_> {
    pub(super) fn control(&self, out: &mut String, automaton: &Automaton, control: &Control) {
        if control.end {
            out.push_str("end: false\n");
            return;
        }
        let label = &control.label;
        let _ = writeln!(
            out,
            "n{label}: /* {} */",
            comment(control).replace("*/", "* /")
        );
        out.push_str("  if\n");
        for t in &control.transitions {
            let picks = if t.pick { self.model.pages } else { 1 };
            for pick in 1..=i64::from(picks) {
                let printer = Printer {
                    pick: t.pick.then_some(pick),
                    ..*self
                };
                printer.transition(out, automaton, t);
            }
        }
        if control.transitions.is_empty() {
            out.push_str("  :: false\n");
        }
        if !control.waiting.is_empty() {
            let asserts: Vec<String> = (control.waiting.iter())
                .map(|kind| format!("found({}_while_waiting)", finding_name(kind.name())))
                .collect();
            let _ = writeln!(
                out,
                "#ifdef FINDINGS\n  :: d_step {{ {} -> {} }} goto n{label}\n#endif",
                self.expr(&control.blocked(), 0),
                asserts.join("; ")
            );
        }
        out.push_str("  fi;\n");
    }

    fn transition(&self, out: &mut String, automaton: &Automaton, t: &Transition) {
        let stmts: Vec<String> = t.stmts.iter().map(|stmt| self.stmt(stmt)).collect();
        let body = match (&t.guard, stmts.is_empty()) {
            (Expr::Bool(true), true) => "skip".to_owned(),
            (Expr::Bool(true), false) => format!("true -> {}", stmts.join("; ")),
            (guard, true) => self.expr(guard, 0),
            (guard, false) => format!("{} -> {}", self.expr(guard, 0), stmts.join("; ")),
        };
        let target = &automaton.controls[t.to];
        let label = if target.end {
            "end".to_owned()
        } else {
            format!("n{}", target.label)
        };
        let about = if t.about.is_empty() {
            String::new()
        } else {
            format!(" /* {} */", t.about)
        };
        let _ = writeln!(out, "  :: d_step {{ {body} }} goto {label}{about}");
    }

    fn stmt(&self, stmt: &Stmt) -> String {
        let all = |stmts: &[Stmt]| -> String {
            let parts: Vec<String> = stmts.iter().map(|stmt| self.stmt(stmt)).collect();
            parts.join("; ")
        };
        match stmt {
            Stmt::Set(place, value) => {
                let target = self.read(place.var, place.page.as_ref());
                let now = match &place.page {
                    None => Expr::Var(place.var),
                    Some(page) => Expr::at(place.var, page.clone()),
                };
                match value {
                    Expr::Add(e, 1) if **e == now => format!("{target}++"),
                    Expr::Add(e, -1) if **e == now => format!("{target}--"),
                    value => format!("{target} = {}", self.expr(value, 0)),
                }
            }
            Stmt::If(cond, then) => {
                format!("if :: {} -> {} :: else fi", self.expr(cond, 0), all(then))
            }
            Stmt::EachPage(body) => {
                format!(
                    "for (q : 1 .. {}) {{ {} }}; q = 0",
                    self.model.pages,
                    all(body)
                )
            }
            Stmt::Find(kind, Expr::Bool(true)) => format!("found({})", finding_name(kind.name())),
            Stmt::Find(kind, cond) => format!(
                "found({} || {})",
                self.expr(&Expr::not(cond.clone()), 4),
                finding_name(kind.name())
            ),
            Stmt::Room(var) => {
                let var = &self.model.vars[*var];
                format!("assert({} < {})", var.name, var.max)
            }
        }
    }
}
