//! What tasks wait for and hold.

use kmapcheck_scenario::{Ref, SeriesId};

use crate::state::{PageId, TaskId};
use crate::wait::{Wait, Waiting};

/// Something that tasks wait for and hold, told apart from all others of its state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Resource {
    /// The slots of a series.
    Series(SeriesId),
    /// A lock, pool or completion of the scenario.
    Shared(usize),
    /// One that a task has for itself.
    Own {
        /// The task.
        task: TaskId,
        /// Index in [`Template::resources`](kmapcheck_scenario::Template::resources).
        index: usize,
    },
    /// The lock of a page.
    PageLock(PageId),
    /// Free pages.
    FreePages,
    /// The CPUs.
    Cpus,
}

impl Resource {
    /// The lock, pool or completion that a task calls by that name.
    #[must_use]
    pub fn of(task: TaskId, what: Ref) -> Resource {
        match what {
            Ref::Shared(index) => Resource::Shared(index),
            Ref::Own(index) => Resource::Own { task, index },
        }
    }

    /// What an operation of a task waits for.
    #[must_use]
    pub fn awaited(task: TaskId, wait: Wait) -> Resource {
        match wait {
            Wait::Slot { series, .. } => Resource::Series(series),
            Wait::Spin(what)
            | Wait::Read(what)
            | Wait::Write(what)
            | Wait::Units(what, _)
            | Wait::Completion(what) => Resource::of(task, what),
            Wait::PageLock(page) => Resource::PageLock(page),
            Wait::Memory => Resource::FreePages,
        }
    }

    /// What the task that has it calls it, if it is a lock, pool or completion.
    #[must_use]
    pub fn declared(self) -> Option<Ref> {
        match self {
            Resource::Shared(index) => Some(Ref::Shared(index)),
            Resource::Own { index, .. } => Some(Ref::Own(index)),
            _ => None,
        }
    }
}

impl Waiting {
    /// What a task waits for: what its operation does, then a CPU.
    pub fn resources(self, task: TaskId) -> impl Iterator<Item = Resource> {
        let operation = self.wait.map(|wait| Resource::awaited(task, wait));
        operation
            .into_iter()
            .chain(self.cpu.then_some(Resource::Cpus))
    }
}
