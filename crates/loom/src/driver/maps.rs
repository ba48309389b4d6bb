//! kmap and its relatives, and undoing them.

use std::cell::Cell;

use kmapcheck_machine::{Effect, Findings, Map, Name};
use kmapcheck_scenario::{FindingKind, Ref, Reuse, SeriesId};

use super::{Call, Driver, FAILURE, SUCCESS};
use crate::faults::Faults;
use crate::kmap_atomic;
use crate::pkmap::{Address, Caller, PageId, Request, Wanting};
use crate::recorder::What;
use crate::tasks::Abandoned;

/// A kmap being called: what `kmap_high` asks and tells.
struct KmapCall<'a, 'b, F> {
    driver: &'a mut Driver<F>,
    call: Call<'b, F>,
    name: Ref,
    request: Request,
    branch: usize,
}

impl<F: Faults> Caller for KmapCall<'_, '_, F> {
    fn page(&mut self) -> Option<PageId> {
        let is_try = self.request.wanting != Wanting::Wait;
        let page = match self.driver.usable(self.name) {
            Ok(page) => page,
            Err(kind) => {
                self.branch = self.call.skip(if is_try { FAILURE } else { SUCCESS }, kind);
                return None;
            }
        };
        if !self.call.kernel.pages.borrow().pages[page].highmem {
            self.driver.map_low(self.call, page);
            return None;
        }
        if !is_try && self.driver.kmap_breaks_order(page, self.request.series) {
            self.call.findings.insert(FindingKind::OrderViolation);
        }
        Some(page)
    }

    fn holds_one(&self, series: SeriesId) -> bool {
        self.driver
            .maps
            .iter()
            .any(|map| matches!(map, Map::Pin { lies, .. } if *lies == series))
    }

    fn choose(&mut self, arity: usize) -> usize {
        self.call.kernel.choose(self.driver.me, arity)
    }

    fn waits(&mut self) {
        self.call.waits();
    }

    fn mapped(&mut self, page: PageId, address: Address, effect: Effect) {
        let (asked, lies) = (self.request.series, address.series);
        let mixture = if asked == lies {
            Findings::NONE
        } else {
            Findings::of(FindingKind::SeriesMixture)
        };
        let mut pages = self.call.kernel.pages.borrow_mut();
        pages.pages[page].holders += 1;
        if !self.call.kernel.program.series[lies].reuse.keeps_mappings() {
            pages.pages[page].unshared_pins += 1;
        }
        self.driver.maps.push(Map::Pin { page, asked, lies });
        self.driver.addresses.push(Some(address));
        self.branch = self.call.step(SUCCESS, effect, mixture);
    }

    fn failed(&mut self) {
        self.branch = self.call.failed();
    }
}

impl<F: Faults> Driver<F> {
    pub(super) fn kmap(
        &mut self,
        call: Call<'_, F>,
        name: Ref,
        series: SeriesId,
        wanting: Wanting,
    ) -> Result<usize, Abandoned> {
        // `kmap` of a low page returns its address without entering the allocator.
        if !call.kernel.layout.pages_move
            && let Ok(page) = self.usable(name)
            && !call.kernel.pages.borrow().pages[page].highmem
        {
            self.map_low(call, page);
            return Ok(SUCCESS);
        }
        let (me, request) = (self.me, Request { series, wanting });
        let mut kmap = KmapCall {
            driver: self,
            call,
            name,
            request,
            branch: SUCCESS,
        };
        call.kernel
            .kmaps(series)
            .kmap_high(&call.kernel.tasks, me, request, &mut kmap)?;
        Ok(kmap.branch)
    }

    fn map_low(&mut self, call: Call<'_, F>, page: PageId) {
        let mut pages = call.kernel.pages.borrow_mut();
        pages.pages[page].unshared_pins += 1;
        pages.pages[page].holders += 1;
        self.maps.push(Map::Low { page });
        self.addresses.push(None);
        call.step(SUCCESS, Effect::MappedLow, Findings::NONE);
    }

    /// Whether a kmap asks for a slot against the model's order. Exempt is a kmap that finds a
    /// mapping which the task pins itself.
    fn kmap_breaks_order(&self, page: PageId, series: SeriesId) -> bool {
        let all = &self.kernel.program.series;
        let would_do = |lies: SeriesId| match all[series].reuse {
            Reuse::Any => all[lies].reuse.keeps_mappings(),
            Reuse::Own => lies == series,
            Reuse::None => false,
        };
        let is_own = self.maps.iter().any(|map| match *map {
            Map::Pin {
                page: pinned, lies, ..
            } => pinned == page && would_do(lies),
            _ => false,
        });
        !is_own && self.holds_from(all[series].rank)
    }

