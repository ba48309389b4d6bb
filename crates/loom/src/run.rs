//! Runs loom on a program: starts the exploration, follows its logs, honours the limits.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::Duration;

use kmapcheck_engine::{Outcome, Refusal, Refused, Remedy, Stopped};
use kmapcheck_limits::{Watch, entered};
use kmapcheck_machine::Starts;
use kmapcheck_scenario::Program;

use crate::explore::{Ended, Orders, explore};
use crate::faults::{Faults, Kernel24};
use crate::findings::Collector;
use crate::findings::ENGINE;
use crate::follow::{Disagreement, Follower};
use crate::kernel::{Layout, Setup};
use crate::limits::{LoomLimits, LoomProgress};
use crate::recorder::Message;
use crate::refusal::fits;
use crate::starts::ScanPositions;
use crate::work::Cost;

/// The answer of loom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoomOutcome {
    /// Findings, and why they may not be all.
    pub outcome: Outcome,
    /// How many interleavings were explored.
    pub interleavings: u64,
    /// Whether these are all there are.
    pub complete: bool,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// loom cannot run such programs, or gave up on one.
    Refused(Refusal),
    /// The allocator did what the machine cannot do: a fault of this program.
    Disagreement(Box<Disagreement>),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Refused(refusal) => refusal.fmt(f),
            Error::Disagreement(disagreement) => disagreement.fmt(f),
        }
    }
}

impl std::error::Error for Error {}

fn gave_up(what: &str) -> Error {
    Error::Refused(Refusal {
        what: Refused::GaveUp {
            engine: ENGINE,
            what: what.to_owned(),
        },
        remedy: Remedy::Search,
    })
}

/// Logs on their way; more would only be memory.
const IN_FLIGHT: usize = 256;
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Runs every interleaving of the program on the kernel's allocator.
///
/// `progress` is called a few times a second.
///
/// # Errors
///
/// If loom cannot run the program, or the allocator does what the machine cannot do.
pub fn run(
    program: &Program,
    limits: &LoomLimits,
    progress: &mut dyn FnMut(&LoomProgress),
) -> Result<LoomOutcome, Error> {
    run_with::<Kernel24>(program, limits, progress)
}

/// The same on an allocator with a seeded fault.
pub(crate) fn run_with<F: Faults>(
    program: &Program,
    limits: &LoomLimits,
    progress: &mut dyn FnMut(&LoomProgress),
) -> Result<LoomOutcome, Error> {
    fits(program).map_err(Error::Refused)?;
    let stop = Arc::new(AtomicBool::new(false));
    let orders = Orders {
        max_interleavings: limits.max_interleavings,
        budget: limits.budget,
        cost: Cost::of(program),
        preemptions: limits.preemptions,
        stop: Arc::clone(&stop),
    };
    let (sink, logs) = sync_channel(IN_FLIGHT);
    let watch = Watch::start(&limits.limits);
    // What was found must not be lost on the way: this looks at the limits itself.
    let _apart = entered(None);
    let explored = Arc::new(program.clone());
    let explorer = std::thread::Builder::new()
        .name("loom".to_owned())
        .spawn(move || explore::<F>(&explored, &orders, &sink));
    let Ok(explorer) = explorer else {
        return Err(gave_up("starting a thread"));
    };
    let mut collector = Collector::new(program);
    let mut follower: Option<Follower<'_>> = None;
    let mut stopped = None;
    let mut interleavings = 0;
    loop {
        match logs.recv_timeout(LOOK_EVERY) {
            Ok(Message::Start(start)) => {
                if follower
                    .as_ref()
                    .is_none_or(|follower| *follower.start() != start)
                {
                    follower = Some(Follower::new(program, start));
                }
            }
            Ok(Message::Log(log)) => {
                interleavings += 1;
                if let Some(follower) = &mut follower {
                    collector
                        .add(follower, &log)
                        .map_err(|d| Error::Disagreement(Box::new(d)))?;
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
        if watch.is_due() {
            progress(&LoomProgress {
                interleavings,
                elapsed: watch.elapsed(),
            });
        }
        stopped = watch.reached().map(Stopped::from);
        if stopped.is_some() {
            break;
        }
    }
    stop.store(true, Ordering::Relaxed);
    drop(logs);
    let ended = explorer
        .join()
        .unwrap_or(Ended::GaveUp("an execution that failed inside loom"));
    match (ended, &stopped) {
        (Ended::GaveUp(what), None) => return Err(gave_up(what)),
        (Ended::Deadlock, None) => {
            return Err(gave_up("a deadlock that no task had noticed"));
        }
        _ => {}
    }
    let cut_short = match ended {
        Ended::Interleavings => Some(Stopped::Interleavings(interleavings)),
        _ => None,
    };
    let bounded = limits
        .preemptions
        .map(|n| Stopped::Preemptions(u32::from(n)));
    let stopped = stopped.or(cut_short).or(bounded);
    Ok(LoomOutcome {
        complete: stopped.is_none(),
        outcome: collector.outcome(stopped),
        interleavings,
    })
}

/// Calls `visit` with everything that loom does not branch on and that is fixed before an execution
/// starts, one setup at a time, until it returns false.
pub(crate) fn for_each_setup(program: &Arc<Program>, mut visit: impl FnMut(Setup) -> bool) {
    let layout = Arc::new(Layout::of(program));
    let scans = ScanPositions::of(program);
    for start in Starts::of(program) {
        for scan in scans.clone() {
            let setup = Setup {
                program: Arc::clone(program),
                layout: Arc::clone(&layout),
                start: start.clone(),
                scan,
                policy: Arc::default(),
            };
            if !visit(setup) {
                return;
            }
        }
    }
}
