//! The primitives, with their operands resolved, and which of them a task calls together.

use super::{AtomicTypeId, Node, NodeId, Patience, Ref, SeriesId, Template};

/// A primitive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(
    missing_docs,
    reason = "the fields are the operands of the operations in docs/semantics.md"
)]
pub enum Op {
    Kmap {
        page: Ref,
        series: SeriesId,
    },
    TryKmap {
        page: Ref,
        series: SeriesId,
        flush: bool,
    },
    Kunmap {
        page: Ref,
    },
    KunmapAny {
        page: Ref,
    },
    KmapAtomic {
        page: Ref,
        kind: AtomicTypeId,
    },
    KunmapAtomic {
        page: Ref,
    },
    KmapLocal {
        page: Ref,
    },
    KunmapLocal {
        page: Ref,
    },
    SpinLock {
        lock: Ref,
    },
    SpinUnlock {
        lock: Ref,
    },
    SpinTrylock {
        lock: Ref,
    },
    /// `down` of a semaphore, and `mempool_alloc` (`n` = 1).
    Down {
        pool: Ref,
        n: u32,
    },
    /// `up` of a semaphore, and `mempool_free` (`n` = 1).
    Up {
        pool: Ref,
        n: u32,
    },
    /// `down_trylock` of a semaphore, and `mempool_try_alloc` (`n` = 1).
    DownTrylock {
        pool: Ref,
        n: u32,
    },
    DownRead {
        lock: Ref,
    },
    DownReadTrylock {
        lock: Ref,
    },
    UpRead {
        lock: Ref,
    },
    DownWrite {
        lock: Ref,
    },
    DownWriteTrylock {
        lock: Ref,
    },
    UpWrite {
        lock: Ref,
    },
    LockPage {
        page: Ref,
    },
    UnlockPage {
        page: Ref,
    },
    TrylockPage {
        page: Ref,
    },
    WaitForCompletion {
        completion: Ref,
    },
    TryWaitForCompletion {
        completion: Ref,
    },
    Complete {
        completion: Ref,
    },
    AllocPage {
        var: Ref,
    },
    TryAllocPage {
        var: Ref,
    },
    FreePage {
        page: Ref,
    },
    MightSleep,
    /// Any branch; choosing is a step of its own.
    Choose,
    /// A branch whose first operation can go on: choosing and that operation are one step. The
    /// targets of the node are the nodes of the first operations, where no task ever stands.
    Select,
}

impl Template {
    /// Whether it can run for ever.
    #[must_use]
    pub fn has_loops(&self) -> bool {
        let mut targets = self.nodes.iter().flat_map(|node| &node.next);
        targets.any(|target| target.round)
    }

    /// The operations that a task at this one calls together: this one, or of a select the first ones
    /// of its branches.
    pub fn calls(&self, at: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        let node = &self.nodes[at];
        let itself = (node.op != Op::Select).then_some(at);
        itself.into_iter().chain(node.arms())
    }
}

impl Node {
    /// For a select: the nodes of the first operations of its branches, in order.
    pub fn arms(&self) -> impl Iterator<Item = NodeId> + '_ {
        let branches = match (self.op, self.patience) {
            (Op::Select, Patience::GivesUp) => self.next.len() - 1,
            (Op::Select, _) => self.next.len(),
            _ => 0,
        };
        self.next[..branches]
            .iter()
            .filter_map(|target| target.node)
    }
}

impl Op {
    /// Whether it takes a page off the freelist, or puts one there.
    #[must_use]
    pub fn uses_freelist(self) -> bool {
        matches!(
            self,
            Op::AllocPage { .. } | Op::TryAllocPage { .. } | Op::FreePage { .. }
        )
    }

    /// Whether the operation may sleep, as the kernel's `might_sleep()` judges it.
    #[must_use]
    pub fn may_sleep(self) -> bool {
        self.waits_asleep() || matches!(self, Op::MightSleep)
    }

    /// Whether a task can have to wait for the operation, asleep: not where it spins, and not where
    /// it always comes back.
    #[must_use]
    pub fn waits_asleep(self) -> bool {
        match self {
            Op::Kmap { .. }
            | Op::Down { .. }
            | Op::DownRead { .. }
            | Op::DownWrite { .. }
            | Op::LockPage { .. }
            | Op::WaitForCompletion { .. }
            | Op::AllocPage { .. }
            | Op::Select => true,
            Op::TryKmap { .. }
            | Op::Kunmap { .. }
            | Op::KunmapAny { .. }
            | Op::KmapAtomic { .. }
            | Op::KunmapAtomic { .. }
            | Op::KmapLocal { .. }
            | Op::KunmapLocal { .. }
            | Op::SpinLock { .. }
            | Op::SpinUnlock { .. }
            | Op::SpinTrylock { .. }
            | Op::Up { .. }
            | Op::DownTrylock { .. }
            | Op::DownReadTrylock { .. }
            | Op::UpRead { .. }
            | Op::DownWriteTrylock { .. }
            | Op::UpWrite { .. }
            | Op::UnlockPage { .. }
            | Op::TrylockPage { .. }
            | Op::TryWaitForCompletion { .. }
            | Op::Complete { .. }
            | Op::TryAllocPage { .. }
            | Op::FreePage { .. }
            | Op::MightSleep
            | Op::Choose => false,
        }
    }

