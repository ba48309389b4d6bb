//! What is counted: how much there is of what tasks give and take, beside slots.
//!
//! Units of a shared pool, whether or not anybody may give them; a shared spinlock, of which there is
//! one; how often a shared completion has been completed and not yet waited for; the lock of a shared
//! page; and free pages, where their number is bounded. Not rwsems, of which any number may read, and
//! no pool with an open number of units.
//!
//! What a step does to it is not told from the operation's name: the shared parts before and after the
//! step are compared.

use kmapcheck_limits::ask;
use kmapcheck_machine::{Given, ResourceState, Shared, Wanted};
use kmapcheck_scenario::{Bound, Op, PageDecl, Program, Ref, ResourceKind};

/// Something that is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Counted {
    /// A shared pool, spinlock or completion.
    Resource(usize),
    /// The lock of a shared page.
    PageLock(usize),
    /// Free pages.
    Memory,
}

/// How much more there is after a step, of each thing of which there is more or less; sorted.
pub(crate) type Change = Vec<(Counted, i64)>;

/// All that is counted in a program.
pub(crate) fn counted(program: &Program) -> Vec<Counted> {
    let is_counted = |&i: &usize| {
        let resource = &program.resources[i];
        let is_open =
            (resource.follows).is_some_and(|series| program.series[series].slots == Bound::Any);
        !is_open && !matches!(resource.kind, ResourceKind::Rwsem { .. })
    };
    let resources = (0..program.resources.len()).filter(is_counted);
    let locks = (program.pages.iter().enumerate()).map(|(i, _): (usize, &PageDecl)| i);
    (resources.map(Counted::Resource))
        .chain(locks.map(Counted::PageLock))
        .chain(program.free_pages.map(|_| Counted::Memory))
        .collect()
}

/// How much there is of it.
fn amount(shared: &Shared, what: Counted) -> i64 {
    match what {
        Counted::Resource(i) => match shared.resources[i] {
            ResourceState::Spinlock { taken } => i64::from(!taken),
            ResourceState::Units { free, .. } => i64::from(free),
            ResourceState::Completion { done } => i64::from(done),
            ResourceState::Rwsem { .. } => 0,
        },
        Counted::PageLock(page) => i64::from(!shared.page(page).locked),
        Counted::Memory => i64::try_from(shared.pages.free().count()).expect("pages are numbered"),
    }
}

/// What a step has changed.
pub(crate) fn change(all: &[Counted], before: &Shared, after: &Shared) -> Change {
    (all.iter())
        .map(|&what| (what, amount(after, what) - amount(before, what)))
        .filter(|&(_, more)| more != 0)
        .collect()
}

impl Counted {
    /// How much there is at first.
    pub(crate) fn at_first(self, program: &Program) -> i64 {
        match self {
            Counted::Resource(i) => match program.resources[i].kind {
                ResourceKind::Spinlock => 1,
                ResourceKind::Completion | ResourceKind::Rwsem { .. } => 0,
                ResourceKind::Semaphore {
                    units, available, ..
                }
                | ResourceKind::Mempool {
                    units, available, ..
                } => i64::from(available.unwrap_or(units).min(units)),
            },
            Counted::PageLock(_) => 1,
            // It is counted only where their number is given.
            Counted::Memory => program.free_pages.map_or(0, i64::from),
        }
    }

    /// The most that there can be; `None`: there is no bound.
    pub(crate) fn most(self, program: &Program) -> Option<i64> {
        match self {
            Counted::Resource(i) => match program.resources[i].kind {
                ResourceKind::Spinlock => Some(1),
                ResourceKind::Semaphore { units, .. } | ResourceKind::Mempool { units, .. } => {
                    Some(i64::from(units))
                }
                ResourceKind::Completion | ResourceKind::Rwsem { .. } => None,
            },
            Counted::PageLock(_) => Some(1),
            Counted::Memory => None,
        }
    }

    /// What is counted of something that is waited for and that anybody may give.
    pub(crate) fn of(program: &Program, wanted: Wanted) -> Option<Counted> {
        let what = match wanted {
            Wanted::Given(Given::Completion(i) | Given::Unowned(i)) => Counted::Resource(i),
            Wanted::Given(Given::Memory) => Counted::Memory,
            _ => return None,
        };
        counted(program).contains(&what).then_some(what)
    }

    /// The most of it that an operation of the program asks for at once.
    pub(crate) fn asked_at_once(self, program: &Program) -> i64 {
        let of = |op: Op| match (self, op) {
            (Counted::Resource(i), Op::Down { pool, n } | Op::DownTrylock { pool, n })
                if pool == Ref::Shared(i) =>
            {
                i64::from(n)
            }
            // All else is taken one by one.
            _ => 1,
        };
        let nodes = program.templates.iter().flat_map(|t| &t.nodes);
        nodes.map(|node| of(node.op)).fold(1, i64::max)
    }

    /// How much of it an operation gives, if anybody may.
    pub(crate) fn given_by(self, program: &Program, op: Op) -> Option<i64> {
        match (self, op) {
            (Counted::Resource(i), Op::Complete { completion }) => {
                (completion == Ref::Shared(i)).then_some(1)
            }
            (Counted::Resource(i), Op::Up { pool, n }) => (pool == Ref::Shared(i)
                && !program.resources[i].kind.is_owned())
            .then_some(i64::from(n)),
            (Counted::Memory, Op::FreePage { .. }) => Some(1),
            _ => None,
        }
    }
}

/// For each operation of each task program, whether a task that stands there can still carry out one
/// that gives some of `what`: along the program, whatever branch is taken.
pub(crate) fn can_still_give(program: &Program, what: &[Counted]) -> Vec<Vec<bool>> {
    (program.templates.iter())
        .map(|template| {
            let gives = |op: Op| what.iter().any(|what| what.given_by(program, op).is_some());
            let mut can: Vec<bool> = template.nodes.iter().map(|node| gives(node.op)).collect();
            loop {
                ask();
                let before = can.clone();
                // Backwards is quick: programs go forwards.
                for node in (0..can.len()).rev() {
                    let mut next = template.nodes[node].next.iter().filter_map(|to| to.node);
                    can[node] = can[node] || next.any(|to| can[to]);
                }
                if can == before {
                    return can;
                }
            }
        })
        .collect()
}
