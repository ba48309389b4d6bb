//! One local state.

use kmapcheck_limits::ask;
use kmapcheck_machine::{Map, Page, PageId, Shared, State, Task};
use kmapcheck_scenario::Program;
use rustc_hash::FxHashMap;

use crate::closure::to_u32;

/// A task with the pages that only it knows.
///
/// Page numbers below the number of the program's shared pages are those pages; from there on they
/// index `pages`, in the order in which the task first refers to them, which makes the form unique.
/// Of a shared page a local state knows only what the task itself has of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LocalState {
    /// The task.
    pub task: Task,
    /// Its own pages with all that maps them.
    pub pages: Vec<Page>,
}

impl LocalState {
    /// The local state of a task whose page numbers index the table of `shared`.
    ///
    /// The first pages of the table must be the program's shared ones.
    #[must_use]
    pub fn of(program: &Program, task: &Task, shared: &Shared) -> LocalState {
        let common = program.pages.len();
        let mut own: Vec<PageId> = Vec::new();
        let mut numbers: FxHashMap<PageId, PageId> = FxHashMap::default();
        task.for_each_page(|page| {
            ask();
            if page >= common && !numbers.contains_key(&page) {
                numbers.insert(page, common + own.len());
                own.push(page);
            }
        });
        let number = |page: PageId| numbers.get(&page).copied().unwrap_or(page);
        LocalState {
            task: task.with_pages(number),
            pages: own.iter().map(|&page| shared.page(page).clone()).collect(),
        }
    }

    /// The local states of all tasks of a state whose first pages are the program's shared ones.
    #[must_use]
    pub fn all_of(program: &Program, state: &State) -> Vec<LocalState> {
        let local = |task| LocalState::of(program, task, &state.shared);
        state.tasks.iter().map(local).collect()
    }

    /// The local state after others have flushed `series`, or `None` if that changes nothing.
    #[must_use]
    pub fn after_flush(&self, series: usize) -> Option<LocalState> {
        if self.pages.iter().all(|page| page.count[series] != 1) {
            return None;
        }
        let mut flushed = self.clone();
        for page in flushed.pages.iter_mut().filter(|p| p.count[series] == 1) {
            page.count[series] = 0;
        }
        Some(flushed)
    }

    /// How often the task pins shared page `page`: through a mapping in each series, and beside.
    pub(crate) fn pins_of_shared(&self, program: &Program, page: PageId) -> (Vec<u32>, u32) {
        let mut found = vec![0; program.series.len()];
        let mut unshared = 0;
        for map in self.task.maps.iter().filter(|map| map.page() == page) {
            match *map {
                Map::Pin { lies, .. } if program.series[lies].reuse.keeps_mappings() => {
                    found[lies] += 1;
                }
                Map::Pin { .. } | Map::Low { .. } => unshared += 1,
                Map::Atomic { .. } | Map::Local { .. } => {}
            }
        }
        (found, unshared)
    }

    /// The slots of each series that the task occupies by itself: with users, and stale.
    #[must_use]
    pub fn own_usage(&self, program: &Program) -> Vec<(u32, u32)> {
        let mut usage = vec![(0, 0); program.series.len()];
        for page in &self.pages {
            for (&count, usage) in page.count.iter().zip(&mut usage) {
                usage.0 += u32::from(count > 1);
                usage.1 += u32::from(count == 1);
            }
        }
        for (series, usage) in usage.iter_mut().enumerate() {
            if !program.series[series].reuse.keeps_mappings() {
                let lies_here =
                    |map: &&Map| matches!(map, Map::Pin { lies, .. } if *lies == series);
                usage.0 += to_u32(self.task.maps.iter().filter(lies_here).count());
            }
        }
        for page in 0..program.pages.len() {
            ask();
            let (found, _) = self.pins_of_shared(program, page);
            for (pins, usage) in found.into_iter().zip(&mut usage) {
                usage.0 += u32::from(pins > 0);
            }
        }
        usage
    }
}
