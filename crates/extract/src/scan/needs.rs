//! What the paths of an entry need: how much of each pool at once, which locks, in which order, and
//! where they sleep too soon.
//!
//! The automaton of an entry has the operations of all its paths. What is held at one of its nodes
//! depends on the way there, so a node is visited once for each set of things that may be held. The
//! number of visits is bounded; beyond the bound the answers are what was seen, and
//! [`Needs::is_part`] says that there may be more.
//!
//! A page that is mapped twice has one slot, so slots are counted by page; elements of a pool one by
//! one.
//!
//! **Contracts.** A function that gives back what it has not taken on any part of the way is called
//! with that held. What it gives back twice is another matter: that is left to the check.

use std::collections::{BTreeMap, BTreeSet};

use kmapcheck_limits::ask;
use rustc_hash::FxHashSet;
use serde::Serialize;

use crate::extract::Files;
use crate::read::names::{Name, Names};
use crate::run::label::{Label, Labels};
use crate::run::operation::taking;
use crate::run::step::{Scope, Thing};
use crate::write::automaton::Automaton;

/// Visits of nodes at most.
const VISITS: usize = 20_000;

/// What the paths of an entry need.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Needs {
    /// For each series and pool: the most that one task has at once.
    pub pools: BTreeMap<String, Most>,
    /// Locks, pages and completions that all tasks share.
    pub shared: BTreeSet<String>,
    /// Those that each task has its own of.
    pub own: BTreeSet<String>,
    /// What all tasks share and is held while another one, or more of it, is waited for.
    pub orders: BTreeSet<(String, String)>,
    /// What all tasks share, is not given back by who took it, and is waited for.
    pub waits: BTreeSet<String>,
    /// The same that is given.
    pub gives: BTreeSet<String>,
    /// Whether faults are steps of their own, which may take anything.
    pub faults: bool,
    /// Where it sleeps, or may, with a spinlock or an atomic map held.
    pub sleeps: BTreeSet<Use>,
    /// What is held at the end of some path, and whether it is at the end of every one.
    pub kept: BTreeMap<String, bool>,
    /// What is given back and was not taken before, by the name of what it is.
    pub lent: BTreeMap<String, Use>,
    /// Whether there may be more.
    pub is_part: bool,
}

/// The most of a pool that one task has at once.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Most {
    /// How many.
    pub number: u32,
    /// Where each was taken.
    pub taken: Vec<Use>,
}

/// An operation at a place.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Use {
    /// The operation, such as `kmap`.
    pub op: String,
    /// What it is on; empty: on nothing.
    pub of: String,
    /// The file, the line and the function, as scenarios have it.
    pub at: String,
}

/// How something stands to what is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum How {
    /// It is held, until this operation.
    Held(&'static str),
    /// It was held, and is no more.
    Was,
    /// It is the caller's, and was given back.
    Lent,
    /// It is the caller's, was given back, and taken again: it is held until this operation.
    Back(&'static str),
}

/// Something that is or was held: its name, how, its pool, and the label that took it.
type Held = (Name, How, Option<String>, u32);

/// What the nodes are looked at with.
struct Looker<'a> {
    files: &'a Files,
    labels: &'a Labels,
    names: &'a Names,
    things: &'a BTreeMap<Name, Thing>,
    needs: Needs,
}

impl Needs {
    /// Whether nothing is needed at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Needs::default()
    }
}

impl Files {
    /// What the paths of an automaton need.
    pub(crate) fn needs(
        &self,
        of: &Automaton,
        labels: &Labels,
        names: &Names,
        things: &BTreeMap<Name, Thing>,
    ) -> Needs {
        let mut looker = Looker {
            files: self,
            labels,
            names,
            things,
            needs: Needs::default(),
        };
        looker.look(of);
        looker.needs
    }
}

