//! TLA+, for TLC.
//!
//! An action for each control state, a disjunct for each step. Statements in order become one
//! value for each variable: [`After`] keeps what every variable is so far, as text, and reads see
//! it; long texts get a name in a `LET`. One more action, enabled once all tasks have ended, keeps
//! that from being a deadlock.

mod next;
mod step;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use crate::Exported;
use crate::header::Header;
use crate::ir::{Automaton, Control, Expr, Model, Scope, StartValue, VarId};
use crate::names::Names;
use crate::syntax::{
    Syntax, at, comment, instance_init, is_indexed, kinds, needs_helpers, page_lines,
};

/// Prints the module and its configuration.
pub(crate) fn print(model: &Model, header: &Header, module: &str) -> Exported {
    let printer = Printer {
        model,
        after: After::default(),
        lets: Vec::new(),
    };
    let module = Names::default().fresh(module);
    let mut out = format!("---- MODULE {module} ----\n");
    for line in header.lines(&["run with:  tlc MODULE, with the configuration beside it"]) {
        let _ = writeln!(out, "\\* {line}");
    }
    printer.declarations(&mut out);
    printer.init(&mut out);
    let mut actions = Vec::new();
    for automaton in &model.automata {
        for control in automaton.controls.iter().filter(|control| !control.end) {
            actions.push(printer.action(&mut out, automaton, control));
        }
    }
    printer.next(&mut out, &actions);
    let invariants = printer.invariants(&mut out);
    out.push_str("====\n");
    let mut config = String::from("INIT Init\nNEXT Next\n");
    if !kinds(model).is_empty() {
        config.push_str(
            "\\* TRUE: every finding is an error, not only deadlocks\nCONSTANT FINDINGS = FALSE\n",
        );
    }
    for invariant in invariants {
        let _ = writeln!(config, "INVARIANT {invariant}");
    }
    Exported {
        text: out,
        config: Some(config),
    }
}

/// What a step has made of a variable so far.
#[derive(Clone)]
enum Value {
    /// The whole of it.
    Whole(String),
    /// Elements of it, in order: index and value; of what it was before, or of a text.
    Elements(Option<String>, Vec<(Expr, String)>),
}

/// What a step has made of the variables so far.
type After = BTreeMap<VarId, Value>;

#[derive(Clone)]
struct Printer<'a> {
    model: &'a Model,
    after: After,
    /// Definitions that stand for long values: without them a value that is read twice, and what
    /// reads that one twice, would grow exponentially.
    lets: Vec<(String, String)>,
}

/// Longer values get a name.
const LONG: usize = 60;

