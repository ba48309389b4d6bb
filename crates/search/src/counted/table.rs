//! The steps of a local state in a world, asked of the machine once and kept.
//!
//! What a task can do, and what becomes of it and of the world, depends on its local state and the
//! world alone; what it does to others is a flush or a freed common page, the same for every
//! state. So each pair is worked out once; successor generation is a look-up. Local states and
//! worlds are numbered in the order of their discovery.

use std::hash::Hash;
use std::rc::Rc;

use kmapcheck_machine::{
    Findings, LeftQueue, PageId, Standing, Task, standing, steps, waiting_findings,
};
use kmapcheck_scenario::{Program, SeriesId};
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use super::local::{self, Local, World};
use crate::capacity::next_number;

/// Numbers things in the order in which they come.
#[derive(Debug)]
struct Numbers<T> {
    number: FxHashMap<Rc<T>, u32>,
    things: Vec<Rc<T>>,
    /// Bytes that the things take.
    memory: usize,
}

impl<T: Eq + Hash> Numbers<T> {
    fn new() -> Self {
        Numbers {
            number: FxHashMap::default(),
            things: Vec::new(),
            memory: 0,
        }
    }

    fn number(&mut self, thing: T, memory: fn(&T) -> usize) -> u32 {
        if let Some(&number) = self.number.get(&thing) {
            return number;
        }
        let number = next_number(self.things.len());
        // Besides the thing itself: its counters, the two references to it, and its number.
        self.memory += memory(&thing) + 48;
        let thing = Rc::new(thing);
        self.number.insert(Rc::clone(&thing), number);
        self.things.push(thing);
        number
    }
}

/// One step of a task in a local state in a world.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row {
    /// Which of the machine's steps.
    pub choice: u32,
    /// The local state afterwards.
    pub local: u32,
    /// The world afterwards.
    pub world: u32,
    pub findings: Findings,
    /// Others lose their stale mappings of this series.
    pub flushed: Option<u16>,
    /// Names of others for this common page come to dangle.
    pub freed: Option<u32>,
    /// Others move up in a queue: see [`Table::after_leave`].
    pub left: Option<u32>,
    /// The operation carried out: of a select, the first one of the branch.
    pub node: u32,
    /// Whether common pages must be brought into order.
    pub untidy: bool,
}

/// A local state in a world.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry {
    first: u32,
    rows: u32,
    pub standing: Standing,
    /// What is wrong with the call that it waits in.
    pub waiting: Findings,
}

/// The number of a series in a row.
pub(crate) fn series_number(series: SeriesId) -> u16 {
    u16::try_from(series).expect("a model has at most 1,000 series")
}

/// Local states, worlds and the steps known so far.
pub(crate) struct Table<'a> {
    program: &'a Program,
    locals: Numbers<Local>,
    worlds: Numbers<World>,
    entries: FxHashMap<(u32, u32), Entry>,
    rows: Vec<Row>,
    flushes: FxHashMap<(u32, u16), Option<u32>>,
    /// Queues that were left, by number.
    queues: Vec<LeftQueue>,
    /// By local state: the task as a world with so many common pages numbers its pages, and the
    /// slots it pins alone, if no common page is among them.
    seen: Vec<Option<(usize, Rc<Seen>)>>,
    /// Whether pages that change hands are told apart by number.
    pub names_pages: bool,
    /// What led to new numbers, in order, if somebody wants to know.
    pub log: Option<Vec<Event>>,
}

/// Something that led to new numbers of local states or worlds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Event {
    /// The initial state that comes so manieth.
    Start(u32),
    /// [`Table::entry`].
    Entry(u32, u32),
    /// [`Table::after_flush`].
    Flush(u32, u16),
    /// [`Table::after_free`].
    Free(u32, PageId),
    /// [`Table::after_leave`], with the pool and the place left.
    Leave(u32, usize, u32),
    /// Common pages brought into order, in a state.
    Tidy(u32, Vec<(u32, u32)>),
}

/// A local state as the reduction for stuck sets sees it.
#[derive(Debug)]
pub(crate) struct Seen {
    pub task: Task,
    pub solo_slots: Vec<u32>,
}

impl<'a> Table<'a> {
    pub(crate) fn new(program: &'a Program) -> Self {
        Table {
            program,
            locals: Numbers::new(),
            worlds: Numbers::new(),
            entries: FxHashMap::default(),
            rows: Vec::new(),
            flushes: FxHashMap::default(),
            queues: Vec::new(),
            seen: Vec::new(),
            names_pages: false,
            log: None,
        }
    }

