//! What a step did, for reports.

use kmapcheck_scenario::{FindingKind, SeriesId};

/// What a step did, beyond what its operation says.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Effect {
    /// Nothing worth a word.
    Nothing,
    /// kmap took a free slot.
    TookSlot {
        /// The series.
        series: SeriesId,
        /// Slots in use afterwards.
        in_use: u32,
        /// How many stale mappings were flushed first (0: no flush).
        flushed: u32,
    },
    /// kmap took an existing mapping.
    Reused {
        /// The series in which it lies.
        lies: SeriesId,
        /// Whether it was stale.
        stale: bool,
    },
    /// kmap of low memory: no slot.
    MappedLow,
    /// kunmap left the mapping with other users.
    StillMapped {
        /// The series.
        series: SeriesId,
        /// Users left.
        users: u32,
    },
    /// kunmap left the mapping stale.
    WentStale {
        /// The series.
        series: SeriesId,
    },
    /// kunmap freed the slot.
    FreedSlot {
        /// The series.
        series: SeriesId,
        /// Slots in use afterwards.
        in_use: u32,
    },
    /// A try failed.
    Failed,
    /// Units were taken or given back.
    UnitsLeft {
        /// Units free afterwards.
        free: u32,
    },
    /// A writer announced itself; new readers are held back.
    Announced,
    /// The task joined the queue of a fair semaphore.
    Queued {
        /// Its place: how many queue before it.
        place: u32,
    },
    /// A time-out or a signal ended the wait.
    GaveUp {
        /// The place in the queue of a fair semaphore that it left, if it had one.
        place: Option<u32>,
    },
    /// A page came off the freelist.
    Allocated {
        /// The series that still map it from an earlier use.
        mapped_in: Vec<SeriesId>,
    },
    /// A branch was chosen.
    Chose {
        /// Which, from 0.
        branch: usize,
    },
    /// The operation was skipped.
    Skipped {
        /// What was wrong.
        kind: FindingKind,
    },
    /// The task went to sleep and gave its CPU up.
    Sleeps,
    /// The task took a CPU and spins on it.
    Spins,
}
