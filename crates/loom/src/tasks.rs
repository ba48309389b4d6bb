//! Sleeping and waking: the kernel's `schedule()` and `wake_up_process()`.
//!
//! A task that has to wait puts itself on a list of waiters while it holds the lock that the list
//! belongs to, lets the lock go and parks. Between the two loom has no switch point, so nobody can
//! wake a task that is not asleep yet; the kernel gets the same from setting the task state before
//! it unlocks, which turns an early wake-up into a `schedule()` that returns at once.
//!
//! Because every sleep and every wake-up passes through here, a task that is about to park knows
//! whether anybody is left who could ever wake it. If nobody is, this execution has deadlocked: it
//! is recorded, everybody is woken to go home without another step, and loom is told not to branch
//! on that. loom's own answer to a deadlock is a panic that would end the whole exploration.

use std::cell::{Cell, RefCell};

use loom::thread::Thread;

use crate::work;

/// Index of a task, in the order of the machine's states.
pub(crate) type TaskId = usize;

/// The execution has deadlocked: go home without another step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Abandoned;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Runs,
    Sleeps,
    Ended,
}

/// Who runs, sleeps, has ended. Outside loom's sight: no switch points of its own.
pub(crate) struct Tasks {
    standing: RefCell<Vec<Standing>>,
    threads: RefCell<Vec<Option<Thread>>>,
    abandoned: Cell<bool>,
}

impl Tasks {
    pub(crate) fn new(count: usize) -> Self {
        Tasks {
            standing: RefCell::new(vec![Standing::Runs; count]),
            threads: RefCell::new(vec![None; count]),
            abandoned: Cell::new(false),
        }
    }

    /// Tells which loom thread runs a task.
    pub(crate) fn introduce(&self, task: TaskId, thread: Thread) {
        self.threads.borrow_mut()[task] = Some(thread);
    }

    /// Whether the execution has deadlocked.
    pub(crate) fn abandoned(&self) -> bool {
        self.abandoned.get()
    }

    /// Marks the calling task as asleep. To be called with the lock held that its waker needs, and
    /// followed by [`Tasks::schedule`] once that lock is released.
    pub(crate) fn prepare_to_sleep(&self, task: TaskId) {
        self.standing.borrow_mut()[task] = Standing::Sleeps;
    }

    /// Gives the processor up until somebody wakes the task.
    pub(crate) fn schedule(&self, task: TaskId) -> Result<(), Abandoned> {
        self.give_up_if_nobody_runs();
        if !self.abandoned.get() && self.standing.borrow()[task] == Standing::Sleeps {
            work::note();
            loom::thread::park();
        }
        if self.abandoned.get() {
            Err(Abandoned)
        } else {
            Ok(())
        }
    }

    /// Makes a sleeping task runnable; nothing happens to one that is awake.
    pub(crate) fn wake(&self, task: TaskId) {
        let was = self.standing.borrow()[task];
        if was == Standing::Sleeps {
            self.standing.borrow_mut()[task] = Standing::Runs;
            self.unpark(task);
        }
    }

    /// The task has ended its program.
    pub(crate) fn end(&self, task: TaskId) {
        self.standing.borrow_mut()[task] = Standing::Ended;
        self.give_up_if_nobody_runs();
    }

    fn give_up_if_nobody_runs(&self) {
        let standing = self.standing.borrow();
        let nobody_runs = !standing.contains(&Standing::Runs);
        if self.abandoned.get() || !nobody_runs || !standing.contains(&Standing::Sleeps) {
            return;
        }
        self.abandoned.set(true);
        loom::skip_branch();
        for (task, _) in standing
            .iter()
            .enumerate()
            .filter(|&(_, &s)| s == Standing::Sleeps)
        {
            self.unpark(task);
        }
    }

    fn unpark(&self, task: TaskId) {
        if let Some(thread) = &self.threads.borrow()[task] {
            thread.unpark();
        }
    }
}
