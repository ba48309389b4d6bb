//! The local states as a certificate has them.
//!
//! Programs and operations are named by their numbers in the scenario after it is lowered, pages by
//! theirs in the local state, all else by name. What many local states have in common is in tables, so
//! that thousands of them stay small.

use std::collections::BTreeMap;

use kmapcheck_machine::{self as machine, ResourceState};
use kmapcheck_scenario::{FindingKind, Program};
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use crate::closed::{Closed, Effect};
use crate::local::Local;
use crate::names;

/// All local states that a task can be in.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct States {
    /// What tasks have, each of it once.
    pub contents: Vec<Content>,
    /// What is held of what others may wait for, and how much of it.
    pub holdings: Vec<BTreeMap<String, u32>>,
    /// What is waited for at once: a CPU, and what the operation waits for.
    pub waits: Vec<Vec<String>>,
    /// What steps do.
    pub effects: Vec<Does>,
    /// The local states.
    pub states: Vec<State>,
}

/// A local state. Numbers other than those of programs and operations are places in the tables.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// The task program.
    pub task: usize,
    /// The operation that comes next; not there: it has ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<usize>,
    /// What it has.
    pub has: usize,
    /// What it holds.
    pub holds: usize,
    /// In what ways it can have to wait.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waits: Vec<usize>,
    /// In each situation that it can find itself in, the local states that a step leads to, each with
    /// what the step does. None: it waits.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Vec<(usize, usize)>>,
    /// What is wrong with a call in which it has to wait.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub wrong: Vec<String>,
    /// The local states that others' flushes lead to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub flushed: Vec<usize>,
}

/// What a step does beside leading to another local state.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Does {
    /// How much more there is afterwards of what is counted.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub gives: BTreeMap<String, i64>,
    /// What is wrong with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub wrong: Vec<String>,
}

/// What a task has, but for where it stands.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Content {
    /// What its page names stand for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<Name>,
    /// Its own locks, pools and completions.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub own: Vec<Own>,
    /// Its maps, in the order taken.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub maps: Vec<Map>,
    /// The locks and units that it holds.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub held: Vec<(String, u32)>,
    /// The pages that it has locked, in the order taken.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub page_locks: Vec<usize>,
    /// Its place in the queue that it waits in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queued: Option<u32>,
    /// Whether it is on a CPU.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub on_cpu: bool,
    /// Its own pages.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub pages: Vec<Page>,
}

/// What a page name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Name {
    /// Nothing yet.
    Unbound,
    /// That page.
    Page(usize),
    /// A page that was freed, and that the task still has mapped or locked.
    Freed(usize),
    /// A page that was freed.
    Gone,
}

/// Something of the task's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Own {
    /// A spinlock, and whether it is taken.
    Spin(bool),
    /// An rwsem: how often it is held for reading, whether for writing, how many writers wait.
    Rwsem(u32, bool, u32),
    /// The units that are left, and how many tasks queue.
    Units(u32, u32),
    /// How often it was completed and not waited for.
    Completed(u32),
}

/// A page that is mapped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Map {
    /// The page, the series asked for, and the series that it lies in.
    Pin(usize, usize, usize),
    /// A page in low memory.
    Low(usize),
    /// The page, and the type unless it is in low memory.
    Atomic(usize, Option<usize>),
    /// The page.
    Local(usize),
}

/// A page of the task's own.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Page {
    /// Whether mapping it takes no slot.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub low: bool,
    /// Whether it is on the freelist.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub free: bool,
    /// Whether it is locked.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub locked: bool,
    /// Its mapping in each series: 0 none, 1 stale, *n* + 1 with *n* users.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mapped: Vec<u32>,
    /// Pins that no other kmap can find.
    #[serde(skip_serializing_if = "is_zero")]
    pub pins: u32,
    /// Maps and page locks of it.
    #[serde(skip_serializing_if = "is_zero")]
    pub holders: u32,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands it so")]
fn is_zero(n: &u32) -> bool {
    *n == 0
}

impl Content {
    fn of(program: &Program, local: &Local) -> Content {
        let task = &local.task;
        let name = |name: &machine::Name| match *name {
            machine::Name::Unbound => Name::Unbound,
            machine::Name::Page(page) => Name::Page(page),
            machine::Name::Dangling(Some(page)) => Name::Freed(page),
            machine::Name::Dangling(None) => Name::Gone,
        };
        let own = |own: &ResourceState| match *own {
            ResourceState::Spinlock { taken } => Own::Spin(taken),
            ResourceState::Rwsem {
                readers,
                writer,
                queued,
            } => Own::Rwsem(readers, writer, queued),
            ResourceState::Units { free, queued } => Own::Units(free, queued),
            ResourceState::Completion { done } => Own::Completed(done),
        };
        let map = |map: &machine::Map| match *map {
            machine::Map::Pin { page, asked, lies } => Map::Pin(page, asked, lies),
            machine::Map::Low { page } => Map::Low(page),
            machine::Map::Atomic { page, kind } => Map::Atomic(page, kind),
            machine::Map::Local { page } => Map::Local(page),
        };
        let held = |held: &machine::Held| {
            let name = names::held(program, task.template, held.what, held.mode);
            (name, held.n)
        };
        let page = |page: &machine::Page| Page {
            low: !page.highmem,
            free: page.free,
            locked: page.locked,
            mapped: match page.count.iter().all(|&count| count == 0) {
                true => Vec::new(),
                false => page.count.to_vec(),
            },
            pins: page.unshared_pins,
            holders: page.holders,
        };
        Content {
            names: task.names.iter().map(name).collect(),
            own: task.resources.iter().map(own).collect(),
            maps: task.maps.iter().map(map).collect(),
            held: task.held.iter().map(held).collect(),
            page_locks: task.page_locks.clone(),
            queued: task.queued,
            on_cpu: task.on_cpu,
            pages: local.pages.iter().map(page).collect(),
        }
    }
}

