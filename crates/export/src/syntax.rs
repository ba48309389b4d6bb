//! Printing expressions: what the three textual targets have in common.

use crate::ir::{Automaton, Cmp, Control, Expr, Model, Scope, Stmt, VarId};

/// How a language writes expressions.
pub(crate) trait Syntax {
    /// And, or, not, true, false.
    fn words(&self) -> [&'static str; 5];
    /// Equal, not equal.
    fn equality(&self) -> [&'static str; 2];
    /// A variable, or its element for a page.
    fn read(&self, var: VarId, page: Option<&Expr>) -> String;
    /// The instance of the automaton at hand.
    fn instance(&self) -> String;
    /// For some page `q`.
    fn some_page(&self, body: &Expr) -> String;

    /// A comparison.
    fn cmp(&self, cmp: Cmp) -> &'static str {
        let [eq, ne] = self.equality();
        match cmp {
            Cmp::Eq => eq,
            Cmp::Ne => ne,
            Cmp::Lt => "<",
            Cmp::Le => "<=",
            Cmp::Gt => ">",
            Cmp::Ge => ">=",
        }
    }

    /// The expression; `level` is how tightly what surrounds it binds.
    fn expr(&self, e: &Expr, level: u8) -> String {
        self.show(e, level)
    }

    /// The expression, part by part.
    fn show(&self, e: &Expr, level: u8) -> String {
        let [and, or, not, yes, no] = self.words();
        let (text, binds) = match e {
            Expr::Int(n) => (n.to_string(), 9),
            Expr::Bool(b) => ((if *b { yes } else { no }).to_owned(), 9),
            Expr::Var(var) => (self.read(*var, None), 9),
            Expr::At(var, page) => (self.read(*var, Some(page)), 9),
            Expr::Own(base, 0) => (base.to_string(), 9),
            Expr::Own(base, 1) => (format!("{base} + {}", self.instance()), 5),
            Expr::Own(base, stride) => (format!("{base} + {stride}*{}", self.instance()), 5),
            Expr::Pick | Expr::P => ("p".to_owned(), 9),
            Expr::Q => ("q".to_owned(), 9),
            Expr::Add(e, n) if *n < 0 => (format!("{} - {}", self.expr(e, 5), -n), 5),
            Expr::Add(e, n) => (format!("{} + {n}", self.expr(e, 5)), 5),
            Expr::Sum(a, b) => (format!("{} + {}", self.expr(a, 5), self.expr(b, 6)), 5),
            Expr::Is(a, cmp, b) => (
                format!("{} {} {}", self.expr(a, 5), self.cmp(*cmp), self.expr(b, 5)),
                4,
            ),
            Expr::Not(e) => (format!("{not}{}", self.expr(e, 8)), 7),
            // `and` and `or` are never mixed without parentheses.
            Expr::And(all) => (self.joined(all, and), 3),
            Expr::Or(any) => (self.joined(any, or), 3),
            Expr::SomePage(body) => (self.some_page(body), 9),
            Expr::Pristine(page) => (format!("pristine({})", self.expr(page, 0)), 9),
            Expr::CanAlloc(page) => (format!("can_alloc({})", self.expr(page, 0)), 9),
        };
        if binds < level {
            format!("({text})")
        } else {
            text
        }
    }

    /// Several, with an operator in between.
    fn joined(&self, all: &[Expr], operator: &str) -> String {
        let parts: Vec<String> = all.iter().map(|e| self.expr(e, 4)).collect();
        parts.join(&format!(" {operator} "))
    }
}

/// Where the instance `t` of an automaton stands.
pub(crate) fn at(automaton: &Automaton) -> String {
    if automaton.count > 1 {
        format!("{}_at[t]", automaton.name)
    } else {
        format!("{}_at", automaton.name)
    }
}

/// Whether the model needs `pristine` and `can_alloc`.
pub(crate) fn needs_helpers(model: &Model) -> (bool, bool) {
    let (mut pristine, mut can_alloc) = (false, false);
    let mut look = |e: &Expr| match e {
        Expr::Pristine(_) => pristine = true,
        Expr::CanAlloc(_) => can_alloc = true,
        _ => {}
    };
    for t in (model.automata.iter())
        .flat_map(|a| &a.controls)
        .flat_map(|c| &c.transitions)
    {
        t.guard.visit(&mut look);
        for stmt in &t.stmts {
            stmt.visit(&mut |stmt| match stmt {
                Stmt::If(cond, _) => cond.visit(&mut look),
                Stmt::Set(_, value) => value.visit(&mut look),
                _ => {}
            });
        }
    }
    (pristine, can_alloc)
}

/// Whether the model goes over pages.
pub(crate) fn has_loops(model: &Model) -> bool {
    let mut found = false;
    for t in (model.automata.iter())
        .flat_map(|a| &a.controls)
        .flat_map(|c| &c.transitions)
    {
        for stmt in &t.stmts {
            stmt.visit(&mut |stmt| found |= matches!(stmt, Stmt::EachPage(_)));
        }
    }
    found
}

/// The findings that the model can show.
pub(crate) fn kinds(model: &Model) -> Vec<kmapcheck_scenario::FindingKind> {
    let mut kinds = std::collections::BTreeSet::new();
    for control in model.automata.iter().flat_map(|a| &a.controls) {
        kinds.extend(control.waiting.iter().copied());
        for stmt in control.transitions.iter().flat_map(|t| &t.stmts) {
            stmt.visit(&mut |stmt| {
                if let Stmt::Find(kind, _) = stmt {
                    kinds.insert(*kind);
                }
            });
        }
    }
    kinds.into_iter().collect()
}

/// Whether there is one variable for all, as a language without sets of instances has it.
pub(crate) fn is_indexed(model: &Model, var: VarId) -> bool {
    match model.vars[var].scope {
        Scope::Instance(automaton) => model.automata[automaton].count > 1,
        Scope::Global | Scope::Page => false,
    }
}

/// The value at the start of a variable for an instance, as an expression.
pub(crate) fn instance_init(init: &[i64]) -> Expr {
    match init {
        [first, second, ..] if first != second => Expr::Own(*first, second - first),
        [first, ..] => Expr::Int(*first),
        [] => Expr::Int(0),
    }
}

/// The comment of a control state: number, operation, place, what is held.
pub(crate) fn comment(control: &Control) -> String {
    let holds = if control.holds.is_empty() {
        String::new()
    } else {
        format!("; holds {}", control.holds)
    };
    format!("{}{holds}", control.about)
}

/// What page numbers stand for, in a few lines.
pub(crate) fn page_lines(model: &Model) -> Vec<String> {
    let shown = 8;
    let mut lines: Vec<String> = (model.page_names.iter().enumerate())
        .take(shown)
        .map(|(i, name)| format!("{} {name}", i + 1))
        .collect();
    if model.page_names.len() > shown {
        lines.push("and so on".to_owned());
    }
    if (model.page_names.len() as u64) < u64::from(model.pages) {
        lines.push("others as they come from the freelist".to_owned());
    }
    lines
}

/// Whether no instance of it ever ends.
pub(crate) fn never_ends(automaton: &Automaton) -> bool {
    !automaton.controls.iter().any(|control| control.end)
}
