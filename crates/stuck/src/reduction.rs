//! Stuck sets, by graph reduction.
//!
//! A set of waiting tasks is *stuck* if nothing outside it that still lives could ever give one of
//! them what it waits for. Stuck sets are closed under union, so there is a greatest one, and it
//! is found as Holt does (*Some Deadlock Properties of Computer Systems*, ACM Computing Surveys
//! 4(3), 1972): remove, as long as possible, every task that can move or whose wait could be met
//! if all removed tasks gave back what they hold and did what their remaining program can still
//! do. What is left is stuck. Removing is monotone, so the order does not matter.
//!
//! The reduction works on [`Party`]s: groups of tasks that are alike. An engine that names every
//! task has parties of one; one that counts them, a party for each kind. Alike tasks are stuck
//! together or not at all, since the greatest stuck set is unique.
//!
//! Cost: parties times passes. A pass removes at least one party and usually most of them: passes
//! alternate in direction, so that a chain of waiters falls in one or two whichever way it runs.
//! What removed tasks can still do is indexed once for each of them, and only if somebody's wait
//! depends on it.

use kmapcheck_limits::ask;
use kmapcheck_machine::{
    Mode, Name, PageId, ResourceState, Standing, Task, Wait, acceptable_series, alternatives,
    resolve,
};
use kmapcheck_scenario::{Bound, Op, Ref, SeriesId};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::scene::{Party, Scene, op_of, page_names};

/// For each party, whether it is in the greatest stuck set that lies within `candidates`, which
/// must wait; all others count as able to give back what they hold.
#[must_use]
pub fn stuck_among(scene: &Scene<'_>, candidates: &[bool]) -> Vec<bool> {
    left_beside(scene, candidates, |_| false)
}

/// The same, where the `trapped` give nothing back either, and are not among what is left.
pub(crate) fn left_beside(
    scene: &Scene<'_>,
    candidates: &[bool],
    is_trapped: impl Fn(usize) -> bool,
) -> Vec<bool> {
    let mut reduction = Reduction::new(scene);
    let mut left: Vec<u32> = Vec::with_capacity(scene.parties.len());
    for (i, (party, &candidate)) in scene.parties.iter().zip(candidates).enumerate() {
        let trapped = is_trapped(i);
        let stays = candidate && !trapped;
        if !stays && !trapped {
            reduction.remove(i, party.count);
        }
        left.push(if stays { party.count } else { 0 });
    }
    reduction.run(&mut left);
    left.iter().map(|&left| left > 0).collect()
}

/// What removed tasks have given back of one shared resource.
#[derive(Debug, Clone, Default)]
struct Given {
    spinlock: bool,
    readers: u32,
    writer: bool,
    /// Writers of a fair rwsem that no longer hold readers back.
    announced: u32,
    units: u32,
    /// The places in the queue of a fair semaphore that are taken no more,
    places: FxHashSet<u32>,
    /// and how many of them are the first ones, without a gap.
    first_places: u32,
}

impl Given {
    /// That place in the queue is taken no more.
    fn leave(&mut self, place: u32) {
        self.places.insert(place);
        while self.places.contains(&self.first_places) {
            self.first_places += 1;
        }
    }
}

/// What removed tasks can still do, by what it gives.
#[derive(Debug, Clone, Default)]
struct Promises {
    /// They can free a page.
    memory: bool,
    /// They can free that page.
    freeable: FxHashSet<PageId>,
    /// They can ask for a mapping of that page in that series.
    mappable: FxHashSet<(PageId, SeriesId)>,
    /// They can bind that shared name to another page.
    rebound: FxHashSet<usize>,
    /// They can complete that shared completion, or give units back to that shared pool.
    given: FxHashSet<usize>,
}

/// A reduction under way: what has been removed, and what that gave back.
#[derive(Clone)]
pub(crate) struct Reduction<'a> {
    scene: &'a Scene<'a>,
    freed_slots: Vec<u32>,
    /// Users left on mappings that several tasks pin.
    joint_users: FxHashMap<(PageId, SeriesId), u32>,
    given: Vec<Given>,
    unlocked_pages: FxHashSet<PageId>,
    freed_cpus: u32,
    /// The parties removed so far.
    removed: Vec<usize>,
    promises: Promises,
    /// How many of `removed` are in `promises` already.
    indexed: usize,
}

