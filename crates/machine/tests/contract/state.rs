//! The state of the contract: who has what, and nothing that could be worked out from that. Nothing is
//! counted, shared or forgotten: a task that has ended keeps what it took for ever, and a page that
//! nobody can name any more stays in the list.

use std::collections::{BTreeMap, BTreeSet};

use kmapcheck_scenario::{Bound, Op, PageDecl, Program, Ref, ResourceKind, Reuse, StaleIn};

/// What a page name stands for. A name that dangles remembers its page for some time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Name {
    Unbound,
    Bound(usize),
    Dangling(Option<usize>),
}

/// A map that a task has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Map {
    Pin {
        page: usize,
        asked: usize,
        lies: usize,
    },
    Low {
        page: usize,
    },
    Atomic {
        page: usize,
        kind: Option<usize>,
    },
    Local {
        page: usize,
    },
}

impl Map {
    pub fn page(self) -> usize {
        let (Map::Pin { page, .. }
        | Map::Low { page }
        | Map::Atomic { page, .. }
        | Map::Local { page }) = self;
        page
    }

    /// Whether kmap made it.
    pub fn is_pin(self) -> bool {
        matches!(self, Map::Pin { .. } | Map::Low { .. })
    }
}

/// In which way a lock is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    Spin,
    Read,
    Write,
    Unit,
}

/// A lock, pool or completion: of all tasks, or that of one task.
pub type Thing = (Option<usize>, usize);

#[derive(Debug, Clone)]
pub struct Task {
    pub template: usize,
    /// `None`: it has ended.
    pub at: Option<usize>,
    pub names: Vec<Name>,
    pub maps: Vec<Map>,
    /// One entry for each time, and for each unit.
    pub held: Vec<(Ref, Way)>,
    pub page_locks: Vec<usize>,
    pub on_cpu: bool,
}

#[derive(Debug, Clone)]
pub struct Page {
    pub free: bool,
    pub highmem: bool,
}

#[derive(Clone)]
pub struct World<'a> {
    pub program: &'a Program,
    pub tasks: Vec<Task>,
    pub pages: Vec<Page>,
    /// The pages that are mapped in each series that keeps mappings, with users or without.
    pub mapped: Vec<BTreeSet<usize>>,
    /// The names that all tasks know.
    pub names: Vec<Name>,
    /// Units that nobody owns and that are there, and completions that were not waited for.
    pub there: BTreeMap<Thing, u32>,
    /// Who waits at a fair lock, in the order in which they came.
    pub queues: BTreeMap<Thing, Vec<usize>>,
}

pub fn instances(count: Bound) -> usize {
    match count {
        Bound::Exactly(n) => n as usize,
        Bound::Any => panic!("only programs with given numbers are run"),
    }
}

pub fn number(few: usize) -> u32 {
    u32::try_from(few).expect("few")
}

