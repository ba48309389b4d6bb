//! What every sleeping lock does: try under the lock's own spinlock, else queue up and sleep.
//!
//! The kernel's `__down`, `__down_read`, `__lock_page`, `__wait_for_completion` and a spinning
//! `spin_lock` differ in how they queue, not in what another task can observe: each tries
//! atomically under a lock of its own, and if it fails it is on the list of waiters before that
//! lock is released. One loom mutex for each such lock is therefore enough; taking it is the only
//! switch point of an operation that does not wait. Wake-ups go to all waiters, so who wins is
//! open.

use loom::sync::{Mutex, MutexGuard};

use crate::tasks::{Abandoned, TaskId, Tasks};
use crate::work;

/// The state of a lock with those who wait for it.
#[derive(Debug, Default)]
pub(crate) struct Queued<T> {
    pub(crate) state: T,
    waiters: Vec<TaskId>,
}

/// A state that tasks wait on, under its own spinlock.
#[derive(Debug)]
pub(crate) struct Lock<T>(Mutex<Queued<T>>);

/// Takes a loom mutex; its poisoning says nothing here, since a panic ends the execution.
pub(crate) fn take<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    work::note();
    match mutex.lock() {
        Ok(guard) => guard,
        Err(poisoned) => poisoned.into_inner(),
    }
}

impl<T> Lock<T> {
    pub(crate) fn new(state: T) -> Self {
        Lock(Mutex::new(Queued {
            state,
            waiters: Vec::new(),
        }))
    }

    /// Runs `act` under the spinlock.
    pub(crate) fn with<R>(&self, act: impl FnOnce(&mut T) -> R) -> R {
        act(&mut take(&self.0).state)
    }

    /// Runs `act` under the spinlock and, if it says so, wakes all waiters.
    pub(crate) fn release<R>(&self, tasks: &Tasks, act: impl FnOnce(&mut T) -> (R, bool)) -> R {
        let mut queued = take(&self.0);
        let (result, wake) = act(&mut queued.state);
        if wake {
            queued.waiters.drain(..).for_each(|task| tasks.wake(task));
        }
        result
    }

    /// Repeats `attempt` under the spinlock until it succeeds, asleep in between. `waits` is told,
    /// once and still under the spinlock, that the first attempt has failed.
    pub(crate) fn acquire<R>(
        &self,
        tasks: &Tasks,
        task: TaskId,
        mut attempt: impl FnMut(&mut T) -> Option<R>,
        waits: impl FnOnce(),
    ) -> Result<R, Abandoned> {
        let mut waits = Some(waits);
        loop {
            let mut queued = take(&self.0);
            if let Some(result) = attempt(&mut queued.state) {
                return Ok(result);
            }
            if let Some(waits) = waits.take() {
                waits();
            }
            queued.waiters.push(task);
            tasks.prepare_to_sleep(task);
            drop(queued);
            tasks.schedule(task)?;
        }
    }

    /// One round of [`Lock::acquire`]: true if `attempt` succeeded, else the task is queued and
    /// marked as asleep, and the caller has to call `schedule`.
    pub(crate) fn take_or_queue(
        &self,
        tasks: &Tasks,
        task: TaskId,
        attempt: impl FnOnce(&mut T) -> bool,
        waits: impl FnOnce(),
    ) -> bool {
        let mut queued = take(&self.0);
        let taken = attempt(&mut queued.state);
        if !taken {
            waits();
            queued.waiters.push(task);
            tasks.prepare_to_sleep(task);
        }
        taken
    }

    /// Wakes all waiters, who find out for themselves why.
    pub(crate) fn wake_all(&self, tasks: &Tasks) {
        self.release(tasks, |_| ((), true));
    }
}
