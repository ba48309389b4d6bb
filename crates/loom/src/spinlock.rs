//! `spin_lock`, `spin_trylock`, `spin_unlock` (include/asm-i386/spinlock.h).
//!
//! A task that spins is modelled as one that sleeps: without CPUs as a resource, a spinner keeps
//! nobody else from running, and all that can be observed is when it gets the lock.

use crate::lock::Lock;
use crate::tasks::{Abandoned, TaskId, Tasks};

/// A spinlock.
#[derive(Debug)]
pub(crate) struct Spinlock(Lock<bool>);

impl Spinlock {
    pub(crate) fn new() -> Self {
        Spinlock(Lock::new(false))
    }

    pub(crate) fn lock(
        &self,
        tasks: &Tasks,
        task: TaskId,
        waits: impl FnOnce(),
        taken: impl FnOnce(),
    ) -> Result<(), Abandoned> {
        let mut taken = Some(taken);
        let attempt = |held: &mut bool| {
            (!*held).then(|| {
                *held = true;
                if let Some(taken) = taken.take() {
                    taken();
                }
            })
        };
        self.0.acquire(tasks, task, attempt, waits)
    }

    /// `done` is told whether the lock was taken.
    pub(crate) fn trylock(&self, done: impl FnOnce(bool)) {
        self.0.with(|held| done(!std::mem::replace(held, true)));
    }

    pub(crate) fn unlock(&self, tasks: &Tasks, done: impl FnOnce()) {
        self.0.release(tasks, |held| {
            *held = false;
            done();
            ((), true)
        });
    }
}
