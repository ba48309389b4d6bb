//! Page locks and the freelist.

use kmapcheck_scenario::{FindingKind, Ref};

use super::{Call, Done, dangle, resolve};
use crate::Effect;
use crate::state::{Name, Page, PageId};

impl Call<'_> {
    pub(super) fn lock_page(self, name: Ref, is_try: bool) -> Vec<Done> {
        let page = match self.usable(name, is_try) {
            Ok(page) => page,
            Err(skipped) => return skipped,
        };
        if self.shared.page(page).locked {
            return self.refused(is_try);
        }
        let mut done = self.done(Effect::Nothing);
        done.shared.page_mut(page).locked = true;
        done.shared.page_mut(page).holders += 1;
        done.task.page_locks.push(page);
        vec![done]
    }

    pub(super) fn unlock_page(self, name: Ref) -> Vec<Done> {
        let held = self.undoable(name).and_then(|page| {
            self.task
                .page_locks
                .iter()
                .position(|&locked| locked == page)
        });
        let Some(i) = held else { return self.misuse() };
        let mut done = self.done(Effect::Nothing);
        let page = done.task.page_locks.remove(i);
        done.shared.page_mut(page).locked = false;
        done.release_page(page);
        vec![done]
    }

    /// Takes any free page, told apart by the mappings it kept; and, where the freelist has no
    /// bound, a fresh one.
    pub(super) fn alloc_page(self, var: Ref) -> Vec<Done> {
        let mut candidates: Vec<(Option<PageId>, &Page)> = Vec::new();
        for (id, page) in self.shared.pages.free() {
            // A page that somebody still has mapped is not like any other.
            let seen = candidates
                .iter()
                .any(|(_, other)| page.holders == 0 && *other == page);
            if !seen {
                candidates.push((Some(id), page));
            }
        }
        let fresh = Page {
            free: true,
            ..Page::fresh(self.program.series.len())
        };
        if self.program.free_pages.is_none() && !candidates.iter().any(|(_, page)| **page == fresh)
        {
            candidates.push((None, &fresh));
        }
        candidates
            .into_iter()
            .map(|(id, page)| {
                let mapped_in = (0..page.count.len())
                    .filter(|&series| page.count[series] > 0)
                    .collect();
                let mut done = self.done(Effect::Allocated { mapped_in });
                let id = id.unwrap_or_else(|| done.shared.pages.add(page.clone()));
                done.shared.pages.set_free(id, false);
                match var {
                    Ref::Shared(i) => done.shared.names[i] = Name::Page(id),
                    Ref::Own(i) => done.task.names[i] = Name::Page(id),
                }
                done
            })
            .collect()
    }

    /// The same without waiting: it fails where there is no page, and where the freelist has no bound
    /// it may fail at any time.
    pub(super) fn try_alloc_page(self, var: Ref) -> Vec<Done> {
        let mut ways = self.alloc_page(var);
        if ways.is_empty() || self.program.free_pages.is_none() {
            ways.push(self.failed());
        }
        ways
    }

    /// Puts a page on the freelist, with whatever maps it.
    pub(super) fn free_page(self, name: Ref) -> Vec<Done> {
        let page = match resolve(self.task, self.shared, name) {
            Name::Page(page) => page,
            Name::Dangling(_) => return self.skipped(FindingKind::DoubleFree),
            Name::Unbound => return self.misuse(),
        };
        let mut done = self.done(Effect::Nothing);
        if self.shared.page(page).has_users() {
            done.findings.insert(FindingKind::FreedWhileMapped);
        }
        done.shared.pages.set_free(page, true);
        let remembered = (done.shared.page(page).holders > 0).then_some(page);
        for name in &mut done.shared.names {
            if *name == Name::Page(page) {
                *name = Name::Dangling(remembered);
            }
        }
        dangle(&mut done.task, page);
        done.broadcast.freed = Some(page);
        vec![done]
    }
}
