//! `down_read`, `up_read`, `down_write`, `up_write`, and the tries (lib/rwsem-spinlock.c).
//!
//! A *fair* one is the kernel's: a writer that has to wait is queued from then on, and new readers
//! wait behind it. An unfair one lets readers in as long as somebody reads.

use crate::lock::Lock;
use crate::tasks::{Abandoned, TaskId, Tasks};

/// A reader-writer semaphore.
#[derive(Debug)]
pub(crate) struct Rwsem {
    state: Lock<State>,
    fair: bool,
}

#[derive(Debug, Default)]
struct State {
    readers: u32,
    writer: bool,
    queued: u32,
}

impl Rwsem {
    pub(crate) fn new(fair: bool) -> Self {
        Rwsem {
            state: Lock::new(State::default()),
            fair,
        }
    }

    pub(crate) fn down_read(
        &self,
        tasks: &Tasks,
        task: TaskId,
        waits: impl FnOnce(),
        taken: impl FnOnce(),
    ) -> Result<(), Abandoned> {
        let mut taken = Some(taken);
        let attempt = |state: &mut State| {
            (!state.writer && state.queued == 0).then(|| {
                state.readers += 1;
                if let Some(taken) = taken.take() {
                    taken();
                }
            })
        };
        self.state.acquire(tasks, task, attempt, waits)
    }

    /// `done` is told whether it was taken.
    pub(crate) fn read_trylock(&self, done: impl FnOnce(bool)) {
        self.state.with(|state| {
            let free = !state.writer && state.queued == 0;
            state.readers += u32::from(free);
            done(free);
        });
    }

    /// `done` is told whether it was taken. A writer that waits does not keep another out.
    pub(crate) fn write_trylock(&self, done: impl FnOnce(bool)) {
        self.state.with(|state| {
            let free = !state.writer && state.readers == 0;
            state.writer |= free;
            done(free);
        });
    }

    /// `waits` is told whether the writer now holds new readers back.
    pub(crate) fn down_write(
        &self,
        tasks: &Tasks,
        task: TaskId,
        waits: impl FnOnce(bool),
        taken: impl FnOnce(),
    ) -> Result<(), Abandoned> {
        let (mut taken, mut queued) = (Some(taken), false);
        let attempt = |state: &mut State| {
            if state.readers == 0 && !state.writer {
                state.writer = true;
                state.queued -= u32::from(queued);
                if let Some(taken) = taken.take() {
                    taken();
                }
                return Some(());
            }
            if self.fair && !queued {
                queued = true;
                state.queued += 1;
            }
            None
        };
        self.state
            .acquire(tasks, task, attempt, || waits(self.fair))
    }

    pub(crate) fn up_read(&self, tasks: &Tasks, done: impl FnOnce()) {
        self.state.release(tasks, |state| {
            state.readers -= 1;
            done();
            ((), state.readers == 0)
        });
    }

    pub(crate) fn up_write(&self, tasks: &Tasks, done: impl FnOnce()) {
        self.state.release(tasks, |state| {
            state.writer = false;
            done();
            ((), true)
        });
    }
}
