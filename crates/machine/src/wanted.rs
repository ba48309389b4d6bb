//! What a waiting task wants, the same in every state.
//!
//! A [`Wait`] is seen from one state: it names pages by their numbers there, and a task's own locks
//! as the task does. A [`Wanted`] is one thing with the amount that is asked for, by the numbers of
//! the [`Program`] alone, so that what tasks of different states want can be compared.

use kmapcheck_scenario::{Op, Program, Ref, SeriesId};

use crate::state::{Name, PageId, Task};
use crate::wait::{Wait, Waiting};

/// One thing that a waiting task wants, and how much of it. A task that wants several things has
/// one of these for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Wanted {
    /// A slot of a series. Whoever has no pin lying in it must leave the last ones alone that the
    /// series keeps for holders.
    Slot {
        /// The series.
        series: SeriesId,
        /// Whether the task has a pin lying in it.
        holder: bool,
    },
    /// A shared spinlock.
    Spin(usize),
    /// So many units of a shared pool.
    Units(usize, u32),
    /// A shared rwsem, to read.
    Read(usize),
    /// A shared rwsem, to write.
    Write(usize),
    /// The lock of a shared page.
    PageLock(PageId),
    /// A CPU.
    Cpu,
    /// Something that others need not hold for it to be missing.
    Given(Given),
}

/// What may never come although nobody holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Given {
    /// A shared completion.
    Completion(usize),
    /// Units of a shared pool that anybody may give back.
    Unowned(usize),
    /// A free page.
    Memory,
    /// A lock, pool, completion or page of the task itself, which nobody else could give.
    Own,
    /// Any one of several things: the first operations of a select.
    AnyOf,
    /// A turn in the queue of a fair semaphore.
    Turn,
}

impl Waiting {
    /// What a task wants: a CPU, then what its operation waits for. Each of them must come for it to
    /// go on, so each by itself is a way for it to be stuck.
    ///
    /// The first pages that the task can refer to must be the program's shared ones.
    #[must_use]
    pub fn wanted(self, program: &Program, task: &Task) -> Vec<Wanted> {
        let cpu = self.cpu.then_some(Wanted::Cpu);
        let operation = self.wait.map(|wait| Wanted::of(program, task, wait));
        cpu.into_iter().chain(operation).collect()
    }
}

impl Wanted {
    fn of(program: &Program, task: &Task, wait: Wait) -> Wanted {
        match wait {
            Wait::Slot { series, .. } => Wanted::Slot {
                series,
                holder: task.pins_in(series),
            },
            Wait::Spin(Ref::Shared(lock)) => Wanted::Spin(lock),
            Wait::Read(Ref::Shared(lock)) => Wanted::Read(lock),
            Wait::Write(Ref::Shared(lock)) => Wanted::Write(lock),
            Wait::Units(Ref::Shared(pool), n) => match program.resources[pool].kind.is_owned() {
                false => Wanted::Given(Given::Unowned(pool)),
                true => Wanted::Units(pool, n),
            },
            Wait::Completion(Ref::Shared(what)) => Wanted::Given(Given::Completion(what)),
            Wait::PageLock(page) if page < program.pages.len() => Wanted::PageLock(page),
            Wait::Memory => Wanted::Given(Given::Memory),
            Wait::AnyOf(_) => Wanted::Given(Given::AnyOf),
            Wait::Turn { .. } => Wanted::Given(Given::Turn),
            Wait::Spin(_)
            | Wait::Read(_)
            | Wait::Write(_)
            | Wait::Units(..)
            | Wait::Completion(_)
            | Wait::PageLock(_) => Wanted::Given(Given::Own),
        }
    }

    /// What a task wants that waits in `call`, which stands alone or is one of the first operations of
    /// a select.
    ///
    /// The first pages that the task can refer to must be the program's shared ones, each under its
    /// own name.
    #[must_use]
    pub fn of_call(program: &Program, task: &Task, call: Op) -> Wanted {
        let wait = match call {
            // Which page it is makes no difference.
            Op::Kmap { series, .. } => Wait::Slot { series, page: 0 },
            Op::SpinLock { lock } => Wait::Spin(lock),
            Op::Down { pool, n } => Wait::Units(pool, n),
            Op::DownRead { lock } => Wait::Read(lock),
            Op::DownWrite { lock } => Wait::Write(lock),
            Op::WaitForCompletion { completion } => Wait::Completion(completion),
            Op::AllocPage { .. } => Wait::Memory,
            Op::LockPage {
                page: Ref::Shared(page),
            } => Wait::PageLock(page),
            Op::LockPage {
                page: Ref::Own(name),
            } => match task.names.get(name) {
                Some(&Name::Page(page)) => Wait::PageLock(page),
                _ => return Wanted::Given(Given::Own),
            },
            _ => return Wanted::Given(Given::Own),
        };
        Wanted::of(program, task, wait)
    }

    /// Its place in the order that the model states, if it has one.
    #[must_use]
    pub fn rank(self, program: &Program) -> Option<usize> {
        match self {
            Wanted::Slot { series, .. } => program.series[series].rank,
            Wanted::Spin(lock)
            | Wanted::Units(lock, _)
            | Wanted::Read(lock)
            | Wanted::Write(lock) => program.resources[lock].rank,
            Wanted::PageLock(_) | Wanted::Cpu | Wanted::Given(_) => None,
        }
    }
}
