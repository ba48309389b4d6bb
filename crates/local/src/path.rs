//! How a task gets into a local state, and where it took what it holds.

use kmapcheck_machine::{Held, Map, PageId};
use kmapcheck_scenario::NodeId;

use crate::chains::{Chain, carry};
use crate::closure::{Locals, to_u32};

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
    pub fn acquired(&self, local: u32) -> Chain {
        let path = self.path(local);
        let ends = path
            .iter()
            .skip(1)
            .map(|&(before, _)| before)
            .chain([local]);
        path.iter()
            .zip(ends)
            .fold(Chain::new(), |held, (&(from, _), to)| {
                let [before, after] = [from, to].map(|local| &self.states[local as usize]);
                carry(before, after, &held)
            })
    }
}
