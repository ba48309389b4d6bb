//! What a task in a local state holds of what others may wait for.

use kmapcheck_limits::ask;
use kmapcheck_machine::{Map, Mode, PageId};
use kmapcheck_scenario::{Op, Program, Ref, SeriesId};

use crate::local::LocalState;

/// Something held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Holding {
    /// Slots of a series that nobody else can be using too.
    Slots(SeriesId),
    /// Slots of a series through which shared pages are mapped, which others may be using too.
    JointSlots(SeriesId),
    /// A lock or units of a pool, in that mode.
    Held(Ref, Mode),
    /// A place in the queue of writers of a fair rwsem.
    Queued(Ref),
    /// The lock of a shared page.
    PageLock(PageId),
    /// A CPU.
    Cpu,
}

impl LocalState {
    /// All it holds, with how much: slots, units, how often a lock is taken. Sorted.
    #[must_use]
    pub fn holdings(&self, program: &Program) -> Vec<(Holding, u32)> {
        let mut found = Vec::new();
        let mut joint = vec![0; program.series.len()];
        for page in 0..program.pages.len() {
            ask();
            let (pins, _) = self.pins_of_shared(program, page);
            for (pins, joint) in pins.into_iter().zip(&mut joint) {
                *joint += u32::from(pins > 0);
            }
        }
        for (series, (in_use, _)) in self.own_usage(program).into_iter().enumerate() {
            let solo = in_use - joint[series];
            found.extend((solo > 0).then_some((Holding::Slots(series), solo)));
            found.extend(
                (joint[series] > 0).then_some((Holding::JointSlots(series), joint[series])),
            );
        }
        found.extend((self.task.held.iter()).map(|h| (Holding::Held(h.what, h.mode), h.n)));
        if let (true, Some(Op::DownWrite { lock })) = (self.task.queued, self.op(program)) {
            found.push((Holding::Queued(lock), 1));
        }
        let shared = self
            .task
            .page_locks
            .iter()
            .filter(|&&page| page < program.pages.len());
        found.extend(shared.map(|&page| (Holding::PageLock(page), 1)));
        found.extend(self.task.on_cpu.then_some((Holding::Cpu, 1)));
        found.sort_unstable();
        found
    }

    /// Whether it has a pin lying in the series.
    #[must_use]
    pub fn pins_in(&self, series: SeriesId) -> bool {
        (self.task.maps.iter()).any(|map| matches!(map, Map::Pin { lies, .. } if *lies == series))
    }

    /// The operation that it is about to carry out.
    #[must_use]
    pub fn op(&self, program: &Program) -> Option<Op> {
        let at = self.task.at?;
        Some(program.templates[self.task.template].nodes[at].op)
    }
}
