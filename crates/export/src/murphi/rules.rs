//! Rules, and what has to hold in every state.

use std::fmt::Write;

use super::{Printer, control};
use crate::ir::{Automaton, Control, Expr, Stmt};
use crate::syntax::{Syntax, at, comment, kinds, never_ends};

impl Printer<'_> {
    pub(super) fn rules(&self, out: &mut String, automaton: &Automaton, from: &Control) {
        let at = at(automaton);
        for t in &from.transitions {
            let mut sets = Vec::new();
            if automaton.count > 1 {
                sets.push(format!("t: {}_id", automaton.name));
            }
            if t.pick {
                sets.push("p: page".to_owned());
            }
            out.push('\n');
            if !sets.is_empty() {
                let _ = writeln!(out, "ruleset {} do", sets.join("; "));
            }
            let about = if t.about.is_empty() {
                String::new()
            } else {
                format!(", {}", t.about)
            };
            let title = format!(
                "{} {}: {}{about}",
                automaton.title,
                from.label,
                comment(from)
            );
            let _ = writeln!(out, "rule \"{}\"", title.replace('"', "'"));
            let here = format!("{at} = {}", control(automaton, from));
            let _ = match &t.guard {
                Expr::Bool(true) => writeln!(out, "  {here}"),
                Expr::And(all) => writeln!(out, "  {here} & {}", self.joined(all, "&")),
                guard => writeln!(out, "  {here} & {}", self.expr(guard, 4)),
            };
            out.push_str("==>\nbegin\n");
            for stmt in &t.stmts {
                self.stmt(out, stmt, 1);
            }
            if automaton.controls[t.to].label != from.label {
                let to = control(automaton, &automaton.controls[t.to]);
                let _ = writeln!(out, "  {at} := {to};");
            }
            out.push_str("end;\n");
            if !sets.is_empty() {
                out.push_str("end;\n");
            }
        }
    }

    fn stmt(&self, out: &mut String, stmt: &Stmt, depth: usize) {
        let indent = "  ".repeat(depth);
        match stmt {
            Stmt::Set(place, value) => {
                let target = self.read(place.var, place.page.as_ref());
                let value = match (self.model.vars[place.var].truth, value) {
                    (true, Expr::Int(n)) => (*n != 0).to_string(),
                    _ => self.expr(value, 0),
                };
                let _ = writeln!(out, "{indent}{target} := {value};");
            }
            Stmt::If(cond, then) => {
                let _ = writeln!(out, "{indent}if {} then", self.expr(cond, 0));
                then.iter().for_each(|stmt| self.stmt(out, stmt, depth + 1));
                let _ = writeln!(out, "{indent}end;");
            }
            Stmt::EachPage(body) => {
                let _ = writeln!(out, "{indent}for q: page do");
                body.iter().for_each(|stmt| self.stmt(out, stmt, depth + 1));
                let _ = writeln!(out, "{indent}end;");
            }
            Stmt::Find(kind, Expr::Bool(true)) => {
                let _ = writeln!(out, "{indent}assert FINDINGS = 0 \"{kind}\";");
            }
            Stmt::Find(kind, cond) => {
                let cond = self.expr(&Expr::not(cond.clone()), 4);
                let _ = writeln!(out, "{indent}assert FINDINGS = 0 | {cond} \"{kind}\";");
            }
            // The range of the variable sees to it.
            Stmt::Room(_) => {}
        }
    }

    pub(super) fn all_ended(&self, out: &mut String) {
        if self.model.automata.iter().any(never_ends) {
            return;
        }
        let ended: Vec<String> = (self.model.automata.iter())
            .map(|automaton| {
                let name = &automaton.name;
                if automaton.count > 1 {
                    format!("(forall t: {name}_id do {name}_at[t] = {name}_end end)")
                } else {
                    format!("{name}_at = {name}_end")
                }
            })
            .collect();
        let ended = if ended.is_empty() {
            "true".to_owned()
        } else {
            ended.join(" & ")
        };
        let _ = writeln!(
            out,
            "\nrule \"all tasks have ended\"\n  {ended}\n==>\nbegin\nend;"
        );
    }

    pub(super) fn invariants(&self, out: &mut String) {
        for kind in kinds(self.model) {
            for automaton in &self.model.automata {
                for from in automaton
                    .controls
                    .iter()
                    .filter(|c| c.waiting.contains(&kind))
                {
                    let here = format!("{} = {}", at(automaton), control(automaton, from));
                    let bad = format!("{here} & {}", self.expr(&from.blocked(), 4));
                    let bad = if automaton.count > 1 {
                        format!("(exists t: {}_id do {bad} end)", automaton.name)
                    } else {
                        format!("({bad})")
                    };
                    let _ = writeln!(
                        out,
                        "\ninvariant \"{kind}, {} waits at {}\"\n  FINDINGS = 0 | !{bad};",
                        automaton.title, from.label
                    );
                }
            }
        }
    }
}
