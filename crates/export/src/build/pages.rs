//! Page locks and the freelist.
//!
//! A page is unused (its number stands for nothing), named, free, or lost: allocated, with no name
//! left, and still held by somebody. What docs/semantics.md says is forgotten becomes unused here,
//! at once.

use kmapcheck_scenario::{FindingKind, Ref};

use super::world::{FREE, LOST, NAMED};
use super::{Call, Use, Way};
use crate::ir::{Cmp, Expr, Stmt};
use crate::local::{Class, NEW, Name};
use crate::refusal::Refusal;

impl Call<'_, '_> {
    pub(super) fn lock_page(&mut self, name: Ref, is_try: bool) -> Result<Vec<Way>, Refusal> {
        let mut ways = Vec::new();
        for (cond, what) in self.resolve(name) {
            let (class, number) = match what {
                Use::Page(class, number) => (class, number),
                bad => {
                    let mut way = self.unusable(&bad, is_try);
                    way.guard.insert(0, cond);
                    ways.push(way);
                    continue;
                }
            };
            let own = self.local.locks.contains(&class);
            let locked = self.page_lock(class, &number);
            if !own {
                let mut way = self.way();
                way.guard = vec![cond.clone()];
                way.guard
                    .extend(locked.clone().map(|(locked, _)| Expr::not(locked)));
                way.stmts.extend(locked.clone().map(|(_, set)| set(true)));
                way.stmts.extend(self.world.holder(&number, 1));
                way.next.locks.push(class);
                if class == NEW {
                    way.new = Some(number.clone());
                }
                ways.push(way);
            }
            if is_try {
                let taken = if own {
                    Expr::Bool(true)
                } else {
                    locked.map_or(Expr::Bool(false), |(locked, _)| locked)
                };
                ways.push(self.fails_if(Expr::and([cond, taken])));
            }
        }
        Ok(ways)
    }

    /// Whether the page is locked, and how to say that it is. `None` if nobody else can lock it.
    fn page_lock(
        &mut self,
        class: Class,
        number: &Expr,
    ) -> Option<(Expr, impl Fn(bool) -> Stmt + Clone + use<>)> {
        if !self.world.options.counted && class >= self.world.program.pages.len() {
            return None;
        }
        let var = self.world.locked_var();
        let page = number.clone();
        Some((Expr::at(var, number.clone()), move |to| {
            Stmt::set_at(var, page.clone(), Expr::Bool(to))
        }))
    }

    pub(super) fn unlock_page(&mut self, name: Ref) -> Vec<Way> {
        let mut ways = Vec::new();
        for (cond, page) in self.undoable(name) {
            let held = page.and_then(|page| {
                let i = self.local.locks.iter().position(|&locked| locked == page)?;
                Some((i, page))
            });
            let mut way = match held {
                None => self.skipped(FindingKind::Misuse),
                Some((i, page)) => {
                    let number = self.number(page);
                    let mut way = self.way();
                    way.next.locks.remove(i);
                    let lock = self.page_lock(page, &number);
                    way.stmts.extend(lock.map(|(_, set)| set(false)));
                    self.release_page(&mut way, page, &number);
                    way
                }
            };
            way.guard.insert(0, cond);
            ways.push(way);
        }
        ways
    }

    /// One map or lock of the page less.
    pub(super) fn release_page(&mut self, way: &mut Way, page: Class, number: &Expr) {
        way.stmts.extend(self.world.holder(number, -1));
        if !way.next.holds_page(page) {
            let named = way.next.names_page(page) || self.is_constant(page);
            way.next.forget_if_unheld(page);
            way.stmts.extend(self.world.after_release(number, named));
        }
    }

