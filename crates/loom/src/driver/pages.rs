//! Page locks and the freelist.

use kmapcheck_machine::{Effect, Findings, Name};
use kmapcheck_scenario::{FindingKind, Ref};
use std::rc::Rc;

use super::{Call, Driver, FAILURE, SUCCESS};
use crate::faults::Faults;
use crate::freelist::{self, Page};
use crate::page_lock::Locked;
use crate::tasks::Abandoned;

impl<F: Faults> Driver<F> {
    pub(super) fn lock_page(&mut self, call: Call<'_, F>, name: Ref) -> Result<usize, Abandoned> {
        let kernel = call.kernel;
        let mut told = false;
        loop {
            let guard = kernel.layout.pages_move.then(|| kernel.all_kmaps().lock());
            let page = match self.usable(name) {
                Ok(page) => page,
                Err(wrong) => return Ok(call.skip(SUCCESS, wrong)),
            };
            let lock = Rc::clone(&kernel.pages.borrow().pages[page].lock);
            let taken = || {
                let mut pages = kernel.pages.borrow_mut();
                pages.pages[page].holders += 1;
                pages.pages[page].locked = true;
                call.done();
            };
            let waits = || {
                if !std::mem::replace(&mut told, true) {
                    call.waits();
                }
            };
            let locked = lock.lock_or_queue(&kernel.tasks, self.me, taken, waits);
            drop(guard);
            if locked == Locked::Taken {
                self.page_locks.push(page);
                return Ok(SUCCESS);
            }
            kernel.tasks.schedule(self.me)?;
        }
    }

    pub(super) fn trylock_page(&mut self, call: Call<'_, F>, name: Ref) -> usize {
        let kernel = call.kernel;
        let _pages = kernel.layout.pages_move.then(|| kernel.all_kmaps().lock());
        let page = match self.usable(name) {
            Ok(page) => page,
            Err(wrong) => return call.skip(FAILURE, wrong),
        };
        let lock = Rc::clone(&kernel.pages.borrow().pages[page].lock);
        let mut branch = FAILURE;
        lock.trylock(|taken| {
            branch = if taken {
                let mut pages = kernel.pages.borrow_mut();
                pages.pages[page].holders += 1;
                pages.pages[page].locked = true;
                call.done()
            } else {
                call.failed()
            };
        });
        if branch == SUCCESS {
            self.page_locks.push(page);
        }
        branch
    }

    pub(super) fn unlock_page(&mut self, call: Call<'_, F>, name: Ref) -> usize {
        let kernel = call.kernel;
        let _pages = kernel.layout.pages_move.then(|| kernel.all_kmaps().lock());
        let held = self
            .undoable(name)
            .and_then(|page| self.page_locks.iter().position(|&held| held == page));
        let Some(i) = held else { return call.misuse() };
        let page = self.page_locks.remove(i);
        let lock = Rc::clone(&kernel.pages.borrow().pages[page].lock);
        lock.unlock(&kernel.tasks, || {
            let mut pages = kernel.pages.borrow_mut();
            pages.pages[page].locked = false;
            pages.drop_holder(page);
            call.done();
        });
        self.forget_if_last(page);
        SUCCESS
    }

    /// A try fails where there is no page, and may fail at any time where the freelist has no bound.
    pub(super) fn alloc_page(
        &mut self,
        call: Call<'_, F>,
        var: Ref,
        is_try: bool,
    ) -> Result<usize, Abandoned> {
        let kernel = call.kernel;
        let mut told = false;
        loop {
            let mut tables = kernel.all_kmaps().lock();
            let mut pages = kernel.pages.borrow_mut();
            let mut candidates: Vec<_> = pages
                .free_candidates(|page| tables.counts(page))
                .into_iter()
                .map(Some)
                .collect();
            let pristine = |id: &Option<usize>| {
                id.is_some_and(|id| {
                    let page = &pages.pages[id];
                    page.highmem
                        && !page.locked
                        && page.unshared_pins == 0
                        && page.holders == 0
                        && tables.counts(id).iter().all(|&count| count == 0)
                })
            };
            if kernel.program.free_pages.is_none() && !candidates.iter().any(pristine) {
                candidates.push(None);
            }
            if candidates.is_empty() && is_try {
                return Ok(call.failed());
            }
            if candidates.is_empty() {
                if !std::mem::replace(&mut told, true) {
                    call.waits();
                }
                pages.waiters.push(self.me);
                kernel.tasks.prepare_to_sleep(self.me);
                drop(pages);
                drop(tables);
                kernel.tasks.schedule(self.me)?;
                continue;
            }
            let may_fail = is_try && kernel.program.free_pages.is_none();
            let answers = candidates.len() + usize::from(may_fail);
            let Some(&chosen) = candidates.get(kernel.choose(self.me, answers)) else {
                return Ok(call.failed());
            };
            let page = chosen.unwrap_or_else(|| {
                tables.add_page();
                pages.add(Page::fresh())
            });
            pages.pages[page].free = false;
            match var {
                Ref::Shared(i) => pages.names[i] = Name::Page(page),
                Ref::Own(i) => self.names[i] = Name::Page(page),
            }
            let counts = tables.counts(page);
            let mapped_in = (0..counts.len())
                .filter(|&series| counts[series] > 0)
                .collect();
            return Ok(call.step(SUCCESS, Effect::Allocated { mapped_in }, Findings::NONE));
        }
    }

    pub(super) fn free_page(&mut self, call: Call<'_, F>, name: Ref) -> usize {
        let kernel = call.kernel;
        let tables = kernel.all_kmaps().lock();
        let page = match self.resolve(name) {
            Name::Page(page) => page,
            Name::Dangling(_) => return call.skip(SUCCESS, FindingKind::DoubleFree),
            Name::Unbound => return call.misuse(),
        };
        let mut pages = kernel.pages.borrow_mut();
        let users = pages.pages[page].unshared_pins > 0
            || tables.counts(page).iter().any(|&count| count > 1);
        let findings = if users {
            Findings::of(FindingKind::FreedWhileMapped)
        } else {
            Findings::NONE
        };
        pages.free(page);
        let remembered = self.holds_page(page).then_some(page);
        freelist::dangle(&mut self.names, page, remembered);
        pages
            .waiters
            .drain(..)
            .for_each(|task| kernel.tasks.wake(task));
        call.step(SUCCESS, Effect::Nothing, findings);
        let lock = Rc::clone(&pages.pages[page].lock);
        drop(pages);
        drop(tables);
        // Whoever waits to map or lock the page finds its name dangling. Only a shared name can
        // have other tasks behind it.
        if matches!(name, Ref::Shared(_)) {
            lock.wake_all(&kernel.tasks);
            kernel.all_kmaps().wake_who_wants(&kernel.tasks, page);
        }
        SUCCESS
    }
}
