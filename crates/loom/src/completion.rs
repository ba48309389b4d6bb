//! `complete`, `wait_for_completion` and `try_wait_for_completion` (kernel/sched.c): a counter under the lock of the wait
//! queue.

use crate::lock::Lock;
use crate::tasks::{Abandoned, TaskId, Tasks};

/// A completion.
#[derive(Debug)]
pub(crate) struct Completion(Lock<u32>);

impl Completion {
    pub(crate) fn new() -> Self {
        Completion(Lock::new(0))
    }

    pub(crate) fn wait(
        &self,
        tasks: &Tasks,
        task: TaskId,
        waits: impl FnOnce(),
        taken: impl FnOnce(),
    ) -> Result<(), Abandoned> {
        let mut taken = Some(taken);
        let attempt = |done: &mut u32| {
            (*done > 0).then(|| {
                *done -= 1;
                if let Some(taken) = taken.take() {
                    taken();
                }
            })
        };
        self.0.acquire(tasks, task, attempt, waits)
    }

    /// `taken` is told whether there was one to be taken.
    pub(crate) fn try_wait(&self, taken: impl FnOnce(bool)) {
        self.0.with(|done| {
            let left = done.checked_sub(1);
            *done = left.unwrap_or(*done);
            taken(left.is_some());
        });
    }

    pub(crate) fn complete(&self, tasks: &Tasks, done: impl FnOnce()) {
        self.0.release(tasks, |count| {
            *count += 1;
            done();
            ((), true)
        });
    }
}
