//! Promela, for SPIN.
//!
//! A process for each task instance, a label for each control state, a `d_step` for each step: so
//! SPIN's states are ours. A task that has ended stays at its `end` label, because the end of a
//! process would be a step of SPIN's own.

mod step;

use std::fmt::Write;

use crate::header::Header;
use crate::ir::{Automaton, Control, Expr, Model, Scope, StartValue, VarId};
use crate::refusal::Refusal;
use crate::syntax::{Syntax, has_loops, instance_init, kinds, needs_helpers, page_lines};

/// Processes that SPIN can run.
const MAX_PROCESSES: u32 = 255;

/// The largest number that an `int` holds.
const MAX_NUMBER: i64 = (1 << 31) - 1;

/// Prints the model.
pub(crate) fn print(model: &Model, header: &Header) -> Result<String, Refusal> {
    let tasks: u32 = model.automata.iter().map(|a| a.count).sum();
    let starters = u32::from(model.starts.len() > 1);
    if tasks + starters > MAX_PROCESSES {
        return Err(Refusal::new(
            format!("{tasks} tasks; SPIN runs at most {MAX_PROCESSES} processes"),
            "use fewer instances with `--tasks NAME=N`, or `--to murphi`",
        ));
    }
    if let Some(var) = model.vars.iter().find(|var| var.max > MAX_NUMBER) {
        return Err(Refusal::new(
            format!(
                "`{}`, which may be {}; a number in SPIN is at most {MAX_NUMBER}",
                var.name, var.max
            ),
            "use smaller numbers, or `--to murphi`",
        ));
    }
    let mut out = String::new();
    out.push_str("/*\n");
    for line in header.lines(&[
        "deadlocks:  spin -o2 -a FILE && gcc -O2 -DSAFETY -DNOREDUCE -o pan pan.c && ./pan",
        "findings:   spin -o2 -DFINDINGS -a FILE && gcc ... && ./pan -E -c0 -e",
    ]) {
        let _ = writeln!(out, " * {}", line.replace("*/", "* /"));
    }
    out.push_str(" */\n");
    findings(&mut out, model);
    let mut first = 0;
    let printer = |automaton, first| Printer {
        model,
        automaton,
        first,
        pick: None,
    };
    printer(None, 0).declarations(&mut out);
    for (id, automaton) in model.automata.iter().enumerate() {
        printer(Some(id), first).process(&mut out, id, automaton);
        first += i64::from(automaton.count);
    }
    if model.starts.len() > 1 {
        printer(None, 0).starter(&mut out);
    }
    if model.automata.is_empty() {
        out.push_str("active proctype nobody() { /* SPIN wants a process */\nend: false\n}\n");
    }
    Ok(out)
}

fn findings(out: &mut String, model: &Model) {
    let kinds = kinds(model);
    if kinds.is_empty() {
        return;
    }
    let mut names: Vec<String> = kinds.iter().map(|k| finding_name(k.name())).collect();
    for kind in kinds {
        let waits = |control: &Control| control.waiting.contains(&kind);
        if (model.automata.iter()).any(|a| a.controls.iter().any(waits)) {
            names.push(format!("{}_while_waiting", finding_name(kind.name())));
        }
    }
    let _ = writeln!(
        out,
        "\n#ifdef FINDINGS\n#define found(what) assert(what)\nbool {}; /* always false */\n#else\n#define found(what) skip\n#endif",
        names.join(", ")
    );
}

/// The assertion that a finding violates.
fn finding_name(kind: &str) -> String {
    format!("no_{}", kind.replace('-', "_"))
}

struct Printer<'a> {
    model: &'a Model,
    automaton: Option<usize>,
    /// The process number of the automaton's first instance.
    first: i64,
    pick: Option<i64>,
}