    /// Whether the operation gives something back that others may wait for.
    #[must_use]
    pub fn is_release(self) -> bool {
        matches!(
            self,
            Op::Kunmap { .. }
                | Op::KunmapAny { .. }
                | Op::SpinUnlock { .. }
                | Op::Up { .. }
                | Op::UpRead { .. }
                | Op::UpWrite { .. }
                | Op::UnlockPage { .. }
                | Op::Complete { .. }
                | Op::FreePage { .. }
        )
    }

    /// Whether the operation has a success and a failure branch.
    #[must_use]
    pub fn is_try(self) -> bool {
        matches!(
            self,
            Op::TryKmap { .. }
                | Op::SpinTrylock { .. }
                | Op::DownTrylock { .. }
                | Op::DownReadTrylock { .. }
                | Op::DownWriteTrylock { .. }
                | Op::TrylockPage { .. }
                | Op::TryWaitForCompletion { .. }
                | Op::TryAllocPage { .. }
        )
    }

    /// The page name that the operation is about.
    #[must_use]
    pub fn page(mut self) -> Option<Ref> {
        self.page_mut().copied()
    }

    /// The same, to change it.
    pub(crate) fn page_mut(&mut self) -> Option<&mut Ref> {
        match self {
            Op::Kmap { page, .. }
            | Op::TryKmap { page, .. }
            | Op::Kunmap { page }
            | Op::KunmapAny { page }
            | Op::KmapAtomic { page, .. }
            | Op::KunmapAtomic { page }
            | Op::KmapLocal { page }
            | Op::KunmapLocal { page }
            | Op::LockPage { page }
            | Op::UnlockPage { page }
            | Op::TrylockPage { page }
            | Op::FreePage { page }
            | Op::AllocPage { var: page }
            | Op::TryAllocPage { var: page } => Some(page),
            Op::SpinLock { .. }
            | Op::SpinTrylock { .. }
            | Op::SpinUnlock { .. }
            | Op::Down { .. }
            | Op::DownTrylock { .. }
            | Op::Up { .. }
            | Op::DownRead { .. }
            | Op::DownReadTrylock { .. }
            | Op::UpRead { .. }
            | Op::DownWrite { .. }
            | Op::DownWriteTrylock { .. }
            | Op::UpWrite { .. }
            | Op::WaitForCompletion { .. }
            | Op::TryWaitForCompletion { .. }
            | Op::Complete { .. }
            | Op::MightSleep
            | Op::Choose
            | Op::Select => None,
        }
    }

    /// The lock, pool or completion that the operation is about.
    #[must_use]
    pub fn resource(mut self) -> Option<Ref> {
        self.resource_mut().copied()
    }

    /// The same, to change it.
    pub(crate) fn resource_mut(&mut self) -> Option<&mut Ref> {
        match self {
            Op::SpinLock { lock }
            | Op::SpinTrylock { lock }
            | Op::SpinUnlock { lock }
            | Op::DownRead { lock }
            | Op::DownReadTrylock { lock }
            | Op::UpRead { lock }
            | Op::DownWrite { lock }
            | Op::DownWriteTrylock { lock }
            | Op::UpWrite { lock } => Some(lock),
            Op::Down { pool, .. } | Op::DownTrylock { pool, .. } | Op::Up { pool, .. } => {
                Some(pool)
            }
            Op::WaitForCompletion { completion }
            | Op::TryWaitForCompletion { completion }
            | Op::Complete { completion } => Some(completion),
            Op::Kmap { .. }
            | Op::TryKmap { .. }
            | Op::Kunmap { .. }
            | Op::KunmapAny { .. }
            | Op::KmapAtomic { .. }
            | Op::KunmapAtomic { .. }
            | Op::KmapLocal { .. }
            | Op::KunmapLocal { .. }
            | Op::LockPage { .. }
            | Op::UnlockPage { .. }
            | Op::TrylockPage { .. }
            | Op::AllocPage { .. }
            | Op::TryAllocPage { .. }
            | Op::FreePage { .. }
            | Op::MightSleep
            | Op::Choose
            | Op::Select => None,
        }
    }
}
