//! What the rule of a model allows: which things a task may hold while it asks for which.
//!
//! A pin is *asked for* in one series and *lies* in one. The order judges the former, deadlocks
//! are about the latter. They differ where the policy of the series asked for takes mappings that
//! lie elsewhere, left over from an earlier use of the page or made by somebody else.
//!
//! Pairs are enough: each thing that a task holds is judged against what it asks for by itself, and
//! things of different places can all be taken one after the other, in order.

use kmapcheck_equations::digraph::{in_order, is_knot, knots};
use kmapcheck_limits::ask;
use kmapcheck_machine::acceptable_series;
use kmapcheck_scenario::{Bound, Program, ResourceKind, SeriesId};
use rustc_hash::FxHashMap;

/// Something that tasks wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Thing {
    /// A slot of a series.
    Series(SeriesId),
    /// A lock, by position in [`Program::resources`].
    Lock(usize),
}

/// Something that a task holds: a slot, or a lock in whatever mode, or units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Held {
    /// What was asked for: what the rule takes it for.
    pub asked: Thing,
    /// What others wait for while it is held: of a slot, the series that it lies in.
    pub lies: Thing,
}

impl Held {
    /// A slot asked for in one series, and lying in one.
    #[must_use]
    pub fn slot(asked: SeriesId, lies: SeriesId) -> Held {
        Held {
            asked: Thing::Series(asked),
            lies: Thing::Series(lies),
        }
    }
}

impl From<Thing> for Held {
    /// A lock, or a slot that lies where it was asked for.
    fn from(thing: Thing) -> Held {
        Held {
            asked: thing,
            lies: thing,
        }
    }
}

impl Thing {
    /// Whether it is a lock.
    #[must_use]
    pub fn is_lock(self) -> bool {
        matches!(self, Thing::Lock(_))
    }
}

/// Something that the rule allows to hold while asking for something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pair {
    /// What is held.
    pub held: Held,
    /// What is asked for.
    pub asked: Thing,
}

/// A model's rule.
#[derive(Debug)]
pub struct Discipline<'a> {
    /// The model: a program without tasks.
    pub program: &'a Program,
    /// At most so many slots of a series, as asked for, at once for a task.
    pub pins: Option<u32>,
    /// The locks that the rule speaks of: those in the order, and reservations.
    pub locks: Vec<usize>,
}

impl<'a> Discipline<'a> {
    /// The rule of a model.
    #[must_use]
    pub fn of(program: &'a Program, pins: Option<u32>) -> Discipline<'a> {
        let locks = (0..program.resources.len())
            .filter(|&i| {
                let resource = &program.resources[i];
                let ranked = resource.rank.is_some() || resource.follows.is_some();
                ranked && is_lock(resource.kind)
            })
            .collect();
        Discipline {
            program,
            pins,
            locks,
        }
    }

    /// All that tasks of the general program wait for.
    #[must_use]
    pub fn things(&self) -> Vec<Thing> {
        let series = (0..self.program.series.len()).map(Thing::Series);
        let locks = self.locks.iter().map(|&lock| Thing::Lock(lock));
        series.chain(locks).collect()
    }

    /// Whether the rule is about nothing at all: there is no series, and the order names no lock. What a
    /// scenario takes is then its own, and no rule of the model says anything of it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.things().is_empty()
    }

    /// All that they hold.
    #[must_use]
    pub fn holdable(&self) -> Vec<Held> {
        let mut held = Vec::new();
        for asked in 0..self.program.series.len() {
            ask();
            held.extend((self.lies(asked).into_iter()).map(|lies| Held::slot(asked, lies)));
        }
        let owned = self.locks.iter().filter(|&&lock| self.is_owned(lock));
        held.extend(owned.map(|&lock| Held::from(Thing::Lock(lock))));
        held
    }

    /// Where a pin asked for in a series can lie: there, or where its policy takes what is left.
    #[must_use]
    pub fn lies(&self, asked: SeriesId) -> Vec<SeriesId> {
        let elsewhere = acceptable_series(self.program, asked).filter(|&lies| lies != asked);
        [asked].into_iter().chain(elsewhere).collect()
    }

    /// What the model's order names, first to last; empty: it states none.
    #[must_use]
    pub fn stated_order(&self) -> Vec<Thing> {
        let mut named: Vec<Thing> = self.things();
        named.retain(|&thing| self.rank(thing).is_some());
        named.sort_by_key(|&thing| self.rank(thing));
        named
    }

    /// Place in the order.
    #[must_use]
    pub fn rank(&self, thing: Thing) -> Option<usize> {
        match thing {
            Thing::Series(series) => self.program.series[series].rank,
            Thing::Lock(lock) => self.program.resources[lock].rank,
        }
    }

    /// The name in the model.
    #[must_use]
    pub fn name(&self, thing: Thing) -> &str {
        match thing {
            Thing::Series(series) => &self.program.series[series].name,
            Thing::Lock(lock) => &self.program.resources[lock].name,
        }
    }

