//! One task with the pages that only it knows: what a claim about every number of tasks looks at.
//!
//! Page numbers below the number of the program's shared pages are those pages; from there on they
//! number the task's own, in the order in which it first refers to them. So two tasks that differ only
//! in which pages they have are in the same local state. Of a shared page a local state knows only
//! what the task itself has of it.

use std::collections::BTreeMap;

use kmapcheck_limits::ask;
use kmapcheck_machine::{Map, Mode, Page, PageId, Shared, Task};
use kmapcheck_scenario::{Op, Program, Ref, SeriesId};

/// A local state.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Local {
    /// The task.
    pub task: Task,
    /// Its own pages with all that maps them.
    pub pages: Vec<Page>,
}

/// Something that a task holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Thing {
    /// A slot of a series that nobody else can be using too.
    Slot(SeriesId),
    /// A slot of a series through which it has a shared page mapped, which others may be using too.
    SharedSlot(SeriesId),
    /// A lock or unit, in that mode.
    Held(Ref, Mode),
    /// A place among the writers that a fair rwsem has waiting.
    Queued(Ref),
    /// The lock of a shared page.
    PageLock(PageId),
    /// A CPU.
    Cpu,
}

impl Thing {
    /// Whether it is the task's own, so that nobody else can wait for it.
    pub(crate) fn is_its_own(self) -> bool {
        matches!(
            self,
            Thing::Held(Ref::Own(_), _) | Thing::Queued(Ref::Own(_))
        )
    }
}

impl Local {
    /// The local state of a task whose page numbers index the table of `shared`, the first of them
    /// being the program's shared pages.
    #[must_use]
    pub fn of(program: &Program, task: &Task, shared: &Shared) -> Local {
        let common = program.pages.len();
        let mut own: Vec<PageId> = Vec::new();
        task.for_each_page(|page| {
            if page >= common && !own.contains(&page) {
                own.push(page);
            }
        });
        let number = |page: PageId| {
            let position = own.iter().position(|&other| other == page);
            position.map_or(page, |position| common + position)
        };
        Local {
            task: task.with_pages(number),
            pages: own.iter().map(|&page| shared.page(page).clone()).collect(),
        }
    }

    /// The operation that it is about to carry out.
    #[must_use]
    pub fn op(&self, program: &Program) -> Option<Op> {
        let at = self.task.at?;
        Some(program.templates[self.task.template].nodes[at].op)
    }

    /// What it asks for next: that operation; in a select, the first one of each branch.
    #[must_use]
    pub fn asks(&self, program: &Program) -> Vec<Op> {
        let template = &program.templates[self.task.template];
        let calls = self.task.at.into_iter().flat_map(|at| template.calls(at));
        calls.map(|node| template.nodes[node].op).collect()
    }

    /// What others' flush of a series makes of it: its stale mappings there are gone. `None`: it has
    /// none.
    #[must_use]
    pub fn flushed(&self, series: SeriesId) -> Option<Local> {
        let mut flushed = self.clone();
        for page in &mut flushed.pages {
            if page.count[series] == 1 {
                page.count[series] = 0;
            }
        }
        (flushed != *self).then_some(flushed)
    }

    /// How often it pins a shared page through a mapping that others find, in each series; and how
    /// often through one that nobody finds, low memory included.
    pub(crate) fn pins_of_shared(&self, program: &Program, page: PageId) -> (Vec<u32>, u32) {
        let (mut found, mut alone) = (vec![0; program.series.len()], 0);
        for map in &self.task.maps {
            match *map {
                Map::Pin { page: of, lies, .. } if of == page => {
                    if program.series[lies].reuse.keeps_mappings() {
                        found[lies] += 1;
                    } else {
                        alone += 1;
                    }
                }
                Map::Low { page: of } if of == page => alone += 1,
                _ => {}
            }
        }
        (found, alone)
    }

    /// The slots of a series that it has in use with nobody's help; those of them through which it
    /// has shared pages mapped; and those with stale mappings of its own pages.
    pub(crate) fn slots(&self, program: &Program, series: SeriesId) -> Slots {
        let mut slots = Slots::default();
        if program.series[series].reuse.keeps_mappings() {
            for page in &self.pages {
                match page.count[series] {
                    0 => {}
                    1 => slots.stale += 1,
                    _ => slots.own += 1,
                }
            }
            for page in 0..program.pages.len() {
                ask();
                slots.shared += u32::from(self.pins_of_shared(program, page).0[series] > 0);
            }
        } else {
            // Each kmap has taken a slot of its own.
            for map in &self.task.maps {
                slots.own += u32::from(matches!(map, Map::Pin { lies, .. } if *lies == series));
            }
        }
        slots
    }

    /// All that it holds, and how much of it.
    #[must_use]
    pub fn holds(&self, program: &Program) -> BTreeMap<Thing, u32> {
        let mut holds = BTreeMap::new();
        for series in 0..program.series.len() {
            let slots = self.slots(program, series);
            holds.insert(Thing::Slot(series), slots.own);
            holds.insert(Thing::SharedSlot(series), slots.shared);
        }
        for held in &self.task.held {
            holds.insert(Thing::Held(held.what, held.mode), held.n);
        }
        if let (Some(Op::DownWrite { lock }), Some(_)) = (self.op(program), self.task.queued) {
            holds.insert(Thing::Queued(lock), 1);
        }
        for &page in &self.task.page_locks {
            if page < program.pages.len() {
                holds.insert(Thing::PageLock(page), 1);
            }
        }
        holds.insert(Thing::Cpu, u32::from(self.task.on_cpu));
        holds.retain(|_, n| *n > 0);
        holds
    }
}

/// Slots that one task occupies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Slots {
    /// In use, by nobody else.
    pub own: u32,
    /// In use, perhaps by others too.
    pub shared: u32,
    /// Stale.
    pub stale: u32,
}
