//! What can be seen of a state, in one form for the contract's states and for those of the machine.
//! Pages have numbers in the order in which something first refers to them, so that it makes no
//! difference how either side numbers them.

use std::collections::BTreeMap;

use kmapcheck_machine as machine;
use kmapcheck_scenario::{Bound, Program, Ref, ResourceKind};

use crate::state::{Map, Name, Way, World, number};

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Form {
    tasks: Vec<TaskForm>,
    /// Slots in use, and stale ones, series by series.
    slots: Vec<(u32, u32)>,
    resources: Vec<ResourceForm>,
    names: Vec<Name>,
    /// The pages that something refers to, by number.
    pages: Vec<PageForm>,
    /// Those on the freelist to which nothing refers, sorted.
    free: Vec<PageForm>,
    busy_cpus: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct TaskForm {
    template: usize,
    at: Option<usize>,
    names: Vec<Name>,
    resources: Vec<ResourceForm>,
    maps: Vec<Map>,
    held: Vec<Held>,
    page_locks: Vec<usize>,
    queued: Option<u32>,
    on_cpu: bool,
}

/// What is held, in which way, and how often.
pub type Held = (Ref, Way, u32);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum ResourceForm {
    Spin {
        taken: bool,
    },
    Rwsem {
        readers: u32,
        writer: bool,
        queued: u32,
    },
    Units {
        free: u32,
        queued: u32,
    },
    Completion {
        done: u32,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct PageForm {
    free: bool,
    highmem: bool,
    locked: bool,
    /// As the kernel counts: users plus one where it is mapped.
    count: Vec<u32>,
    unshared_pins: u32,
    holders: u32,
}

/// The numbers that pages have in a form.
pub type Numbers = BTreeMap<usize, usize>;

fn give_number(numbers: &mut Numbers, page: usize) {
    let next = numbers.len();
    numbers.entry(page).or_insert(next);
}

fn renumbered(name: Name, numbers: &Numbers) -> Name {
    match name {
        Name::Bound(page) => Name::Bound(numbers[&page]),
        Name::Dangling(Some(page)) => Name::Dangling(Some(numbers[&page])),
        other => other,
    }
}

pub fn map_renumbered(map: Map, numbers: &Numbers) -> Map {
    let page = numbers[&map.page()];
    match map {
        Map::Pin { asked, lies, .. } => Map::Pin { page, asked, lies },
        Map::Low { .. } => Map::Low { page },
        Map::Atomic { kind, .. } => Map::Atomic { page, kind },
        Map::Local { .. } => Map::Local { page },
    }
}

/// What refers to pages, in the order in which the pages are numbered.
struct References<'a> {
    shared: &'a [Name],
    tasks: Vec<(&'a [Name], &'a [Map], &'a [usize])>,
}

impl References<'_> {
    fn numbers(&self) -> Numbers {
        let mut numbers = Numbers::new();
        let of_names = |names: &[Name], numbers: &mut Numbers| {
            for name in names {
                if let Name::Bound(page) | Name::Dangling(Some(page)) = name {
                    give_number(numbers, *page);
                }
            }
        };
        of_names(self.shared, &mut numbers);
        for (names, maps, locks) in &self.tasks {
            of_names(names, &mut numbers);
            maps.iter()
                .for_each(|map| give_number(&mut numbers, map.page()));
            locks
                .iter()
                .for_each(|&page| give_number(&mut numbers, page));
        }
        numbers
    }
}

/// Held things, counted and sorted.
pub fn counted(held: &[(Ref, Way)]) -> Vec<Held> {
    let mut times = BTreeMap::new();
    for held in held {
        *times.entry(*held).or_insert(0) += 1;
    }
    times
        .into_iter()
        .map(|((what, way), n)| (what, way, n))
        .collect()
}

impl World<'_> {
    pub fn numbers(&self) -> Numbers {
        References {
            shared: &self.names,
            tasks: (self.living())
                .map(|(_, task)| (&*task.names, &*task.maps, &*task.page_locks))
                .collect(),
        }
        .numbers()
    }

    pub fn form(&self) -> Form {
        let numbers = self.numbers();
        let renumber = |names: &[Name]| {
            names
                .iter()
                .map(|&name| renumbered(name, &numbers))
                .collect()
        };
        let task_form = |id: usize| {
            let task = &self.tasks[id];
            let ended = TaskForm {
                template: task.template,
                at: None,
                names: Vec::new(),
                resources: Vec::new(),
                maps: Vec::new(),
                held: Vec::new(),
                page_locks: Vec::new(),
                queued: None,
                on_cpu: false,
            };
            if task.at.is_none() {
                return ended;
            }
            let own = self.program.templates[task.template].resources.len();
            TaskForm {
                at: task.at,
                names: renumber(&task.names),
                resources: (0..own).map(|i| self.resource_form(Some(id), i)).collect(),
                maps: (task.maps.iter())
                    .map(|&map| map_renumbered(map, &numbers))
                    .collect(),
                held: counted(&task.held),
                page_locks: task.page_locks.iter().map(|page| numbers[page]).collect(),
                queued: self.place(id),
                on_cpu: task.on_cpu,
                ..ended
            }
        };
        let mut pages: Vec<(usize, PageForm)> = (numbers.iter())
            .map(|(&page, &number)| (number, self.page_form(page)))
            .collect();
        pages.sort();
        let unbounded = self.program.free_pages.is_none();
        let mut free: Vec<PageForm> = (0..self.pages.len())
            .filter(|page| self.pages[*page].free && !numbers.contains_key(page))
            .map(|page| self.page_form(page))
            // Of those there are as many as anybody asks for.
            .filter(|page| !unbounded || !page.is_like_new())
            .collect();
        free.sort();
        Form {
            tasks: (0..self.tasks.len()).map(task_form).collect(),
            slots: (0..self.program.series.len())
                .map(|series| (self.slots_in_use(series), self.stale(series)))
                .collect(),
            resources: (0..self.program.resources.len())
                .map(|i| self.resource_form(None, i))
                .collect(),
            names: renumber(&self.names),
            pages: pages.into_iter().map(|(_, page)| page).collect(),
            free,
            busy_cpus: self.busy_cpus(),
        }
    }

    /// Its place in the queue in which it waits. Writers do not queue behind one another.
    pub fn place(&self, task: usize) -> Option<u32> {
        let mut queues = self.queues.iter();
        queues.find_map(|(&thing, queue)| {
            let place = queue.iter().position(|&other| other == task)?;
            let is_writer = matches!(self.kind(thing), ResourceKind::Rwsem { .. });
            Some(if is_writer { 0 } else { number(place) })
        })
    }

    fn resource_form(&self, owner: Option<usize>, index: usize) -> ResourceForm {
        let thing = (owner, index);
        let queued = number(self.queue(thing).len());
        match self.kind(thing) {
            ResourceKind::Spinlock => ResourceForm::Spin {
                taken: self.times_held(thing, Way::Spin) > 0,
            },
            ResourceKind::Rwsem { .. } => ResourceForm::Rwsem {
                readers: self.times_held(thing, Way::Read),
                writer: self.times_held(thing, Way::Write) > 0,
                queued,
            },
            ResourceKind::Semaphore { .. } | ResourceKind::Mempool { .. } => ResourceForm::Units {
                free: self.units_there(thing),
                queued,
            },
            ResourceKind::Completion => ResourceForm::Completion {
                done: self.there[&thing],
            },
        }
    }

    fn page_form(&self, page: usize) -> PageForm {
        let all = || self.tasks.iter().flat_map(|task| &task.maps);
        let unshared = all().filter(|map| match map {
            Map::Pin { page: p, lies, .. } => *p == page && !self.keeps_mappings(*lies),
            Map::Low { page: p } => *p == page,
            Map::Atomic { .. } | Map::Local { .. } => false,
        });
        let holders = (self.living()).map(|(_, task)| {
            let maps = task.maps.iter().filter(|map| map.page() == page).count();
            maps + task.page_locks.iter().filter(|&&p| p == page).count()
        });
        PageForm {
            free: self.pages[page].free,
            highmem: self.pages[page].highmem,
            locked: self.is_locked(page),
            count: (0..self.program.series.len())
                .map(|series| match self.mapped[series].contains(&page) {
                    true => self.users(page, series) + 1,
                    false => 0,
                })
                .collect(),
            unshared_pins: number(unshared.count()),
            holders: number(holders.sum()),
        }
    }
}

impl PageForm {
    fn is_like_new(&self) -> bool {
        self.highmem
            && !self.locked
            && self.unshared_pins == 0
            && self.count.iter().all(|&count| count == 0)
    }
}

fn name_of(name: machine::Name) -> Name {
    match name {
        machine::Name::Unbound => Name::Unbound,
        machine::Name::Page(page) => Name::Bound(page),
        machine::Name::Dangling(page) => Name::Dangling(page),
    }
}

pub fn map_of(map: machine::Map) -> Map {
    match map {
        machine::Map::Pin { page, asked, lies } => Map::Pin { page, asked, lies },
        machine::Map::Low { page } => Map::Low { page },
        machine::Map::Atomic { page, kind } => Map::Atomic { page, kind },
        machine::Map::Local { page } => Map::Local { page },
    }
}

pub fn held_of(held: machine::Held) -> Held {
    let way = match held.mode {
        machine::Mode::Spin => Way::Spin,
        machine::Mode::Read => Way::Read,
        machine::Mode::Write => Way::Write,
        machine::Mode::Units => Way::Unit,
    };
    (held.what, way, held.n)
}

fn resource_of(resource: machine::ResourceState) -> ResourceForm {
    match resource {
        machine::ResourceState::Spinlock { taken } => ResourceForm::Spin { taken },
        machine::ResourceState::Rwsem {
            readers,
            writer,
            queued,
        } => ResourceForm::Rwsem {
            readers,
            writer,
            queued,
        },
        machine::ResourceState::Units { free, queued } => ResourceForm::Units { free, queued },
        machine::ResourceState::Completion { done } => ResourceForm::Completion { done },
    }
}

fn page_of(page: &machine::Page) -> PageForm {
    PageForm {
        free: page.free,
        highmem: page.highmem,
        locked: page.locked,
        count: page.count.to_vec(),
        unshared_pins: page.unshared_pins,
        holders: page.holders,
    }
}

/// A machine's task in the words of the contract, its pages as the machine numbers them.
struct Own {
    names: Vec<Name>,
    maps: Vec<Map>,
}

fn translated(state: &machine::State) -> (Vec<Name>, Vec<Own>) {
    let names = |names: &[machine::Name]| names.iter().map(|&name| name_of(name)).collect();
    let own = |task: &machine::Task| Own {
        names: names(&task.names),
        maps: task.maps.iter().map(|&map| map_of(map)).collect(),
    };
    (
        names(&state.shared.names),
        state.tasks.iter().map(own).collect(),
    )
}

fn numbers_in(state: &machine::State, shared: &[Name], own: &[Own]) -> Numbers {
    References {
        shared,
        tasks: (own.iter().zip(&state.tasks))
            .map(|(own, task)| (&*own.names, &*own.maps, &*task.page_locks))
            .collect(),
    }
    .numbers()
}

/// The numbers of the pages of a machine's state.
pub fn numbers_of(state: &machine::State) -> Numbers {
    let (shared, own) = translated(state);
    numbers_in(state, &shared, &own)
}

/// The form of a machine's state. All that it keeps is in it.
pub fn form_of(state: &machine::State) -> Form {
    let (shared, own) = translated(state);
    let numbers = numbers_in(state, &shared, &own);
    let renumber = |names: &[Name]| {
        names
            .iter()
            .map(|&name| renumbered(name, &numbers))
            .collect()
    };
    let task_form = |(own, task): (&Own, &machine::Task)| TaskForm {
        template: task.template,
        at: task.at,
        names: renumber(&own.names),
        resources: task.resources.iter().map(|&it| resource_of(it)).collect(),
        maps: (own.maps.iter())
            .map(|&map| map_renumbered(map, &numbers))
            .collect(),
        held: task.held.iter().map(|&held| held_of(held)).collect(),
        page_locks: task.page_locks.iter().map(|page| numbers[page]).collect(),
        queued: task.queued,
        on_cpu: task.on_cpu,
    };
    let (mut named, mut free) = (Vec::new(), Vec::new());
    for (page, content) in state.shared.pages.iter().enumerate() {
        match (numbers.get(&page), content) {
            (Some(&number), content) => {
                named.push((
                    number,
                    page_of(content.as_ref().expect("somebody refers to it")),
                ));
            }
            (None, Some(content)) => free.push(page_of(content)),
            (None, None) => {}
        }
    }
    named.sort();
    free.sort();
    Form {
        tasks: own.iter().zip(&state.tasks).map(task_form).collect(),
        slots: (state.shared.usage.iter())
            .map(|usage| (usage.in_use, usage.stale))
            .collect(),
        resources: (state.shared.resources.iter())
            .map(|&it| resource_of(it))
            .collect(),
        names: renumber(&shared),
        pages: named.into_iter().map(|(_, page)| page).collect(),
        free,
        busy_cpus: state.shared.busy_cpus,
    }
}

/// Whether the program has all numbers, and few slots.
pub fn is_small(program: &Program) -> bool {
    let few = |bound: Bound, most: u32| matches!(bound, Bound::Exactly(n) if n <= most);
    program.series.iter().all(|series| few(series.slots, 64))
        && program
            .templates
            .iter()
            .all(|template| few(template.count, 8))
        && program.free_pages.is_none_or(|n| n <= 64)
}
