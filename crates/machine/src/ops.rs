//! The operations: the only place that knows what kmap does.
//!
//! Follows the kernel's `mm/highmem.c` of January 2002 (`kmap_high`, `map_new_virtual`,
//! `flush_all_zero_pkmaps`, `kunmap_high`), one call of which is one step here, and what
//! docs/semantics.md says of the other primitives. Each operation is a function of a task and the
//! shared part to the ways in which it can be carried out now; none means that it has to wait.

mod locks;
mod maps;
mod order;
mod pages;

use maps::Wanting;
pub(crate) use maps::acceptable;
pub(crate) use order::breaks_order;

use kmapcheck_scenario::{FindingKind, NodeId, Op, Patience, Program, Ref, ResourceKind};

use crate::state::{Map, Name, PageId, ResourceState, Shared, Task};
use crate::step::{Broadcast, Lost};
use crate::{Effect, Findings};

/// An operation carried out.
#[derive(Debug, Clone)]
pub(crate) struct Done {
    pub task: Task,
    pub shared: Shared,
    /// The operation: for a select the first one of the branch taken.
    pub node: NodeId,
    /// Which target of that node control goes to; `None`: the task stays where it was.
    pub branch: Option<usize>,
    pub effect: Effect,
    pub findings: Findings,
    pub broadcast: Broadcast,
    /// What the task held at its end.
    pub lost: Option<Box<Lost>>,
}

const SUCCESS: usize = 0;
const FAILURE: usize = 1;

/// The ways in which the operation at `at` can be carried out now; none if it has to wait.
pub(crate) fn perform(program: &Program, task: &Task, shared: &Shared, at: NodeId) -> Vec<Done> {
    let node = &program.templates[task.template].nodes[at];
    let call = Call {
        program,
        task,
        shared,
        at,
    };
    match node.op {
        Op::Select => (node.arms())
            .flat_map(|first| perform(program, task, shared, first))
            .collect(),
        Op::Kmap { page, series } => call.kmap(page, series, Wanting::Wait),
        Op::TryKmap {
            page,
            series,
            flush,
        } => call.kmap(page, series, Wanting::Try { flush }),
        Op::Kunmap { page } => call.undo_map(page, Map::is_pin),
        Op::KunmapAny { page } => call.undo_map(page, |_| true),
        Op::KmapAtomic { page, kind } => call.kmap_atomic(page, kind),
        Op::KunmapAtomic { page } => call.undo_map(page, |map| matches!(map, Map::Atomic { .. })),
        Op::KmapLocal { page } => call.kmap_local(page),
        Op::KunmapLocal { page } => call.kunmap_local(page),
        Op::SpinLock { lock } => call.spin_lock(lock, false),
        Op::SpinTrylock { lock } => call.spin_lock(lock, true),
        Op::SpinUnlock { lock } => call.spin_unlock(lock),
        Op::Down { pool, n } => call.down(pool, n, false),
        Op::DownTrylock { pool, n } => call.down(pool, n, true),
        Op::Up { pool, n } => call.up(pool, n),
        Op::DownRead { lock } => call.down_read(lock, false),
        Op::DownReadTrylock { lock } => call.down_read(lock, true),
        Op::UpRead { lock } => call.up_read(lock),
        Op::DownWrite { lock } => call.down_write(lock, false),
        Op::DownWriteTrylock { lock } => call.down_write(lock, true),
        Op::UpWrite { lock } => call.up_write(lock),
        Op::LockPage { page } => call.lock_page(page, false),
        Op::TrylockPage { page } => call.lock_page(page, true),
        Op::UnlockPage { page } => call.unlock_page(page),
        Op::WaitForCompletion { completion } => call.wait_for_completion(completion, false),
        Op::TryWaitForCompletion { completion } => call.wait_for_completion(completion, true),
        Op::Complete { completion } => call.complete(completion),
        Op::AllocPage { var } => call.alloc_page(var),
        Op::TryAllocPage { var } => call.try_alloc_page(var),
        Op::FreePage { page } => call.free_page(page),
        Op::MightSleep => vec![call.done(Effect::Nothing)],
        Op::Choose => (0..node.next.len())
            .map(|branch| Done {
                branch: Some(branch),
                ..call.done(Effect::Chose { branch })
            })
            .collect(),
    }
}

/// The page that a name stands for, seen by `task`.
pub(crate) fn resolve(task: &Task, shared: &Shared, name: Ref) -> Name {
    match name {
        Ref::Shared(i) => shared.names[i],
        Ref::Own(i) => task.names[i],
    }
}

/// Lets every name of `task` that is bound to a freed page dangle.
pub(crate) fn dangle(task: &mut Task, freed: PageId) {
    let remembered = task.holds_page(freed).then_some(freed);
    for name in &mut task.names {
        if *name == Name::Page(freed) {
            *name = Name::Dangling(remembered);
        }
    }
}

