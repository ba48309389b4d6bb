//! Lets loom explore every interleaving, and stops it when told to.
//!
//! loom looks at its own limits only now and then, and then returns as if all had been explored; so
//! they are not used. Each execution begins in our closure, which stops the exploration by
//! unwinding with a payload of its own if it is to end. The whole runs on a thread of its own whose
//! panics are not printed, and its logs go over a channel to whoever follows them.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Mutex, Once, PoisonError};

use kmapcheck_scenario::Program;

use crate::choices::{Asked, Tree};
use crate::driver::Driver;
use crate::faults::Faults;
use crate::kernel::{Kernel, Setup};
use crate::recorder::{End, Log, Message, Recorder};
use crate::run::for_each_setup;
use crate::work::{self, Cost};

/// What the exploration is to do.
#[derive(Debug, Clone)]
pub(crate) struct Orders {
    pub(crate) max_interleavings: Option<u64>,
    /// So many steps of work.
    pub(crate) budget: Option<u64>,
    /// What an interleaving costs.
    pub(crate) cost: Cost,
    pub(crate) preemptions: Option<u8>,
    /// Set when it is to stop.
    pub(crate) stop: Arc<AtomicBool>,
}

/// How an exploration ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    /// Everything was explored, up to the bound on preemptions.
    Done,
    /// `max_interleavings` or the budget came first.
    Interleavings,
    /// It was told to stop.
    Told,
    /// loom found a deadlock that the tasks had not noticed.
    Deadlock,
    /// loom gave up: too many switch points, or an environment variable of its own that it cannot
    /// read.
    GaveUp(&'static str),
}

/// How far an exploration has come.
#[derive(Debug, Default)]
struct Done {
    interleavings: AtomicU64,
    /// Steps of work.
    spent: AtomicU64,
    /// The most steps of one interleaving.
    dearest: AtomicU64,
}

impl Done {
    /// Whether the next interleaving is one too many. One is not begun if it is beyond the budget
    /// should it cost as much as the dearest so far, so that the budget holds.
    fn is_enough(&self, orders: &Orders) -> bool {
        let so_far = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let dearest = so_far(&self.dearest).max(orders.cost.estimate());
        orders.max_interleavings == Some(so_far(&self.interleavings))
            || (orders.budget).is_some_and(|budget| so_far(&self.spent) + dearest > budget)
    }

    /// Counts the work of an interleaving in.
    fn add(&self, steps: u64) {
        self.spent.fetch_add(steps, Ordering::Relaxed);
        self.dearest.fetch_max(steps, Ordering::Relaxed);
    }
}

/// The payload that stops loom.
struct Stop(Ended);

/// loom's words for a deadlock; a test fails when they change.
pub(crate) const DEADLOCK: &str = "deadlock; threads = ";
/// loom's words for too many switch points.
pub(crate) const BRANCHES: &str = "Model exceeded maximum number of branches.";

/// Switch points of one execution. No program that is accepted comes near: 2,000 operations, each
/// with a handful, and each woken in vain at most once for every release.
const MAX_BRANCHES: usize = 100_000;

thread_local! {
    /// Whether panics of this thread are loom's and not to be shown.
    static QUIET: Cell<bool> = const { Cell::new(false) };
    /// What the execution at work is recorded in.
    static CURRENT: RefCell<Option<Current>> = const { RefCell::new(None) };
}

struct Current {
    recorder: Rc<Recorder>,
    /// Asks the kernel at the end: whether it was abandoned, and what questions came up.
    report: Box<dyn Fn() -> (End, Asked)>,
}

/// Keeps the panics of this thread off the terminal.
pub(crate) fn be_quiet() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !QUIET.with(Cell::get) {
                before(info);
            }
        }));
    });
    QUIET.with(|quiet| quiet.set(true));
}

/// Explores every setup under every policy; logs go to `sink`. To be called on a thread of its own.
pub(crate) fn explore<F: Faults>(
    program: &Arc<Program>,
    orders: &Orders,
    sink: &SyncSender<Message>,
) -> Ended {
    be_quiet();
    let done = Arc::new(Done::default());
    let mut ended = Ended::Done;
    for_each_setup(program, |setup| {
        ended = every_policy::<F>(&setup, orders, sink, &done);
        ended == Ended::Done
    });
    ended
}

/// Explores one setup under every policy.
fn every_policy<F: Faults>(
    setup: &Setup,
    orders: &Orders,
    sink: &SyncSender<Message>,
    done: &Arc<Done>,
) -> Ended {
    if sink.send(Message::Start(setup.start.clone())).is_err() {
        return Ended::Told;
    }
    let mut tree = Tree::default();
    loop {
        let setup = Setup {
            policy: Arc::new(tree.policy()),
            ..setup.clone()
        };
        let asked = Arc::new(Mutex::new(Asked::default()));
        let ended = model::<F>(setup, orders, sink, done, &asked);
        if ended != Ended::Done {
            return ended;
        }
        let asked = std::mem::take(&mut *asked.lock().unwrap_or_else(PoisonError::into_inner));
        if !tree.advance(&asked) {
            return Ended::Done;
        }
    }
}