impl<'a> World<'a> {
    /// The initial state in which the open pages are mapped where `stale` says, page by page.
    pub fn new(program: &'a Program, stale: &[Vec<usize>]) -> World<'a> {
        let mut world = World {
            program,
            tasks: Vec::new(),
            pages: Vec::new(),
            mapped: vec![BTreeSet::new(); program.series.len()],
            names: Vec::new(),
            there: BTreeMap::new(),
            queues: BTreeMap::new(),
        };
        let mut stale = stale.iter();
        for page in &program.pages {
            let name = world.declare(page, &mut stale);
            world.names.push(name);
        }
        for (index, resource) in program.resources.iter().enumerate() {
            world.supply((None, index), resource.kind);
        }
        for (id, template) in program.templates.iter().enumerate() {
            for _ in 0..instances(template.count) {
                let mut names = Vec::new();
                for variable in &template.vars {
                    names.push(match &variable.page {
                        Some(page) => world.declare(page, &mut stale),
                        None => Name::Unbound,
                    });
                }
                for (index, resource) in template.resources.iter().enumerate() {
                    world.supply((Some(world.tasks.len()), index), resource.kind);
                }
                world.tasks.push(Task {
                    template: id,
                    at: template.entry.node,
                    names,
                    maps: Vec::new(),
                    held: Vec::new(),
                    page_locks: Vec::new(),
                    on_cpu: false,
                });
            }
        }
        assert_eq!(stale.next(), None, "a set for each open page");
        for _ in 0..program.free_pages.into_iter().sum() {
            world.pages.push(Page {
                free: true,
                highmem: true,
            });
        }
        world
    }

    fn declare<'s>(
        &mut self,
        page: &PageDecl,
        open: &mut impl Iterator<Item = &'s Vec<usize>>,
    ) -> Name {
        let id = self.pages.len();
        self.pages.push(Page {
            free: false,
            highmem: page.highmem,
        });
        let stale = match &page.stale_in {
            StaleIn::Exactly(series) => series,
            StaleIn::Any => open.next().expect("a set for each open page"),
        };
        for &series in stale {
            self.mapped[series].insert(id);
        }
        Name::Bound(id)
    }

    fn supply(&mut self, thing: Thing, kind: ResourceKind) {
        let (units, owned, available) = match kind {
            ResourceKind::Semaphore {
                units,
                owned,
                available,
                ..
            }
            | ResourceKind::Mempool {
                units,
                owned,
                available,
            } => (units, owned, available),
            ResourceKind::Completion => (0, false, None),
            ResourceKind::Spinlock | ResourceKind::Rwsem { .. } => return,
        };
        if !owned {
            self.there.insert(thing, available.unwrap_or(units));
        }
    }

    pub fn living(&self) -> impl Iterator<Item = (usize, &Task)> {
        let tasks = self.tasks.iter().enumerate();
        tasks.filter(|(_, task)| task.at.is_some())
    }

    pub fn op(&self, task: usize, at: usize) -> Op {
        self.program.templates[self.tasks[task].template].nodes[at].op
    }

    pub fn name(&self, task: usize, name: Ref) -> Name {
        match name {
            Ref::Shared(i) => self.names[i],
            Ref::Own(i) => self.tasks[task].names[i],
        }
    }

    pub fn set_name(&mut self, task: usize, name: Ref, to: Name) {
        match name {
            Ref::Shared(i) => self.names[i] = to,
            Ref::Own(i) => self.tasks[task].names[i] = to,
        }
    }

    pub fn thing(task: usize, what: Ref) -> Thing {
        match what {
            Ref::Shared(i) => (None, i),
            Ref::Own(i) => (Some(task), i),
        }
    }

    pub fn kind(&self, (owner, index): Thing) -> ResourceKind {
        match owner {
            None => self.program.resources[index].kind,
            Some(task) => self.program.templates[self.tasks[task].template].resources[index].kind,
        }
    }

    /// How often all tasks, those that have ended among them, hold a thing in that way.
    pub fn times_held(&self, thing: Thing, way: Way) -> u32 {
        let tasks = self.tasks.iter().enumerate();
        let held = tasks.flat_map(|(id, task)| task.held.iter().map(move |held| (id, *held)));
        let same = held.filter(|&(id, (what, how))| World::thing(id, what) == thing && how == way);
        number(same.count())
    }

    /// The units of a pool that are there.
    pub fn units_there(&self, thing: Thing) -> u32 {
        match self.there.get(&thing) {
            Some(&there) => there,
            None => self.units_in_all(thing) - self.times_held(thing, Way::Unit),
        }
    }

    pub fn units_in_all(&self, thing: Thing) -> u32 {
        match self.kind(thing) {
            ResourceKind::Semaphore { units, .. } | ResourceKind::Mempool { units, .. } => units,
            _ => panic!("no pool"),
        }
    }