    pub(crate) fn program(&self) -> &'a Program {
        self.program
    }

    pub(crate) fn local_number(&mut self, local: Local) -> u32 {
        self.locals.number(local, Local::memory)
    }

    pub(crate) fn world_number(&mut self, world: World) -> u32 {
        self.worlds.number(world, World::memory)
    }

    pub(crate) fn local(&self, number: u32) -> &Rc<Local> {
        &self.locals.things[number as usize]
    }

    pub(crate) fn world(&self, number: u32) -> &Rc<World> {
        &self.worlds.things[number as usize]
    }

    /// How many local states and worlds have numbers.
    pub(crate) fn numbered(&self) -> (usize, usize) {
        (self.locals(), self.worlds())
    }

    /// Notes an event, if it led to new numbers.
    pub(crate) fn note(&mut self, before: (usize, usize), event: impl FnOnce() -> Event) {
        if self.numbered() != before
            && let Some(log) = &mut self.log
        {
            log.push(event());
        }
    }

    /// How many worlds have been met.
    pub(crate) fn worlds(&self) -> usize {
        self.worlds.things.len()
    }

    /// How many local states have been met.
    pub(crate) fn locals(&self) -> usize {
        self.locals.things.len()
    }

    /// How many steps are known.
    pub(crate) fn steps(&self) -> usize {
        self.rows.len()
    }

    /// Bytes allocated, roughly.
    pub(crate) fn memory(&self) -> u64 {
        let rows = self.rows.capacity() * size_of::<Row>();
        let entries = self.entries.capacity() * (size_of::<((u32, u32), Entry)>() + 1);
        let flushes = self.flushes.capacity() * (size_of::<((u32, u16), Option<u32>)>() + 1);
        // A local state as the reduction sees it is another copy of its task.
        let seen = self.seen.len() * size_of::<Option<(usize, Rc<Seen>)>>() + self.locals.memory;
        (rows + entries + flushes + seen + self.locals.memory + self.worlds.memory) as u64
    }

    /// A local state in a world, worked out if it is met for the first time.
    pub(crate) fn entry(&mut self, local: u32, world: u32) -> Entry {
        if let Some(&entry) = self.entries.get(&(local, world)) {
            return entry;
        }
        let before = self.numbered();
        let entry = self.work_out(local, world);
        self.note(before, || Event::Entry(local, world));
        self.entries.insert((local, world), entry);
        entry
    }

    /// The rows of an entry.
    pub(crate) fn rows(&self, entry: Entry) -> &[Row] {
        let first = entry.first as usize;
        &self.rows[first..first + entry.rows as usize]
    }

    /// One row of an entry.
    pub(crate) fn row(&self, entry: Entry, row: u32) -> Row {
        self.rows(entry)[row as usize]
    }

    /// How many rows an entry has.
    pub(crate) fn row_count(entry: Entry) -> u32 {
        entry.rows
    }

    fn work_out(&mut self, local_number: u32, world_number: u32) -> Entry {
        let (local, world) = (
            Rc::clone(self.local(local_number)),
            Rc::clone(self.world(world_number)),
        );
        let task = local.seen_task(&world);
        let shared = world.shared_for(Some(&local));
        let first = next_number(self.rows.len());
        for (choice, successor) in (0..).zip(steps(self.program, &task, &shared)) {
            let stepped =
                local::stepped(self.program, &world, &local, &successor, self.names_pages);
            let row = Row {
                choice,
                local: self.local_number(stepped.local),
                world: self.world_number(stepped.world),
                findings: successor.findings,
                flushed: stepped.flushed.map(series_number),
                freed: stepped.freed.map(|page| {
                    u32::try_from(page).expect("common pages are numbered from 0, and in memory")
                }),
                left: stepped.left.map(|left| self.queue_number(left)),
                node: u32::try_from(successor.node)
                    .expect("task programs come from a file of limited size"),
                untidy: stepped.untidy,
            };
            self.rows.push(row);
        }
        Entry {
            first,
            rows: next_number(self.rows.len()) - first,
            standing: standing(self.program, &task, &shared),
            waiting: waiting_findings(self.program, &task, &shared),
        }
    }

    /// The local state of a task elsewhere after a flush.
    pub(crate) fn after_flush(&mut self, local: u32, series: u16) -> u32 {
        if let Some(&known) = self.flushes.get(&(local, series)) {
            return known.unwrap_or(local);
        }
        let before = self.numbered();
        let flushed = self.local(local).after_flush(SeriesId::from(series));
        let number = flushed.map(|flushed| self.local_number(flushed));
        self.note(before, || Event::Flush(local, series));
        self.flushes.insert((local, series), number);
        number.unwrap_or(local)
    }

    /// The local state of a task elsewhere after a common page was freed.
    pub(crate) fn after_free(&mut self, local: u32, page: PageId) -> u32 {
        let before = self.numbered();
        match self.local(local).after_free(self.program, page) {
            Some(after) => {
                let after = self.local_number(after);
                self.note(before, || Event::Free(local, page));
                after
            }
            None => local,
        }
    }

    fn queue_number(&mut self, left: LeftQueue) -> u32 {
        let known = self.queues.iter().position(|&known| known == left);
        next_number(known.unwrap_or_else(|| {
            self.queues.push(left);
            self.queues.len() - 1
        }))
    }

    /// The local state of a task elsewhere after somebody left a queue.
    pub(crate) fn after_leave(&mut self, local: u32, queue: u32) -> u32 {
        let left = self.queues[queue as usize];
        self.after_leaving(local, left)
    }

    /// The same, by the queue itself: what is numbered in one run need not be in another.
    pub(crate) fn after_leaving(&mut self, local: u32, left: LeftQueue) -> u32 {
        let before = self.numbered();
        match self.local(local).after_leave(self.program, left) {
            Some(after) => {
                let after = self.local_number(after);
                self.note(before, || Event::Leave(local, left.pool, left.place));
                after
            }
            None => local,
        }
    }

    /// A local state as a world with so many common pages sees it; `None` if it refers to common
    /// pages, so that the slots it pins alone depend on the world.
    pub(crate) fn seen(&mut self, local: u32, world: &World) -> Option<Rc<Seen>> {
        let (i, common) = (local as usize, world.common_pages());
        if self.seen.len() <= i {
            self.seen.resize(i + 1, None);
        }
        if let Some((at, seen)) = &self.seen[i]
            && *at == common
        {
            return Some(Rc::clone(seen));
        }
        let thing = Rc::clone(self.local(local));
        if thing.refers_to_common() {
            return None;
        }
        let task = thing.seen_task(world);
        let (solo_slots, _) =
            kmapcheck_stuck::scene::pins(self.program, &task, &world.shared_for(Some(&thing)));
        let seen = Rc::new(Seen { task, solo_slots });
        self.seen[i] = Some((common, Rc::clone(&seen)));
        Some(seen)
    }
}
