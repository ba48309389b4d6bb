//! States: tasks, pages, slots, locks.
//!
//! A [`State`] names everything: each task and each page is told apart. A task sees the rest of
//! the world only through [`Shared`], so a step is a function of one [`Task`] and the [`Shared`]
//! part; what it does to other tasks (a flush, a name that comes to dangle) is a
//! [`Broadcast`](crate::Broadcast).

mod forget;

pub use self::forget::is_forgettable;

use kmapcheck_scenario::{AtomicTypeId, NodeId, Ref, ResourceKind, SeriesId, TemplateId};
use smallvec::SmallVec;

use crate::page_table::PageTable;

/// Index of a page in [`Shared::pages`].
pub type PageId = usize;
/// Index of a task in [`State::tasks`].
pub type TaskId = usize;

/// Everything there is at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct State {
    /// What tasks meet in.
    pub shared: Shared,
    /// The task instances, template by template.
    pub tasks: Vec<Task>,
}

/// One task instance.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Task {
    /// The program it runs.
    pub template: TemplateId,
    /// The next step; `None`: it has ended.
    pub at: Option<NodeId>,
    /// Its page names, as [`Template::vars`](kmapcheck_scenario::Template::vars).
    pub names: Vec<Name>,
    /// Its own locks, mempools and completions.
    pub resources: Vec<ResourceState>,
    /// Its maps, in the order taken.
    pub maps: Vec<Map>,
    /// The locks and owned units it holds, sorted.
    pub held: Vec<Held>,
    /// The pages it has locked, in the order taken.
    pub page_locks: Vec<PageId>,
    /// Its place in the queue of the fair lock that it waits at: how many queue before it. Writers of
    /// a fair rwsem hold readers back and do not queue behind one another: each has place 0.
    pub queued: Option<u32>,
    /// Whether it occupies a CPU (always false if CPUs are not modelled).
    pub on_cpu: bool,
}

/// What a page name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Name {
    /// No page was ever allocated into it on this path.
    Unbound,
    /// A page.
    Page(PageId),
    /// The page was freed. It is remembered only as long as a map or page lock taken before is
    /// still there to be undone.
    Dangling(Option<PageId>),
}

/// A page that a task has mapped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Map {
    /// A kmap slot.
    Pin {
        /// The page.
        page: PageId,
        /// The series asked for.
        asked: SeriesId,
        /// The series in which the mapping lies.
        lies: SeriesId,
    },
    /// kmap of a low-memory page: no slot.
    Low {
        /// The page.
        page: PageId,
    },
    /// `kmap_atomic`; low memory takes no type.
    Atomic {
        /// The page.
        page: PageId,
        /// The type, unless the page is low memory.
        kind: Option<AtomicTypeId>,
    },
    /// `kmap_local`.
    Local {
        /// The page.
        page: PageId,
    },
}

impl Name {
    /// The same name with another page number, if it stands for a page.
    #[must_use]
    pub fn with_page(self, to: impl FnOnce(PageId) -> PageId) -> Name {
        match self {
            Name::Page(page) => Name::Page(to(page)),
            Name::Dangling(Some(page)) => Name::Dangling(Some(to(page))),
            other => other,
        }
    }
}

impl Map {
    /// The page mapped.
    #[must_use]
    pub fn page(self) -> PageId {
        match self {
            Map::Pin { page, .. }
            | Map::Low { page }
            | Map::Atomic { page, .. }
            | Map::Local { page } => page,
        }
    }

    /// The same map of another page number.
    #[must_use]
    pub fn with_page(self, page: PageId) -> Map {
        match self {
            Map::Pin { asked, lies, .. } => Map::Pin { page, asked, lies },
            Map::Low { .. } => Map::Low { page },
            Map::Atomic { kind, .. } => Map::Atomic { page, kind },
            Map::Local { .. } => Map::Local { page },
        }
    }

    /// Whether it came from kmap.
    #[must_use]
    pub fn is_pin(self) -> bool {
        matches!(self, Map::Pin { .. } | Map::Low { .. })
    }
}

/// A lock or units that a task holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Held {
    /// The lock or pool.
    pub what: Ref,
    /// In which way.
    pub mode: Mode,
    /// How often (recursive readers) or how many units.
    pub n: u32,
}

