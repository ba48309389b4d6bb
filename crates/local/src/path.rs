//! How a task gets into a local state, and where it took what it holds.

use kmapcheck_machine::{Held, Map, PageId};
use kmapcheck_scenario::NodeId;

use crate::closure::{Locals, to_u32};
use crate::local::LocalState;

/// How a local state was first met.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Came {
    from: u32,
    step: PathStep,
}

/// One step of the way to a local state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PathStep {
    /// The task carries out an operation; or a try fails, or it gives up.
    Does {
        /// The operation.
        node: NodeId,
        /// Whether it failed.
        failed: bool,
    },
    /// Others flush stale mappings of its pages.
    Flushed,
}

impl Came {
    pub(crate) fn step(from: u32, node: NodeId, failed: bool) -> Came {
        Came {
            from,
            step: PathStep::Does { node, failed },
        }
    }

    pub(crate) fn flush(from: u32) -> Came {
        Came {
            from,
            step: PathStep::Flushed,
        }
    }
}

/// Something held, and the operation that took it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Link {
    /// What, as in the local state.
    pub what: Acquired,
    /// The operation, in the task program of the local state.
    pub at: NodeId,
}

/// What a task has acquired.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Acquired {
    /// A map.
    Map(Map),
    /// A lock or units.
    Lock(Held),
    /// A page lock.
    Page(PageId),
}

impl Locals {
    /// The local states in which tasks start.
    pub fn starts(&self) -> impl Iterator<Item = u32> + '_ {
        (0..to_u32(self.states.len())).filter(|&local| self.came[local as usize].is_none())
    }

    /// A shortest way to a local state: the local states before each step, with the step.
    #[must_use]
    pub fn path(&self, local: u32) -> Vec<(u32, PathStep)> {
        let (mut at, mut path) = (local, Vec::new());
        while let Some(came) = self.came[at as usize] {
            path.push((came.from, came.step));
            at = came.from;
        }
        path.reverse();
        path
    }

    /// What a task in that local state has acquired, with where it did so on a shortest way, in
    /// the order taken.
    #[must_use]
    pub fn acquired(&self, local: u32) -> Vec<Link> {
        let path = self.path(local);
        let mut held: Vec<Link> = Vec::new();
        for (i, &(from, step)) in path.iter().enumerate() {
            let to = path.get(i + 1).map_or(local, |next| next.0);
            let PathStep::Does { node, .. } = step else {
                continue;
            };
            let [before, after] = [from, to].map(|local| things(&self.states[local as usize]));
            held = align(&held, &before, &after, node);
        }
        held
    }
}

/// All that a local state has acquired, maps first, each in the order taken.
fn things(local: &LocalState) -> Vec<Acquired> {
    let maps = local.task.maps.iter().map(|&map| Acquired::Map(map));
    let locks = local.task.held.iter().map(|&held| Acquired::Lock(held));
    let pages = local.task.page_locks.iter().copied().map(Acquired::Page);
    maps.chain(locks).chain(pages).collect()
}

/// Carries over where things were taken. Page numbers may differ between two local states, so
/// things are matched by kind and place in the list: at most one is new or gone.
fn align(held: &[Link], before: &[Acquired], after: &[Acquired], at: NodeId) -> Vec<Link> {
    let alike = |a: &Acquired, b: &Acquired| match (a, b) {
        (Acquired::Map(a), Acquired::Map(b)) => a.with_page(0) == b.with_page(0),
        (Acquired::Lock(a), Acquired::Lock(b)) => (a.what, a.mode) == (b.what, b.mode),
        (Acquired::Page(_), Acquired::Page(_)) => true,
        _ => false,
    };
    let origin = |thing: &Acquired, from: usize| {
        (from..before.len())
            .find(|&i| alike(&before[i], thing))
            .map(|i| (i, before[i]))
    };
    let (mut next, mut kept) = (0, Vec::new());
    for &thing in after {
        let taken = match origin(&thing, next) {
            Some((i, was)) => {
                next = i + 1;
                let more = matches!((was, thing),
                    (Acquired::Lock(was), Acquired::Lock(now)) if now.n > was.n);
                let known = held.iter().find(|h| h.what == was).map(|h| h.at);
                if more { at } else { known.unwrap_or(at) }
            }
            None => at,
        };
        kept.push(Link {
            what: thing,
            at: taken,
        });
    }
    kept
}