/// Counts one map or page lock of `page` less; forgets the page of dangling shared names with the
/// last one.
pub(crate) fn drop_holder(shared: &mut Shared, page: PageId) {
    let entry = shared.page_mut(page);
    entry.holders -= 1;
    if entry.holders == 0 {
        for name in &mut shared.names {
            if *name == Name::Dangling(Some(page)) {
                *name = Name::Dangling(None);
            }
        }
    }
}

/// Whether there is no way to carry out the operation at `at` now.
///
/// That [`perform`] gives none; but what many thousands may be waiting for is looked at directly.
pub(crate) fn is_blocked(program: &Program, task: &Task, shared: &Shared, at: NodeId) -> bool {
    let call = Call {
        program,
        task,
        shared,
        at,
    };
    let node = &program.templates[task.template].nodes[at];
    match node.op {
        Op::Select => (node.arms()).all(|first| is_blocked(program, task, shared, first)),
        Op::Kmap { page, series } => match resolve(task, shared, page) {
            Name::Page(page) if shared.page(page).highmem => {
                call.existing(page, series).next().is_none() && !call.may_take_slot(series)
            }
            _ => false,
        },
        Op::AllocPage { .. } => {
            program.free_pages.is_some() && shared.pages.free().next().is_none()
        }
        _ => perform(program, task, shared, at).is_empty(),
    }
}

/// A task about to carry out an operation.
#[derive(Clone, Copy)]
struct Call<'a> {
    program: &'a Program,
    task: &'a Task,
    shared: &'a Shared,
    at: NodeId,
}

/// What becomes of a task whose operation at `at` cannot go on and is given up; where it goes on is
/// up to the caller.
pub(crate) fn give_up(program: &Program, task: &Task, shared: &Shared, at: NodeId) -> Done {
    let call = Call {
        program,
        task,
        shared,
        at,
    };
    let mut done = call.done(Effect::GaveUp { place: None });
    if let Some(lock) = program.templates[task.template].nodes[at].op.resource() {
        done.leave_queue(program, lock, &mut |place| Effect::GaveUp { place });
    }
    done
}

impl Call<'_> {
    /// The operation carried out without any change yet.
    fn done(self, effect: Effect) -> Done {
        Done {
            task: self.task.clone(),
            shared: self.shared.clone(),
            node: self.at,
            branch: Some(SUCCESS),
            effect,
            findings: Findings::NONE,
            broadcast: Broadcast::default(),
            lost: None,
        }
    }

    fn failed(self) -> Done {
        Done {
            branch: Some(FAILURE),
            ..self.done(Effect::Failed)
        }
    }

    /// Who would have given up has got nothing.
    fn skipped(self, kind: FindingKind) -> Vec<Done> {
        let node = &self.program.templates[self.task.template].nodes[self.at];
        let branch = match node.patience {
            Patience::GivesUp => FAILURE,
            Patience::Endless | Patience::Idle => SUCCESS,
        };
        vec![Done {
            findings: Findings::of(kind),
            branch: Some(branch),
            ..self.done(Effect::Skipped { kind })
        }]
    }

    fn misuse(self) -> Vec<Done> {
        self.skipped(FindingKind::Misuse)
    }

    /// The page to be used, or what becomes of an operation whose name has none; a try fails then.
    fn usable(self, name: Ref, is_try: bool) -> Result<PageId, Vec<Done>> {
        let kind = match resolve(self.task, self.shared, name) {
            Name::Page(page) => return Ok(page),
            Name::Dangling(_) => FindingKind::UseAfterFree,
            Name::Unbound => FindingKind::Misuse,
        };
        let mut skipped = self.skipped(kind);
        if is_try {
            skipped[0].branch = Some(FAILURE);
        }
        Err(skipped)
    }

    /// The page whose map or lock is to be undone: a dangling name still serves.
    fn undoable(self, name: Ref) -> Option<PageId> {
        match resolve(self.task, self.shared, name) {
            Name::Page(page) | Name::Dangling(Some(page)) => Some(page),
            Name::Unbound | Name::Dangling(None) => None,
        }
    }

    fn kind(self, what: Ref) -> ResourceKind {
        self.program.resource(self.task.template, what).kind
    }

    fn state(self, what: Ref) -> ResourceState {
        match what {
            Ref::Shared(i) => self.shared.resources[i],
            Ref::Own(i) => self.task.resources[i],
        }
    }
}

impl Done {
    fn state_mut(&mut self, what: Ref) -> &mut ResourceState {
        match what {
            Ref::Shared(i) => &mut self.shared.resources[i],
            Ref::Own(i) => &mut self.task.resources[i],
        }
    }

    /// One map or lock of the page less; dangling names forget it with the last.
    fn release_page(&mut self, page: PageId) {
        if !self.task.holds_page(page) {
            for name in &mut self.task.names {
                if *name == Name::Dangling(Some(page)) {
                    *name = Name::Dangling(None);
                }
            }
        }
        drop_holder(&mut self.shared, page);
    }
}
