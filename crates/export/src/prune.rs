//! Leaves out of a model what never changes, and what can then never happen.

use kmapcheck_limits::ask;

use crate::ir::{Expr, Model, Scope, Stmt, VarId};

/// Replaces variables that nothing changes by their value, and removes those that nothing needs;
/// `superfluous` is one whose value follows from the rest of the state.
pub(crate) fn prune(mut model: Model, superfluous: Option<VarId>) -> Model {
    loop {
        let changed = changing(&model, superfluous);
        let constant = |e: &Expr| -> Option<Expr> {
            let (Expr::Var(var) | Expr::At(var, _)) = e else {
                return None;
            };
            if changed[*var] {
                return None;
            }
            let decl = &model.vars[*var];
            let first = *decl.init.first()?;
            if matches!(decl.scope, Scope::Instance(_)) && decl.init.iter().any(|&v| v != first) {
                return None;
            }
            Some(if decl.truth {
                Expr::Bool(first != 0)
            } else {
                Expr::Int(first)
            })
        };
        let mut next = model.clone();
        next.pristine = model.pristine.map(&constant);
        next.can_alloc = model.can_alloc.map(&constant);
        for automaton in &mut next.automata {
            for control in &mut automaton.controls {
                for t in &mut control.transitions {
                    ask();
                    t.guard = t.guard.map(&constant);
                    t.stmts = simplify(&t.stmts, &constant, superfluous, &changed);
                }
                control.transitions.retain(|t| t.guard != Expr::Bool(false));
            }
        }
        let before: usize = size(&model);
        let done = size(&next) == before && next.pristine == model.pristine;
        model = next;
        if done {
            return remove_unused(model, superfluous);
        }
    }
}

fn size(model: &Model) -> usize {
    (model.automata.iter())
        .flat_map(|a| &a.controls)
        .flat_map(|c| &c.transitions)
        .map(|t| 1 + t.stmts.len())
        .sum()
}

/// Which variables some statement or initial state changes.
fn changing(model: &Model, superfluous: Option<VarId>) -> Vec<bool> {
    let mut changed = vec![false; model.vars.len()];
    for value in model.starts.iter().flatten() {
        changed[value.var] = true;
    }
    for t in (model.automata.iter())
        .flat_map(|a| &a.controls)
        .flat_map(|c| &c.transitions)
    {
        for stmt in &t.stmts {
            stmt.visit(&mut |stmt| {
                if let Stmt::Set(place, value) = stmt {
                    let decl = &model.vars[place.var];
                    // A variable of no page has no value, and nothing sets it.
                    let first = decl.init.first().copied().unwrap_or(0);
                    let uniform = decl.init.iter().all(|&v| v == first);
                    let same = match value {
                        Expr::Int(n) => *n == first,
                        Expr::Bool(b) => i64::from(*b) == first,
                        _ => false,
                    };
                    changed[place.var] |= !(uniform && same);
                }
            });
        }
    }
    if let Some(var) = superfluous {
        changed[var] = false;
    }
    changed
}

fn simplify(
    stmts: &[Stmt],
    constant: &impl Fn(&Expr) -> Option<Expr>,
    superfluous: Option<VarId>,
    changed: &[bool],
) -> Vec<Stmt> {
    let mut out = Vec::new();
    for stmt in stmts {
        match stmt {
            Stmt::Set(place, _) if Some(place.var) == superfluous || !changed[place.var] => {}
            Stmt::Set(place, value) => {
                let mut place = place.clone();
                place.page = place.page.map(|page| page.map(constant));
                out.push(Stmt::Set(place, value.map(constant)));
            }
            Stmt::If(cond, inner) => {
                let inner = simplify(inner, constant, superfluous, changed);
                out.extend(Stmt::when(cond.map(constant), inner));
            }
            Stmt::EachPage(inner) => {
                let inner = simplify(inner, constant, superfluous, changed);
                if !inner.is_empty() {
                    out.push(Stmt::EachPage(inner));
                }
            }
            Stmt::Find(kind, cond) => {
                let cond = cond.map(constant);
                if cond != Expr::Bool(false) {
                    out.push(Stmt::Find(*kind, cond));
                }
            }
            Stmt::Room(var) => out.push(Stmt::Room(*var)),
        }
    }
    out
}

/// Removes variables that nothing reads or sets, and renumbers the rest.
fn remove_unused(mut model: Model, superfluous: Option<VarId>) -> Model {
    let mut used = changing(&model, superfluous);
    let mut read = |e: &Expr| {
        if let Expr::Var(var) | Expr::At(var, _) = e {
            used[*var] = true;
        }
    };
    let mut number = vec![0; model.vars.len()];
    for t in (model.automata.iter())
        .flat_map(|a| &a.controls)
        .flat_map(|c| &c.transitions)
    {
        t.guard.visit(&mut read);
        for stmt in &t.stmts {
            stmt.visit(&mut |stmt| match stmt {
                Stmt::Set(place, value) => {
                    place.page.iter().for_each(|page| page.visit(&mut read));
                    value.visit(&mut read);
                }
                Stmt::If(cond, _) | Stmt::Find(_, cond) => cond.visit(&mut read),
                Stmt::EachPage(_) | Stmt::Room(_) => {}
            });
        }
    }
    let mut kept = Vec::new();
    for (id, var) in std::mem::take(&mut model.vars).into_iter().enumerate() {
        number[id] = kept.len();
        if used[id] {
            kept.push(var);
        }
    }
    model.vars = kept;
    let expr = |e: &Expr| renumber(e, &number);
    model.pristine = expr(&model.pristine);
    model.can_alloc = expr(&model.can_alloc);
    for value in model.starts.iter_mut().flatten() {
        value.var = number[value.var];
    }
    for automaton in &mut model.automata {
        for control in &mut automaton.controls {
            for t in &mut control.transitions {
                t.guard = expr(&t.guard);
                t.stmts = t
                    .stmts
                    .iter()
                    .map(|s| renumbered(s, &expr, &number))
                    .collect();
            }
        }
    }
    model
}

/// The expression with its variables renumbered.
fn renumber(e: &Expr, number: &[VarId]) -> Expr {
    e.map(&|e| match e {
        Expr::Var(var) => Some(Expr::Var(number[*var])),
        Expr::At(var, page) => Some(Expr::at(number[*var], renumber(page, number))),
        _ => None,
    })
}

fn renumbered(stmt: &Stmt, expr: &impl Fn(&Expr) -> Expr, number: &[VarId]) -> Stmt {
    let all = |stmts: &[Stmt]| stmts.iter().map(|s| renumbered(s, expr, number)).collect();
    match stmt {
        Stmt::Set(place, value) => {
            let mut place = place.clone();
            place.var = number[place.var];
            place.page = place.page.as_ref().map(expr);
            Stmt::Set(place, expr(value))
        }
        Stmt::If(cond, inner) => Stmt::If(expr(cond), all(inner)),
        Stmt::EachPage(inner) => Stmt::EachPage(all(inner)),
        Stmt::Find(kind, cond) => Stmt::Find(*kind, expr(cond)),
        Stmt::Room(var) => Stmt::Room(number[*var]),
    }
}