impl Looker<'_> {
    fn look(&mut self, of: &Automaton) {
        let mut seen: FxHashSet<(usize, Vec<Held>)> = FxHashSet::default();
        let mut todo: Vec<(usize, Vec<Held>)> = vec![(0, Vec::new())];
        let mut ends = 0;
        let mut kept: BTreeMap<Name, usize> = BTreeMap::new();
        while let Some((node, held)) = todo.pop() {
            ask();
            if seen.contains(&(node, held.clone())) {
                continue;
            }
            if seen.len() >= VISITS {
                self.needs.is_part = true;
                break;
            }
            if of.nodes[node].ends {
                ends += 1;
                let left = held.iter().filter(|one| matches!(one.1, How::Held(_)));
                let left: BTreeSet<Name> = left.map(|one| one.0).collect();
                for name in left {
                    *kept.entry(name).or_default() += 1;
                }
            }
            for (&number, &next) in &of.nodes[node].edges {
                let mut after = held.clone();
                self.step(number, &mut after);
                todo.push((next, after));
            }
            seen.insert((node, held));
        }
        self.needs.kept = (kept.into_iter())
            .map(|(name, count)| (self.names.text(name).to_owned(), count == ends))
            .collect();
    }

    fn used(&self, number: u32) -> Use {
        let label = self.labels.label(number);
        let file = &self.files.unit.files[label.file].name;
        let function = &self.files.unit.functions[label.function].name;
        let of = label.of.map_or("", |name| self.names.text(name));
        // What sleeps is said in a note.
        let of = if of.is_empty() {
            label.note.as_deref().unwrap_or_default()
        } else {
            of
        };
        Use {
            op: label.op.to_owned(),
            of: of.to_owned(),
            at: format!("{file}:{} {function}", label.line),
        }
    }

    fn is_shared(&self, name: Name) -> bool {
        let thing = self.things.get(&name);
        thing.is_some_and(|thing| thing.scope() != Scope::Own)
    }

    /// What waits for something that is held are told by: the pool, or the name if all tasks share it.
    fn common(&self, name: Name, pool: Option<&String>) -> Option<String> {
        let shared = || {
            self.is_shared(name)
                .then(|| self.names.text(name).to_owned())
        };
        pool.cloned().or_else(shared)
    }

    fn step(&mut self, number: u32, held: &mut Vec<Held>) {
        let label = self.labels.label(number);
        let is_atomic = held
            .iter()
            .any(|one| matches!(one.1, How::Held(r) | How::Back(r) if forbids_sleep(r)));
        if is_atomic && sleeps(label.op) {
            let used = self.used(number);
            self.needs.sleeps.insert(used);
        }
        self.needs.faults |= label.op == "fault";
        let Some(name) = label.of else { return };
        let text = self.names.text(name).to_owned();
        let is_shared = self.is_shared(name);
        let list = match is_shared {
            true => &mut self.needs.shared,
            false => &mut self.needs.own,
        };
        list.insert(text.clone());
        match label.op {
            "wait_for_completion" if is_shared => {
                self.needs.waits.insert(text);
            }
            "complete" if is_shared => {
                self.needs.gives.insert(text);
            }
            _ => match taking(label.op) {
                _ if label.taken == Some(false) => {}
                Some((release, _)) => {
                    let pool = pool(label, self.things.get(&name), self.names);
                    self.take(name, release, pool, number, held);
                }
                None => self.give(label, name, number, held),
            },
        }
        held.sort();
        self.count(held);
    }

    fn take(
        &mut self,
        name: Name,
        release: &'static str,
        pool: Option<String>,
        number: u32,
        held: &mut Vec<Held>,
    ) {
        let label = self.labels.label(number);
        if label.taken.is_none()
            && let Some(asked) = self.common(name, pool.as_ref())
        {
            for one in held.iter() {
                if let (How::Held(_) | How::Back(_), Some(before)) =
                    (one.1, self.common(one.0, one.2.as_ref()))
                {
                    self.needs.orders.insert((before, asked.clone()));
                }
            }
            if release == "up" {
                self.needs.waits.insert(asked);
            }
        }
        let is_lent = |one: &Held| one.0 == name && one.1 == How::Lent;
        match held.iter().position(is_lent) {
            Some(place) => held[place] = (name, How::Back(release), pool, number),
            None => held.push((name, How::Held(release), pool, number)),
        }
    }

    fn give(&mut self, label: &Label, name: Name, number: u32, held: &mut Vec<Held>) {
        let is_held = |one: &Held| {
            let fits =
                |r: &str| label.op == r || (label.op == "kunmap_any" && r.starts_with("kunmap"));
            one.0 == name && matches!(one.1, How::Held(r) | How::Back(r) if fits(r))
        };
        let text = self.names.text(name);
        if let Some(place) = held.iter().rposition(is_held) {
            let how = match held.remove(place).1 {
                How::Back(_) => How::Lent,
                _ => How::Was,
            };
            if !held.iter().any(|one| one.0 == name) {
                held.push((name, how, None, 0));
            }
            return;
        }
        if label.op == "up" && self.is_shared(name) {
            self.needs.gives.insert(text.to_owned());
        }
        let was = held.iter().any(|one| one.0 == name);
        if !was && taken_by(label.op).is_some() {
            let used = self.used(number);
            self.needs.lent.entry(text.to_owned()).or_insert(used);
            held.push((name, How::Lent, None, 0));
        }
    }

    /// Notes how much is held of each pool, where that is more than was seen before.
    fn count(&mut self, held: &[Held]) {
        let mut by_pool: BTreeMap<&str, Vec<&Held>> = BTreeMap::new();
        for one in held {
            if let Some(pool) = &one.2 {
                let of = by_pool.entry(pool).or_default();
                // A page that is mapped twice has one slot.
                let is_map = matches!(one.1, How::Held("kunmap") | How::Back("kunmap"));
                if !(is_map && of.iter().any(|other| other.0 == one.0)) {
                    of.push(one);
                }
            }
        }
        for (pool, of) in by_pool {
            // More than that are never held.
            let number = u32::try_from(of.len()).unwrap_or(u32::MAX);
            if self
                .needs
                .pools
                .get(pool)
                .is_none_or(|most| number > most.number)
            {
                let taken = of.iter().map(|one| self.used(one.3)).collect();
                let most = Most { number, taken };
                self.needs.pools.insert(pool.to_owned(), most);
            }
        }
    }
}

