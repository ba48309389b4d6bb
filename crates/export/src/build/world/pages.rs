//! What becomes of pages and their mappings: the statements that several operations share.

use kmapcheck_limits::ask;
use kmapcheck_scenario::{NodeId, Op, PageDecl, Ref, Reuse, SeriesId, StaleIn, TemplateId};

use super::{LOST, Lock, World};
use crate::ir::{Cmp, Expr, Stmt, VarId};
use crate::local::Class;

impl World<'_> {
    /// The series in which an existing mapping would do for a kmap that asks for `series`.
    pub(crate) fn acceptable(&self, series: SeriesId) -> Vec<SeriesId> {
        let all = &self.program.series;
        (0..all.len())
            .filter(|&other| match all[series].reuse {
                Reuse::Any => all[other].reuse.keeps_mappings(),
                Reuse::Own => other == series,
                Reuse::None => false,
            })
            .collect()
    }

    /// Whether a page can be mapped in `series` when a task of `template` is at `node`. Exact
    /// enough to leave out most of what cannot happen; says yes when in doubt.
    pub(crate) fn may_be_mapped(
        &self,
        template: TemplateId,
        node: Option<NodeId>,
        class: Class,
        series: SeriesId,
    ) -> bool {
        let asks = |op: Op, name: Option<Ref>| match op {
            Op::Kmap { page, series: s }
            | Op::TryKmap {
                page, series: s, ..
            } => s == series && name.is_none_or(|name| page == name),
            _ => false,
        };
        let stale = |decl: &PageDecl| match &decl.stale_in {
            StaleIn::Any => decl.highmem,
            StaleIn::Exactly(all) => all.contains(&series),
        };
        let anywhere = |name: Option<Ref>| {
            (self.program.templates.iter())
                .any(|template| template.nodes.iter().any(|node| asks(node.op, name)))
        };
        let shared = self.program.pages.len();
        if self.dynamic {
            let declared = self.program.templates.iter().flat_map(|t| &t.vars);
            return anywhere(None)
                || self.program.pages.iter().any(stale)
                || declared.filter_map(|var| var.page.as_ref()).any(stale);
        }
        if class < shared {
            return stale(&self.program.pages[class]) || anywhere(Some(Ref::Shared(class)));
        }
        let v = class - shared;
        let program = &self.program.templates[template];
        program.vars[v].page.as_ref().is_some_and(stale)
            || match node {
                None => (program.nodes.iter()).any(|other| asks(other.op, Some(Ref::Own(v)))),
                Some(node) => self.comes_from(template, node, |op| asks(op, Some(Ref::Own(v)))),
            }
    }

    /// Whether one gets to a node, in a step or more, from an operation that is one of `those`.
    fn comes_from(&self, template: usize, node: NodeId, those: impl Fn(Op) -> bool) -> bool {
        let nodes = &self.program.templates[template].nodes;
        let before = &self.before[template];
        let mut seen = vec![false; nodes.len()];
        let mut open = before[node].clone();
        while let Some(from) = open.pop() {
            ask();
            if those(nodes[from].op) {
                return true;
            }
            if !std::mem::replace(&mut seen[from], true) {
                open.extend(&before[from]);
            }
        }
        false
    }

    pub(crate) fn unshared(&self, page: &Expr, n: i64) -> Stmt {
        Stmt::add_at(self.unshared, page.clone(), n)
    }

    /// One map or lock of the page more or less; counted only if pages come and go.
    pub(crate) fn holder(&self, page: &Expr, n: i64) -> Option<Stmt> {
        self.dynamic
            .then(|| Stmt::add_at(self.holders, page.clone(), n))
    }

    pub(crate) fn holders(&self, page: &Expr) -> Expr {
        Expr::at(self.holders, page.clone())
    }

    pub(crate) fn is_dynamic(&self) -> bool {
        self.dynamic
    }

    /// Whether the page has kmap users of any kind.
    pub(crate) fn has_users(&self, page: &Expr) -> Expr {
        let counts =
            (self.keeping()).map(|s| Expr::at(self.count[s], page.clone()).cmp(Cmp::Gt, 1));
        let unshared = Expr::at(self.unshared, page.clone()).cmp(Cmp::Gt, 0);
        Expr::or(counts.chain([unshared]))
    }

    pub(super) fn keeping(&self) -> impl Iterator<Item = SeriesId> + '_ {
        (0..self.program.series.len()).filter(|&s| self.program.series[s].reuse.keeps_mappings())
    }

    /// `flush_all_zero_pkmaps`.
    pub(crate) fn flush(&self, series: SeriesId) -> Vec<Stmt> {
        let count = self.count[series];
        let stale = Expr::at(count, Expr::Q).cmp(Cmp::Eq, 1);
        let unmap = Stmt::set_at(count, Expr::Q, Expr::Int(0));
        let mut stmts = vec![Stmt::EachPage(vec![Stmt::If(stale, vec![unmap])])];
        let forgotten = self.drop_if_pristine(&Expr::Q);
        if !forgotten.is_empty() {
            stmts.push(Stmt::EachPage(forgotten));
        }
        stmts.push(Stmt::set(self.stale[series], Expr::Int(0)));
        stmts
    }

    /// Forgets a page.
    fn drop_page(&self, page: &Expr) -> Vec<Stmt> {
        let zero = |var| Stmt::set_at(var, page.clone(), Expr::Int(0));
        let mut stmts = vec![zero(self.status)];
        stmts.extend(self.keeping().map(|s| zero(self.count[s])));
        stmts.push(zero(self.unshared));
        stmts.push(Stmt::set_at(self.locked, page.clone(), Expr::Bool(false)));
        stmts
    }

    /// A free page that equals a fresh one is forgotten where the freelist has no bound.
    pub(crate) fn drop_if_pristine(&self, page: &Expr) -> Vec<Stmt> {
        if !self.dynamic || self.program.free_pages.is_some() {
            return Vec::new();
        }
        vec![Stmt::If(
            Expr::Pristine(Box::new(page.clone())),
            vec![Stmt::set_at(self.status, page.clone(), Expr::Int(0))],
        )]
    }

    /// What becomes of a page that loses its name.
    pub(crate) fn lose(&self, page: &Expr) -> Vec<Stmt> {
        vec![
            Stmt::set_at(self.status, page.clone(), Expr::Int(LOST)),
            Stmt::If(self.holders(page).cmp(Cmp::Eq, 0), self.drop_page(page)),
        ]
    }

    /// What becomes of a page with one holder less; `named`: it certainly has a name.
    pub(crate) fn after_release(&self, page: &Expr, named: bool) -> Vec<Stmt> {
        let mut stmts = Vec::new();
        if !self.dynamic {
            return stmts;
        }
        let unheld = self.holders(page).cmp(Cmp::Eq, 0);
        for (var, dangles) in self.shared.iter().flatten() {
            if let Some(dangles) = dangles {
                let forgets = Expr::and([
                    unheld.clone(),
                    Expr::Var(*dangles),
                    Expr::Var(*var).is(Cmp::Eq, page.clone()),
                ]);
                stmts.extend(Stmt::when(forgets, vec![Stmt::set(*var, Expr::Int(0))]));
            }
        }
        if !named {
            let lost = Expr::at(self.status, page.clone()).cmp(Cmp::Eq, LOST);
            stmts.push(Stmt::If(Expr::and([unheld, lost]), self.drop_page(page)));
            stmts.extend(self.drop_if_pristine(page));
        }
        stmts
    }

    /// The task's own pages are forgotten when it ends; where pages do not come and go nobody else
    /// holds them.
    pub(crate) fn forget_own_page(&self, template: TemplateId, v: usize) -> Vec<Stmt> {
        let page = self.own_page(template, v);
        let class = self.program.pages.len() + v;
        (self.keeping())
            .filter(|&s| self.may_be_mapped(template, None, class, s))
            .map(|s| Stmt::set_at(self.count[s], page.clone(), Expr::Int(0)))
            .collect()
    }

    /// The value at the start of a task's own locks.
    pub(crate) fn reset_own_locks(&self, template: TemplateId) -> Vec<Stmt> {
        let mut stmts = Vec::new();
        let mut reset = |var: VarId| {
            let init = self.vars[var].init[0];
            let value = if self.vars[var].truth {
                Expr::Bool(init != 0)
            } else {
                Expr::Int(init)
            };
            stmts.push(Stmt::set(var, value));
        };
        for lock in &self.own_locks[template] {
            match *lock {
                Lock::Spin(var) | Lock::Units(var) | Lock::Completion(var) => reset(var),
                Lock::Rwsem {
                    readers,
                    writer,
                    queued,
                } => {
                    reset(readers);
                    reset(writer);
                    queued.into_iter().for_each(&mut reset);
                }
            }
        }
        stmts
    }
}