    /// `kmap_atomic` of a type, or `kmap_local_page`.
    pub(super) fn kmap_private(
        &mut self,
        call: Call<'_, F>,
        name: Ref,
        kind: Option<usize>,
    ) -> usize {
        let _pages = call
            .kernel
            .layout
            .pages_move
            .then(|| call.kernel.all_kmaps().lock());
        let page = match self.usable(name) {
            Ok(page) => page,
            Err(wrong) => return call.skip(SUCCESS, wrong),
        };
        let mut findings = Findings::NONE;
        let mut pages = call.kernel.pages.borrow_mut();
        let map = match kind {
            Some(kind) => {
                let kind = pages.pages[page].highmem.then_some(kind);
                if kmap_atomic::clashes(&self.maps, kind) {
                    findings.insert(FindingKind::AtomicSlotClash);
                }
                Map::Atomic { page, kind }
            }
            None => Map::Local { page },
        };
        pages.pages[page].holders += 1;
        self.maps.push(map);
        self.addresses.push(None);
        call.step(SUCCESS, Effect::Nothing, findings)
    }

    /// Undoes the task's latest map of the page that `fits`.
    pub(super) fn undo_map(
        &mut self,
        call: Call<'_, F>,
        name: Ref,
        fits: impl Fn(Map) -> bool,
    ) -> usize {
        let this = &*self;
        self.undo(call, || {
            let page = this.undoable(name)?;
            this.maps
                .iter()
                .rposition(|&map| map.page() == page && fits(map))
        })
        .into_iter()
        .for_each(|i| self.drop_map(i));
        SUCCESS
    }

    /// Undoes the last local map, which must be one of that page.
    pub(super) fn kunmap_local(&mut self, call: Call<'_, F>, name: Ref) -> usize {
        let this = &*self;
        self.undo(call, || {
            let last = this
                .maps
                .iter()
                .rposition(|map| matches!(map, Map::Local { .. }))?;
            (this.undoable(name) == Some(this.maps[last].page())).then_some(last)
        })
        .into_iter()
        .for_each(|i| self.drop_map(i));
        SUCCESS
    }

    /// Undoes the map that `find` picks, or reports misuse; returns which. Where names can change,
    /// `find` runs under the lock that guards all pages.
    fn undo(&self, call: Call<'_, F>, find: impl FnOnce() -> Option<usize>) -> Option<usize> {
        let kernel = call.kernel;
        let undone = Cell::new(None);
        let which = || {
            let found = find().filter(|&i| !kmap_atomic::out_of_order(&self.maps, i));
            let Some(i) = found else {
                call.misuse();
                return None;
            };
            undone.set(Some(i));
            if let (Map::Pin { page, .. }, Some(address)) = (self.maps[i], self.addresses[i]) {
                return Some((page, address));
            }
            let mut pages = kernel.pages.borrow_mut();
            let page = self.maps[i].page();
            if matches!(self.maps[i], Map::Low { .. }) {
                pages.pages[page].unshared_pins -= 1;
            }
            pages.drop_holder(page);
            call.done();
            None
        };
        let done = |result: Result<Effect, &'static str>| match (result, undone.get()) {
            (Ok(effect), Some(i)) => {
                let mut pages = kernel.pages.borrow_mut();
                let page = self.maps[i].page();
                if matches!(effect, Effect::FreedSlot { .. }) {
                    pages.pages[page].unshared_pins -= 1;
                }
                pages.drop_holder(page);
                call.step(SUCCESS, effect, Findings::NONE);
            }
            (Err(bug), _) => call.log(What::Bug(bug)),
            (Ok(_), None) => {}
        };
        if kernel.layout.pages_move {
            kernel
                .all_kmaps()
                .kunmap_high(&kernel.tasks, 0, which, done);
        } else if let Some((page, address)) = which() {
            let series = address.series;
            let known = || Some((page, address));
            kernel
                .kmaps(series)
                .kunmap_high(&kernel.tasks, series, known, done);
        }
        undone.get()
    }

    fn drop_map(&mut self, i: usize) {
        let page = self.maps.remove(i).page();
        self.addresses.remove(i);
        self.forget_if_last(page);
        debug_assert!(!self.names.contains(&Name::Dangling(Some(page))) || self.holds_page(page));
    }
}
