//! `wait_queue_head_t`: `add_wait_queue`, `waitqueue_active`, `wake_up` (kernel/sched.c).
//!
//! The list has a lock of its own, as in the kernel, so that a wake-up outside `kmap_lock` is a
//! step of its own. `waitqueue_active` looks without that lock, as in the kernel: additions happen
//! under `kmap_lock`, under which it is called; a removal that it misses costs a superfluous
//! wake-up and nothing else. `wake_up` takes the entries off the list in the place of the sleeper's
//! own `remove_wait_queue`.

use std::cell::RefCell;

use loom::sync::Mutex;

use crate::lock::take;
use crate::tasks::{TaskId, Tasks};

/// Tasks that wait for slots of a series, each with the page that it wants to map.
pub(crate) struct WaitQueue {
    lock: Mutex<()>,
    list: RefCell<Vec<(TaskId, usize)>>,
}

impl WaitQueue {
    pub(crate) fn new() -> Self {
        WaitQueue {
            lock: Mutex::new(()),
            list: RefCell::new(Vec::new()),
        }
    }

    /// `add_wait_queue`, with `current->state` set: the caller schedules next.
    pub(crate) fn add(&self, tasks: &Tasks, task: TaskId, page: usize) {
        let _lock = take(&self.lock);
        self.list.borrow_mut().push((task, page));
        tasks.prepare_to_sleep(task);
    }

    /// `waitqueue_active`.
    pub(crate) fn active(&self) -> bool {
        !self.list.borrow().is_empty()
    }

    /// Whether somebody waits to map that page.
    pub(crate) fn wants(&self, page: usize) -> bool {
        self.list.borrow().iter().any(|&(_, wanted)| wanted == page)
    }

    /// `wake_up`: all of them, since none waits exclusively.
    pub(crate) fn wake_up(&self, tasks: &Tasks) {
        let _lock = take(&self.lock);
        for (task, _) in self.list.borrow_mut().drain(..) {
            tasks.wake(task);
        }
    }
}
