//! Watches, and the thread that looks after them.
//!
//! There is one thread for all watches of the process. It starts with the first one, and ends when
//! none is left. Where no thread can be started, whoever asks looks at the clock himself.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

use crate::limits::{Limits, Reached};
use crate::memory::{bearable, expected, resident, usable};
use crate::unwind::{current, put};

/// In this time no phase allocates more than a small part of any limit worth giving.
const LOOK_EVERY: Duration = Duration::from_millis(2);
/// How often progress is reported.
const REPORT_EVERY: Duration = Duration::from_millis(200);

/// What [`Inner::state`] says.
const FINE: u8 = 0;
const MEMORY: u8 = 1;
const TIME: u8 = 2;
const INTERRUPTED: u8 = 3;
/// The watch around this one has reached a limit.
const AROUND: u8 = 4;
/// There is no thread: whoever asks has to look.
const ALONE: u8 = 5;

/// Watches over a run: see the [module](crate).
#[derive(Clone)]
pub struct Watch {
    inner: Arc<Inner>,
}

/// A thread is under a watch as long as this lives.
#[must_use]
pub struct Entered {
    pub(crate) before: Option<Watch>,
}

/// What ends a run that goes on long after a limit was reached.
struct LastResort {
    /// How long it may go on.
    grace: Duration,
    /// Should end the process.
    end: Box<dyn Fn(Reached) + Send + Sync>,
    /// When the limit was reached.
    since: OnceLock<Instant>,
}

struct Inner {
    limits: Limits,
    started: Instant,
    deadline: Option<Instant>,
    around: Option<Watch>,
    state: AtomicU8,
    /// Bytes that the process had at the last look; 0: the system does not say.
    resident: AtomicU64,
    /// Whether progress is to be reported.
    due: AtomicBool,
    last_resort: Option<LastResort>,
}

/// All watches that are to be looked after.
struct Watched {
    list: Vec<Weak<Inner>>,
    has_thread: bool,
}

static WATCHED: Mutex<Watched> = Mutex::new(Watched {
    list: Vec::new(),
    has_thread: false,
});

fn watched() -> MutexGuard<'static, Watched> {
    WATCHED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Puts this thread under the watch of another one, if that had any. For threads that a phase
/// starts: they ask like the phase itself. See also [`Watch::current`].
pub fn entered(watch: Option<&Watch>) -> Entered {
    put(watch.cloned())
}

impl Watch {
    /// Starts to watch: from now on the time counts. The watch of this thread, if there is one, goes
    /// on beside it, and ends this one with it.
    #[must_use]
    pub fn start(limits: &Limits) -> Watch {
        Watch::with(limits, current(), None)
    }

    /// A watch on its own: what is reached around it does not end it. For what is still to be done,
    /// in little time, after a limit was reached.
    #[must_use]
    pub fn apart(limits: &Limits) -> Watch {
        Watch::with(limits, None, None)
    }

    /// A watch on its own, with something that ends the process if the run still goes on `grace`
    /// after a limit was reached, or takes much more memory than it may. For phases that are in
    /// foreign code when the time is up. It needs the thread: where none can be started, it is never
    /// called.
    #[must_use]
    pub fn guarded(
        limits: &Limits,
        grace: Duration,
        end: impl Fn(Reached) + Send + Sync + 'static,
    ) -> Watch {
        let last_resort = LastResort {
            grace,
            end: Box::new(end),
            since: OnceLock::new(),
        };
        Watch::with(limits, None, Some(last_resort))
    }

    /// The watch that this thread runs under.
    #[must_use]
    pub fn current() -> Option<Watch> {
        current()
    }

    fn with(limits: &Limits, around: Option<Watch>, last_resort: Option<LastResort>) -> Watch {
        let now = Instant::now();
        // 0 says that the system does not say.
        let memory = limits.max_memory.and_then(|_| resident()).unwrap_or(0);
        let inner = Arc::new(Inner {
            limits: limits.clone(),
            started: now,
            deadline: limits.deadline(),
            around,
            state: AtomicU8::new(FINE),
            resident: AtomicU64::new(memory),
            due: AtomicBool::new(false),
            last_resort,
        });
        inner.look(now, (memory > 0).then_some(memory));
        let mut watched = watched();
        watched.list.push(Arc::downgrade(&inner));
        if !watched.has_thread {
            let started = thread::Builder::new()
                .name("limits".to_owned())
                .spawn(look_after);
            watched.has_thread = started.is_ok();
            if started.is_err() {
                inner.turn(FINE, ALONE);
            }
        }
        drop(watched);
        Watch { inner }
    }

    /// Which limit is reached, if any: one load.
    #[must_use]
    pub fn reached(&self) -> Option<Reached> {
        let inner = &self.inner;
        match inner.state.load(Ordering::Relaxed) {
            FINE => None,
            ALONE => {
                let memory = inner.limits.max_memory.and_then(|_| resident());
                inner.look(Instant::now(), memory);
                inner.said()
            }
            _ => inner.said(),
        }
    }

