//! A step of TLA+: statements in order as one value for each variable.

use crate::ir::{Automaton, Control, Expr, Scope, Stmt, Transition, VarId};
use crate::syntax::{Syntax, is_indexed};

use super::{After, EACH, LONG, Printer, Value, conjunction};

impl Printer<'_> {
    /// The conjuncts of a step.
    pub(super) fn step(
        &self,
        automaton: &Automaton,
        from: &Control,
        t: &Transition,
    ) -> Vec<String> {
        let mut lines = Vec::new();
        match &t.guard {
            Expr::Bool(true) => {}
            Expr::And(all) => lines.extend(all.iter().map(|e| self.expr(e, 4))),
            guard => lines.push(self.expr(guard, 4)),
        }
        let mut printer = self.clone();
        for stmt in &t.stmts {
            if let Stmt::Find(kind, cond) = stmt {
                let fine = Expr::not(cond.clone());
                lines.push(match fine {
                    Expr::Bool(false) => format!("Assert(~FINDINGS, \"{kind}\")"),
                    fine => format!("Assert(~FINDINGS \\/ {}, \"{kind}\")", self.expr(&fine, 4)),
                });
            }
            printer.run(stmt);
        }
        let mut unchanged = Vec::new();
        let guards = std::mem::take(&mut lines);
        for (id, var) in self.model.vars.iter().enumerate() {
            match printer.after.get(&id) {
                Some(_) => lines.push(format!("{}' = {}", var.name, printer.whole(id))),
                None => unchanged.push(var.name.clone()),
            }
        }
        for other in &self.model.automata {
            let name = format!("{}_at", other.name);
            if other.name != automaton.name || automaton.controls[t.to].label == from.label {
                unchanged.push(name);
                continue;
            }
            let to = &automaton.controls[t.to].label;
            lines.push(if automaton.count > 1 {
                format!("{name}' = [{name} EXCEPT ![t] = \"{to}\"]")
            } else {
                format!("{name}' = \"{to}\"")
            });
        }
        if !unchanged.is_empty() {
            lines.push(format!("UNCHANGED <<{}>>", unchanged.join(", ")));
        }
        if !printer.lets.is_empty() {
            let lets: Vec<String> = (printer.lets.iter())
                .map(|(name, value)| format!("{name} == {value}"))
                .collect();
            let lets = lets.join("\n    ");
            lines = vec![format!("LET {lets}\nIN  {}", conjunction(&lines, "    "))];
        }
        let lines = [guards, lines].concat();
        if t.pick {
            return vec![format!(
                "\\E p \\in pages:\n  {}",
                conjunction(&lines, "  ")
            )];
        }
        lines
    }

    fn run(&mut self, stmt: &Stmt) {
        match stmt {
            Stmt::Set(place, value) => {
                let value = match (self.model.vars[place.var].truth, value) {
                    (true, Expr::Int(n)) => self.expr(&Expr::Bool(*n != 0), 0),
                    _ => self.expr(value, 0),
                };
                self.set(place.var, place.page.as_ref(), value);
            }
            Stmt::If(cond, then) => {
                let mut cond = self.expr(cond, 0);
                let mut inner = self.clone();
                if cond.len() > LONG && !self.goes_over_pages() {
                    let name = format!("when__{}", inner.lets.len() + 1);
                    inner.lets.push((name.clone(), cond));
                    cond = name;
                }
                for stmt in then {
                    inner.run(stmt);
                }
                // What it defines can be defined outside: TLC evaluates what it needs.
                self.lets.clone_from(&inner.lets);
                self.merge(&cond, &inner);
            }
            Stmt::EachPage(body) => {
                // Each page by itself: what the body makes of the elements for q.
                let mut inner = self.clone();
                inner.lets.push((EACH.to_owned(), String::new()));
                for stmt in body {
                    inner.run(stmt);
                }
                let touched: Vec<VarId> = (inner.after.keys().copied())
                    .filter(|&id| inner.writes(id) > self.writes(id))
                    .collect();
                for id in touched {
                    let value = inner.read(id, Some(&Expr::Q));
                    let whole = format!("[q \\in pages |-> {value}]");
                    self.after
                        .insert(id, Value::Elements(Some(whole), Vec::new()));
                    self.name_if_long(id);
                }
            }
            Stmt::Find(..) | Stmt::Room(_) => {}
        }
    }

    /// Whether the statements at hand are those of a loop: what depends on `q` gets no name.
    fn goes_over_pages(&self) -> bool {
        self.lets.last().is_some_and(|(name, _)| name == EACH)
    }

    /// Gives the value of a variable a name if it is long.
    fn name_if_long(&mut self, id: VarId) {
        if self.goes_over_pages() {
            return;
        }
        let value = match self.after.get(&id) {
            Some(Value::Whole(value)) => value.clone(),
            Some(Value::Elements(..)) => self.whole(id),
            None => return,
        };
        if value.len() <= LONG || self.lets.iter().any(|(name, _)| *name == value) {
            return;
        }
        let name = format!("{}_{}", self.model.vars[id].name, self.lets.len() + 1);
        self.lets.push((name.clone(), value));
        let named = match self.after.get(&id) {
            Some(Value::Whole(_)) => Value::Whole(name),
            _ => Value::Elements(Some(name), Vec::new()),
        };
        self.after.insert(id, named);
    }

    fn writes(&self, id: VarId) -> usize {
        match self.after.get(&id) {
            None => 0,
            Some(Value::Whole(_)) => 1,
            Some(Value::Elements(_, writes)) => 1 + writes.len(),
        }
    }

    fn set(&mut self, id: VarId, page: Option<&Expr>, value: String) {
        match page {
            None => {
                self.after.insert(id, Value::Whole(value));
            }
            Some(page) => {
                // Indices are texts of their own time: a register may have changed since.
                let page = page.clone();
                match (self.after.entry(id)).or_insert(Value::Elements(None, Vec::new())) {
                    Value::Elements(_, writes) => match writes.last_mut() {
                        Some((last, old)) if *last == page => *old = value,
                        _ => writes.push((page, value)),
                    },
                    Value::Whole(_) => {}
                }
            }
        }
        self.name_if_long(id);
    }

    /// Takes over what `inner` has changed, where `cond` holds.
    fn merge(&mut self, cond: &str, inner: &Self) {
        let touched: Vec<VarId> = inner.after.keys().copied().collect();
        for id in touched {
            // Elements set in one place keep to it; anything else is a matter of the whole.
            let page = match (&inner.after[&id], self.after.get(&id)) {
                (Value::Elements(None, writes), None) if writes.len() == 1 => {
                    Some(writes[0].0.clone())
                }
                (Value::Elements(base, writes), Some(Value::Elements(old_base, old)))
                    if base == old_base
                        && writes.len() == old.len().max(1)
                        && writes[..writes.len() - 1] == old[..writes.len() - 1]
                        && old
                            .last()
                            .is_none_or(|(page, _)| *page == writes[writes.len() - 1].0) =>
                {
                    Some(writes[writes.len() - 1].0.clone())
                }
                _ => None,
            };
            // A shared name may have no page where the condition does not hold.
            let page = page.filter(|page| match page {
                Expr::Var(var) => self.model.vars[*var].scope != Scope::Global,
                _ => true,
            });
            let is_page = self.model.vars[id].scope == Scope::Page;
            let (now, before) = if is_page && page.is_none() {
                (inner.whole(id), self.whole(id))
            } else {
                (inner.read(id, page.as_ref()), self.read(id, page.as_ref()))
            };
            if now == before {
                continue;
            }
            let value = format!("IF {cond} THEN {now} ELSE {before}");
            if is_page && page.is_none() {
                let whole = Value::Elements(Some(format!("({value})")), Vec::new());
                self.after.insert(id, whole);
                self.name_if_long(id);
            } else {
                self.set(id, page.as_ref(), value);
            }
        }
    }

    /// The whole variable after the step.
    pub(super) fn whole(&self, id: VarId) -> String {
        let name = &self.model.vars[id].name;
        match self.after.get(&id) {
            None => name.clone(),
            Some(Value::Whole(value)) if is_indexed(self.model, id) => {
                format!("[{name} EXCEPT ![t] = {value}]")
            }
            Some(Value::Whole(value)) => value.clone(),
            Some(Value::Elements(base, writes)) => {
                let base = base.as_ref().unwrap_or(name);
                if writes.is_empty() {
                    return base.clone();
                }
                let plain = Printer {
                    model: self.model,
                    after: After::new(),
                    lets: Vec::new(),
                };
                let writes: Vec<String> = (writes.iter())
                    .map(|(page, value)| format!("![{}] = {value}", plain.expr(page, 0)))
                    .collect();
                format!("[{base} EXCEPT {}]", writes.join(", "))
            }
        }
    }
}