/// In which way a lock is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Mode {
    /// A spinlock.
    Spin,
    /// An rwsem, reading.
    Read,
    /// An rwsem, writing.
    Write,
    /// Units of a semaphore or elements of a mempool.
    Units,
}

/// What tasks meet in.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Shared {
    /// The slots of each series.
    pub usage: Vec<Usage>,
    /// The scenario's locks, mempools and completions.
    pub resources: Vec<ResourceState>,
    /// The page names that all tasks know, as [`Program::pages`](kmapcheck_scenario::Program::pages).
    pub names: Vec<Name>,
    /// The pages.
    pub pages: PageTable,
    /// How many tasks occupy a CPU.
    pub busy_cpus: u32,
}

/// The slots of one series that are not free.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Usage {
    /// Slots with users, leaked ones included.
    pub in_use: u32,
    /// Slots with a stale mapping.
    pub stale: u32,
}

/// The state of a lock, mempool or completion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ResourceState {
    /// A spinlock.
    Spinlock {
        /// Whether somebody has it.
        taken: bool,
    },
    /// A reader-writer semaphore.
    Rwsem {
        /// How often it is held for reading.
        readers: u32,
        /// Whether it is held for writing.
        writer: bool,
        /// Writers that have announced themselves (fair ones only).
        queued: u32,
    },
    /// A semaphore or mempool.
    Units {
        /// Units left.
        free: u32,
        /// Tasks in the queue (fair ones only).
        queued: u32,
    },
    /// A completion.
    Completion {
        /// How often it was completed and not yet waited for.
        done: u32,
    },
}

impl ResourceState {
    /// The state at the start.
    #[must_use]
    pub fn initial(kind: ResourceKind) -> Self {
        match kind {
            ResourceKind::Spinlock => ResourceState::Spinlock { taken: false },
            ResourceKind::Rwsem { .. } => ResourceState::Rwsem {
                readers: 0,
                writer: false,
                queued: 0,
            },
            ResourceKind::Semaphore { .. } | ResourceKind::Mempool { .. } => ResourceState::Units {
                free: kind.units_at_start().expect("it has units"),
                queued: 0,
            },
            ResourceKind::Completion => ResourceState::Completion { done: 0 },
        }
    }
}

/// A page.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Page {
    /// Whether it is on the freelist.
    pub free: bool,
    /// Whether mapping it takes a slot.
    pub highmem: bool,
    /// Whether somebody holds its lock.
    pub locked: bool,
    /// Its mapping in each series that keeps mappings, counted as the kernel's `pkmap_count`:
    /// 0 = none, 1 = stale, n + 1 = n users. Always 0 in series that reuse nothing.
    pub count: SmallVec<[u32; 4]>,
    /// Pins that no other kmap can find: those in series that reuse nothing, and of low memory.
    pub unshared_pins: u32,
    /// Maps and page locks of tasks that live.
    pub holders: u32,
}

impl Page {
    /// A page fresh from the allocator: allocated, in high memory, unmapped.
    #[must_use]
    pub fn fresh(series: usize) -> Page {
        Page {
            free: false,
            highmem: true,
            locked: false,
            count: SmallVec::from_elem(0, series),
            unshared_pins: 0,
            holders: 0,
        }
    }

    /// Whether a kmap user is left, of any kind and dead or alive.
    #[must_use]
    pub fn has_users(&self) -> bool {
        self.unshared_pins > 0 || self.count.iter().any(|&count| count > 1)
    }

    /// The series in which it is mapped without users.
    pub(crate) fn stale_in(&self) -> impl Iterator<Item = SeriesId> {
        (0..self.count.len()).filter(|&series| self.count[series] == 1)
    }

    /// Whether nothing tells it apart from a page that was never used.
    #[must_use]
    pub(crate) fn is_pristine(&self) -> bool {
        self.highmem
            && !self.locked
            && self.unshared_pins == 0
            && self.holders == 0
            && self.count.iter().all(|&count| count == 0)
    }
}

impl Task {
    /// Whether it may not sleep: it holds a spinlock or an atomic map.
    #[must_use]
    pub fn is_atomic(&self) -> bool {
        self.held.iter().any(|held| held.mode == Mode::Spin)
            || self
                .maps
                .iter()
                .any(|map| matches!(map, Map::Atomic { .. }))
    }

    /// Whether a map or page lock of `page` is still to be undone.
    #[must_use]
    pub fn holds_page(&self, page: PageId) -> bool {
        self.maps.iter().any(|map| map.page() == page) || self.page_locks.contains(&page)
    }