impl Printer<'_> {
    fn declarations(&self, out: &mut String) {
        let model = self.model;
        out.push('\n');
        if model.vars.iter().any(|var| var.scope == Scope::Page) {
            let _ = writeln!(out, "/* pages: {} */", page_lines(model).join(", "));
        }
        let single = (model.starts.len() == 1).then(|| &model.starts[0]);
        for (id, var) in model.vars.iter().enumerate() {
            let about = if var.about.is_empty() {
                String::new()
            } else {
                format!(" /* {} */", var.about)
            };
            match var.scope {
                Scope::Global => {
                    let value = (single.into_iter().flatten())
                        .find(|start| start.var == id)
                        .map_or(var.init[0], |start| start.value);
                    let init = if value == 0 {
                        String::new()
                    } else {
                        format!(" = {value}")
                    };
                    let _ = writeln!(
                        out,
                        "{} {}{init};{about}",
                        kind(var.max, var.truth),
                        var.name
                    );
                }
                Scope::Page => {
                    let mut values = var.init.clone();
                    for start in single.into_iter().flatten().filter(|start| start.var == id) {
                        if let Some(page) = start.page {
                            values[page as usize - 1] = start.value;
                        }
                    }
                    let init = if values.iter().all(|&v| v == 0) {
                        String::new()
                    } else {
                        let values: Vec<String> = values.iter().map(i64::to_string).collect();
                        format!(" = {{ 0, {} }}", values.join(", "))
                    };
                    let _ = writeln!(
                        out,
                        "{} {}[{}]{init};{about}",
                        kind(var.max, var.truth),
                        var.name,
                        model.pages + 1
                    );
                }
                Scope::Instance(_) => {}
            }
        }
        if has_loops(model) {
            out.push_str("byte q; /* for loops; 0 between steps */\n");
        }
        let (pristine, can_alloc) = needs_helpers(model);
        if pristine {
            let _ = writeln!(
                out,
                "#define pristine(p) ({})",
                self.expr(&model.pristine, 0)
            );
        }
        if can_alloc {
            let _ = writeln!(
                out,
                "#define can_alloc(p) ({})",
                self.expr(&model.can_alloc, 0)
            );
        }
        if model.starts.len() > 1 {
            out.push_str("bool started;\n");
        }
    }

    fn process(&self, out: &mut String, id: usize, automaton: &Automaton) {
        let instances = if automaton.count == 1 {
            String::new()
        } else {
            format!(" [{}]", automaton.count)
        };
        let provided = if self.model.starts.len() > 1 {
            " provided (started)"
        } else {
            ""
        };
        let _ = writeln!(
            out,
            "\nactive{instances} proctype {}(){provided} {{",
            automaton.name
        );
        for var in &self.model.vars {
            if var.scope == Scope::Instance(id) {
                let init = instance_init(&var.init);
                let _ = writeln!(
                    out,
                    "{} {} = {}; /* {} */",
                    kind(var.max, var.truth),
                    var.name,
                    self.expr(&init, 0),
                    var.about
                );
            }
        }
        for control in &automaton.controls {
            self.control(out, automaton, control);
        }
        out.push_str("}\n");
    }

    /// A process that chooses the initial state.
    fn starter(&self, out: &mut String) {
        out.push_str("\nactive proctype start() { /* one of the initial states */\n  if\n");
        for start in &self.model.starts {
            let mut body: Vec<String> = start.iter().map(|value| self.start_value(value)).collect();
            body.push("started = true".to_owned());
            let _ = writeln!(out, "  :: d_step {{ true -> {} }}", body.join("; "));
        }
        out.push_str("  fi;\nend: false\n}\n");
    }

    fn start_value(&self, start: &StartValue) -> String {
        let page = start.page.map(|page| Expr::Int(i64::from(page)));
        format!("{} = {}", self.read(start.var, page.as_ref()), start.value)
    }
}

impl Syntax for Printer<'_> {
    fn words(&self) -> [&'static str; 5] {
        ["&&", "||", "!", "true", "false"]
    }

    fn equality(&self) -> [&'static str; 2] {
        ["==", "!="]
    }

    fn read(&self, var: VarId, page: Option<&Expr>) -> String {
        let name = &self.model.vars[var].name;
        match page {
            None => name.clone(),
            Some(Expr::Pick) if self.pick.is_some() => {
                format!("{name}[{}]", self.pick.unwrap_or_default())
            }
            Some(page) => format!("{name}[{}]", self.expr(page, 0)),
        }
    }

    fn instance(&self) -> String {
        match (self.automaton, self.first) {
            (_, 0) => "_pid".to_owned(),
            (_, first) => format!("(_pid - {first})"),
        }
    }

    fn some_page(&self, body: &Expr) -> String {
        let each = (1..=i64::from(self.model.pages)).map(|q| {
            body.map(&|e| match e {
                Expr::Q => Some(Expr::Int(q)),
                _ => None,
            })
        });
        format!("({})", self.expr(&Expr::or(each), 0))
    }

    fn expr(&self, e: &Expr, level: u8) -> String {
        // A choice of page is written out for each page.
        let written;
        let e = match self.pick {
            Some(page) => {
                written = e.map(&|e| match e {
                    Expr::Pick => Some(Expr::Int(page)),
                    _ => None,
                });
                &written
            }
            None => e,
        };
        self.show(e, level)
    }
}

/// The smallest type that holds it; what no type holds was refused.
fn kind(max: i64, truth: bool) -> &'static str {
    match max {
        _ if truth => "bool",
        ..=255 => "byte",
        256..=32_767 => "short",
        _ => "int",
    }
}
