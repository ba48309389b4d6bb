//! What one task instance knows of itself: where it stands, what its names stand for, what it
//! holds. All of it is known while exporting, so it becomes the control state of an automaton.
//!
//! Page numbers are the exception: which page `alloc_page` gave is known only to the running
//! model. A *class* stands for such a number: two references of one task (a name, a map, a page
//! lock) have the same class exactly if they are the same page. That is always known, because
//! every step that brings a page in (`alloc_page`, or a shared name that can be rebound) has one
//! transition for each class that it may coincide with. Classes are numbered canonically, so that
//! control state and registers together are the task's state in docs/semantics.md, one to one:
//! shared pages that keep their name first, then the task's names, then registers for pages that
//! are held without a name.

use std::collections::BTreeMap;

use kmapcheck_machine::{Held, Mode};
use kmapcheck_scenario::{AtomicTypeId, NodeId, Ref, SeriesId};

use crate::ir::int;

/// A page as one task knows it.
pub(crate) type Class = usize;

/// The class of a page that the step at hand brings in.
pub(crate) const NEW: Class = usize::MAX;

/// What an own name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Name {
    Unbound,
    Page(Class),
    Dangling(Option<Class>),
}

/// A kind of map.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Pin { asked: SeriesId, lies: SeriesId },
    Low,
    Atomic(Option<AtomicTypeId>),
    Local,
}

/// A map.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Map {
    pub(crate) page: Class,
    pub(crate) kind: Kind,
}

impl Map {
    pub(crate) fn is_pin(self) -> bool {
        matches!(self.kind, Kind::Pin { .. } | Kind::Low)
    }
}

/// A task instance.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Local {
    pub(crate) at: Option<NodeId>,
    pub(crate) names: Vec<Name>,
    pub(crate) maps: Vec<Map>,
    pub(crate) held: Vec<Held>,
    pub(crate) locks: Vec<Class>,
    pub(crate) queued: bool,
    /// The own names that were ever mapped; kept only where mappings are not counted.
    pub(crate) mapped: Vec<Class>,
}

impl Local {
    pub(crate) fn ended() -> Local {
        Local {
            at: None,
            names: Vec::new(),
            maps: Vec::new(),
            held: Vec::new(),
            locks: Vec::new(),
            queued: false,
            mapped: Vec::new(),
        }
    }

    pub(crate) fn is_atomic(&self) -> bool {
        self.held.iter().any(|held| held.mode == Mode::Spin)
            || self
                .maps
                .iter()
                .any(|map| matches!(map.kind, Kind::Atomic(_)))
    }

    pub(crate) fn holds_page(&self, page: Class) -> bool {
        self.maps.iter().any(|map| map.page == page) || self.locks.contains(&page)
    }

    /// Whether an own name is bound to the page: then it is allocated, and no other name is.
    pub(crate) fn names_page(&self, page: Class) -> bool {
        self.names.contains(&Name::Page(page))
    }

    pub(crate) fn pins_in(&self, series: SeriesId) -> bool {
        self.maps
            .iter()
            .any(|map| matches!(map.kind, Kind::Pin { lies, .. } if lies == series))
    }

    pub(crate) fn holds(&self, what: Ref, mode: Mode) -> u32 {
        self.held
            .iter()
            .find(|held| held.what == what && held.mode == mode)
            // What is not in the list is not held.
            .map_or(0, |held| held.n)
    }

    pub(crate) fn hold(&mut self, what: Ref, mode: Mode, n: u32) {
        match (self.held.iter_mut()).find(|held| held.what == what && held.mode == mode) {
            Some(held) => held.n += n,
            None => {
                self.held.push(Held { what, mode, n });
                self.held.sort_unstable();
            }
        }
    }

    pub(crate) fn let_go(&mut self, what: Ref, mode: Mode, n: u32) -> bool {
        if self.holds(what, mode) < n {
            return false;
        }
        for held in &mut self.held {
            if held.what == what && held.mode == mode {
                held.n -= n;
            }
        }
        self.held.retain(|held| held.n > 0);
        true
    }

    /// Forgets the page of a dangling own name whose last map or lock is gone.
    pub(crate) fn forget_if_unheld(&mut self, page: Class) {
        if !self.holds_page(page) {
            for name in &mut self.names {
                if *name == Name::Dangling(Some(page)) {
                    *name = Name::Dangling(None);
                }
            }
        }
    }

    /// The classes held, without repetition, in the order taken.
    pub(crate) fn held_pages(&self) -> Vec<Class> {
        let mut pages = Vec::new();
        for page in (self.maps.iter().map(|map| map.page)).chain(self.locks.iter().copied()) {
            if !pages.contains(&page) {
                pages.push(page);
            }
        }
        pages
    }

    /// The highest number of things held at once, for the sizes of counters.
    pub(crate) fn weight(&self) -> i64 {
        let held: u32 = self.held.iter().map(|held| held.n).sum();
        int(self.maps.len()) + int(self.locks.len()) + i64::from(held)
    }

    /// Numbers the classes canonically; returns which class each number had before. `shared` is
    /// the number of shared pages, whose classes never change.
    pub(crate) fn canonical(mut self, shared: usize) -> (Local, BTreeMap<Class, Class>) {
        let mut now: BTreeMap<Class, Class> = BTreeMap::new();
        for (v, name) in self.names.iter().enumerate() {
            if let Name::Page(class) | Name::Dangling(Some(class)) = *name {
                now.entry(class).or_insert(shared + v);
            }
        }
        let mut extra = shared + self.names.len();
        for class in self.held_pages() {
            if class < shared {
                now.insert(class, class);
            } else if let std::collections::btree_map::Entry::Vacant(entry) = now.entry(class) {
                entry.insert(extra);
                extra += 1;
            }
        }
        for name in &mut self.names {
            if let Name::Page(class) | Name::Dangling(Some(class)) = name {
                *class = now[class];
            }
        }
        for map in &mut self.maps {
            map.page = now[&map.page];
        }
        for lock in &mut self.locks {
            *lock = now[lock];
        }
        let before = now.into_iter().map(|(old, new)| (new, old)).collect();
        (self, before)
    }
}
