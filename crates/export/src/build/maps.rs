//! kmap and its relatives.

use kmapcheck_scenario::{FindingKind, Ref, Reuse, SeriesId};

use super::{Call, FAILURE, Use, Way};
use crate::ir::{Cmp, Expr, Stmt};
use crate::local::{Class, Kind, Map, NEW};
use crate::refusal::Refusal;

impl Call<'_, '_> {
    /// The series in which an existing mapping would do for a kmap that asks for `series`.
    fn acceptable(&self, series: SeriesId) -> Vec<SeriesId> {
        self.world.acceptable(series)
    }

    /// kmap; `attempt` is `try_kmap`'s `flush`.
    pub(super) fn kmap(
        &mut self,
        name: Ref,
        series: SeriesId,
        attempt: Option<bool>,
    ) -> Result<Vec<Way>, Refusal> {
        let mut ways = Vec::new();
        for (cond, what) in self.resolve(name) {
            let mut found = match what {
                Use::Page(class, number) => self.kmap_page(class, &number, series, attempt)?,
                bad => vec![self.unusable(&bad, attempt.is_some())],
            };
            for way in &mut found {
                way.guard.insert(0, cond.clone());
            }
            ways.append(&mut found);
        }
        Ok(ways)
    }

    fn kmap_page(
        &mut self,
        page: Class,
        number: &Expr,
        series: SeriesId,
        attempt: Option<bool>,
    ) -> Result<Vec<Way>, Refusal> {
        if self.world.is_low(self.template, page) {
            let mut way = self.way();
            way.stmts.push(self.world.unshared(number, 1));
            self.push(&mut way, page, number, Kind::Low);
            return Ok(vec![way]);
        }
        let order = attempt.is_none() && self.kmap_breaks_order(page, series);
        if !self.world.options.counted {
            self.found_never_again(page, series)?;
        }
        let mut acceptable = self.acceptable(series);
        let (counted, node) = (self.world.options.counted, self.local.at);
        acceptable
            .retain(|&lies| counted && self.world.may_be_mapped(self.template, node, page, lies));
        let mut ways = Vec::new();
        let mut absent = Vec::new();
        let mut surely = false;
        for lies in acceptable {
            let count = Expr::at(self.world.count_var(lies), number.clone());
            let pinned = self.local.maps.iter().any(|map| {
                map.page == page && matches!(map.kind, Kind::Pin { lies: l, .. } if l == lies)
            });
            let mut way = self.way();
            if pinned {
                surely = true;
            } else {
                way.guard.push(count.clone().cmp(Cmp::Gt, 0));
                way.stmts.push(Stmt::If(
                    count.clone().cmp(Cmp::Eq, 1),
                    vec![
                        Stmt::add(self.world.stale_var(lies), -1),
                        Stmt::add(self.world.used_var(lies), 1),
                    ],
                ));
            }
            absent.push(count.cmp(Cmp::Eq, 0));
            way.stmts
                .push(Stmt::add_at(self.world.count_var(lies), number.clone(), 1));
            way.about = format!(
                "takes the mapping in {}",
                self.world.program.series[lies].name
            );
            if lies != series {
                way.found.push(FindingKind::SeriesMixture);
            }
            let kind = Kind::Pin {
                asked: series,
                lies,
            };
            self.push(&mut way, page, number, kind);
            ways.push(way);
        }
        if !surely {
            ways.extend(self.take_slot(page, number, series, attempt, &absent));
        }
        if order {
            for way in &mut ways {
                way.found.push(FindingKind::OrderViolation);
            }
        }
        Ok(ways)
    }

