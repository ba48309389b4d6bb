//! What a step needs of counters and does to them, as far as a net can say it.

use std::collections::BTreeMap;

use crate::ir::{Cmp, Expr, Model, Stmt, Transition, VarId};

/// A counter: a variable, or its element for a page.
pub(super) type Counter = (VarId, Option<i64>);

/// What a step needs of a counter and does to it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Change {
    pub(super) least: i64,
    /// At most this; `None`: no condition.
    pub(super) most: Option<i64>,
    pub(super) by: i64,
}

/// The guard as conditions joined by *and*, one of which has to hold.
pub(super) fn alternatives(guard: &Expr) -> Vec<Vec<Expr>> {
    match guard {
        Expr::Bool(true) => vec![Vec::new()],
        Expr::Or(any) => any.iter().flat_map(alternatives).collect(),
        Expr::And(all) => all.iter().fold(vec![Vec::new()], |done, e| {
            let more = alternatives(e);
            (done.iter())
                .flat_map(|left| {
                    more.iter()
                        .map(move |right| left.iter().chain(right).cloned().collect())
                })
                .collect()
        }),
        e => vec![vec![e.clone()]],
    }
}

fn counter(e: &Expr) -> Option<Counter> {
    match e {
        Expr::Var(var) => Some((*var, None)),
        Expr::At(var, page) => match **page {
            Expr::Int(page) => Some((*var, Some(page))),
            _ => None,
        },
        _ => None,
    }
}

/// What a step needs and does, or `None` if a net cannot say it.
pub(super) fn changes(
    model: &Model,
    guard: &[Expr],
    t: &Transition,
) -> Option<BTreeMap<Counter, Change>> {
    let mut changes: BTreeMap<Counter, Change> = BTreeMap::new();
    for condition in guard {
        let (counter, least, most) = match condition {
            Expr::Is(left, cmp, right) => {
                let Expr::Int(n) = **right else { return None };
                let (least, most) = match cmp {
                    Cmp::Eq => (n, Some(n)),
                    Cmp::Lt => (0, Some(n - 1)),
                    Cmp::Le => (0, Some(n)),
                    Cmp::Gt => (n + 1, None),
                    Cmp::Ge => (n, None),
                    Cmp::Ne => return None,
                };
                (counter(left)?, least, most)
            }
            Expr::Not(e) => (counter(e)?, 0, Some(0)),
            e => (counter(e)?, 1, None),
        };
        let change = changes.entry(counter).or_default();
        change.least = change.least.max(least);
        change.most = match (change.most, most) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
    }
    for stmt in &t.stmts {
        let Stmt::Set(place, value) = stmt else {
            match stmt {
                Stmt::Find(..) | Stmt::Room(_) => continue,
                _ => return None,
            }
        };
        let target = match &place.page {
            None => Expr::Var(place.var),
            Some(page) => Expr::at(place.var, page.clone()),
        };
        let change = changes.entry(counter(&target)?).or_default();
        match value {
            Expr::Add(of, n) if **of == target => change.by += n,
            // A lock that is given back is held, one that is taken is free: the guard says so.
            Expr::Bool(to) if model.vars[place.var].truth => {
                change.by += if *to { 1 } else { -1 };
            }
            _ => return None,
        }
    }
    Some(changes)
}
