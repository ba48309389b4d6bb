//! Limits on a run, and how far it has come.

use std::time::Duration;

use kmapcheck_limits::Limits;

/// When to stop early. Nothing by default.
#[derive(Debug, Clone, Default)]
pub struct LoomLimits {
    /// So many interleavings.
    pub max_interleavings: Option<u64>,
    /// So many steps of work, see [`steps_of_one`](crate::steps_of_one): an interleaving that
    /// would go beyond is not begun.
    pub budget: Option<u64>,
    /// Only interleavings with at most so many preemptions.
    pub preemptions: Option<u8>,
    /// Time, memory, interruptions. States there are none.
    pub limits: Limits,
}

/// How far a run has come.
#[derive(Debug, Clone, Copy, Default)]
pub struct LoomProgress {
    /// Interleavings of the allocator explored.
    pub interleavings: u64,
    /// Time since the start.
    pub elapsed: Duration,
}
