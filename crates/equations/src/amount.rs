//! How much must be held of what tasks want for it to be missing.

use kmapcheck_machine::Wanted;
use kmapcheck_scenario::{Bound, Program, ResourceKind, SeriesId};

/// A number, or a multiple of nothing but the slots of a series whose size is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Amount {
    /// The series whose slots are added, if their number is open.
    pub slots_of: Option<SeriesId>,
    /// What is added to that.
    pub plus: i64,
}

impl Amount {
    /// How much must be held for it to be missing; `None`: it may be missing anyway.
    #[must_use]
    pub fn missing(program: &Program, wanted: Wanted) -> Option<Amount> {
        match wanted {
            Wanted::Slot { series, holder } => {
                let kept_back = i64::from(program.series[series].for_holders);
                Some(Amount::slots(program, series).less(if holder { 0 } else { kept_back }))
            }
            Wanted::Units(pool, n) => Some(units(program, pool).less(i64::from(n) - 1)),
            Wanted::Spin(_) | Wanted::Read(_) | Wanted::Write(_) | Wanted::PageLock(_) => {
                Some(Amount::number(1))
            }
            Wanted::Cpu => Some(Amount::number(program.cpus.map_or(1, |cpus| cpus.count))),
            Wanted::Given(_) => None,
        }
    }

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