    /// Whether it has a pin lying in `series`.
    #[must_use]
    pub fn pins_in(&self, series: SeriesId) -> bool {
        self.maps
            .iter()
            .any(|map| matches!(map, Map::Pin { lies, .. } if *lies == series))
    }

    /// How many units, or how often, it holds `what` in `mode`.
    #[must_use]
    pub fn holds(&self, what: Ref, mode: Mode) -> u32 {
        self.held
            .iter()
            .find(|held| held.what == what && held.mode == mode)
            // What is not in the list is not held.
            .map_or(0, |held| held.n)
    }

    /// Takes `n` more of `what` into the list of what is held.
    pub(crate) fn hold(&mut self, what: Ref, mode: Mode, n: u32) {
        match self
            .held
            .iter_mut()
            .find(|held| held.what == what && held.mode == mode)
        {
            Some(held) => held.n += n,
            None => {
                self.held.push(Held { what, mode, n });
                self.held.sort_unstable();
            }
        }
    }

    /// Drops `n` of `what`; false, and nothing done, if so many are not held.
    pub(crate) fn let_go(&mut self, what: Ref, mode: Mode, n: u32) -> bool {
        let Some(i) = self
            .held
            .iter()
            .position(|held| held.what == what && held.mode == mode && held.n >= n)
        else {
            return false;
        };
        self.held[i].n -= n;
        if self.held[i].n == 0 {
            self.held.remove(i);
        }
        true
    }

    /// Bytes that the task takes, with what it refers to.
    #[must_use]
    pub fn memory(&self) -> usize {
        size_of::<Task>()
            + size_of_val(&*self.names)
            + size_of_val(&*self.resources)
            + size_of_val(&*self.maps)
            + size_of_val(&*self.held)
            + size_of_val(&*self.page_locks)
    }

    /// Whether a name, map or page lock of the task refers to `page`.
    #[must_use]
    pub fn refers_to(&self, page: PageId) -> bool {
        self.names
            .iter()
            .any(|&name| matches!(name, Name::Page(p) | Name::Dangling(Some(p)) if p == page))
            || self.holds_page(page)
    }

    /// The same task with other page numbers; `to` sees them in the order of
    /// [`Task::for_each_page`].
    #[must_use]
    pub fn with_pages(&self, mut to: impl FnMut(PageId) -> PageId) -> Task {
        Task {
            names: (self.names.iter())
                .map(|name| name.with_page(&mut to))
                .collect(),
            maps: (self.maps.iter())
                .map(|map| map.with_page(to(map.page())))
                .collect(),
            page_locks: self.page_locks.iter().map(|&page| to(page)).collect(),
            ..self.clone()
        }
    }

    /// Calls `visit` for every page number the task refers to, names first.
    pub fn for_each_page(&self, mut visit: impl FnMut(PageId)) {
        for name in &self.names {
            if let Name::Page(page) | Name::Dangling(Some(page)) = name {
                visit(*page);
            }
        }
        self.maps.iter().for_each(|map| visit(map.page()));
        self.page_locks.iter().for_each(|&page| visit(page));
    }
}

impl Shared {
    /// The page of that number.
    ///
    /// # Panics
    ///
    /// If the number is not in use, which no name or map of a valid state refers to.
    #[must_use]
    pub fn page(&self, page: PageId) -> &Page {
        self.pages[page]
            .as_ref()
            .expect("a page that is referred to exists")
    }

    pub(crate) fn page_mut(&mut self, page: PageId) -> &mut Page {
        self.pages
            .get_mut(page)
            .expect("a page that is referred to exists")
    }
}

impl State {
    /// Bytes that the state takes, roughly: what it refers to included, shared parts counted as if
    /// they were its own.
    #[must_use]
    pub fn memory(&self) -> usize {
        let shared = &self.shared;
        size_of::<State>()
            + self.tasks.iter().map(Task::memory).sum::<usize>()
            + shared.pages.len() * size_of::<Option<Page>>()
            + size_of_val(&*shared.usage)
            + size_of_val(&*shared.resources)
            + size_of_val(&*shared.names)
    }

    /// Whether every task has ended.
    #[must_use]
    pub fn all_ended(&self) -> bool {
        self.tasks.iter().all(|task| task.at.is_none())
    }
}
