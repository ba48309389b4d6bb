//! Every way in which a task can have come by what it holds.
//!
//! A local state says what is held, not where it was taken: `choose` may take the same slot in
//! either of two branches. [`Chains`] closes pairs of a local state and the operations that took
//! what is held in it under the steps between [local states](crate), breadth first, so
//! that each local state is first met on a shortest way. A step takes or gives back one thing, and
//! what stays is carried over. Maps are told apart by the pages they are of, which the names of the
//! task hold on to while page numbers change.
//!
//! There are finitely many pairs, but alternatives multiply; beyond [`MAX`] pairs further ways are
//! left out. Every local state keeps one way at least, so that nothing that can happen goes
//! unmentioned.

use std::collections::VecDeque;

use kmapcheck_limits::ask;
use kmapcheck_machine::{Held, Name, PageId};
use rustc_hash::FxHashSet;

use crate::{Acquired, Link, LocalState, Locals};

/// How many pairs of a local state and a way to it are looked at.
pub const MAX: usize = 50_000;

/// What is held, in the order taken. Of a lock, `n` is what the operation took of it.
pub type Chain = Vec<Link>;

/// For each local state, the ways to hold what is held in it.
#[derive(Debug)]
pub struct Chains {
    of: Vec<Vec<Chain>>,
    /// Whether these are all ways.
    pub complete: bool,
}

impl Chains {
    /// The chains of a closure.
    #[must_use]
    pub fn of(locals: &Locals) -> Chains {
        let mut chains = Chains {
            of: vec![Vec::new(); locals.states.len()],
            complete: true,
        };
        let mut known: FxHashSet<(u32, Chain)> = FxHashSet::default();
        let mut queue: VecDeque<(u32, Chain)> = VecDeque::new();
        for (local, _) in (0..).zip(&locals.states) {
            ask();
            if locals.path(local).is_empty() {
                queue.push_back((local, Vec::new()));
            }
        }
        known.extend(queue.iter().cloned());
        while let Some((local, chain)) = queue.pop_front() {
            ask();
            let before = &locals.states[local as usize];
            let steps = locals.situations[local as usize].iter();
            let steps = steps.flat_map(|situation| situation.next.iter());
            let flushes = locals.flushes[local as usize].iter();
            for &to in steps.chain(flushes) {
                let next = (to, carry(before, &locals.states[to as usize], &chain));
                if known.contains(&next) {
                    continue;
                }
                if known.len() >= MAX {
                    chains.complete = false;
                    continue;
                }
                known.insert(next.clone());
                queue.push_back(next);
            }
            chains.of[local as usize].push(chain);
        }
        if !chains.complete {
            chains.fill(locals);
        }
        chains
    }

    /// The ways to hold what is held in a local state: one or more.
    #[must_use]
    pub fn to(&self, local: u32) -> &[Chain] {
        &self.of[local as usize]
    }

    /// Gives local states that the limit has left without a way a shortest one.
    fn fill(&mut self, locals: &Locals) {
        for (local, chains) in (0..).zip(&mut self.of) {
            if chains.is_empty() {
                chains.push(locals.acquired(local));
            }
        }
    }
}