impl<'a> Reduction<'a> {
    /// Nothing is removed yet.
    pub(crate) fn new(scene: &'a Scene<'a>) -> Self {
        Reduction {
            scene,
            freed_slots: vec![0; scene.program.series.len()],
            joint_users: FxHashMap::default(),
            given: vec![Given::default(); scene.program.resources.len()],
            unlocked_pages: FxHashSet::default(),
            freed_cpus: 0,
            removed: Vec::with_capacity(scene.parties.len()),
            promises: Promises::default(),
            indexed: 0,
        }
    }

    /// Removes, as long as possible, those of the `left` that could go on. `left` says for each
    /// party how many of it are still there; all of a party go together.
    pub(crate) fn run(&mut self, left: &mut [u32]) {
        let parties = 0..left.len();
        self.run_some(left, parties);
    }

    /// The same, where only those `parties` can have any left.
    pub(crate) fn run_some(&mut self, left: &mut [u32], parties: impl Iterator<Item = usize>) {
        let mut order: Vec<usize> = parties.filter(|&i| left[i] > 0).collect();
        loop {
            ask();
            let before = order.len();
            order.retain(|&i| {
                let goes = self.could_go_on(&self.scene.parties[i]);
                if goes {
                    self.remove(i, std::mem::take(&mut left[i]));
                }
                !goes
            });
            if order.len() == before {
                return;
            }
            order.reverse();
        }
    }

    /// Lets `count` tasks of a party give back everything they hold.
    pub(crate) fn remove(&mut self, i: usize, count: u32) {
        let scene = self.scene;
        let party = &scene.parties[i];
        if party.standing == Standing::Ended || count == 0 {
            return;
        }
        self.removed.push(i);
        for (freed, solo) in self.freed_slots.iter_mut().zip(party.solo_slots.iter()) {
            *freed += solo * count;
        }
        for &(page, series, pins) in &party.joint_pins {
            if page >= scene.common_pages {
                // Nobody else alive knows the page: its other users have ended, the slot is leaked.
                continue;
            }
            // A mapping counts one more than it has users; none counts nothing.
            let users = scene.shared.page(page).count[series].saturating_sub(1);
            let left = self.joint_users.entry((page, series)).or_insert(users);
            let used = *left > 0;
            // No more are gone than there were.
            *left = left.saturating_sub(pins * count);
            if used && *left == 0 {
                self.freed_slots[series] += 1;
            }
        }
        for held in &party.task.held {
            let Ref::Shared(what) = held.what else {
                continue;
            };
            let given = &mut self.given[what];
            match held.mode {
                Mode::Spin => given.spinlock = true,
                Mode::Read => given.readers += held.n * count,
                Mode::Write => given.writer = true,
                Mode::Units => given.units += held.n * count,
            }
        }
        if let Some(place) = party.task.queued {
            match op_of(scene.program, party.task) {
                Some(Op::DownWrite {
                    lock: Ref::Shared(what),
                }) => self.given[what].announced += count,
                Some(Op::Down {
                    pool: Ref::Shared(what),
                    ..
                }) => self.given[what].leave(place),
                _ => {}
            }
        }
        self.unlocked_pages.extend(
            party
                .task
                .page_locks
                .iter()
                .filter(|&&page| page < scene.common_pages),
        );
        self.freed_cpus += u32::from(party.task.on_cpu) * count;
    }

    /// Whether the party's wait could be met by what has been given back.
    pub(crate) fn could_go_on(&mut self, party: &Party<'a>) -> bool {
        let Standing::Waits(waiting) = party.standing else {
            return true;
        };
        let moves_anyway = waiting.gives_up() && !self.scene.patient;
        (!waiting.cpu || self.cpu_could_come())
            && (moves_anyway
                || waiting
                    .wait
                    .is_none_or(|wait| self.could_come(party.task, wait)))
    }

    /// Whether a CPU could come free.
    pub(crate) fn cpu_could_come(&self) -> bool {
        // No more come free than are busy.
        let busy = self.scene.shared.busy_cpus.saturating_sub(self.freed_cpus);
        self.scene.program.cpus.is_none_or(|cpus| busy < cpus.count)
    }

