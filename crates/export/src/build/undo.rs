//! kunmap and its relatives.

use kmapcheck_scenario::{FindingKind, Ref, SeriesId};

use super::{Call, Way};
use crate::ir::{Cmp, Expr, Stmt};
use crate::local::{Class, Kind, Map};

impl Call<'_, '_> {
    pub(super) fn undo_map(&mut self, name: Ref, fits: impl Fn(Map) -> bool) -> Vec<Way> {
        let mut ways = Vec::new();
        for (cond, page) in self.undoable(name) {
            let latest = page.and_then(|page| {
                (self.local.maps.iter()).rposition(|&map| map.page == page && fits(map))
            });
            let mut way = match latest {
                Some(i) => self.undo(i),
                None => self.skipped(FindingKind::Misuse),
            };
            way.guard.insert(0, cond);
            ways.push(way);
        }
        ways
    }

    /// Undoes map number `i`, unless it is a local map and not the last of them.
    fn undo(&mut self, i: usize) -> Way {
        let map = self.local.maps[i];
        if map.kind == Kind::Local
            && (self.local.maps[i + 1..].iter()).any(|later| later.kind == Kind::Local)
        {
            return self.skipped(FindingKind::Misuse);
        }
        let number = self.number(map.page);
        let mut way = self.way();
        way.next.maps.remove(i);
        match map.kind {
            Kind::Pin { lies, .. } => self.unpin(&mut way, map.page, &number, lies),
            Kind::Low => way.stmts.push(self.world.unshared(&number, -1)),
            Kind::Atomic(_) | Kind::Local => {}
        }
        self.release_page(&mut way, map.page, &number);
        way
    }

    fn unpin(&mut self, way: &mut Way, page: Class, number: &Expr, lies: SeriesId) {
        let used = self.world.used_var(lies);
        if !self.world.program.series[lies].reuse.keeps_mappings() {
            way.stmts.push(self.world.unshared(number, -1));
            way.stmts.push(Stmt::add(used, -1));
            return;
        }
        if !self.world.options.counted {
            way.stmts.push(Stmt::add(used, -1));
            return;
        }
        let count = self.world.count_var(lies);
        way.stmts.push(Stmt::add_at(count, number.clone(), -1));
        let pinned = way.next.maps.iter().any(|map| {
            map.page == page && matches!(map.kind, Kind::Pin { lies: l, .. } if l == lies)
        });
        if !pinned {
            way.stmts.push(Stmt::If(
                Expr::at(count, number.clone()).cmp(Cmp::Eq, 1),
                vec![
                    Stmt::add(used, -1),
                    Stmt::add(self.world.stale_var(lies), 1),
                ],
            ));
        }
    }

    /// Undoes the last local map, which must be one of that page.
    pub(super) fn kunmap_local(&mut self, name: Ref) -> Vec<Way> {
        let last = (self.local.maps.iter()).rposition(|map| map.kind == Kind::Local);
        let mut ways = Vec::new();
        for (cond, page) in self.undoable(name) {
            let mut way = match (last, page) {
                (Some(i), Some(page)) if self.local.maps[i].page == page => self.undo(i),
                _ => self.skipped(FindingKind::Misuse),
            };
            way.guard.insert(0, cond);
            ways.push(way);
        }
        ways
    }
}