/// What is held after a step from `before` to `after`.
pub(crate) fn carry(before: &LocalState, after: &LocalState, chain: &Chain) -> Chain {
    let Some(at) = before.task.at else {
        return chain.clone();
    };
    let (old, new) = (&before.task, &after.task);
    if new.at.is_none() {
        // A task that ends lets go of all it knows of.
        return Vec::new();
    }
    let gone_map = (new.maps.len() < old.maps.len()).then(|| undone(before, after));
    let gone_lock = (0..old.page_locks.len()).rev().find(|&i| {
        new.page_locks.len() < old.page_locks.len()
            && Renaming::of(before, after).is_some_and(|mut renaming| {
                let kept = old.page_locks.iter().enumerate().filter(|&(j, _)| j != i);
                let mut pairs = kept.map(|(_, &page)| page).zip(new.page_locks.iter());
                pairs.all(|(from, &to)| renaming.add(from, to))
            })
    });
    let (mut maps, mut locks) = (0..old.maps.len(), 0..old.page_locks.len());
    let (mut next_map, mut next_lock) = (0, 0);
    // Maps and page locks are listed in the order taken, so the chain meets them in that order.
    let mut kept: Chain = Vec::new();
    for link in chain {
        match link.what {
            Acquired::Map(_) => {
                let i = maps.next();
                if i != gone_map
                    && let Some(&map) = new.maps.get(next_map)
                {
                    next_map += 1;
                    kept.push(Link {
                        what: Acquired::Map(map),
                        at: link.at,
                    });
                }
            }
            Acquired::Page(_) => {
                let i = locks.next();
                if i != gone_lock
                    && let Some(&page) = new.page_locks.get(next_lock)
                {
                    next_lock += 1;
                    kept.push(Link {
                        what: Acquired::Page(page),
                        at: link.at,
                    });
                }
            }
            Acquired::Lock(_) => kept.push(*link),
        }
    }
    let fresh = |what: Acquired| Link { what, at };
    kept.extend((new.maps[next_map..].iter()).map(|&map| fresh(Acquired::Map(map))));
    kept.extend((new.page_locks[next_lock..].iter()).map(|&page| fresh(Acquired::Page(page))));
    for held in &new.held {
        // None, if there is less than before.
        let more = held.n.saturating_sub(old.holds(held.what, held.mode));
        if more > 0 {
            kept.push(fresh(Acquired::Lock(Held { n: more, ..*held })));
        }
    }
    for held in &old.held {
        // None, if there is more now.
        let less = held.n.saturating_sub(new.holds(held.what, held.mode));
        give_back(&mut kept, held, less);
    }
    kept
}

/// Takes `n` of a lock or pool off the chain, what was taken last first.
fn give_back(chain: &mut Chain, held: &Held, mut n: u32) {
    for link in chain.iter_mut().rev() {
        if let Acquired::Lock(taken) = &mut link.what
            && (taken.what, taken.mode) == (held.what, held.mode)
        {
            let less = n.min(taken.n);
            taken.n -= less;
            n -= less;
        }
    }
    chain.retain(|link| !matches!(link.what, Acquired::Lock(taken) if taken.n == 0));
}

/// Which map a step has undone: of those that it could be, the last.
fn undone(before: &LocalState, after: &LocalState) -> usize {
    let (old, new) = (&before.task.maps, &after.task.maps);
    let fits = |gone: usize| {
        let Some(mut renaming) = Renaming::of(before, after) else {
            return false;
        };
        let kept = old.iter().enumerate().filter(|&(i, _)| i != gone);
        let mut pairs = kept.map(|(_, map)| map).zip(new);
        pairs.all(|(from, to)| {
            from.with_page(0) == to.with_page(0) && renaming.add(from.page(), to.page())
        })
    };
    // A map is gone, so there was one.
    let last = old.len().saturating_sub(1);
    (0..old.len())
        .rev()
        .find(|&gone| fits(gone))
        .unwrap_or(last)
}

/// Which page of one local state is which of the next.
struct Renaming(Vec<(PageId, PageId)>);

impl Renaming {
    /// What the names tell; `None` if they contradict one another.
    fn of(before: &LocalState, after: &LocalState) -> Option<Renaming> {
        let mut renaming = Renaming(Vec::new());
        for names in before.task.names.iter().zip(&after.task.names) {
            if let (Name::Page(from), Name::Page(to)) = names
                && !renaming.add(*from, *to)
            {
                return None;
            }
        }
        Some(renaming)
    }

    /// Takes in that `from` is `to`; false if that contradicts what is known.
    fn add(&mut self, from: PageId, to: PageId) -> bool {
        match self.0.iter().find(|&&(f, t)| f == from || t == to) {
            Some(&known) => known == (from, to),
            None => {
                self.0.push((from, to));
                true
            }
        }
    }
}
