//! How the search runs, beyond its limits.

use std::path::PathBuf;

use crate::reduce::Reductions;

/// How visited states are kept.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Storage {
    /// As they are.
    #[default]
    Exact,
    /// As 64 bits each, so that two may be taken for one: a state may be missed, with a probability
    /// that the report names.
    Fingerprint {
        /// A folder for those that are still to be expanded; `None`: in memory.
        spill: Option<PathBuf>,
    },
}

/// How the counted search runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// What it leaves out.
    pub reductions: Reductions,
    /// Whether to check the premises of that on the states met; a panic says which does not hold.
    pub check: bool,
    /// How states are kept.
    pub storage: Storage,
    /// A file that keeps how far the search has come, and from which it goes on if it is there.
    pub checkpoint: Option<PathBuf>,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            reductions: Reductions::COUNTED,
            check: false,
            storage: Storage::Exact,
            checkpoint: None,
        }
    }
}