    /// Takes any page that can be had.
    pub(super) fn alloc_page(&mut self, var: Ref) -> Result<Vec<Way>, Refusal> {
        self.needs_pages()?;
        let status = self.world.status_var();
        let mut base = self.way();
        base.pick = true;
        base.guard.push(Expr::CanAlloc(Box::new(Expr::Pick)));
        base.stmts
            .push(Stmt::set_at(status, Expr::Pick, Expr::Int(NAMED)));
        match var {
            Ref::Shared(i) => {
                let Some((page, dangles)) = self.world.shared_name(i) else {
                    return Ok(Vec::new());
                };
                let live = dangles.map_or(Expr::Bool(true), |d| Expr::not(Expr::Var(d)));
                let lose = self.world.lose(&Expr::Var(page));
                base.stmts.extend(Stmt::when(live, lose));
                base.stmts.push(Stmt::set(page, Expr::Pick));
                base.stmts
                    .extend(dangles.map(|d| Stmt::set(d, Expr::Bool(false))));
                Ok(vec![base])
            }
            Ref::Own(v) => {
                if let Name::Page(old) = self.local.names[v] {
                    let number = self.number(old);
                    base.stmts.extend(if self.local.holds_page(old) {
                        vec![Stmt::set_at(status, number, Expr::Int(LOST))]
                    } else {
                        self.world.lose(&number)
                    });
                }
                // A page that one of our own names is bound to is not free.
                let uses = self.coincide(&Expr::Pick, &Expr::Bool(true), |class| {
                    !self.local.names_page(class)
                });
                let mut ways = Vec::new();
                for (cond, what) in uses {
                    let Use::Page(class, number) = what else {
                        continue;
                    };
                    let mut way = base.clone();
                    way.guard.push(cond);
                    way.next.names[v] = Name::Page(class);
                    if class == NEW {
                        way.new = Some(number);
                    } else {
                        way.about = "gets a page back that it still holds".into();
                    }
                    ways.push(way);
                }
                Ok(ways)
            }
        }
    }

    /// Puts a page on the freelist, with whatever maps it.
    pub(super) fn free_page(&mut self, name: Ref) -> Result<Vec<Way>, Refusal> {
        self.needs_pages()?;
        match name {
            Ref::Own(v) => match self.local.names[v] {
                Name::Unbound => Ok(vec![self.skipped(FindingKind::Misuse)]),
                Name::Dangling(_) => Ok(vec![self.skipped(FindingKind::DoubleFree)]),
                Name::Page(page) => {
                    let number = self.number(page);
                    let held = self.local.holds_page(page);
                    let mut way = self.way();
                    way.stmts.push(Stmt::Find(
                        FindingKind::FreedWhileMapped,
                        self.world.has_users(&number),
                    ));
                    way.next.names[v] = Name::Dangling(held.then_some(page));
                    let status = self.world.status_var();
                    way.stmts
                        .push(Stmt::set_at(status, number.clone(), Expr::Int(FREE)));
                    if !held {
                        way.stmts.extend(self.world.drop_if_pristine(&number));
                    }
                    Ok(vec![way])
                }
            },
            Ref::Shared(i) => {
                let Some((page, Some(dangles))) = self.world.shared_name(i) else {
                    return Ok(Vec::new());
                };
                let number = Expr::Var(page);
                let mut way = self.way();
                way.guard.push(Expr::not(Expr::Var(dangles)));
                way.stmts.push(Stmt::Find(
                    FindingKind::FreedWhileMapped,
                    self.world.has_users(&number),
                ));
                let status = self.world.status_var();
                way.stmts
                    .push(Stmt::set_at(status, number.clone(), Expr::Int(FREE)));
                way.stmts.push(Stmt::set(dangles, Expr::Bool(true)));
                way.stmts.extend(self.world.drop_if_pristine(&number));
                let unheld = self.world.holders(&number).cmp(Cmp::Eq, 0);
                way.stmts
                    .push(Stmt::If(unheld, vec![Stmt::set(page, Expr::Int(0))]));
                let mut again = self.skipped(FindingKind::DoubleFree);
                again.guard.push(Expr::Var(dangles));
                Ok(vec![way, again])
            }
        }
    }

    /// Refuses pages that come and go where mappings are not counted.
    fn needs_pages(&self) -> Result<(), Refusal> {
        if self.world.options.counted {
            return Ok(());
        }
        Err(self.refuse(
            "which page it is matters, and a Petri net has only counts",
            "use `--to promela`, `murphi` or `tla`",
        ))
    }
}
