//! Traces replayed step by step in a terminal: the programs with everybody's line, the slots, who
//! waits for whom; arrow keys to go back and forth.
//!
//! | module | what | feature |
//! |---|---|---|
//! | [`lines`] | a whole trace as lines of text | |
//! | `panels` | one state as panels | `screen` |
//! | `keys` | what keys do | `screen` |
//!
//! A [`Replay`] is what is shown and where in it one is; it knows neither keys nor terminals.

#[cfg(feature = "screen")]
mod keys;
pub mod lines;
#[cfg(feature = "screen")]
pub mod panels;

use crate::recording::Recording;
use kmapcheck_report::Report;

#[cfg(feature = "screen")]
pub use keys::{Action, action};
#[cfg(feature = "screen")]
pub use panels::run;

/// The traces of a report, and where one is.
#[derive(Debug, Clone)]
pub struct Replay<'a> {
    /// The report.
    pub report: &'a Report,
    /// A recording for each of its findings.
    pub recordings: Vec<Recording>,
    /// The finding that is shown.
    pub finding: usize,
    /// The state that is shown.
    pub state: usize,
}

impl<'a> Replay<'a> {
    /// The traces of a report, at the start of the first; `recordings` are those of its findings.
    #[must_use]
    pub fn new(report: &'a Report, recordings: Vec<Recording>) -> Replay<'a> {
        Replay {
            report,
            recordings,
            finding: 0,
            state: 0,
        }
    }

    /// The recording that is shown; none if nothing was found.
    #[must_use]
    pub fn recording(&self) -> Option<&Recording> {
        self.recordings.get(self.finding)
    }
}