    /// The series whose slots a lock reserves.
    #[must_use]
    pub fn reserves(&self, lock: usize) -> Option<SeriesId> {
        self.program.resources[lock].follows
    }

    /// The lock with which slots of a series are reserved.
    #[must_use]
    pub fn reservation_of(&self, series: SeriesId) -> Option<usize> {
        (self.locks.iter().copied())
            .find(|&lock| self.reserves(lock) == Some(series) && self.is_owned(lock))
    }

    /// Whether slots are reserved in this model.
    #[must_use]
    pub fn has_reservations(&self) -> bool {
        (0..self.program.series.len()).any(|series| self.reservation_of(series).is_some())
    }

    /// Whether a lock makes atomic context.
    #[must_use]
    pub fn is_spin(&self, lock: usize) -> bool {
        self.program.resources[lock].kind == ResourceKind::Spinlock
    }

    /// Whether only who took a lock gives it back.
    #[must_use]
    pub fn is_owned(&self, lock: usize) -> bool {
        self.program.resources[lock].kind.is_owned()
    }

    /// Whether what is held allows to ask for something.
    #[must_use]
    pub fn allows(&self, held: Held, asked: Thing) -> bool {
        let (holds, asks) = (self.rank(held.asked), self.rank(asked));
        if holds.zip(asks).is_some_and(|(holds, asks)| holds >= asks) {
            return false;
        }
        // Under a spinlock nobody sleeps.
        if let Thing::Lock(lock) = held.lies
            && self.is_spin(lock)
            && !matches!(asked, Thing::Lock(lock) if self.is_spin(lock))
        {
            return false;
        }
        // All units at once, with no slot in hand.
        if let Thing::Lock(lock) = asked
            && self.reserves(lock).is_some()
            && (held.lies == asked || !held.lies.is_lock())
        {
            return false;
        }
        let is_second = held.asked == asked && !asked.is_lock();
        !(is_second && self.pins == Some(1))
    }

    /// All pairs, sorted.
    #[must_use]
    pub fn pairs(&self) -> Vec<Pair> {
        let things = self.things();
        let mut pairs: Vec<Pair> = (self.holdable().into_iter())
            .flat_map(|held| things.iter().map(move |&asked| Pair { held, asked }))
            .filter(|pair| self.allows(pair.held, pair.asked))
            .collect();
        pairs.sort_unstable();
        pairs
    }

    /// The things in an order in which every pair goes forward; `None`: there is a cycle.
    #[must_use]
    pub fn order(&self, pairs: &[Pair]) -> Option<Vec<Thing>> {
        let mut things = self.things();
        // Where the pairs leave it open, the model's own order.
        things.sort_by_key(|&thing| (self.rank(thing).is_none(), self.rank(thing), thing));
        let place: FxHashMap<Thing, usize> = things.iter().copied().zip(0..).collect();
        let edges = edges(pairs).map(|(from, to)| (place[&from], place[&to]));
        let order = in_order(things.len(), edges);
        (order.len() == things.len()).then(|| order.into_iter().map(|i| things[i]).collect())
    }

    /// The strongly connected sets of things that have a pair among them, sorted.
    #[must_use]
    pub fn knots(&self, pairs: &[Pair]) -> Vec<Vec<Thing>> {
        knots(edges(pairs))
    }

    /// So many slots a series has at least: one more than are kept for holders.
    #[must_use]
    pub fn least_slots(&self, series: SeriesId) -> u32 {
        // Numbers of a file are small: there is a greater one.
        self.program.series[series].for_holders.saturating_add(1)
    }

    /// A series that keeps all its slots for holders.
    #[must_use]
    pub fn gives_nobody_a_slot(&self) -> Option<SeriesId> {
        self.program.series.iter().position(
            |series| matches!(series.slots, Bound::Exactly(slots) if slots <= series.for_holders),
        )
    }

    /// Whether a task gets a first pin that lies in the series only by taking a slot that is not
    /// kept for holders: nothing is left over there, and nothing is shared.
    #[must_use]
    pub fn bounds_holders(&self, series: SeriesId) -> bool {
        let declared = &self.program.series[series];
        declared.for_holders > 0 && !declared.reuse.keeps_mappings()
    }
}

/// Whether the pairs among `things` connect each of them with each, and there is one.
#[must_use]
pub fn is_strongly_connected(pairs: &[Pair], things: &[Thing]) -> bool {
    is_knot(edges(pairs), things)
}

/// From where something held lies to what is asked for.
fn edges(pairs: &[Pair]) -> impl Iterator<Item = (Thing, Thing)> {
    pairs.iter().map(|pair| (pair.held.lies, pair.asked))
}

fn is_lock(kind: ResourceKind) -> bool {
    matches!(
        kind,
        ResourceKind::Spinlock | ResourceKind::Rwsem { .. } | ResourceKind::Semaphore { .. }
    )
}
