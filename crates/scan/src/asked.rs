//! What is asked for.

use std::collections::BTreeMap;
use std::time::Instant;

use kmapcheck_extract::Options;
use kmapcheck_limits::Limits;

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The folders, as they were given.
    pub folders: Vec<String>,
    /// How each entry is read; its entries are not looked at.
    pub options: Options,
    /// Whether entries are checked alone and beside themselves.
    pub check: bool,
    /// Whether they are checked beside others too.
    pub pairs: bool,
    /// States that a check visits at most.
    pub max_states: u64,
    /// Threads.
    pub threads: usize,
    /// The limits of the whole.
    pub limits: Limits,
    /// When the time is up.
    pub deadline: Option<Instant>,
}

impl Asked {
    /// The limits of one of the things that are still to be done; `None`: there is no time left.
    #[must_use]
    pub fn rest(&self) -> Option<Limits> {
        let is_over = self.limits.interrupt.as_ref();
        if is_over.is_some_and(|flag| flag.load(std::sync::atomic::Ordering::Relaxed)) {
            return None;
        }
        self.limits.until(self.deadline)
    }

    /// Slots that were asked for, by series.
    #[must_use]
    pub fn slots(&self) -> &BTreeMap<String, u32> {
        &self.options.slots
    }
}
