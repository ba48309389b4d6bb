//! Who holds what since which step, and who took and gave back what before.
//!
//! The machine's states say what a task holds; for a reader, *since when* matters as much, and so
//! does when something that a task relies on was undone. The ledger follows a trace and compares
//! what the task that took a step held before and after.

use std::mem;

use kmapcheck_machine::{
    Effect, Held, Map, Name, PageId, Resource, State, Successor, Task, TaskId,
};
use kmapcheck_scenario::{FindingKind, Location, NodeId, Op, Program, Ref};
use kmapcheck_stuck::holdings::How;

/// Something held, and the step that took it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub thing: Thing,
    /// The name through which it was taken; empty for locks.
    pub name: String,
    /// From 1.
    pub step: usize,
    pub location: Location,
}

/// What an [`Entry`] is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Thing {
    Map(Map),
    Held(Held),
    PageLock(PageId),
}

/// Something that a task still held when it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lost {
    pub task: TaskId,
    pub thing: Resource,
    pub how: How,
    pub n: u32,
}

/// A page name that came to dangle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Freed {
    pub step: usize,
    pub by: TaskId,
    pub location: Location,
}

/// A step in which a task took something, gave it back, or failed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Past {
    pub step: usize,
    pub node: NodeId,
    pub op: Op,
    /// The page that the operation's name stood for.
    pub page: Option<PageId>,
    pub came_to: CameTo,
}

/// What came of the operation of a [`Past`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CameTo {
    /// It took effect; of pools, so many units were free afterwards.
    Done { free: Option<u32> },
    /// The try failed.
    Failed,
    /// It was skipped, for that finding.
    Skipped(FindingKind),
}

/// What everybody holds at some moment of a trace.
#[derive(Debug, Clone)]
pub(crate) struct Ledger {
    maps: Vec<Vec<Entry>>,
    held: Vec<Vec<Entry>>,
    page_locks: Vec<Vec<Entry>>,
    /// What each task has taken and given back so far.
    past: Vec<Vec<Past>>,
    /// What a task still held when it ended.
    lost: Vec<(TaskId, Vec<Entry>)>,
    /// For names that dangle (shared, or of a task): who freed the page.
    freed: Vec<(Option<TaskId>, usize, Freed)>,
    /// The tasks and shared names before the coming step.
    tasks: Vec<Task>,
    names: Vec<Name>,
}

impl Ledger {
    pub(crate) fn new(start: &State) -> Ledger {
        let n = start.tasks.len();
        Ledger {
            maps: vec![Vec::new(); n],
            held: vec![Vec::new(); n],
            page_locks: vec![Vec::new(); n],
            past: vec![Vec::new(); n],
            lost: Vec::new(),
            freed: Vec::new(),
            tasks: start.tasks.clone(),
            names: start.shared.names.clone(),
        }
    }

    /// The task as it was before the step that is recorded next.
    pub(crate) fn before(&self, task: TaskId) -> &Task {
        &self.tasks[task]
    }

    /// What `name` stood for before the step that is recorded next.
    pub(crate) fn resolve(&self, task: TaskId, name: Ref) -> Name {
        match name {
            Ref::Shared(i) => self.names[i],
            Ref::Own(i) => self.tasks[task]
                .names
                .get(i)
                .copied()
                .unwrap_or(Name::Unbound),
        }
    }

    /// What the task holds, maps first, in the order taken.
    pub(crate) fn of(&self, task: TaskId) -> impl Iterator<Item = &Entry> {
        self.maps[task]
            .iter()
            .chain(&self.held[task])
            .chain(&self.page_locks[task])
    }

    /// What the task has done so far, the latest first.
    pub(crate) fn past(&self, task: TaskId) -> impl Iterator<Item = &Past> {
        self.past[task].iter().rev()
    }

    /// What the task still held when it ended.
    pub(crate) fn lost_by(&self, task: TaskId) -> &[Entry] {
        self.lost
            .iter()
            .find(|(loser, _)| *loser == task)
            .map_or(&[], |(_, entries)| entries)
    }

    /// All that tasks still held when they ended, by task.
    pub(crate) fn lost(&self) -> Vec<Lost> {
        let of = |(task, entries): &(TaskId, Vec<Entry>)| {
            let task = *task;
            let lost = entries.iter().filter_map(move |entry| {
                let (thing, how, n) = match entry.thing {
                    Thing::Map(Map::Pin { lies, .. }) => (Resource::Series(lies), How::Pins, 1),
                    // Nobody waits for what is mapped otherwise.
                    Thing::Map(_) => return None,
                    Thing::Held(held) => (Resource::of(task, held.what), held.mode.into(), held.n),
                    Thing::PageLock(page) => (Resource::PageLock(page), How::Locks, 1),
                };
                Some(Lost {
                    task,
                    thing,
                    how,
                    n,
                })
            });
            lost.collect::<Vec<Lost>>()
        };
        let mut lost: Vec<Lost> = self.lost.iter().flat_map(of).collect();
        lost.sort_unstable_by_key(|lost| lost.task);
        lost
    }

    /// How many tasks there are.
    pub(crate) fn tasks(&self) -> usize {
        self.tasks.len()
    }