/// Explores one setup under one policy.
fn model<F: Faults>(
    setup: Setup,
    orders: &Orders,
    sink: &SyncSender<Message>,
    done: &Arc<Done>,
    asked: &Arc<Mutex<Asked>>,
) -> Ended {
    let setup_steps = orders.cost.of_setup();
    done.spent.fetch_add(setup_steps, Ordering::Relaxed);
    let result = {
        let (orders, sink, done, asked) = (
            orders.clone(),
            sink.clone(),
            Arc::clone(done),
            Arc::clone(asked),
        );
        let preemptions = orders.preemptions;
        let execution = move || {
            if !harvest(&orders, &sink, &done, &asked, None) || orders.stop.load(Ordering::Relaxed)
            {
                resume_unwind(Box::new(Stop(Ended::Told)));
            }
            if done.is_enough(&orders) {
                resume_unwind(Box::new(Stop(Ended::Interleavings)));
            }
            done.interleavings.fetch_add(1, Ordering::Relaxed);
            execute::<F>(&setup);
        };
        catch_unwind(AssertUnwindSafe(|| builder(preemptions).check(execution)))
    };
    let ended = match result {
        Ok(()) => Ended::Done,
        Err(payload) => classify(payload.as_ref()),
    };
    // The last execution has not been sent yet. One that loom gave up on has no end to follow to.
    let end = match ended {
        Ended::Done => None,
        Ended::Deadlock => Some(End::Deadlock),
        _ => {
            CURRENT.with(|current| current.borrow_mut().take());
            return ended;
        }
    };
    if harvest(orders, sink, done, asked, end) {
        ended
    } else {
        Ended::Told
    }
}

fn builder(preemptions: Option<u8>) -> loom::model::Builder {
    let mut builder = loom::model::Builder::new();
    builder.max_threads = loom::MAX_THREADS;
    builder.max_branches = MAX_BRANCHES;
    builder.max_permutations = None;
    builder.max_duration = None;
    builder.preemption_bound = preemptions.map(usize::from);
    builder.checkpoint_file = None;
    builder.checkpoint_interval = usize::MAX;
    builder.expect_explicit_explore = false;
    builder.location = false;
    builder.log = false;
    builder
}

/// What a panic out of loom means.
pub(crate) fn classify(payload: &(dyn Any + Send)) -> Ended {
    if let Some(Stop(ended)) = payload.downcast_ref::<Stop>() {
        return *ended;
    }
    let text = payload
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| payload.downcast_ref::<&str>().copied())
        .unwrap_or_default();
    if text.starts_with(DEADLOCK) {
        Ended::Deadlock
    } else if text.starts_with(BRANCHES) {
        Ended::GaveUp("an execution with too many switch points")
    } else if text.contains("LOOM_") {
        Ended::GaveUp("an environment variable `LOOM_...` whose value loom cannot read")
    } else {
        Ended::GaveUp("an execution that failed inside loom")
    }
}

/// Sends the log of the execution before this one; false if nobody listens any more. `known` is how
/// it ended, if loom says so.
fn harvest(
    orders: &Orders,
    sink: &SyncSender<Message>,
    done: &Done,
    asked: &Mutex<Asked>,
    known: Option<End>,
) -> bool {
    let Some(current) = CURRENT.with(|current| current.borrow_mut().take()) else {
        return true;
    };
    let (end, questions) = (current.report)();
    let mut asked = asked.lock().unwrap_or_else(PoisonError::into_inner);
    for (question, arity) in questions {
        let known = asked.entry(question).or_default();
        *known = (*known).max(arity);
    }
    drop(asked);
    let log = Log {
        events: current.recorder.take(),
        end: known.unwrap_or(end),
    };
    done.add(orders.cost.of_one(work::noted(), log.events.len() as u64));
    sink.send(Message::Log(log)).is_ok()
}

/// One execution: the main thread is the first task.
fn execute<F: Faults>(setup: &Setup) {
    let recorder = Rc::new(Recorder::default());
    let kernel = Rc::new(Kernel::<F>::new(setup, Rc::clone(&recorder)));
    let report = {
        let kernel = Rc::clone(&kernel);
        Box::new(move || {
            let end = if kernel.tasks.abandoned() {
                End::Deadlock
            } else {
                End::Finished
            };
            (end, kernel.asked())
        })
    };
    CURRENT.with(|current| *current.borrow_mut() = Some(Current { recorder, report }));
    let tasks = setup.layout.templates.len();
    if tasks == 0 {
        return;
    }
    kernel.tasks.introduce(0, loom::thread::current());
    for task in 1..tasks {
        let kernel_of_task = Rc::clone(&kernel);
        let spawned = loom::thread::spawn(move || Driver::new(&kernel_of_task, task).run());
        kernel.tasks.introduce(task, spawned.thread().clone());
    }
    Driver::new(&kernel, 0).run();
}
