//! Murphi, for Rumur and CMurphi.
//!
//! All instances of a template share their rules, in a `ruleset` over the instances' numbers; a
//! rule for each step. One more rule, enabled once all tasks have ended, keeps that from being a
//! deadlock.

mod rules;

use std::fmt::Write;

use crate::header::Header;
use crate::ir::{Automaton, Control, Expr, Model, Scope, StartValue, VarId};
use crate::syntax::{Syntax, instance_init, is_indexed, kinds, needs_helpers, page_lines};

/// Prints the model.
pub(crate) fn print(model: &Model, header: &Header) -> String {
    let printer = Printer { model };
    let mut out = String::new();
    for line in header.lines(&[
        "deadlocks:  rumur --symmetry-reduction off --deadlock-detection stuck FILE --output m.c",
        "            gcc -O2 -mcx16 -o m m.c -lpthread && ./m",
        "findings:   the same with FINDINGS: 1",
    ]) {
        let _ = writeln!(out, "-- {line}");
    }
    printer.declarations(&mut out);
    printer.starts(&mut out);
    for automaton in &model.automata {
        for control in automaton.controls.iter().filter(|control| !control.end) {
            printer.rules(&mut out, automaton, control);
        }
    }
    printer.all_ended(&mut out);
    printer.invariants(&mut out);
    out
}

struct Printer<'a> {
    model: &'a Model,
}

impl Printer<'_> {
    fn declarations(&self, out: &mut String) {
        let model = self.model;
        out.push('\n');
        if !kinds(model).is_empty() {
            out.push_str("const\n  FINDINGS: 0; -- 1: every finding is an error\n\n");
        }
        let mut types = Vec::new();
        if model.pages > 0 && self.has_pages() {
            types.push(format!(
                "  page: 1..{}; -- {}",
                model.pages,
                page_lines(model).join(", ")
            ));
        }
        for automaton in &model.automata {
            if automaton.count > 1 {
                types.push(format!(
                    "  {}_id: 0..{};",
                    automaton.name,
                    automaton.count - 1
                ));
            }
        }
        if !types.is_empty() {
            let _ = writeln!(out, "type\n{}\n", types.join("\n"));
        }
        out.push_str("var\n");
        for var in &model.vars {
            let range = if var.truth {
                "boolean".to_owned()
            } else {
                format!("0..{}", var.max)
            };
            let about = if var.about.is_empty() {
                String::new()
            } else {
                format!(" -- {}", var.about)
            };
            let array = match var.scope {
                Scope::Page => "array [page] of ".to_owned(),
                Scope::Instance(a) if model.automata[a].count > 1 => {
                    format!("array [{}_id] of ", model.automata[a].name)
                }
                _ => String::new(),
            };
            let _ = writeln!(out, "  {}: {array}{range};{about}", var.name);
        }
        for automaton in &model.automata {
            let array = if automaton.count > 1 {
                format!("array [{}_id] of ", automaton.name)
            } else {
                String::new()
            };
            let all: Vec<String> = automaton
                .controls
                .iter()
                .map(|c| control(automaton, c))
                .collect();
            let _ = writeln!(
                out,
                "  {}_at: {array}enum {{ {} }};",
                automaton.name,
                all.join(", ")
            );
        }
        let (pristine, can_alloc) = needs_helpers(model);
        let mut function = |name: &str, body: &Expr| {
            let _ = writeln!(
                out,
                "\nfunction {name}(p: page): boolean;\nbegin\n  return {};\nend;",
                self.expr(body, 0)
            );
        };
        if pristine {
            function("pristine", &model.pristine);
        }
        if can_alloc {
            function("can_alloc", &model.can_alloc);
        }
    }

    fn has_pages(&self) -> bool {
        (self.model.vars.iter()).any(|var| var.scope == Scope::Page) || needs_helpers(self.model).1
    }

    fn starts(&self, out: &mut String) {
        for start in &self.model.starts {
            out.push_str("\nstartstate\nbegin\n");
            self.start(out, start);
            out.push_str("end;\n");
        }
    }

    fn start(&self, out: &mut String, start: &[StartValue]) {
        let literal = |truth: bool, value: i64| match (truth, value) {
            (true, 0) => "false".to_owned(),
            (true, _) => "true".to_owned(),
            (false, n) => n.to_string(),
        };
        for (id, var) in self.model.vars.iter().enumerate() {
            let name = &var.name;
            match var.scope {
                Scope::Global => {
                    let value = (start.iter())
                        .find(|value| value.var == id)
                        .map_or(var.init[0], |value| value.value);
                    let _ = writeln!(out, "  {name} := {};", literal(var.truth, value));
                }
                Scope::Page => {
                    let _ = writeln!(
                        out,
                        "  for q: page do {name}[q] := {}; end;",
                        literal(var.truth, 0)
                    );
                    for value in start.iter().filter(|value| value.var == id) {
                        if let Some(page) = value.page {
                            let value = literal(var.truth, value.value);
                            let _ = writeln!(out, "  {name}[{page}] := {value};");
                        }
                    }
                }
                Scope::Instance(a) => {
                    let automaton = &self.model.automata[a];
                    let value = match instance_init(&var.init) {
                        Expr::Int(n) => literal(var.truth, n),
                        e => self.expr(&e, 0),
                    };
                    if automaton.count > 1 {
                        let set = &automaton.name;
                        let _ = writeln!(out, "  for t: {set}_id do {name}[t] := {value}; end;");
                    } else {
                        let _ = writeln!(out, "  {name} := {value};");
                    }
                }
            }
        }
        for automaton in &self.model.automata {
            let (name, at) = (&automaton.name, control(automaton, &automaton.controls[0]));
            if automaton.count > 1 {
                let _ = writeln!(out, "  for t: {name}_id do {name}_at[t] := {at}; end;");
            } else {
                let _ = writeln!(out, "  {name}_at := {at};");
            }
        }
    }
}

/// A control state's name: those of all tasks are in one name space.
fn control(automaton: &Automaton, control: &Control) -> String {
    format!("{}_{}", automaton.name, control.label)
}

impl Syntax for Printer<'_> {
    fn words(&self) -> [&'static str; 5] {
        ["&", "|", "!", "true", "false"]
    }

    fn equality(&self) -> [&'static str; 2] {
        ["=", "!="]
    }

    fn read(&self, var: VarId, page: Option<&Expr>) -> String {
        let name = &self.model.vars[var].name;
        match page {
            Some(page) => format!("{name}[{}]", self.expr(page, 0)),
            None if is_indexed(self.model, var) => format!("{name}[t]"),
            None => name.clone(),
        }
    }

    fn instance(&self) -> String {
        "t".to_owned()
    }

    fn some_page(&self, body: &Expr) -> String {
        format!("(exists q: page do {} end)", self.expr(body, 0))
    }
}
