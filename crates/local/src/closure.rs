//! Closing the initial local states under steps and flushes.

use std::borrow::Cow;

use kmapcheck_limits::ask;
use kmapcheck_machine::{
    Effect, Findings, Page, Standing, Starts, Waiting, initial, is_forgettable, standing, steps,
    waiting_findings,
};
use kmapcheck_scenario::{Bound, FindingKind, NodeId, Op, Program, StaleIn};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::full;
use crate::local::LocalState;
use crate::path::Came;
use crate::premise::{self, Broken, BrokenPremise};
use crate::queues::unqueued;
use crate::surroundings::Surroundings;

/// More local states than this are not worth the time.
const MAX_STATES: usize = 5_000;

/// A number of local states, or of what a task holds, in 32 bits.
pub(crate) fn to_u32(number: usize) -> u32 {
    u32::try_from(number)
        .expect("local states are few, and the machine counts what a task holds in 32 bits")
}

/// A task that has acquired more than this at once takes more in every round of some loop.
const MAX_ACQUIRED: usize = 100;

/// Stands for `"slots": "any"`: more than a task that ends can pin.
pub(crate) const SLOTS: u32 = 1 << 24;

/// All local states of a program's tasks. Local states are numbered in the order in which a
/// breadth-first search meets them, so that the way to each (see [`Locals::path`]) is short.
#[derive(Debug)]
pub struct Locals {
    /// The local states.
    pub states: Vec<LocalState>,
    /// What tasks wait for, and where.
    pub waiters: Vec<Waiter>,
    /// What is wrong with steps and calls, and where.
    pub found: Vec<Found>,
    /// For each local state, what can be the case and what becomes of it then.
    pub situations: Vec<Vec<Situation>>,
    /// Local states, other than those of tasks that wait for ever, that others' flushes lead to.
    pub flushes: Vec<Vec<u32>>,
    pub(crate) came: Vec<Option<Came>>,
    numbers: FxHashMap<LocalState, u32>,
}

/// A task in a local state that waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiter {
    /// The local state.
    pub local: u32,
    /// What it waits for.
    pub waiting: Waiting,
}

/// Something wrong with what a task does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// The local state before.
    pub local: u32,
    /// The operation.
    pub node: NodeId,
    /// What is wrong.
    pub findings: Findings,
}

/// One thing that can be the case around a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Situation {
    /// What it can become; empty: it waits.
    pub next: Vec<u32>,
}

impl Locals {
    /// The closure; without queues: see [`unqueued`].
    ///
    /// # Errors
    ///
    /// If the program breaks a premise (see the crate's documentation).
    pub fn of(program: &Program) -> Result<Locals, BrokenPremise> {
        Locals::close(program, vec![false; program.series.len()])
    }

    /// The closure without what the numbers of tasks, slots and CPUs alone exclude: see
    /// [`crate::full`].
    ///
    /// # Errors
    ///
    /// If the program breaks a premise (see the crate's documentation).
    pub fn at_these_numbers(program: &Program) -> Result<Locals, BrokenPremise> {
        Locals::close(program, full::candidates(program))
    }

    fn close(program: &Program, never_full: Vec<bool>) -> Result<Locals, BrokenPremise> {
        let program = &*unqueued(program);
        premise::check(program)?;
        let declared = program;
        let program = &*with_slots(program);
        let mut surroundings = Surroundings::of(program);
        surroundings.never_full = never_full;
        // What pages are freed with is found on the way, and every local state that allocates
        // sees all of it: until nothing new comes, start again. So too if a series that was taken
        // never to be full may be.
        loop {
            let before = surroundings.freed.len();
            let mut closing = Closing::new(program, &mut surroundings);
            closing.run()?;
            let locals = closing.locals;
            if surroundings.freed.len() != before {
                continue;
            }
            let confirmed = full::confirmed(declared, &locals, &surroundings.never_full);
            if confirmed == surroundings.never_full {
                return Ok(locals);
            }
            surroundings.never_full = confirmed;
        }
    }

