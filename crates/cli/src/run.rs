//! The limits of one run, and what is said when one is reached.
//!
//! A [`Run`] goes from reading a file to what is written last. Each of its phases asks for the
//! limits (see [`kmapcheck_limits`]) and is left when one is reached; what the phases before it
//! found is kept. What has to be said then may take a little longer, the [`ALLOWANCE`]. If a phase
//! does not ask in time, because it is in the middle of something that is not ours, the run is ended
//! from outside: its last words are printed, and the program ends.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use clap::Args as ClapArgs;
use kmapcheck_limits::{Limits, Reached, Watch};
use kmapcheck_report::{Report, Stopped, tame};
use serde_json::json;

use crate::args::{Format, duration, size};
use crate::exit::Exit;
use crate::input::Failure;
use crate::output::Output;
use crate::progress;

/// What may still be said after a limit was reached takes so long at most.
const ALLOWANCE: Duration = Duration::from_millis(400);

/// A phase that does not ask for so long after a limit was reached is ended from outside.
const GRACE: Duration = Duration::from_millis(800);

/// Limits on time and memory, the same for every command.
#[derive(Debug, Clone, Copy, ClapArgs)]
pub struct LimitArgs {
    /// Stop at about this much memory, such as 512M or 4G
    #[arg(long, value_name = "SIZE", value_parser = size, default_value = "4G")]
    pub max_memory: u64,
    /// Stop after this time, such as 10s, 5m or 500ms; each file has this much
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub timeout: Option<Duration>,
}

impl LimitArgs {
    /// The limits, states among them where something counts states, with Ctrl-C.
    pub fn limits(&self, max_states: Option<u64>) -> Limits {
        Limits {
            max_states,
            interrupt: Some(progress::interrupt()),
            ..self.limits_of_machine()
        }
    }

    /// Time and memory alone.
    pub fn limits_of_machine(&self) -> Limits {
        Limits {
            max_memory: Some(self.max_memory),
            timeout: self.timeout,
            ..Limits::default()
        }
    }
}

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

/// What is printed on standard output if the run is ended from outside, and the exit status.
type LastWords = Box<dyn Fn(&Doing<'_>) -> (String, Exit) + Send>;

struct State {
    phase: &'static str,
    engine: Option<&'static str>,
    known: Option<Report>,
    /// `None`: nothing is left to be ended.
    last_words: Option<LastWords>,
}

impl Run {
    /// Starts: from now on the time counts.
    pub fn start(
        limits: &Limits,
        last_words: impl Fn(&Doing<'_>) -> (String, Exit) + Send + 'static,
    ) -> Run {
        let state = Arc::new(Mutex::new(State {
            phase: READING,
            engine: None,
            known: None,
            last_words: Some(Box::new(last_words)),
        }));
        let of_watch = Arc::clone(&state);
        let watch = Watch::guarded(limits, GRACE, move |reached| {
            // Whoever begins to print waits for this, and this for him.
            let state = of_watch.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(last_words) = &state.last_words {
                let (text, exit) = last_words(&Doing {
                    phase: state.phase,
                    engine: state.engine,
                    known: state.known.as_ref(),
                    reached,
                });
                // There is nobody left to tell if this fails.
                let _ = Output::new().print(&text);
                std::process::exit(exit.code().into());
            }
        });
        Run { watch, state }
    }

    /// A run whose command has nothing to say but that it was stopped.
    pub fn of_one(limits: &Limits, file: &str, format: Format) -> Run {
        let file = file.to_owned();
        Run::start(limits, move |doing| {
            let said = early(&file, doing.phase, doing.reached, format);
            (said, Exit::Inconclusive)
        })
    }

    /// Runs a phase. It fails if a limit is reached before it is done.
    pub fn phase<T>(
        &self,
        phase: &'static str,
        what: impl FnOnce() -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        self.begin(phase);
        let stopped = |reached| Err(Failure::Stopped { phase, reached });
        self.watch.run(what).unwrap_or_else(stopped)
    }

    /// Runs a phase that says what was found: it has a little more time than there is left. If a
    /// limit was reached before it begins, it has that little time, and nothing else ends it.
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
        (watch.run(what)).unwrap_or_else(|reached| Err(stopped(reached)))
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

    /// Writes files, after all else is done; what that comes to. If it takes too long, that is told,
    /// and costs nobody the rest.
    pub fn write(&self, about: &Path, what: impl FnOnce() -> Exit) -> Exit {
        let written = self.last(WRITING, || Ok(what()));
        written.unwrap_or_else(|failure| {
            failure.tell(about);
            failure.exit()
        })
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

    /// All has been said: if what is still done has to be ended from outside, only the exit status is
    /// left.
    pub fn said(&self, exit: Exit) {
        self.state().last_words = Some(Box::new(move |_| (String::new(), exit)));
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

/// What was being done when which limit was reached, in a line.
pub fn stopped_while(phase: &str, reached: Reached) -> String {
    let why = Stopped::of(reached, phase).text;
    format!("stopped while {phase}: {why}")
}

/// What a command prints that a limit stopped before it had anything else to say.
pub fn early(file: &str, phase: &str, reached: Reached, format: Format) -> String {
    let mut stopped = Stopped::of(reached, phase);
    stopped.next = match &stopped.raise {
        Some((option, value)) => format!("give it more, such as `{option} {value}`"),
        None => stopped.next,
    };
    match format {
        Format::Text => {
            let file = tame::line(file);
            let Stopped { text, next, .. } = &stopped;
            format!("inconclusive {file}: stopped while {phase}\nStopped early: {text}; {next}.\n")
        }
        Format::Json => {
            let said = json!({ "file": file, "verdict": "inconclusive", "stopped": stopped });
            format!("{said:#}\n")
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use super::*;

    /// A run that is never ended from outside: that would be the end of the tests.
    fn started(limits: &Limits) -> Run {
        let run = Run::start(limits, |_| (String::new(), Exit::Inconclusive));
        run.finish();
        run
    }

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
        let run = started(&limits(false));
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
        let run = started(&limits(true));
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
