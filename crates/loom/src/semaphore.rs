//! `down`, `down_trylock`, `up` (lib/semaphore.c), and mempools, whose elements are units too
//! (`mempool_alloc`, `mempool_free` of mm/mempool.c).
//!
//! The count, `sleepers` and the wait queue of the kernel's semaphore are changed under
//! `semaphore_lock`; here they are one count under one mutex. A `down` of several units takes all
//! of them at once or none.

use crate::lock::Lock;
use crate::tasks::{Abandoned, TaskId, Tasks};

/// A counting semaphore or a mempool.
#[derive(Debug)]
pub(crate) struct Semaphore {
    free: Lock<u32>,
    units: u32,
}

impl Semaphore {
    /// With so many units, of which so many are there at the start.
    pub(crate) fn new(units: u32, free: u32) -> Self {
        Semaphore {
            free: Lock::new(free),
            units,
        }
    }

    /// `taken` is told how many units are left.
    pub(crate) fn down(
        &self,
        tasks: &Tasks,
        task: TaskId,
        n: u32,
        waits: impl FnOnce(),
        taken: impl FnOnce(u32),
    ) -> Result<(), Abandoned> {
        let mut taken = Some(taken);
        let attempt = |free: &mut u32| {
            (*free >= n).then(|| {
                *free -= n;
                if let Some(taken) = taken.take() {
                    taken(*free);
                }
            })
        };
        self.free.acquire(tasks, task, attempt, waits)
    }

    /// `done` is told how many units are left, or that there were too few.
    pub(crate) fn trylock(&self, n: u32, done: impl FnOnce(Option<u32>)) {
        self.free.with(|free| {
            let left = free.checked_sub(n);
            *free = left.unwrap_or(*free);
            done(left);
        });
    }

    /// `done` is told how many units are free now, or that there would be more than there are.
    pub(crate) fn up(&self, tasks: &Tasks, n: u32, done: impl FnOnce(Option<u32>)) {
        self.free.release(tasks, |free| {
            let fits = *free + n <= self.units;
            if fits {
                *free += n;
            }
            done(fits.then_some(*free));
            ((), fits)
        });
    }
}
