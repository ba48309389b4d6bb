//! How many states and parts of states can be numbered.

use super::key::WIDEST;
use super::store::{MOST_IN_PARTITION, MOST_STATES};
use crate::capacity;

/// So much there may be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Most {
    /// States.
    pub states: u64,
    /// States in the index of a partition.
    pub in_partition: u32,
    /// Parts of states, of each sort, in lowered programs: see [`capacity`].
    pub lowered: u32,
    /// Parts of states, of each sort, in programs that are not lowered.
    pub named: u32,
}

impl Most {
    pub(crate) const ALL: Most = Most {
        states: MOST_STATES,
        in_partition: MOST_IN_PARTITION,
        lowered: capacity::MOST,
        named: 1 << WIDEST,
    };
}