    /// The limits.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.inner.limits
    }

    /// How long this watch has been there.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.inner.started.elapsed()
    }

    /// How much time is left, if it is limited, here or around.
    #[must_use]
    pub fn time_left(&self) -> Option<Duration> {
        let own = self.inner.deadline;
        let own = own.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        let around = self.inner.around.as_ref().and_then(Watch::time_left);
        match (own, around) {
            (Some(own), Some(around)) => Some(own.min(around)),
            (own, around) => own.or(around),
        }
    }

    /// Bytes that the process had at the last look, if there is a limit and the system says.
    #[must_use]
    pub fn resident(&self) -> Option<u64> {
        match self.inner.resident.load(Ordering::Relaxed) {
            0 => None,
            bytes => Some(bytes),
        }
    }

    /// So many bytes more are allowed. For engines that are about to allocate a lot at once, and say
    /// what they have themselves where the system does not.
    #[must_use]
    pub fn memory_left(&self, estimated: u64) -> u64 {
        // Without a limit any number of bytes is allowed; beyond one, none.
        let max = self.inner.limits.max_memory.map_or(u64::MAX, usable);
        let own = max.saturating_sub(self.resident().unwrap_or(estimated));
        let around = self.inner.around.as_ref();
        around.map_or(own, |around| own.min(around.memory_left(estimated)))
    }

    /// Whether progress is to be reported: true a few times a second, once each time.
    #[must_use]
    pub fn is_due(&self) -> bool {
        let due = &self.inner.due;
        due.load(Ordering::Relaxed) && due.swap(false, Ordering::Relaxed)
    }
}

impl Inner {
    /// Looks at everything. What the process may have at the next look, in bytes, if the system says
    /// and there is a limit.
    fn look(&self, now: Instant, memory: Option<u64>) -> Option<u64> {
        let limits = &self.limits;
        let before = memory.map(|memory| self.resident.swap(memory, Ordering::Relaxed));
        let soon = (limits.max_memory.zip(memory).zip(before))
            .map(|((max, memory), before)| expected(memory, before, max));
        let interrupt = limits.interrupt.as_ref();
        let now_is = if interrupt.is_some_and(|flag| flag.load(Ordering::Relaxed)) {
            INTERRUPTED
        } else if self.deadline.is_some_and(|deadline| now >= deadline) {
            TIME
        } else if let (Some(max), Some(soon)) = (limits.max_memory, soon)
            && soon >= usable(max)
        {
            MEMORY
        } else if (self.around.as_ref()).is_some_and(|around| around.reached().is_some()) {
            AROUND
        } else {
            return soon;
        };
        self.turn(FINE, now_is);
        self.turn(ALONE, now_is);
        soon
    }

    /// What was reached first stays.
    fn turn(&self, from: u8, to: u8) {
        let _ = (self.state).compare_exchange(from, to, Ordering::Relaxed, Ordering::Relaxed);
    }

    fn said(&self) -> Option<Reached> {
        match self.state.load(Ordering::Relaxed) {
            MEMORY => Some(Reached::Memory(self.limits.max_memory.unwrap_or_default())),
            TIME => Some(self.limits.out_of_time()),
            INTERRUPTED => Some(Reached::Interrupted),
            AROUND => self.around.as_ref().and_then(Watch::reached),
            _ => None,
        }
    }

    /// Ends the run from outside, if since a limit was reached it has gone on too long, or would have
    /// too much by the next look (`soon`, in bytes).
    fn end_if_overdue(&self, now: Instant, soon: Option<u64>) {
        let (Some(reached), Some(last_resort)) = (self.said(), &self.last_resort) else {
            return;
        };
        let since = *last_resort.since.get_or_init(|| now);
        let max = self.limits.max_memory;
        let too_much = max
            .zip(soon)
            .is_some_and(|(max, soon)| soon >= bearable(max));
        if too_much || now.saturating_duration_since(since) >= last_resort.grace {
            (last_resort.end)(reached);
        }
    }
}

/// Notes that the thread has ended with a panic (of what a last resort calls): the next watch starts
/// another one.
struct NotesPanic;

impl Drop for NotesPanic {
    fn drop(&mut self) {
        if thread::panicking() {
            watched().has_thread = false;
        }
    }
}

/// Looks after all watches until there are none.
fn look_after() {
    let _notes_panic = NotesPanic;
    let mut reported = Instant::now();
    loop {
        let alive: Vec<Arc<Inner>> = {
            let mut watched = watched();
            watched.list.retain(|watch| watch.strong_count() > 0);
            if watched.list.is_empty() {
                watched.has_thread = false;
                return;
            }
            watched.list.iter().filter_map(Weak::upgrade).collect()
        };
        let now = Instant::now();
        let limited = alive.iter().any(|watch| watch.limits.max_memory.is_some());
        let memory = limited.then(resident).flatten();
        let due = now.saturating_duration_since(reported) >= REPORT_EVERY;
        if due {
            reported = now;
        }
        for watch in &alive {
            let soon = watch.look(now, memory);
            watch.due.fetch_or(due, Ordering::Relaxed);
            watch.end_if_overdue(now, soon);
        }
        drop(alive);
        thread::sleep(LOOK_EVERY);
    }
}
