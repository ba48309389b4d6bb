//! The pages by number.
//!
//! Persistent, because a step copies the shared part and changes one page of what may be tens of
//! thousands. Which pages are on the freelist, which are stale, and which numbers are not in use is
//! kept beside, so that an allocation or a flush looks at those alone.

use std::hash::{Hash, Hasher};
use std::ops::Deref;

use kmapcheck_scenario::SeriesId;
use rpds::{RedBlackTreeSetSync, VectorSync};

use crate::state::{Page, PageId};

/// The pages by number; `None` is a number not in use.
#[derive(Debug, Clone, Default)]
pub struct PageTable {
    pages: VectorSync<Option<Page>>,
    /// The numbers of the pages on the freelist.
    free: RedBlackTreeSetSync<PageId>,
    /// The numbers not in use, below the greatest one in use.
    vacant: RedBlackTreeSetSync<PageId>,
    /// The pages that are mapped in a series without users.
    stale: RedBlackTreeSetSync<(SeriesId, PageId)>,
}

impl PageTable {
    /// An empty table.
    #[must_use]
    pub fn new() -> PageTable {
        PageTable::default()
    }

    /// Puts a page behind all others and returns its number.
    pub fn push(&mut self, page: Page) -> PageId {
        let id = self.pages.len();
        self.index(id, &page);
        self.pages.push_back_mut(Some(page));
        id
    }

    /// Gives a page the least number that is not in use, and returns it.
    pub(crate) fn add(&mut self, page: Page) -> PageId {
        let Some(&id) = self.vacant.first() else {
            return self.push(page);
        };
        self.vacant.remove_mut(&id);
        self.index(id, &page);
        self.pages.set_mut(id, Some(page));
        id
    }

    /// How many pages are on the freelist.
    #[must_use]
    pub fn free_count(&self) -> usize {
        self.free.size()
    }

    /// The page that an allocation took which made this table that other one: one of the freelist, or a
    /// fresh one.
    pub(crate) fn taken_by(&self, after: &PageTable) -> PageId {
        let taken = |id: &PageId| !after.free.contains(id);
        let fresh = || self.vacant.first().copied().unwrap_or(self.pages.len());
        self.free.iter().copied().find(taken).unwrap_or_else(fresh)
    }

    fn index(&mut self, id: PageId, page: &Page) {
        if page.free {
            self.free.insert_mut(id);
        }
        for series in page.stale_in() {
            self.stale.insert_mut((series, id));
        }
    }

    /// The page of that number, to change anything but whether it is free and where it is mapped.
    pub(crate) fn get_mut(&mut self, id: PageId) -> Option<&mut Page> {
        self.pages.get_mut(id)?.as_mut()
    }

    /// Puts a page on the freelist, or takes it off.
    pub(crate) fn set_free(&mut self, id: PageId, free: bool) {
        if let Some(page) = self.get_mut(id) {
            page.free = free;
            if free {
                self.free.insert_mut(id);
            } else {
                self.free.remove_mut(&id);
            }
        }
    }

    /// Changes how a page is mapped in a series: see [`Page::count`].
    pub(crate) fn set_count(&mut self, id: PageId, series: SeriesId, count: u32) {
        if let Some(page) = self.get_mut(id) {
            let before = std::mem::replace(&mut page.count[series], count);
            if count == 1 {
                self.stale.insert_mut((series, id));
            } else if before == 1 {
                self.stale.remove_mut(&(series, id));
            }
        }
    }

    /// Forgets a page: its number is not in use any more.
    pub(crate) fn remove(&mut self, id: PageId) {
        let page = self.pages.get_mut(id).and_then(Option::take);
        for series in page.iter().flat_map(Page::stale_in) {
            self.stale.remove_mut(&(series, id));
        }
        self.free.remove_mut(&id);
        self.vacant.insert_mut(id);
        while let Some(None) = self.pages.last() {
            self.pages.drop_last_mut();
            self.vacant.remove_mut(&self.pages.len());
        }
    }

    /// The pages on the freelist, by number.
    pub fn free(&self) -> impl Iterator<Item = (PageId, &Page)> {
        let pages = (self.free.iter()).map(|&id| (id, self.pages[id].as_ref()));
        pages.filter_map(|(id, page)| Some((id, page?)))
    }

    /// The pages that are mapped in a series without users, by number.
    pub fn stale(&self, series: SeriesId) -> impl Iterator<Item = PageId> {
        let pages = self.stale.range((series, 0)..(series + 1, 0));
        pages.map(|&(_, id)| id)
    }
}

impl Deref for PageTable {
    type Target = VectorSync<Option<Page>>;

    fn deref(&self) -> &Self::Target {
        &self.pages
    }
}

impl PartialEq for PageTable {
    fn eq(&self, other: &Self) -> bool {
        self.pages == other.pages
    }
}

impl Eq for PageTable {}

impl Hash for PageTable {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.pages.hash(state);
    }
}

impl Extend<Page> for PageTable {
    fn extend<T: IntoIterator<Item = Page>>(&mut self, pages: T) {
        for page in pages {
            self.push(page);
        }
    }
}

impl FromIterator<Page> for PageTable {
    fn from_iter<T: IntoIterator<Item = Page>>(pages: T) -> Self {
        let mut table = PageTable::new();
        table.extend(pages);
        table
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(free: bool) -> Page {
        Page {
            free,
            ..Page::fresh(1)
        }
    }

    fn free(table: &PageTable) -> Vec<PageId> {
        table.free().map(|(id, _)| id).collect()
    }

    #[test]
    fn numbers_are_used_again_from_the_least() {
        let mut table: PageTable = [page(false), page(true), page(false), page(true)]
            .into_iter()
            .collect();
        assert_eq!(free(&table), [1, 3]);
        table.remove(1);
        table.remove(0);
        assert_eq!(free(&table), [3]);
        assert_eq!(table.add(page(true)), 0);
        assert_eq!(table.add(page(false)), 1);
        assert_eq!(table.add(page(false)), 4);
        assert_eq!(free(&table), [0, 3]);
        table.set_free(3, false);
        table.set_free(2, true);
        assert_eq!(free(&table), [0, 2]);
    }

    #[test]
    fn stale_pages_are_found_by_their_series() {
        let mut table: PageTable = (0..3).map(|_| Page::fresh(2)).collect();
        table.set_count(0, 1, 1);
        table.set_count(2, 0, 1);
        table.set_count(2, 1, 1);
        let stale = |table: &PageTable, series| table.stale(series).collect::<Vec<_>>();
        assert_eq!(stale(&table, 0), [2]);
        assert_eq!(stale(&table, 1), [0, 2]);
        table.set_count(0, 1, 2);
        assert_eq!(stale(&table, 1), [2]);
        let page = table[2].clone().expect("there is such a page");
        table.remove(2);
        assert!(stale(&table, 1).is_empty());
        table.push(page);
        assert_eq!(stale(&table, 1), [2]);
    }

    #[test]
    fn the_table_ends_with_a_page() {
        let mut table: PageTable = [page(false), page(false), page(false)]
            .into_iter()
            .collect();
        table.remove(1);
        table.remove(2);
        assert_eq!(table.len(), 1);
        assert_eq!(table.add(page(false)), 1);
        assert_eq!(table.add(page(false)), 2);
    }
}