    /// Whether what an operation of `task` waits for could come.
    pub(crate) fn could_come(&mut self, task: &Task, wait: Wait) -> bool {
        match wait {
            Wait::Slot { series, page } => {
                self.slot_could_come(task, series)
                    || self.page_could_be_mapped(series, page)
                    || self.page_could_change(task, page)
            }
            Wait::PageLock(page) => {
                self.unlocked_pages.contains(&page) || self.page_could_change(task, page)
            }
            Wait::Memory => self.promises().memory,
            Wait::AnyOf(_) => alternatives(self.scene.program, task, self.scene.shared, wait)
                .into_iter()
                .any(|wait| self.could_come(task, wait)),
            Wait::Turn {
                pool: Ref::Shared(pool),
                n,
                place,
            } => self.given[pool].first_places >= place && self.units_could_come(pool, n),
            Wait::Spin(Ref::Shared(lock)) => self.given[lock].spinlock,
            Wait::Read(Ref::Shared(lock)) => {
                let given = &self.given[lock];
                match self.scene.shared.resources[lock] {
                    ResourceState::Rwsem { writer, queued, .. } => {
                        (!writer || given.writer) && queued <= given.announced
                    }
                    _ => false,
                }
            }
            Wait::Write(Ref::Shared(lock)) => {
                let given = &self.given[lock];
                match self.scene.shared.resources[lock] {
                    ResourceState::Rwsem {
                        writer, readers, ..
                    } => (!writer || given.writer) && readers <= given.readers,
                    _ => false,
                }
            }
            Wait::Units(Ref::Shared(pool), n) => self.units_could_come(pool, n),
            Wait::Completion(Ref::Shared(completion)) => {
                self.promises().given.contains(&completion)
            }
            // A task's own locks, pools and completions: nobody else could give.
            Wait::Spin(_)
            | Wait::Read(_)
            | Wait::Write(_)
            | Wait::Units(..)
            | Wait::Turn { .. }
            | Wait::Completion(_) => false,
        }
    }

    fn slot_could_come(&self, task: &Task, series: SeriesId) -> bool {
        let declared = &self.scene.program.series[series];
        let kept_back = if task.pins_in(series) {
            0
        } else {
            declared.for_holders
        };
        // No more come free than are in use.
        let in_use = self.scene.shared.usage[series]
            .in_use
            .saturating_sub(self.freed_slots[series]);
        match declared.slots {
            // A sum beyond all numbers is too many.
            Bound::Exactly(slots) => in_use.saturating_add(kept_back) < slots,
            Bound::Any => true,
        }
    }

    /// Whether a removed task could map the page in a series where that mapping would do.
    fn page_could_be_mapped(&mut self, series: SeriesId, page: PageId) -> bool {
        let scene = self.scene;
        page < scene.common_pages && {
            let promises = self.promises();
            acceptable_series(scene.program, series)
                .any(|asked| promises.mappable.contains(&(page, asked)))
        }
    }

    /// Whether a removed task could free the page, or bind the name through which `task` waits
    /// to another: the operation would then not wait any more.
    fn page_could_change(&mut self, task: &Task, page: PageId) -> bool {
        let scene = self.scene;
        page < scene.common_pages && {
            let promises = self.promises();
            promises.freeable.contains(&page)
                || page_names(scene, task, page).any(
                    |name| matches!(name, Ref::Shared(name) if promises.rebound.contains(&name)),
                )
        }
    }

    fn units_could_come(&mut self, pool: usize, n: u32) -> bool {
        let ResourceState::Units { free, .. } = self.scene.shared.resources[pool] else {
            return false;
        };
        match self.scene.program.resources[pool].kind.is_owned() {
            false => free >= n || self.promises().given.contains(&pool),
            true => free + self.given[pool].units >= n,
        }
    }

    /// What removed tasks can still do.
    fn promises(&mut self) -> &Promises {
        let scene = self.scene;
        for &i in &self.removed[self.indexed..] {
            ask();
            let task = scene.parties[i].task;
            let common = |name| match resolve(task, scene.shared, name) {
                Name::Page(page) if page < scene.common_pages => Some(page),
                _ => None,
            };
            for op in task
                .at
                .into_iter()
                .flat_map(|at| scene.abilities.from(task.template, at))
            {
                match op {
                    Op::FreePage { page } => {
                        self.promises.memory = true;
                        self.promises.freeable.extend(common(page));
                    }
                    Op::Kmap { page, series } | Op::TryKmap { page, series, .. } => {
                        self.promises
                            .mappable
                            .extend(common(page).map(|page| (page, series)));
                    }
                    Op::AllocPage {
                        var: Ref::Shared(name),
                    }
                    | Op::TryAllocPage {
                        var: Ref::Shared(name),
                    } => {
                        self.promises.rebound.insert(name);
                    }
                    Op::Complete {
                        completion: Ref::Shared(what),
                    }
                    | Op::Up {
                        pool: Ref::Shared(what),
                        ..
                    } => {
                        self.promises.given.insert(what);
                    }
                    _ => {}
                }
            }
        }
        self.indexed = self.removed.len();
        &self.promises
    }
}