    pub fn is_fair(&self, thing: Thing) -> bool {
        matches!(
            self.kind(thing),
            ResourceKind::Semaphore { fair: true, .. } | ResourceKind::Rwsem { fair: true }
        )
    }

    pub fn queue(&self, thing: Thing) -> &[usize] {
        self.queues.get(&thing).map_or(&[], |queue| queue)
    }

    pub fn leave_queue(&mut self, thing: Thing, task: usize) {
        let queue = self.queues.get_mut(&thing).expect("it waits there");
        queue.retain(|&other| other != task);
    }

    pub fn is_locked(&self, page: usize) -> bool {
        self.tasks
            .iter()
            .any(|task| task.page_locks.contains(&page))
    }

    pub fn keeps_mappings(&self, series: usize) -> bool {
        self.program.series[series].reuse != Reuse::None
    }

    pub fn slots(&self, series: usize) -> u32 {
        number(instances(self.program.series[series].slots))
    }

    /// How many pins of a page lie in a series, those of tasks that have ended among them.
    pub fn users(&self, page: usize, series: usize) -> u32 {
        let maps = self.tasks.iter().flat_map(|task| &task.maps);
        let same = maps.filter(
            |map| matches!(map, Map::Pin { page: p, lies, .. } if (*p, *lies) == (page, series)),
        );
        number(same.count())
    }

    pub fn slots_in_use(&self, series: usize) -> u32 {
        if self.keeps_mappings(series) {
            let pages = self.mapped[series].iter();
            return number(pages.filter(|&&page| self.users(page, series) > 0).count());
        }
        let maps = self.tasks.iter().flat_map(|task| &task.maps);
        let here = maps.filter(|map| matches!(map, Map::Pin { lies, .. } if *lies == series));
        number(here.count())
    }

    pub fn stale(&self, series: usize) -> u32 {
        let pages = self.mapped[series].iter();
        number(pages.filter(|&&page| self.users(page, series) == 0).count())
    }

    pub fn flush(&mut self, series: usize) {
        let unused = |page: &usize| self.users(*page, series) == 0;
        let flushed: Vec<usize> = self.mapped[series].iter().copied().filter(unused).collect();
        for page in flushed {
            self.mapped[series].remove(&page);
        }
    }

    /// Whether the task has a map or the lock of that page.
    pub fn has_page(&self, task: usize, page: usize) -> bool {
        let task = &self.tasks[task];
        task.maps.iter().any(|map| map.page() == page) || task.page_locks.contains(&page)
    }

    pub fn is_atomic(&self, task: usize) -> bool {
        let task = &self.tasks[task];
        let spins = task.held.iter().any(|&(_, way)| way == Way::Spin);
        spins || (task.maps.iter()).any(|map| matches!(map, Map::Atomic { .. }))
    }

    pub fn busy_cpus(&self) -> u32 {
        number(self.tasks.iter().filter(|task| task.on_cpu).count())
    }

    /// Whether the task would need a CPU, and there is none for it.
    pub fn lacks_cpu(&self, task: usize) -> bool {
        match self.program.cpus {
            Some(cpus) => !self.tasks[task].on_cpu && self.busy_cpus() >= cpus.count,
            None => false,
        }
    }

    /// A name that dangles forgets its page when its task has nothing left of it to undo; a shared one
    /// when no task has.
    pub fn forget(&mut self) {
        let living: Vec<usize> = self.living().map(|(id, _)| id).collect();
        for task in 0..self.tasks.len() {
            for i in 0..self.tasks[task].names.len() {
                if let Name::Dangling(Some(page)) = self.tasks[task].names[i]
                    && !self.has_page(task, page)
                {
                    self.tasks[task].names[i] = Name::Dangling(None);
                }
            }
        }
        for i in 0..self.names.len() {
            if let Name::Dangling(Some(page)) = self.names[i]
                && !living.iter().any(|&task| self.has_page(task, page))
            {
                self.names[i] = Name::Dangling(None);
            }
        }
    }
}
