//! Runs, written down so that they can be run again.

use crate::starts::Start;

/// A run, replayable on the machine.
#[derive(Debug, Clone, PartialEq, Eq, Default, Hash, PartialOrd, Ord)]
pub struct Trace {
    /// The initial state.
    pub start: Start,
    /// The steps.
    pub steps: Vec<TraceStep>,
}

/// A step of a [`Trace`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TraceStep {
    /// Which task.
    pub task: usize,
    /// Which of its [`steps`](crate::steps).
    pub choice: usize,
}