    /// The kinds of finding, other than deadlock and starvation, that may occur at all.
    #[must_use]
    pub fn possible(&self) -> Findings {
        (self.found.iter()).fold(Findings::NONE, |all, found| all.union(found.findings))
    }

    /// Where a task can end with what others wait for, if it can: what is lost, nobody holds.
    #[must_use]
    pub fn leak(&self) -> Option<Found> {
        let lost = Findings::from_iter([FindingKind::SlotLeak, FindingKind::LockLeak]);
        let loses = |found: &&Found| !found.findings.intersection(lost).is_empty();
        self.found.iter().find(loses).copied()
    }

    /// The number of a local state.
    #[must_use]
    pub fn number(&self, state: &LocalState) -> Option<u32> {
        self.numbers.get(state).copied()
    }
}

/// The program with a number for `"any"`.
pub(crate) fn with_slots(program: &Program) -> Cow<'_, Program> {
    if program.has_open_slots() {
        Cow::Owned(program.clone().with_open_slots(SLOTS))
    } else {
        Cow::Borrowed(program)
    }
}

/// A closure under way.
pub(crate) struct Closing<'a, 'p> {
    /// Whether it does not matter what a page is freed with.
    pub forgets_pages: bool,
    program: &'p Program,
    surroundings: &'a mut Surroundings<'p>,
    pub locals: Locals,
}

impl<'a, 'p> Closing<'a, 'p> {
    pub(crate) fn new(
        program: &'p Program,
        surroundings: &'a mut Surroundings<'p>,
    ) -> Closing<'a, 'p> {
        Closing {
            forgets_pages: false,
            program,
            surroundings,
            locals: Locals {
                numbers: FxHashMap::default(),
                states: Vec::new(),
                waiters: Vec::new(),
                found: Vec::new(),
                situations: Vec::new(),
                flushes: Vec::new(),
                came: Vec::new(),
            },
        }
    }

    pub(crate) fn run(&mut self) -> Result<(), BrokenPremise> {
        let starts = initial_locals(self.program).ok_or(BrokenPremise {
            what: Broken::TooLarge,
            at: None,
        })?;
        for local in starts {
            self.meet(local, None)?;
        }
        let mut next = 0;
        while next < self.locals.states.len() {
            ask();
            self.close(to_u32(next))?;
            next += 1;
        }
        Ok(())
    }

    /// The number of a local state, which is new unless it has one.
    fn meet(&mut self, local: LocalState, came: Option<Came>) -> Result<u32, BrokenPremise> {
        if let Some(&number) = self.locals.numbers.get(&local) {
            return Ok(number);
        }
        let number = self.locals.states.len();
        let acquired = local.task.maps.len() + local.task.held.len() + local.task.page_locks.len();
        if number >= MAX_STATES || acquired > MAX_ACQUIRED {
            return Err(BrokenPremise {
                what: Broken::TooLarge,
                at: None,
            });
        }
        let number = to_u32(number);
        self.locals.numbers.insert(local.clone(), number);
        self.locals.states.push(local);
        self.locals.came.push(came);
        Ok(number)
    }