    /// Who freed the page that `name` stood for.
    pub(crate) fn freed(&self, task: TaskId, name: Ref) -> Option<Freed> {
        let key = match name {
            Ref::Shared(i) => (None, i),
            Ref::Own(i) => (Some(task), i),
        };
        self.freed
            .iter()
            .rev()
            .find(|(owner, i, _)| (*owner, *i) == key)
            .map(|(_, _, freed)| *freed)
    }

    /// Follows one step; `step` counts from 1.
    pub(crate) fn record(
        &mut self,
        program: &Program,
        step: usize,
        task: TaskId,
        successor: &Successor,
        after: &State,
    ) {
        let template = self.tasks[task].template;
        let Some(at) = self.tasks[task].at else {
            return;
        };
        let node = &program.templates[template].nodes[at];
        let location = program.origins[node.origin].location();
        if let Some(came_to) = came_to(&successor.effect) {
            let page = node.op.page().map(|name| self.resolve(task, name));
            self.past[task].push(Past {
                step,
                node: at,
                op: node.op,
                page: page.and_then(known_page),
                came_to,
            });
        }
        let entry = |thing, name: Option<Ref>| Entry {
            thing,
            name: name.map_or_else(String::new, |name| {
                program.page_name(template, name).to_owned()
            }),
            step,
            location,
        };
        let name = node.op.page();
        // A task that ends holds nothing any more: it lost what it held.
        let lost = successor.lost.as_deref();
        let then = &successor.task;
        let maps = lost.map_or(&then.maps, |lost| &lost.maps).iter();
        let held = lost.map_or(&then.held, |lost| &lost.held);
        let locks = (lost.map_or(&then.page_locks, |lost| &lost.page_locks)).iter();
        let maps: Vec<Thing> = maps.map(|&map| Thing::Map(map)).collect();
        let locks: Vec<Thing> = locks.map(|&page| Thing::PageLock(page)).collect();
        follow(&mut self.maps[task], &maps, |thing| entry(thing, name));
        follow(&mut self.page_locks[task], &locks, |thing| {
            entry(thing, name)
        });
        follow_held(&mut self.held[task], held, |thing| entry(thing, None));
        if successor.task.at.is_none() {
            let all = [&mut self.maps, &mut self.held, &mut self.page_locks];
            let left = all
                .into_iter()
                .flat_map(|things| mem::take(&mut things[task]));
            self.lost.push((task, left.collect()));
        }
        if let Some(page) = successor.broadcast.freed {
            self.note_freed(
                page,
                Freed {
                    step,
                    by: task,
                    location,
                },
            );
        }
        self.tasks[task].clone_from(&after.tasks[task]);
        self.names.clone_from(&after.shared.names);
    }

    fn note_freed(&mut self, page: PageId, freed: Freed) {
        let dangles = |name: &Name| *name == Name::Page(page);
        for (i, _) in self
            .names
            .iter()
            .enumerate()
            .filter(|(_, name)| dangles(name))
        {
            self.freed.push((None, i, freed));
        }
        // Its own names only: no page has two names, and nobody frees through another's.
        let own = self.tasks[freed.by].names.iter().enumerate();
        for (i, _) in own.filter(|(_, name)| dangles(name)) {
            self.freed.push((Some(freed.by), i, freed));
        }
    }
}

/// The page that a name stands for, or stood for before it was freed.
pub(crate) fn known_page(name: Name) -> Option<PageId> {
    match name {
        Name::Page(page) | Name::Dangling(Some(page)) => Some(page),
        Name::Dangling(None) | Name::Unbound => None,
    }
}

/// What came of an operation; `None`: it is still under way.
fn came_to(effect: &Effect) -> Option<CameTo> {
    match *effect {
        Effect::Announced | Effect::Queued { .. } | Effect::Sleeps | Effect::Spins => None,
        Effect::Failed | Effect::GaveUp { .. } => Some(CameTo::Failed),
        Effect::Skipped { kind } => Some(CameTo::Skipped(kind)),
        Effect::UnitsLeft { free } => Some(CameTo::Done { free: Some(free) }),
        _ => Some(CameTo::Done { free: None }),
    }
}

/// Brings `entries` to `now`, which has one thing more, one less, or the same.
fn follow(entries: &mut Vec<Entry>, now: &[Thing], entry: impl Fn(Thing) -> Entry) {
    if now.len() < entries.len() {
        let gone = (0..now.len())
            .find(|&i| entries[i].thing != now[i])
            .unwrap_or(now.len());
        entries.remove(gone);
    }
    entries.extend(now[entries.len()..].iter().map(|&thing| entry(thing)));
}

/// The same for locks and units, which are sorted and counted.
fn follow_held(entries: &mut Vec<Entry>, now: &[Held], entry: impl Fn(Thing) -> Entry) {
    let same = |entry: &Entry, held: &Held| matches!(entry.thing, Thing::Held(had) if had.what == held.what && had.mode == held.mode);
    entries.retain(|entry| now.iter().any(|held| same(entry, held)));
    for held in now {
        match entries.iter_mut().find(|entry| same(entry, held)) {
            Some(known) => known.thing = Thing::Held(*held),
            None => entries.push(entry(Thing::Held(*held))),
        }
    }
}
