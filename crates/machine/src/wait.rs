//! What a task waits for.

use kmapcheck_scenario::{NodeId, Op, Patience, Program, Ref, SeriesId};
use smallvec::SmallVec;

use crate::ops;
use crate::state::{Name, PageId, Shared, State, Task};

/// Whether a task can go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It has ended.
    Ended,
    /// It can take a step.
    Moves,
    /// It waits.
    Waits(Waiting),
}

/// What a task waits for: each of the two that is there, both if both are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    /// What its operation waits for; `None`: only a CPU keeps it from going on.
    pub wait: Option<Wait>,
    /// Whether it also needs a CPU, having none.
    pub cpu: bool,
    /// How long it waits for what its operation waits for.
    pub patience: Patience,
}

impl Waiting {
    /// Whether it is a good end to wait here for ever. Who lacks a CPU only does not wait idly.
    #[must_use]
    pub fn is_idle(self) -> bool {
        self.patience == Patience::Idle && self.wait.is_some()
    }

    /// Whether a time-out or a signal may end the wait; it takes a CPU to notice.
    #[must_use]
    pub fn gives_up(self) -> bool {
        self.patience == Patience::GivesUp && self.wait.is_some()
    }
}

/// What an operation waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Wait {
    /// A slot of a series, or for somebody to map the page where that would do.
    Slot {
        /// The series.
        series: SeriesId,
        /// The page to be mapped.
        page: PageId,
    },
    /// A spinlock.
    Spin(Ref),
    /// An rwsem, to read.
    Read(Ref),
    /// An rwsem, to write.
    Write(Ref),
    /// So many units of a semaphore or mempool.
    Units(Ref, u32),
    /// So many units of a fair semaphore, and whoever queues before this task.
    Turn {
        /// The semaphore.
        pool: Ref,
        /// How many units.
        n: u32,
        /// How many queue before it.
        place: u32,
    },
    /// The lock of a page.
    PageLock(PageId),
    /// A completion.
    Completion(Ref),
    /// A free page.
    Memory,
    /// Any one of what the first operations of that select wait for: see [`alternatives`].
    AnyOf(NodeId),
}

/// Whether `task` can go on, and if not, what it waits for.
///
/// A task that could only take a CPU to spin on a taken lock waits: for the lock, and for the CPU.
/// One that is about to go to sleep still moves.
#[must_use]
pub fn standing(program: &Program, task: &Task, shared: &Shared) -> Standing {
    let Some(at) = task.at else {
        return Standing::Ended;
    };
    let blocked = ops::is_blocked(program, task, shared, at);
    debug_assert_eq!(blocked, ops::perform(program, task, shared, at).is_empty());
    let node = &program.templates[task.template].nodes[at];
    let (op, patience) = (node.op, node.patience);
    let off_cpu = program.cpus.is_some() && !task.on_cpu;
    if !blocked {
        return if crate::step::needs_cpu(program, task, shared) {
            Standing::Waits(Waiting {
                wait: None,
                cpu: true,
                patience,
            })
        } else {
            Standing::Moves
        };
    }
    if task.on_cpu && !matches!(op, Op::SpinLock { .. }) {
        return Standing::Moves;
    }
    Standing::Waits(Waiting {
        wait: wait_of(task, shared, op, at),
        cpu: off_cpu,
        patience,
    })
}

/// What would each by itself end such a wait: one thing, or for a select several.
#[must_use]
pub fn alternatives(
    program: &Program,
    task: &Task,
    shared: &Shared,
    wait: Wait,
) -> SmallVec<[Wait; 1]> {
    let Wait::AnyOf(select) = wait else {
        return SmallVec::from_elem(wait, 1);
    };
    let nodes = &program.templates[task.template].nodes;
    (nodes[select].arms())
        .filter_map(|first| wait_of(task, shared, nodes[first].op, first))
        .collect()
}

/// What a blocked operation waits for.
fn wait_of(task: &Task, shared: &Shared, op: Op, at: NodeId) -> Option<Wait> {
    let page_of = |name| match ops::resolve(task, shared, name) {
        Name::Page(page) => Some(page),
        _ => None,
    };
    match op {
        Op::Kmap { page, series } => page_of(page).map(|page| Wait::Slot { series, page }),
        Op::SpinLock { lock } => Some(Wait::Spin(lock)),
        Op::Down { pool, n } => Some(match task.queued {
            None => Wait::Units(pool, n),
            Some(place) => Wait::Turn { pool, n, place },
        }),
        Op::DownRead { lock } => Some(Wait::Read(lock)),
        Op::DownWrite { lock } => Some(Wait::Write(lock)),
        Op::LockPage { page } => page_of(page).map(Wait::PageLock),
        Op::WaitForCompletion { completion } => Some(Wait::Completion(completion)),
        Op::AllocPage { .. } => Some(Wait::Memory),
        Op::Select => Some(Wait::AnyOf(at)),
        _ => None,
    }
}

/// The series in which an existing mapping would do for a kmap that asks for `series`.
pub fn acceptable_series(program: &Program, series: SeriesId) -> impl Iterator<Item = SeriesId> {
    ops::acceptable(program, series)
}

/// The page that a name stands for, seen by `task`.
#[must_use]
pub fn resolve(task: &Task, shared: &Shared, name: Ref) -> Name {
    ops::resolve(task, shared, name)
}

impl State {
    /// Whether a task can go on, and if not, what it waits for.
    #[must_use]
    pub fn standing(&self, program: &Program, task: usize) -> Standing {
        standing(program, &self.tasks[task], &self.shared)
    }
}