/// At which places of a list local states are.
pub(crate) struct Places<'a> {
    program: &'a Program,
    contents: FxHashMap<Content, usize>,
    places: FxHashMap<(usize, Option<usize>, usize), usize>,
}

impl<'a> Places<'a> {
    /// Of those that a certificate lists. What stands there twice has the first place.
    pub(crate) fn of(program: &'a Program, states: &States) -> Places<'a> {
        let mut found = Places {
            program,
            contents: FxHashMap::default(),
            places: FxHashMap::default(),
        };
        for (number, content) in states.contents.iter().enumerate() {
            found.contents.entry(content.clone()).or_insert(number);
        }
        for (place, state) in states.states.iter().enumerate() {
            let key = (state.task, state.at, state.has);
            found.places.entry(key).or_insert(place);
        }
        found
    }

    /// Of a list of local states.
    pub(crate) fn of_list(program: &'a Program, list: &[Local]) -> Places<'a> {
        let mut found = Places {
            program,
            contents: FxHashMap::default(),
            places: FxHashMap::default(),
        };
        for (place, local) in list.iter().enumerate() {
            let next = found.contents.len();
            let content = Content::of(program, local);
            let content = *found.contents.entry(content).or_insert(next);
            let key = (local.task.template, local.task.at, content);
            found.places.entry(key).or_insert(place);
        }
        found
    }

    pub(crate) fn place(&self, local: &Local) -> Option<usize> {
        let content = *self.contents.get(&Content::of(self.program, local))?;
        let key = (local.task.template, local.task.at, content);
        self.places.get(&key).copied()
    }
}

/// A table in which everything stands once, in the order in which it was first named.
struct Table<T> {
    entries: Vec<T>,
    places: FxHashMap<String, usize>,
}

impl<T: Serialize> Table<T> {
    fn new() -> Table<T> {
        Table {
            entries: Vec::new(),
            places: FxHashMap::default(),
        }
    }

    fn place(&mut self, entry: T) -> usize {
        let key = serde_json::to_string(&entry).expect("certificates are plain data");
        let next = self.entries.len();
        let place = *self.places.entry(key).or_insert(next);
        if place == next {
            self.entries.push(entry);
        }
        place
    }
}

impl Closed {
    /// Goes through local states that were found elsewhere.
    ///
    /// # Errors
    ///
    /// A sentence, if they are not all that a task can be in, or if nothing follows from them.
    pub fn of_list(program: &Program, list: &[Local]) -> Result<Closed, String> {
        let places = Places::of_list(program, list);
        Closed::of(program, list.len(), &|local| places.place(local))
    }

    /// Goes through the local states of a certificate.
    ///
    /// # Errors
    ///
    /// A sentence, if they are not all that a task can be in, or if nothing follows from them.
    pub(crate) fn of_written(program: &Program, states: &States) -> Result<Closed, String> {
        let places = Places::of(program, states);
        Closed::of(program, states.states.len(), &|local| places.place(local))
    }

    /// As a certificate has them.
    #[must_use]
    pub fn written(&self) -> States {
        let program = &self.program;
        let mut contents = Table::new();
        let mut holdings = Table::new();
        let mut waits = Table::new();
        let mut effects = Table::new();
        let kinds = |kinds: &[usize]| -> Vec<String> {
            let name = |&kind: &usize| FindingKind::ALL[kind].name().to_owned();
            kinds.iter().map(name).collect()
        };
        let does = |effect: &Effect| Does {
            gives: (effect.change.iter())
                .map(|&(what, n)| (names::counted(program, what), n))
                .collect(),
            wrong: kinds(&effect.findings),
        };
        let mut states = Vec::new();
        for (local, account) in self.states.iter().zip(&self.accounts) {
            let holds = local.holds(program).into_iter();
            let holds: BTreeMap<String, u32> = holds
                .map(|(thing, n)| (names::thing(program, local.task.template, thing), n))
                .collect();
            let waiting = |waiting: &machine::Waiting| {
                let wanted = waiting.wanted(program, &local.task).into_iter();
                wanted
                    .map(|one| names::wanted(program, one))
                    .collect::<Vec<_>>()
            };
            let mut ways: Vec<usize> = Vec::new();
            for one in &account.waits {
                let way = waits.place(waiting(one));
                if !ways.contains(&way) {
                    ways.push(way);
                }
            }
            let steps = account.situations.iter().map(|moves| {
                let one = moves
                    .iter()
                    .map(|(to, effect)| (*to, effects.place(does(effect))));
                one.collect()
            });
            states.push(State {
                task: local.task.template,
                at: local.task.at,
                has: contents.place(Content::of(program, local)),
                holds: holdings.place(holds),
                waits: ways,
                steps: steps.collect(),
                wrong: kinds(&account.wrong_waits),
                flushed: account.flushed.clone(),
            });
        }
        States {
            contents: contents.entries,
            holdings: holdings.entries,
            waits: waits.entries,
            effects: effects.entries,
            states,
        }
    }
}