    /// The ways to get a slot where no mapping can be taken, and to fail to.
    fn take_slot(
        &mut self,
        page: Class,
        number: &Expr,
        series: SeriesId,
        attempt: Option<bool>,
        absent: &[Expr],
    ) -> Vec<Way> {
        let decl = &self.world.program.series[series];
        let (reuse, for_holders) = (decl.reuse, i64::from(decl.for_holders));
        let slots = self.world.slots(series);
        let kept_back = if self.local.pins_in(series) {
            0
        } else {
            for_holders
        };
        let keeps = reuse.keeps_mappings() && self.world.options.counted;
        let used = Expr::Var(self.world.used_var(series));
        let open = used.clone().cmp(Cmp::Lt, slots - kept_back);
        let kind = Kind::Pin {
            asked: series,
            lies: series,
        };
        let mut ways = Vec::new();
        let mut take = |call: &mut Self, guard: Vec<Expr>, flush: bool| {
            let mut way = call.way();
            way.guard = absent.iter().cloned().chain(guard).collect();
            if flush {
                way.about = "flushes first".into();
                way.stmts.extend(call.world.flush(series));
            }
            if keeps {
                let count = call.world.count_var(series);
                way.stmts
                    .push(Stmt::set_at(count, number.clone(), Expr::Int(2)));
            } else if !reuse.keeps_mappings() {
                way.stmts.push(call.world.unshared(number, 1));
            }
            way.stmts.push(Stmt::add(call.world.used_var(series), 1));
            call.push(&mut way, page, number, kind);
            ways.push(way);
        };
        let mut full = vec![Expr::not(open.clone())];
        if keeps {
            let stale = Expr::Var(self.world.stale_var(series));
            let room = used.sum(stale.clone()).cmp(Cmp::Lt, slots);
            let unflushed = if kept_back > 0 {
                vec![open.clone(), room.clone()]
            } else {
                vec![room.clone()]
            };
            take(self, unflushed, false);
            if attempt == Some(false) {
                full.push(Expr::not(room));
            } else {
                take(self, vec![open, stale.cmp(Cmp::Gt, 0)], true);
            }
        } else {
            take(self, vec![open], false);
        }
        if attempt.is_some() {
            let mut way = self.failed();
            way.guard = absent.to_vec();
            way.guard.push(Expr::or(full));
            ways.push(way);
        }
        ways
    }

    /// Without counted mappings: the page is the task's own and was never mapped before, so no
    /// mapping of it can ever be taken.
    fn found_never_again(&self, page: Class, series: SeriesId) -> Result<(), Refusal> {
        if self.world.program.series[series].reuse == Reuse::None {
            return Ok(());
        }
        let shared = page < self.world.program.pages.len();
        let why = if shared {
            "other tasks may find this mapping again, so it matters which page it is"
        } else if self.local.mapped.contains(&page) {
            "it may find an earlier mapping again, so it matters which page it is"
        } else {
            return Ok(());
        };
        Err(self.refuse(
            why,
            "use `--to promela`, `murphi` or `tla`, or a series that reuses no mappings",
        ))
    }

    /// Takes a map into the list of what is held.
    fn push(&mut self, way: &mut Way, page: Class, number: &Expr, kind: Kind) {
        way.stmts.extend(self.world.holder(number, 1));
        way.next.maps.push(Map { page, kind });
        if page == NEW {
            way.new = Some(number.clone());
        }
        let stays = matches!(kind, Kind::Pin { lies, .. }
            if self.world.program.series[lies].reuse.keeps_mappings());
        if stays && !self.world.options.counted && !way.next.mapped.contains(&page) {
            way.next.mapped.push(page);
            way.next.mapped.sort_unstable();
        }
    }

    pub(super) fn kmap_atomic(&mut self, name: Ref, kind: usize) -> Vec<Way> {
        let mut ways = Vec::new();
        for (cond, what) in self.resolve(name) {
            let mut way = match what {
                Use::Page(class, number) => {
                    let kind = (!self.world.is_low(self.template, class)).then_some(kind);
                    let mut way = self.way();
                    let clash = (self.local.maps.iter())
                        .any(|map| kind.is_some() && map.kind == Kind::Atomic(kind));
                    if clash {
                        way.found.push(FindingKind::AtomicSlotClash);
                    }
                    self.push(&mut way, class, &number, Kind::Atomic(kind));
                    way
                }
                bad => self.unusable(&bad, false),
            };
            way.guard.insert(0, cond);
            ways.push(way);
        }
        ways
    }

    pub(super) fn kmap_local(&mut self, name: Ref) -> Vec<Way> {
        let mut ways = Vec::new();
        for (cond, what) in self.resolve(name) {
            let mut way = match what {
                Use::Page(class, number) => {
                    let mut way = self.way();
                    self.push(&mut way, class, &number, Kind::Local);
                    way
                }
                bad => self.unusable(&bad, false),
            };
            way.guard.insert(0, cond);
            ways.push(way);
        }
        ways
    }

    /// A try that fails, for a page lock.
    pub(super) fn fails_if(&self, cond: Expr) -> Way {
        let mut way = self.failed();
        debug_assert_eq!(way.branch, Some(FAILURE));
        way.guard.push(cond);
        way
    }
}
