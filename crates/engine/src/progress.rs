//! How far a run has come, and the meter that reports it and asks whether to stop.

use std::time::Duration;

use kmapcheck_limits::{Limits, Watch};

use crate::outcome::Stopped;

/// How far a run has come.
#[derive(Debug, Clone, Copy, Default)]
pub struct Progress {
    /// Distinct states.
    pub states: u64,
    /// Transitions taken.
    pub transitions: u64,
    /// States of the current level still to be expanded, and of the next one.
    pub frontier: u64,
    /// Steps to the current level.
    pub depth: u64,
    /// Bytes: of the process where the system says, else as estimated.
    pub memory: u64,
    /// Time since the start.
    pub elapsed: Duration,
}

/// Asks about the limits of one run, and reports progress now and then.
pub struct Meter<'a> {
    watch: Watch,
    report: &'a mut dyn FnMut(&Progress),
}

impl<'a> Meter<'a> {
    /// Starts the watch on the limits; `report` is told how far the run has come.
    pub fn new(limits: &Limits, report: &'a mut dyn FnMut(&Progress)) -> Self {
        Meter {
            watch: Watch::start(limits),
            report,
        }
    }

    /// Whether to stop. `progress` is asked for only when somebody looks at it; its `elapsed` is
    /// filled in here.
    pub fn check(&mut self, states: u64, progress: impl FnOnce() -> Progress) -> Option<Stopped> {
        if let Some(max) = self.max_states()
            && states >= max
        {
            return Some(Stopped::States(max));
        }
        if self.watch.is_due() {
            let progress = progress();
            if self.watch.memory_left(progress.memory) == 0
                && let Some(max) = self.limits().max_memory
            {
                return Some(Stopped::Memory(max));
            }
            (self.report)(&Progress {
                elapsed: self.watch.elapsed(),
                memory: self.watch.resident().unwrap_or(progress.memory),
                ..progress
            });
        }
        self.watch.reached().map(Stopped::from)
    }

    /// The same whatever the number of states.
    pub fn look(&mut self, progress: impl FnOnce() -> Progress) -> Option<Stopped> {
        self.check(0, progress)
    }

    /// Runs a phase of this run, in which others ask about the limits too.
    ///
    /// # Errors
    ///
    /// If one of them left it because a limit was reached.
    pub fn run<T>(&mut self, phase: impl FnOnce(&mut Self) -> T) -> Result<T, Stopped> {
        let watch = self.watch.clone();
        watch.run(|| phase(self)).map_err(Stopped::from)
    }

    /// The limits.
    pub fn limits(&self) -> &Limits {
        self.watch.limits()
    }

    /// The limit of states, if there is one.
    pub fn max_states(&self) -> Option<u64> {
        self.limits().max_states
    }

    /// So many states more are allowed.
    pub fn states_left(&self, states: u64) -> u64 {
        // Without a limit any number of states is allowed; beyond one, none.
        let max = self.max_states().unwrap_or(u64::MAX);
        max.saturating_sub(states)
    }

    /// So many bytes more are allowed, of an engine that estimates what it has.
    pub fn memory_left(&self, estimated: u64) -> u64 {
        self.watch.memory_left(estimated)
    }
}
