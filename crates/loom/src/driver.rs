//! Runs one task's program on the kernel, and judges every call by its own bookkeeping.
//!
//! What the task holds, and what is wrong with a call, is worked out here a second time and
//! independently of the machine; each step is logged with both, so that a difference shows when
//! the log is followed on the machine.

mod locks;
mod maps;
mod pages;

use std::rc::Rc;

use kmapcheck_machine::{Effect, Findings, Held, Map, Mode, Name};
use kmapcheck_scenario::{FindingKind, Node, NodeId, Op, Ref, Template, TemplateId};

use crate::faults::Faults;
use crate::freelist;
use crate::kernel::Kernel;
use crate::pkmap::{Address, PageId, Wanting};
use crate::recorder::{Event, What};
use crate::tasks::{Abandoned, TaskId};

/// The first target of a node: success.
pub(crate) const SUCCESS: usize = 0;
/// The second target of a try: failure.
pub(crate) const FAILURE: usize = 1;

/// A task at work.
pub(crate) struct Driver<F> {
    kernel: Rc<Kernel<F>>,
    me: TaskId,
    template: TemplateId,
    names: Vec<Name>,
    /// The maps in the order taken, and the address of each that has one.
    maps: Vec<Map>,
    addresses: Vec<Option<Address>>,
    held: Vec<Held>,
    page_locks: Vec<PageId>,
}

/// A call being made: who, where, and what is wrong with it whatever becomes of it.
pub(crate) struct Call<'a, F> {
    kernel: &'a Kernel<F>,
    task: TaskId,
    node: NodeId,
    findings: Findings,
}

impl<F> Clone for Call<'_, F> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<F> Copy for Call<'_, F> {}

impl<F: Faults> Call<'_, F> {
    fn log(&self, what: What) {
        self.kernel.recorder.add(Event {
            task: self.task,
            node: self.node,
            what,
        });
    }

    /// Logs that the operation took effect; returns the branch for convenience.
    fn step(&self, branch: usize, effect: Effect, more: Findings) -> usize {
        let findings = self.findings.union(more);
        self.log(What::Step {
            branch: Some(branch),
            effect,
            findings,
        });
        branch
    }

    /// Logs that the operation was skipped.
    fn skip(&self, branch: usize, kind: FindingKind) -> usize {
        self.step(branch, Effect::Skipped { kind }, Findings::of(kind))
    }

    fn done(&self) -> usize {
        self.step(SUCCESS, Effect::Nothing, Findings::NONE)
    }

    fn failed(&self) -> usize {
        self.step(FAILURE, Effect::Failed, Findings::NONE)
    }

    fn misuse(&self) -> usize {
        self.skip(SUCCESS, FindingKind::Misuse)
    }

    fn waits(&self) {
        self.log(What::Waits {
            findings: self.findings,
        });
    }
}

impl<F: Faults> Driver<F> {
    pub(crate) fn new(kernel: &Rc<Kernel<F>>, me: TaskId) -> Self {
        Driver {
            kernel: Rc::clone(kernel),
            me,
            template: kernel.layout.templates[me],
            names: kernel.own_names[me].clone(),
            maps: Vec::new(),
            addresses: Vec::new(),
            held: Vec::new(),
            page_locks: Vec::new(),
        }
    }

    /// Runs the program to its end, or until the execution has deadlocked.
    pub(crate) fn run(mut self) {
        let kernel = Rc::clone(&self.kernel);
        let template: &Template = &kernel.program.templates[self.template];
        let mut at = template.entry.node;
        while let Some(node) = at {
            if kernel.tasks.abandoned() {
                return;
            }
            let Ok(branch) = self.perform(&kernel, node, &template.nodes[node]) else {
                return;
            };
            at = template.nodes[node].next[branch].node;
            if at.is_none() {
                self.end();
            }
        }
        kernel.tasks.end(self.me);
    }

    /// Carries one operation out; returns the index of the target.
    fn perform(&mut self, kernel: &Kernel<F>, at: NodeId, node: &Node) -> Result<usize, Abandoned> {
        let mut findings = Findings::NONE;
        if node.op.may_sleep() && self.is_atomic() {
            findings.insert(FindingKind::SleepInAtomic);
        }
        if self.lock_breaks_order(node.op) {
            findings.insert(FindingKind::OrderViolation);
        }
        let call = Call {
            kernel,
            task: self.me,
            node: at,
            findings,
        };
        match node.op {
            Op::Kmap { page, series } => self.kmap(call, page, series, Wanting::Wait),
            Op::TryKmap {
                page,
                series,
                flush,
            } => self.kmap(call, page, series, Wanting::Try { flush }),
            Op::Kunmap { page } => Ok(self.undo_map(call, page, Map::is_pin)),
            Op::KunmapAny { page } => Ok(self.undo_map(call, page, |_| true)),
            Op::KunmapAtomic { page } => {
                Ok(self.undo_map(call, page, |map| matches!(map, Map::Atomic { .. })))
            }
            Op::KunmapLocal { page } => Ok(self.kunmap_local(call, page)),
            Op::KmapAtomic { page, kind } => Ok(self.kmap_private(call, page, Some(kind))),
            Op::KmapLocal { page } => Ok(self.kmap_private(call, page, None)),
            Op::SpinLock { lock } => self.spin_lock(call, lock),
            Op::SpinTrylock { lock } => Ok(self.spin_trylock(call, lock)),
            Op::SpinUnlock { lock } => Ok(self.spin_unlock(call, lock)),
            Op::Down { pool, n } => self.down(call, pool, n),
            Op::DownTrylock { pool, n } => Ok(self.down_trylock(call, pool, n)),
            Op::Up { pool, n } => Ok(self.up(call, pool, n)),
            Op::DownRead { lock } => self.down_read(call, lock),
            Op::DownReadTrylock { lock } => Ok(self.down_read_trylock(call, lock)),
            Op::UpRead { lock } => Ok(self.up_read(call, lock)),
            Op::DownWrite { lock } => self.down_write(call, lock),
            Op::DownWriteTrylock { lock } => Ok(self.down_write_trylock(call, lock)),
            Op::UpWrite { lock } => Ok(self.up_write(call, lock)),
            Op::WaitForCompletion { completion } => self.wait_for_completion(call, completion),
            Op::TryWaitForCompletion { completion } => {
                Ok(self.try_wait_for_completion(call, completion))
            }
            Op::Complete { completion } => Ok(self.complete(call, completion)),
            Op::LockPage { page } => self.lock_page(call, page),
            Op::TrylockPage { page } => Ok(self.trylock_page(call, page)),
            Op::UnlockPage { page } => Ok(self.unlock_page(call, page)),
            Op::AllocPage { var } => self.alloc_page(call, var, false),
            Op::TryAllocPage { var } => self.alloc_page(call, var, true),
            Op::FreePage { page } => Ok(self.free_page(call, page)),
            Op::MightSleep => Ok(call.done()),
            Op::Choose => {
                let branch = kernel.choose(self.me, node.next.len());
                Ok(call.step(branch, Effect::Chose { branch }, Findings::NONE))
            }
            Op::Select => unreachable!("programs with a select were refused"),
        }
    }