impl Printer<'_> {
    fn declarations(&self, out: &mut String) {
        let model = self.model;
        out.push_str("EXTENDS Naturals, TLC\n\n");
        if !kinds(model).is_empty() {
            out.push_str("CONSTANT FINDINGS\n");
        }
        let names = self.variables();
        out.push_str("VARIABLES\n");
        for (i, (name, about)) in names.iter().enumerate() {
            let comma = if i + 1 < names.len() { "," } else { "" };
            let about = if about.is_empty() {
                String::new()
            } else {
                format!(" \\* {about}")
            };
            let _ = writeln!(out, "  {name}{comma}{about}");
        }
        let all: Vec<&str> = names.iter().map(|(name, _)| name.as_str()).collect();
        let _ = writeln!(out, "vars == <<{}>>", all.join(", "));
        if model.pages > 0 {
            let pages = page_lines(model).join(", ");
            let _ = writeln!(out, "pages == 1..{} \\* {pages}", model.pages);
        }
        if needs_helpers(model).1 {
            let _ = writeln!(out, "can_alloc(p) == {}", self.expr(&model.can_alloc, 0));
        }
    }

    fn variables(&self) -> Vec<(String, String)> {
        let vars = self.model.vars.iter();
        let mut names: Vec<(String, String)> = vars
            .map(|var| (var.name.clone(), var.about.clone()))
            .collect();
        for automaton in &self.model.automata {
            let about = if automaton.count > 1 {
                "where each instance stands"
            } else {
                "where it stands"
            };
            names.push((format!("{}_at", automaton.name), about.to_owned()));
        }
        if names.is_empty() {
            names.push(("nobody".to_owned(), "TLC wants a variable".to_owned()));
        }
        names
    }

    fn init(&self, out: &mut String) {
        let starts = &self.model.starts;
        let varies: BTreeSet<VarId> = if starts.len() > 1 {
            starts.iter().flatten().map(|value| value.var).collect()
        } else {
            BTreeSet::new()
        };
        out.push_str("\nInit ==\n");
        for id in (0..self.model.vars.len()).filter(|id| !varies.contains(id)) {
            let _ = writeln!(out, "  /\\ {}", self.start_value(id, &starts[0]));
        }
        for automaton in &self.model.automata {
            let at = format!("\"{}\"", automaton.controls[0].label);
            let at = each_instance(automaton, &at);
            let _ = writeln!(out, "  /\\ {}_at = {at}", automaton.name);
        }
        if varies.is_empty() {
            if self.model.vars.is_empty() && self.model.automata.is_empty() {
                out.push_str("  nobody = 0\n");
            }
            return;
        }
        for (i, start) in starts.iter().enumerate() {
            let values: Vec<String> = (varies.iter())
                .map(|&id| self.start_value(id, start))
                .collect();
            let and = if i == 0 { "/\\" } else { "  " };
            let _ = writeln!(out, "  {and} \\/ {}", values.join(" /\\ "));
        }
    }

    fn start_value(&self, id: VarId, start: &[StartValue]) -> String {
        let var = &self.model.vars[id];
        let literal = |value: i64| match (var.truth, value) {
            (true, 0) => "FALSE".to_owned(),
            (true, _) => "TRUE".to_owned(),
            (false, n) => n.to_string(),
        };
        let mut set = start.iter().filter(|value| value.var == id).peekable();
        let value = match var.scope {
            Scope::Global => literal(set.next().map_or(var.init[0], |value| value.value)),
            Scope::Page if set.peek().is_none() => format!("[q \\in pages |-> {}]", literal(0)),
            Scope::Page => {
                let mut values = var.init.clone();
                for value in set {
                    if let Some(page) = value.page {
                        values[page as usize - 1] = value.value;
                    }
                }
                let values: Vec<String> = values.into_iter().map(literal).collect();
                format!("<<{}>>", values.join(", "))
            }
            Scope::Instance(a) => {
                let value = match instance_init(&var.init) {
                    Expr::Int(n) => literal(n),
                    e => self.expr(&e, 0),
                };
                each_instance(&self.model.automata[a], &value)
            }
        };
        format!("{} = {value}", var.name)
    }

    /// Prints the action of a control state; how it is called.
    fn action(&self, out: &mut String, automaton: &Automaton, from: &Control) -> String {
        let (argument, call) = if automaton.count > 1 {
            ("(t)", format!("\\E t \\in 0..{}: ", automaton.count - 1))
        } else {
            ("", String::new())
        };
        let name = format!("{}_{}", automaton.name, from.label);
        let _ = writeln!(out, "\n\\* {}", comment(from));
        let _ = writeln!(out, "{name}{argument} ==");
        let _ = writeln!(out, "  /\\ {} = \"{}\"", at(automaton), from.label);
        let several = from.transitions.len() > 1;
        for (i, t) in from.transitions.iter().enumerate() {
            let about = match t.about.as_str() {
                "" => String::new(),
                about => format!(" \\* {about}"),
            };
            let first = match (several, i) {
                (false, _) => "  ",
                (true, 0) => "  /\\ \\/ ",
                (true, _) => "     \\/ ",
            };
            let pad = " ".repeat(first.len());
            let lines = self.step(automaton, from, t);
            for (j, line) in lines.iter().enumerate() {
                let lead = if j == 0 { first } else { &pad };
                let mut about = if j == 0 { about.as_str() } else { "" };
                for (k, line) in line.lines().enumerate() {
                    let and = if k == 0 { "/\\ " } else { "   " };
                    let lead = if k == 0 { lead } else { &pad };
                    let _ = writeln!(out, "{lead}{and}{line}{about}");
                    about = "";
                }
            }
        }
        if from.transitions.is_empty() {
            out.push_str("  /\\ FALSE\n");
        }
        format!("{call}{name}{argument}")
    }
}

/// Marks, in place of a definition, that the statements are those of a loop.
const EACH: &str = "";

/// A list of conjuncts, one in a line.
fn conjunction(lines: &[String], indent: &str) -> String {
    let items: Vec<String> = (lines.iter())
        .map(|line| format!("/\\ {}", line.replace('\n', &format!("\n{indent}   "))))
        .collect();
    items.join(&format!("\n{indent}"))
}

fn each_instance(automaton: &Automaton, value: &str) -> String {
    if automaton.count > 1 {
        format!("[t \\in 0..{} |-> {value}]", automaton.count - 1)
    } else {
        value.to_owned()
    }
}

impl Syntax for Printer<'_> {
    fn words(&self) -> [&'static str; 5] {
        ["/\\", "\\/", "~", "TRUE", "FALSE"]
    }

    fn equality(&self) -> [&'static str; 2] {
        ["=", "#"]
    }

    /// What it is after the statements so far.
    fn read(&self, var: VarId, page: Option<&Expr>) -> String {
        let name = &self.model.vars[var].name;
        match (self.after.get(&var), page) {
            (Some(Value::Whole(value)), _) => format!("({value})"),
            (Some(Value::Elements(base, writes)), Some(page)) => match writes.last() {
                Some((last, value)) if last == page => format!("({value})"),
                None if base.is_none() => format!("{name}[{}]", self.expr(page, 0)),
                _ => format!("{}[{}]", self.whole(var), self.expr(page, 0)),
            },
            (_, Some(page)) => format!("{name}[{}]", self.expr(page, 0)),
            (_, None) if is_indexed(self.model, var) => format!("{name}[t]"),
            (_, None) => name.clone(),
        }
    }

    fn instance(&self) -> String {
        "t".to_owned()
    }

    /// `pristine` is written out: it is asked of the state in the middle of a step.
    fn expr(&self, e: &Expr, level: u8) -> String {
        let written = e.map(&|e| match e {
            Expr::Pristine(page) => Some(self.model.pristine.map(&|e| match e {
                Expr::P => Some((**page).clone()),
                _ => None,
            })),
            _ => None,
        });
        self.show(&written, level)
    }

    fn some_page(&self, body: &Expr) -> String {
        format!("(\\E q \\in pages: {})", self.expr(body, 0))
    }
}