    /// Finds all that can happen to a task in that local state.
    fn close(&mut self, number: u32) -> Result<(), BrokenPremise> {
        let program = self.program;
        let local = self.locals.states[number as usize].clone();
        let mut situations: Vec<Situation> = Vec::new();
        if let Some(node) = local.task.at {
            for shared in self.surroundings.around(&local) {
                ask();
                let mut next = Vec::new();
                for step in steps(program, &local.task, &shared) {
                    self.note(number, node, step.findings);
                    if let Some(freed) = step.broadcast.freed {
                        self.free(&local, node, step.shared.page(freed))?;
                    }
                    let after = LocalState::of(program, &step.task, &step.shared);
                    let failed = matches!(step.effect, Effect::Failed | Effect::GaveUp { .. });
                    let came = Came::step(number, step.node, failed);
                    next.push(self.meet(after, Some(came))?);
                }
                self.note(
                    number,
                    node,
                    waiting_findings(program, &local.task, &shared),
                );
                if let Standing::Waits(waiting) = standing(program, &local.task, &shared) {
                    let waiter = Waiter {
                        local: number,
                        waiting,
                    };
                    let mut same = (self.locals.waiters.iter().rev())
                        .take_while(|waiter| waiter.local == number);
                    if !same.any(|known| *known == waiter) {
                        self.locals.waiters.push(waiter);
                    }
                }
                next.sort_unstable();
                next.dedup();
                let situation = Situation { next };
                if !situations.contains(&situation) {
                    situations.push(situation);
                }
            }
        }
        self.locals.situations.push(situations);
        let mut flushes = Vec::new();
        for series in 0..program.series.len() {
            if let Some(flushed) = local.after_flush(series) {
                flushes.push(self.meet(flushed, Some(Came::flush(number)))?);
            }
        }
        self.locals.flushes.push(flushes);
        Ok(())
    }

    fn note(&mut self, local: u32, node: NodeId, findings: Findings) {
        let found = Found {
            local,
            node,
            findings,
        };
        let mut same = (self.locals.found.iter().rev()).take_while(|found| found.local == local);
        if !findings.is_empty() && !same.any(|known| *known == found) {
            self.locals.found.push(found);
        }
    }

    /// Learns how a freed page can come back from an allocation: as it is, or after flushes.
    fn free(&mut self, local: &LocalState, node: NodeId, page: &Page) -> Result<(), BrokenPremise> {
        // Where nobody allocates, nobody meets a freed page again: it stays its task's own.
        let allocates = |op| matches!(op, Op::AllocPage { .. } | Op::TryAllocPage { .. });
        if self.forgets_pages || !self.program.has_op(allocates) {
            return Ok(());
        }
        if page.holders > 0 || page.locked || page.has_users() {
            return Err(BrokenPremise {
                what: Broken::FreedInUse,
                at: Some((local.task.template, node)),
            });
        }
        let mut pages = vec![page.clone()];
        for series in 0..page.count.len() {
            let flushed: Vec<Page> = (pages.iter())
                .filter(|page| page.count[series] == 1)
                .map(|page| {
                    let mut flushed = page.clone();
                    flushed.count[series] = 0;
                    flushed
                })
                .collect();
            pages.extend(flushed);
        }
        for page in pages {
            if !is_forgettable(self.program, &page) && !self.surroundings.freed.contains(&page) {
                self.surroundings.freed.push(page);
            }
        }
        Ok(())
    }
}

/// The local states in which the instances of each template start; `None`: too many.
///
/// A task has no more leftovers than fit the slots if it is alone, so these are all its starts.
fn initial_locals(program: &Program) -> Option<Vec<LocalState>> {
    let mut alone = program.clone();
    // What others know of a shared page is not part of a local state, nor is what other tasks'
    // pages start with part of this one's.
    for page in &mut alone.pages {
        page.stale_in = StaleIn::Exactly(Vec::new());
    }
    for template in &mut alone.templates {
        template.count = Bound::Exactly(0);
    }
    let (mut found, mut known) = (Vec::new(), FxHashSet::default());
    for id in 0..program.templates.len() {
        alone.templates[id].count = Bound::Exactly(1);
        for start in Starts::of(&alone) {
            ask();
            let state = initial(&alone, &start);
            for local in LocalState::all_of(&alone, &state) {
                if known.insert(local.clone()) {
                    found.push(local);
                }
            }
            if found.len() > MAX_STATES {
                return None;
            }
        }
        alone.templates[id].count = Bound::Exactly(0);
    }
    Some(found)
}