    /// The task ends: what it still holds is lost.
    fn end(&mut self) {
        let mut findings = Findings::NONE;
        if !self.maps.is_empty() {
            findings.insert(FindingKind::SlotLeak);
        }
        if !self.held.is_empty() || !self.page_locks.is_empty() {
            findings.insert(FindingKind::LockLeak);
        }
        self.kernel.recorder.amend(self.me, findings);
        let mut pages = self.kernel.pages.borrow_mut();
        let lost = self
            .maps
            .iter()
            .map(|map| map.page())
            .chain(self.page_locks.iter().copied());
        lost.for_each(|page| pages.drop_holder(page));
    }

    /// Whether it may not sleep.
    fn is_atomic(&self) -> bool {
        self.held.iter().any(|held| held.mode == Mode::Spin)
            || self
                .maps
                .iter()
                .any(|map| matches!(map, Map::Atomic { .. }))
    }

    /// Whether it holds, of what the model's order names, anything at that place or later.
    fn holds_from(&self, place: Option<usize>) -> bool {
        let Some(place) = place else { return false };
        let program = &self.kernel.program;
        let pins = self.maps.iter().filter_map(|map| match *map {
            Map::Pin { asked, .. } => program.series[asked].rank,
            _ => None,
        });
        let locks = self.held.iter();
        let locks = locks.filter_map(|lock| program.resource(self.template, lock.what).rank);
        pins.chain(locks).any(|held| held >= place)
    }

    /// Whether taking a lock goes against the model's order; a kmap is judged when its page is
    /// known.
    fn lock_breaks_order(&self, op: Op) -> bool {
        let (Op::SpinLock { lock }
        | Op::Down { pool: lock, .. }
        | Op::DownRead { lock }
        | Op::DownWrite { lock }) = op
        else {
            return false;
        };
        self.holds_from(self.kernel.program.resource(self.template, lock).rank)
    }

    fn hold(&mut self, what: Ref, mode: Mode, n: u32) {
        match self
            .held
            .iter_mut()
            .find(|held| held.what == what && held.mode == mode)
        {
            Some(held) => held.n += n,
            None => self.held.push(Held { what, mode, n }),
        }
    }

    /// Drops `n` of `what`; false, and nothing done, if so many are not held.
    fn let_go(&mut self, what: Ref, mode: Mode, n: u32) -> bool {
        let enough = |held: &Held| held.what == what && held.mode == mode && held.n >= n;
        let Some(i) = self.held.iter().position(enough) else {
            return false;
        };
        self.held[i].n -= n;
        if self.held[i].n == 0 {
            self.held.remove(i);
        }
        true
    }

    /// What a page name stands for.
    fn resolve(&self, name: Ref) -> Name {
        match name {
            Ref::Shared(i) => self.kernel.pages.borrow().names[i],
            Ref::Own(i) => self.names[i],
        }
    }

    /// The page to be used through a name, or what is wrong with the name.
    fn usable(&self, name: Ref) -> Result<PageId, FindingKind> {
        match self.resolve(name) {
            Name::Page(page) => Ok(page),
            Name::Dangling(_) => Err(FindingKind::UseAfterFree),
            Name::Unbound => Err(FindingKind::Misuse),
        }
    }

    /// The page whose map or lock is to be undone: a dangling name still serves.
    fn undoable(&self, name: Ref) -> Option<PageId> {
        match self.resolve(name) {
            Name::Page(page) | Name::Dangling(Some(page)) => Some(page),
            Name::Unbound | Name::Dangling(None) => None,
        }
    }

    fn holds_page(&self, page: PageId) -> bool {
        self.maps.iter().any(|map| map.page() == page) || self.page_locks.contains(&page)
    }

    /// Own names forget a freed page with the last map or lock of it.
    fn forget_if_last(&mut self, page: PageId) {
        if !self.holds_page(page) {
            freelist::forget(&mut self.names, page);
        }
    }
}
