//! What tasks wait for and hold.

use kmapcheck_scenario::{Program, Ref, SeriesId};
use smallvec::SmallVec;

use crate::state::{PageId, Shared, State, Task, TaskId};
use crate::step::needs_cpu;
use crate::wait::{Wait, Waiting, alternatives};

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

    /// What the operation of `task`, which has that number, waits for: one thing, or for a select
    /// one for each branch, sorted, without repetition.
    #[must_use]
    pub fn awaited(
        program: &Program,
        id: TaskId,
        task: &Task,
        shared: &Shared,
        wait: Wait,
    ) -> SmallVec<[Resource; 1]> {
        let waits = alternatives(program, task, shared, wait);
        let mut found: SmallVec<[Resource; 1]> = (waits.into_iter())
            .filter_map(|wait| Resource::of_wait(id, wait))
            .collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    /// What one alternative is about; nothing for [`Wait::AnyOf`], which is several.
    #[must_use]
    pub fn of_wait(task: TaskId, wait: Wait) -> Option<Resource> {
        Some(match wait {
            Wait::Slot { series, .. } => Resource::Series(series),
            Wait::Spin(what)
            | Wait::Read(what)
            | Wait::Write(what)
            | Wait::Units(what, _)
            | Wait::Turn { pool: what, .. }
            | Wait::Completion(what) => Resource::of(task, what),
            Wait::PageLock(page) => Resource::PageLock(page),
            Wait::Memory => Resource::FreePages,
            Wait::AnyOf(_) => return None,
        })
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
    /// What a task of that number waits for in a state: what its operation does, then a CPU if none is
    /// free.
    pub fn resources(
        self,
        program: &Program,
        state: &State,
        task: TaskId,
    ) -> impl Iterator<Item = Resource> {
        let (id, task, shared) = (task, &state.tasks[task], &state.shared);
        let awaited = |wait| Resource::awaited(program, id, task, shared, wait);
        let cpu = needs_cpu(program, task, shared).then_some(Resource::Cpus);
        (self.wait.map(awaited).into_iter().flatten()).chain(cpu)
    }
}
