//! `alloc_page` and `__free_page` (mm/page_alloc.c), and what the names of pages stand for.
//!
//! Which page comes off the freelist is open: the driver chooses. Freeing a page does not touch its
//! mappings. The names are the checker's, not the kernel's. All of it lies outside loom's sight:
//! where pages are allocated or freed at all, every operation on pages takes the one `kmap_lock`
//! first, so loom orders them by that; where none are, nothing here ever changes but what concerns
//! the caller alone.

use std::rc::Rc;

use kmapcheck_machine::Name;

use crate::page_lock::PageLock;
use crate::pkmap::PageId;
use crate::tasks::TaskId;

/// A page, apart from its mappings.
pub(crate) struct Page {
    pub(crate) free: bool,
    pub(crate) highmem: bool,
    /// Pins that no other kmap can find: in series that reuse nothing, and of low memory.
    pub(crate) unshared_pins: u32,
    /// Maps and page locks of tasks that live.
    pub(crate) holders: u32,
    /// A copy of what `lock` says, to tell free pages apart.
    pub(crate) locked: bool,
    pub(crate) lock: Rc<PageLock>,
}

impl Page {
    pub(crate) fn fresh() -> Self {
        Page {
            free: false,
            highmem: true,
            unshared_pins: 0,
            holders: 0,
            locked: false,
            lock: Rc::new(PageLock::new()),
        }
    }
}

/// The pages and the names that all tasks know.
#[derive(Default)]
pub(crate) struct Pages {
    pub(crate) pages: Vec<Page>,
    pub(crate) names: Vec<Name>,
    /// Tasks that wait for a free page.
    pub(crate) waiters: Vec<TaskId>,
}

impl Pages {
    pub(crate) fn add(&mut self, page: Page) -> PageId {
        self.pages.push(page);
        self.pages.len() - 1
    }

    /// The free pages that differ, in a fixed order; those that somebody still has mapped are not
    /// like any other. `counts` are the mappings of a page.
    pub(crate) fn free_candidates(&self, counts: impl Fn(PageId) -> Vec<u32>) -> Vec<PageId> {
        let key = |id: PageId| {
            let page = &self.pages[id];
            (page.highmem, page.locked, page.unshared_pins, counts(id))
        };
        let mut candidates: Vec<PageId> = Vec::new();
        for id in (0..self.pages.len()).filter(|&id| self.pages[id].free) {
            let alike = |&other: &PageId| self.pages[other].holders == 0 && key(other) == key(id);
            if self.pages[id].holders > 0 || !candidates.iter().any(alike) {
                candidates.push(id);
            }
        }
        candidates
    }

    /// One map or page lock of the page less; shared names that dangle forget it with the last.
    pub(crate) fn drop_holder(&mut self, page: PageId) {
        self.pages[page].holders -= 1;
        if self.pages[page].holders == 0 {
            forget(&mut self.names, page);
        }
    }

    /// Puts a page on the freelist: shared names bound to it dangle. Returns what a dangling name
    /// remembers.
    pub(crate) fn free(&mut self, page: PageId) {
        self.pages[page].free = true;
        let remembered = (self.pages[page].holders > 0).then_some(page);
        dangle(&mut self.names, page, remembered);
    }
}

/// Lets names bound to a freed page dangle.
pub(crate) fn dangle(names: &mut [Name], page: PageId, remembered: Option<PageId>) {
    for name in names.iter_mut().filter(|name| **name == Name::Page(page)) {
        *name = Name::Dangling(remembered);
    }
}

/// Lets dangling names forget a page.
pub(crate) fn forget(names: &mut [Name], page: PageId) {
    for name in names
        .iter_mut()
        .filter(|name| **name == Name::Dangling(Some(page)))
    {
        *name = Name::Dangling(None);
    }
}
