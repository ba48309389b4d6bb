//! `lock_page`, `TryLockPage`, `UnlockPage` (mm/filemap.c): the bit `PG_locked` and the wait queue
//! of the page.

use crate::lock::Lock;
use crate::tasks::{TaskId, Tasks};

/// The lock of a page.
#[derive(Debug)]
pub(crate) struct PageLock(Lock<bool>);

/// What became of `lock_page`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Locked {
    /// The caller has the lock.
    Taken,
    /// Somebody else has it: the caller is on the list of waiters and marked as asleep.
    Asleep,
}

impl PageLock {
    pub(crate) fn new() -> Self {
        PageLock(Lock::new(false))
    }

    /// One round of `__lock_page`: takes the bit or queues up. The caller calls `schedule` after
    /// it has let go of whatever it holds itself, and comes again, since the page may have been
    /// freed meanwhile.
    pub(crate) fn lock_or_queue(
        &self,
        tasks: &Tasks,
        task: TaskId,
        taken: impl FnOnce(),
        waits: impl FnOnce(),
    ) -> Locked {
        let got = self.0.take_or_queue(
            tasks,
            task,
            |locked| {
                let free = !std::mem::replace(locked, true);
                if free {
                    taken();
                }
                free
            },
            waits,
        );
        if got { Locked::Taken } else { Locked::Asleep }
    }

    /// `done` is told whether the lock was taken.
    pub(crate) fn trylock(&self, done: impl FnOnce(bool)) {
        self.0.with(|locked| done(!std::mem::replace(locked, true)));
    }

    pub(crate) fn unlock(&self, tasks: &Tasks, done: impl FnOnce()) {
        self.0.release(tasks, |locked| {
            *locked = false;
            done();
            ((), true)
        });
    }

    /// The page was freed: whoever waits for its lock must look at its name again.
    pub(crate) fn wake_all(&self, tasks: &Tasks) {
        self.0.wake_all(tasks);
    }
}
