//! What a task in a local state holds of what others may wait for.

use kmapcheck_limits::ask;
use kmapcheck_machine::{Mode, PageId, Wanted};
use kmapcheck_scenario::{Node, NodeId, Op, Program, Ref, SeriesId};

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

impl Holding {
    /// Whether it is one of those things held that make somebody lack what he wants.
    #[must_use]
    pub fn keeps(self, wanted: Wanted) -> bool {
        let lock = |held: Ref, i: usize| held == Ref::Shared(i);
        match (wanted, self) {
            (Wanted::Slot { series, .. }, Holding::Slots(held) | Holding::JointSlots(held)) => {
                series == held
            }
            (Wanted::Spin(i), Holding::Held(held, Mode::Spin)) => lock(held, i),
            (Wanted::Units(i, _), Holding::Held(held, Mode::Units)) => lock(held, i),
            (Wanted::Read(i), Holding::Held(held, Mode::Write) | Holding::Queued(held)) => {
                lock(held, i)
            }
            (Wanted::Write(i), Holding::Held(held, Mode::Read | Mode::Write)) => lock(held, i),
            (Wanted::PageLock(page), Holding::PageLock(held)) => page == held,
            (Wanted::Cpu, Holding::Cpu) => true,
            _ => false,
        }
    }
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
        if let (Some(_), Some(Op::DownWrite { lock })) = (self.task.queued, self.op(program)) {
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

    /// The operation that it is about to carry out.
    #[must_use]
    pub fn op(&self, program: &Program) -> Option<Op> {
        Some(self.node(program)?.op)
    }

    /// That operation; or, of a select, the first ones of its branches.
    pub fn calls<'p>(&self, program: &'p Program) -> impl Iterator<Item = (NodeId, Op)> + 'p {
        let template = &program.templates[self.task.template];
        let calls = self.task.at.into_iter().flat_map(|at| template.calls(at));
        calls.map(|node| (node, template.nodes[node].op))
    }

    fn node<'p>(&self, program: &'p Program) -> Option<&'p Node> {
        Some(&program.templates[self.task.template].nodes[self.task.at?])
    }
}
