//! Limits on a run, and the meter that honours them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use kmapcheck_machine::Stopped;

/// When to stop early. Nothing by default.
#[derive(Debug, Clone, Default)]
pub struct Limits {
    /// So many distinct states.
    pub max_states: Option<u64>,
    /// So many bytes of memory of the whole process; as the engine estimates what it has allocated,
    /// where the system does not say.
    pub max_memory: Option<u64>,
    /// So much time.
    pub timeout: Option<Duration>,
    /// When somebody sets this.
    pub interrupt: Option<Arc<AtomicBool>>,
}

impl Limits {
    /// When the time is up, if it starts now.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.timeout.map(|timeout| Instant::now() + timeout)
    }

    /// The same for one of several runs that share the time until `deadline`; `None`: none is left.
    #[must_use]
    pub fn until(&self, deadline: Option<Instant>) -> Option<Limits> {
        let timeout = match deadline {
            None => self.timeout,
            Some(deadline) => {
                let left = deadline.checked_duration_since(Instant::now());
                Some(left.filter(|left| !left.is_zero())?)
            }
        };
        Some(Limits {
            timeout,
            ..self.clone()
        })
    }

    /// What a run says that has no time left.
    #[must_use]
    pub fn out_of_time(&self) -> Stopped {
        // To be shown; a limit is not that long.
        let timeout = self.timeout.unwrap_or_default();
        Stopped::Time(u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX))
    }
}

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

/// Looks at the limits and reports progress now and then.
pub(crate) struct Meter<'a> {
    limits: &'a Limits,
    report: &'a mut dyn FnMut(&Progress),
    start: Instant,
    reported: Instant,
    ticks: u32,
    /// Bytes of the process when they were last asked for.
    resident: Option<u64>,
    asked: Instant,
}

/// So many calls of [`Meter::check`] for one look at the clock.
const TICKS: u32 = 256;
const REPORT_EVERY: Duration = Duration::from_millis(200);
/// In this time no engine allocates more than a small part of any limit worth giving.
const ASK_EVERY: Duration = Duration::from_millis(4);

/// Bytes of memory that the process has, if the system says.
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    let kilobytes: u64 = line.split_ascii_whitespace().nth(1)?.parse().ok()?;
    kilobytes.checked_mul(1024)
}

/// What of a limit may be used before it counts as reached: the rest is for what comes up between
/// two looks, and for the report.
fn usable(max: u64) -> u64 {
    max - max / 40
}

impl<'a> Meter<'a> {
    pub(crate) fn new(limits: &'a Limits, report: &'a mut dyn FnMut(&Progress)) -> Self {
        let now = Instant::now();
        Meter {
            limits,
            report,
            start: now,
            reported: now,
            ticks: 0,
            resident: limits.max_memory.and_then(|_| resident()),
            asked: now,
        }
    }

    /// Whether to stop. `progress` is asked for only when somebody looks at it; its `elapsed` is
    /// filled in here.
    pub(crate) fn check(
        &mut self,
        states: u64,
        progress: impl FnOnce() -> Progress,
    ) -> Option<Stopped> {
        if let Some(max) = self.limits.max_states
            && states >= max
        {
            return Some(Stopped::States(max));
        }
        self.ticks = self.ticks.saturating_add(1);
        if self.ticks < TICKS {
            return None;
        }
        self.ticks = 0;
        self.look(&progress())
    }

    /// The limits.
    pub(crate) fn limits(&self) -> &Limits {
        self.limits
    }

    /// Has the next check look at everything.
    pub(crate) fn hurry(&mut self) {
        self.ticks = TICKS;
    }

    /// The limit of states, if there is one.
    pub(crate) fn max_states(&self) -> Option<u64> {
        self.limits.max_states
    }

    /// So many states more are allowed.
    pub(crate) fn states_left(&self, states: u64) -> u64 {
        let max = self.limits.max_states.unwrap_or(u64::MAX);
        max.saturating_sub(states)
    }

    /// So many bytes more are allowed, of an engine that estimates what it has.
    pub(crate) fn memory_left(&self, estimated: u64) -> u64 {
        let max = self.limits.max_memory.map_or(u64::MAX, usable);
        max.saturating_sub(self.resident.unwrap_or(estimated))
    }

    /// The same as [`check`](Meter::check) at once, whatever the cost.
    pub(crate) fn look(&mut self, progress: &Progress) -> Option<Stopped> {
        let now = Instant::now();
        let elapsed = now - self.start;
        if self.resident.is_some() && now - self.asked >= ASK_EVERY {
            self.asked = now;
            self.resident = resident();
        }
        if now - self.reported >= REPORT_EVERY {
            self.reported = now;
            (self.report)(&Progress {
                elapsed,
                memory: self.resident.unwrap_or(progress.memory),
                ..*progress
            });
        }
        if let Some(max) = self.limits.max_memory
            && self.memory_left(progress.memory) == 0
        {
            return Some(Stopped::Memory(max));
        }
        if let Some(timeout) = self.limits.timeout
            && elapsed >= timeout
        {
            return Some(self.limits.out_of_time());
        }
        let interrupted = self
            .limits
            .interrupt
            .as_ref()
            .is_some_and(|flag| flag.load(Ordering::Relaxed));
        interrupted.then_some(Stopped::Interrupted)
    }
}
