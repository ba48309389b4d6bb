//! What a run may use, and what it used up.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

/// When to stop early. Nothing by default.
#[derive(Debug, Clone, Default)]
pub struct Limits {
    /// So many distinct states. The search that counts them looks at this itself.
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
        // A time beyond what the clock can say is none.
        (self.timeout).and_then(|timeout| Instant::now().checked_add(timeout))
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
    pub fn out_of_time(&self) -> Reached {
        let timeout = self.timeout.unwrap_or_default();
        // To be shown; a limit is not that long.
        Reached::Time(u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX))
    }
}

/// The limit that is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reached {
    /// [`Limits::max_memory`], in bytes.
    Memory(u64),
    /// [`Limits::timeout`], in milliseconds.
    Time(u64),
    /// [`Limits::interrupt`].
    Interrupted,
}
