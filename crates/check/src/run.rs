//! The limits of one run, and what is said when one is reached.
//!
//! A [`Run`] goes from reading a file to what is written last. Each of its phases asks for the
//! limits (see [`kmapcheck_limits`]) and is left when one is reached; what the phases before it
//! found is kept. What has to be said then may take a little longer, 400 ms. If a phase does not ask
//! in time, because it is in the middle of something that is not ours, the run is ended from outside:
//! its last words are said, and the program ends.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use kmapcheck_limits::{Limits, Reached, Watch};
use kmapcheck_report::Report;

use crate::failure::Failure;
use crate::fault::caught;

/// What may still be said after a limit was reached takes so long at most.
const ALLOWANCE: Duration = Duration::from_millis(400);

/// A phase that does not ask for so long after a limit was reached is ended from outside.
const GRACE: Duration = Duration::from_millis(800);

/// One run under limits.
pub struct Run {
    watch: Watch,
    state: Arc<Mutex<State>>,
}

/// Where a run is.
pub struct Doing<'a> {
    /// What it is doing, such as `reading`.
    pub phase: &'static str,
    /// The engine that is to answer, as soon as it is chosen.
    pub engine: Option<&'static str>,
    /// What is known so far, if that is something.
    pub known: Option<&'a Report>,
    /// The limit that was reached.
    pub reached: Reached,
}

/// Says what is known if the run is ended from outside, and ends the program.
type LastWords = Box<dyn Fn(&Doing<'_>) + Send>;

struct State {
    phase: &'static str,
    engine: Option<&'static str>,
    known: Option<Report>,
    /// `None`: nothing is left to be ended.
    last_words: Option<LastWords>,
}

impl Run {
    /// Starts: from now on the time counts. If a phase does not ask for the limits in time, the last
    /// words are said; whoever gives them ends the program with them.
    #[must_use]
    pub fn start(limits: &Limits, last_words: impl Fn(&Doing<'_>) + Send + 'static) -> Run {
        Run::with(limits, Some(Box::new(last_words)))
    }

    /// Starts a run that is not ended from outside.
    #[must_use]
    pub fn unguarded(limits: &Limits) -> Run {
        Run::with(limits, None)
    }

    fn with(limits: &Limits, last_words: Option<LastWords>) -> Run {
        let state = Arc::new(Mutex::new(State {
            phase: READING,
            engine: None,
            known: None,
            last_words,
        }));
        let of_watch = Arc::clone(&state);
        let watch = Watch::guarded(limits, GRACE, move |reached| {
            // Whoever begins to print waits for this, and this for him.
            let state = of_watch.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(last_words) = &state.last_words {
                last_words(&Doing {
                    phase: state.phase,
                    engine: state.engine,
                    known: state.known.as_ref(),
                    reached,
                });
            }
        });
        Run { watch, state }
    }

    /// Runs a phase.
    ///
    /// # Errors
    ///
    /// That of the phase, a panic in it among them, or that a limit was reached before it was done.
    pub fn phase<T>(
        &self,
        phase: &'static str,
        what: impl FnOnce() -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        self.begin(phase);
        let stopped = |reached| Err(Failure::Stopped { phase, reached });
        (self.watch.run(|| caught(what))).unwrap_or_else(stopped)
    }

    /// Runs a phase that says what was found: it has a little more time than there is left. If a
    /// limit was reached before it begins, it has that little time, and nothing else ends it.
    ///
    /// # Errors
    ///
    /// As [`Run::phase`].
    pub fn last<T>(
        &self,
        phase: &'static str,
        what: impl FnOnce() -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        self.begin(phase);
        let watch = Watch::apart(&self.limits_of_last());
        let stopped = |reached| Failure::Stopped {
            phase,
            reached: self.watch.reached().unwrap_or(reached),
        };
        (watch.run(|| caught(what))).unwrap_or_else(|reached| Err(stopped(reached)))
    }

    fn limits_of_last(&self) -> Limits {
        match self.watch.reached() {
            None => Limits {
                // A time beyond all numbers is no limit.
                timeout: (self.time_left()).map(|left| left.saturating_add(ALLOWANCE)),
                ..self.watch.limits().clone()
            },
            Some(_) => Limits {
                timeout: Some(ALLOWANCE),
                ..Limits::default()
            },
        }
    }

    fn begin(&self, phase: &'static str) {
        self.state().phase = phase;
    }

    /// Takes note of the engine that is to answer.
    pub fn choose(&self, engine: &'static str) {
        self.state().engine = Some(engine);
    }

    /// Takes note of what is known: it is told even if nothing else can be.
    pub fn know(&self, report: Report) {
        self.state().known = Some(report);
    }

    /// How much time is left, if it is limited.
    pub fn time_left(&self) -> Option<Duration> {
        self.watch.time_left()
    }

    /// Nothing is left to be done but to print, which takes as long as whoever reads it likes.
    pub fn finish(&self) {
        self.state().last_words = None;
    }

    /// From here on these are the last words.
    pub fn say_last(&self, last_words: impl Fn(&Doing<'_>) + Send + 'static) {
        self.state().last_words = Some(Box::new(last_words));
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        self.finish();
    }
}

/// What every run does first.
pub const READING: &str = "reading";
/// What the engines do.
pub const EXPLORING: &str = "exploring";
/// What comes after them.
pub const REPORTING: &str = "reporting";
/// Pages, pictures, traces.
pub const WRITING: &str = "writing";

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use super::*;

    fn limits(interrupted: bool) -> Limits {
        Limits {
            max_memory: Some(u64::MAX),
            timeout: Some(Duration::from_secs(3_600)),
            interrupt: Some(Arc::new(AtomicBool::new(interrupted))),
            ..Limits::default()
        }
    }

    #[test]
    fn the_last_phase_has_a_little_more_time_than_is_left() {
        let run = Run::unguarded(&limits(false));
        let told = run.last(WRITING, || {
            let watch = Watch::current().expect("a phase is under a watch");
            assert_eq!(watch.limits().max_memory, Some(u64::MAX));
            assert!(watch.limits().interrupt.is_some());
            // In this order: time goes by in between.
            let own = watch.time_left().expect("it is limited");
            let of_run = run.time_left().expect("it is limited");
            assert!(own >= of_run + ALLOWANCE, "{own:?} and {of_run:?}");
            Ok(())
        });
        assert!(told.is_ok());
    }

    #[test]
    fn after_a_limit_the_last_phase_has_a_little_time_and_no_other_limit() {
        let run = Run::unguarded(&limits(true));
        let told = run.last(WRITING, || {
            let watch = Watch::current().expect("a phase is under a watch");
            let limits = watch.limits();
            assert_eq!(limits.timeout, Some(ALLOWANCE));
            assert!(limits.max_memory.is_none() && limits.interrupt.is_none());
            Ok(())
        });
        assert!(told.is_ok());
    }
}
