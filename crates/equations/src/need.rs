//! What tasks wait for, and what makes it unavailable.

use kmapcheck_local::{Holding, LocalState};
use kmapcheck_machine::{Mode, PageId, Wait, Waiting};
use kmapcheck_scenario::{Bound, Program, Ref, ResourceKind, SeriesId};

/// Something that a task waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Need {
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
    Open(Open),
}

/// What may never come although nobody holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Open {
    /// A shared completion.
    Completion(usize),
    /// Units of a shared pool that anybody may give back.
    Unowned(usize),
    /// A free page.
    Memory,
    /// A lock, pool, completion or page of the task itself, which nobody else could give.
    Own,
}

/// A number, or a multiple of nothing but the slots of a series whose size is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Amount {
    /// The series whose slots are added, if their number is open.
    pub slots_of: Option<SeriesId>,
    /// What is added to that.
    pub plus: i64,
}

impl Amount {
    pub(crate) fn slots(program: &Program, series: SeriesId) -> Amount {
        match program.series[series].slots {
            Bound::Exactly(slots) => Amount::number(slots),
            Bound::Any => Amount {
                slots_of: Some(series),
                plus: 0,
            },
        }
    }

    pub(crate) fn number(n: u32) -> Amount {
        Amount {
            slots_of: None,
            plus: i64::from(n),
        }
    }

    pub(crate) fn less(self, n: i64) -> Amount {
        Amount {
            plus: self.plus - n,
            ..self
        }
    }
}

/// The units of a shared pool.
pub(crate) fn units(program: &Program, pool: usize) -> Amount {
    let resource = &program.resources[pool];
    match (resource.follows, resource.kind) {
        (Some(series), _) => Amount::slots(program, series),
        (None, ResourceKind::Semaphore { units, .. } | ResourceKind::Mempool { units, .. }) => {
            Amount::number(units)
        }
        _ => Amount::number(1),
    }
}

impl Need {
    /// What a task in that local state waits for: each of them must be missing for it to be stuck
    /// on that one, so each is a way for it to be.
    #[must_use]
    pub fn of(program: &Program, local: &LocalState, waiting: Waiting) -> Vec<Need> {
        let mut needs: Vec<Need> = waiting.cpu.then_some(Need::Cpu).into_iter().collect();
        needs.extend(waiting.wait.map(|wait| Need::waited(program, local, wait)));
        needs
    }

    fn waited(program: &Program, local: &LocalState, wait: Wait) -> Need {
        match wait {
            Wait::Slot { series, .. } => Need::Slot {
                series,
                holder: local.pins_in(series),
            },
            Wait::Spin(Ref::Shared(lock)) => Need::Spin(lock),
            Wait::Read(Ref::Shared(lock)) => Need::Read(lock),
            Wait::Write(Ref::Shared(lock)) => Need::Write(lock),
            Wait::Units(Ref::Shared(pool), n) => match program.resources[pool].kind.is_owned() {
                false => Need::Open(Open::Unowned(pool)),
                true => Need::Units(pool, n),
            },
            Wait::Completion(Ref::Shared(what)) => Need::Open(Open::Completion(what)),
            Wait::PageLock(page) if page < program.pages.len() => Need::PageLock(page),
            Wait::Memory => Need::Open(Open::Memory),
            Wait::Spin(_)
            | Wait::Read(_)
            | Wait::Write(_)
            | Wait::Units(..)
            | Wait::Completion(_)
            | Wait::PageLock(_) => Need::Open(Open::Own),
        }
    }

    /// How much a task that holds `holding` contributes to its being missing, for each unit.
    #[must_use]
    pub fn kept_by(self, holding: Holding) -> bool {
        let lock = |held: Ref, i: usize| held == Ref::Shared(i);
        match (self, holding) {
            (Need::Slot { series, .. }, Holding::Slots(held) | Holding::JointSlots(held)) => {
                series == held
            }
            (Need::Spin(i), Holding::Held(held, Mode::Spin)) => lock(held, i),
            (Need::Units(i, _), Holding::Held(held, Mode::Units)) => lock(held, i),
            (Need::Read(i), Holding::Held(held, Mode::Write) | Holding::Queued(held)) => {
                lock(held, i)
            }
            (Need::Write(i), Holding::Held(held, Mode::Read | Mode::Write)) => lock(held, i),
            (Need::PageLock(page), Holding::PageLock(held)) => page == held,
            (Need::Cpu, Holding::Cpu) => true,
            _ => false,
        }
    }

    /// How much must be held for it to be missing; `None`: it may be missing anyway.
    #[must_use]
    pub fn missing_at(self, program: &Program) -> Option<Amount> {
        match self {
            Need::Slot { series, holder } => {
                let kept_back = i64::from(program.series[series].for_holders);
                Some(Amount::slots(program, series).less(if holder { 0 } else { kept_back }))
            }
            Need::Units(pool, n) => Some(units(program, pool).less(i64::from(n) - 1)),
            Need::Spin(_) | Need::Read(_) | Need::Write(_) | Need::PageLock(_) => {
                Some(Amount::number(1))
            }
            Need::Cpu => Some(Amount::number(program.cpus.map_or(1, |cpus| cpus.count))),
            Need::Open(_) => None,
        }
    }
}