/// The pool that an operation takes from, if it does from one.
fn pool(label: &Label, thing: Option<&Thing>, names: &Names) -> Option<String> {
    match (label.op, &label.with, thing) {
        ("kmap" | "try_kmap", Some(("series", series)), _) => Some(series.clone()),
        (_, _, Some(Thing::Pool(_))) => label.of.map(|name| names.text(name).to_owned()),
        _ => None,
    }
}

/// Whether sleep is forbidden until such an operation.
fn forbids_sleep(release: &str) -> bool {
    matches!(release, "spin_unlock" | "kunmap_atomic")
}

/// Whether an operation may sleep.
fn sleeps(op: &str) -> bool {
    matches!(
        op,
        "kmap"
            | "down"
            | "down_read"
            | "down_write"
            | "lock_page"
            | "alloc_page"
            | "mempool_alloc"
            | "wait_for_completion"
            | "might_sleep"
            | "fault"
    )
}

/// What takes that which an operation gives back, where only who took it may do that.
#[must_use]
pub fn taken_by(op: &str) -> Option<&'static str> {
    Some(match op {
        "kunmap" | "kunmap_any" => "kmap",
        "unlock_page" => "lock_page",
        "spin_unlock" => "spin_lock",
        "up" => "down",
        "up_read" => "down_read",
        "up_write" => "down_write",
        _ => return None,
    })
}
