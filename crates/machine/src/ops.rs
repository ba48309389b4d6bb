//! The operations: the only place that knows what kmap does.
//!
//! Follows the kernel's `mm/highmem.c` of January 2002 (`kmap_high`, `map_new_virtual`,
//! `flush_all_zero_pkmaps`, `kunmap_high`), one call of which is one step here, and what
//! docs/semantics.md says of the other primitives.

use kmapcheck_scenario::{FindingKind, NodeId, Op, Program, Ref, ResourceKind, Reuse, SeriesId};

use crate::state::{Map, Mode, Name, Page, PageId, ResourceState, Shared, Task};
use crate::step::Broadcast;
use crate::{Effect, Findings};

/// An operation carried out.
#[derive(Debug, Clone)]
pub(crate) struct Done {
    pub task: Task,
    pub shared: Shared,
    /// Which target of the node control goes to; `None`: it stays.
    pub branch: Option<usize>,
    pub effect: Effect,
    pub findings: Findings,
    pub broadcast: Broadcast,
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
    };
    match node.op {
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
        Op::DownRead { lock } => call.down_read(lock),
        Op::UpRead { lock } => call.up_read(lock),
        Op::DownWrite { lock } => call.down_write(lock),
        Op::UpWrite { lock } => call.up_write(lock),
        Op::LockPage { page } => call.lock_page(page, false),
        Op::TrylockPage { page } => call.lock_page(page, true),
        Op::UnlockPage { page } => call.unlock_page(page),
        Op::WaitForCompletion { completion } => call.wait_for_completion(completion),
        Op::Complete { completion } => call.complete(completion),
        Op::AllocPage { var } => call.alloc_page(var),
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

/// Whether a kmap may wait.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanting {
    /// kmap: sleeps until it can go on.
    Wait,
    /// `try_kmap`: fails instead.
    Try { flush: bool },
}

/// The series in which an existing mapping would do for a kmap that asks for `series`.
pub(crate) fn acceptable(program: &Program, series: SeriesId) -> impl Iterator<Item = SeriesId> {
    let reuse = program.series[series].reuse;
    (0..program.series.len()).filter(move |&other| match reuse {
        Reuse::Any => program.series[other].reuse.keeps_mappings(),
        Reuse::Own => other == series,
        Reuse::None => false,
    })
}

/// The page that a name stands for, seen by `task`.
pub(crate) fn resolve(task: &Task, shared: &Shared, name: Ref) -> Name {
    match name {
        Ref::Shared(i) => shared.names[i],
        Ref::Own(i) => task.names[i],
    }
}

/// Whether a kmap asks for a slot against the model's order: while pinning one that was asked for
/// as the same or a later series. A kmap that reuses a mapping which the task itself pins cannot
/// wait and is exempt; so is low memory, which needs no slot.
pub(crate) fn breaks_order(
    program: &Program,
    task: &Task,
    shared: &Shared,
    page: Ref,
    series: SeriesId,
) -> bool {
    let (Some(rank), Name::Page(page)) = (program.series[series].rank, resolve(task, shared, page))
    else {
        return false;
    };
    if !shared.page(page).highmem {
        return false;
    }
    let mut pins = task.maps.iter().filter_map(|map| match *map {
        Map::Pin { page, asked, lies } => Some((page, asked, lies)),
        _ => None,
    });
    let reentrant = pins
        .clone()
        .any(|(pinned, _, lies)| pinned == page && acceptable(program, series).any(|s| s == lies));
    !reentrant
        && pins.any(|(_, asked, _)| program.series[asked].rank.is_some_and(|held| held >= rank))
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

/// A task about to carry out an operation.
#[derive(Clone, Copy)]
struct Call<'a> {
    program: &'a Program,
    task: &'a Task,
    shared: &'a Shared,
}

impl Call<'_> {
    /// The operation carried out without any change yet.
    fn done(self, effect: Effect) -> Done {
        Done {
            task: self.task.clone(),
            shared: self.shared.clone(),
            branch: Some(SUCCESS),
            effect,
            findings: Findings::NONE,
            broadcast: Broadcast::default(),
        }
    }

    fn failed(self) -> Done {
        Done {
            branch: Some(FAILURE),
            ..self.done(Effect::Failed)
        }
    }

    fn skipped(self, kind: FindingKind) -> Vec<Done> {
        vec![Done {
            findings: Findings::of(kind),
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

    // --- mappings ---

    fn kmap(self, name: Ref, series: SeriesId, wanting: Wanting) -> Vec<Done> {
        let page = match self.usable(name, wanting != Wanting::Wait) {
            Ok(page) => page,
            Err(skipped) => return skipped,
        };
        if !self.shared.page(page).highmem {
            let mut done = self.done(Effect::MappedLow);
            done.shared.page_mut(page).unshared_pins += 1;
            done.shared.page_mut(page).holders += 1;
            done.task.maps.push(Map::Low { page });
            return vec![done];
        }
        let existing: Vec<SeriesId> = acceptable(self.program, series)
            .filter(|&lies| self.shared.page(page).count[lies] > 0)
            .collect();
        if !existing.is_empty() {
            return existing
                .into_iter()
                .map(|lies| self.reuse(page, series, lies))
                .collect();
        }
        let flush_allowed = wanting != Wanting::Try { flush: false };
        let usage = self.shared.usage[series];
        let slots = slots(self.program, series);
        let kept_back = if self.task.pins_in(series) {
            0
        } else {
            self.program.series[series].for_holders
        };
        let mut successors = Vec::new();
        if usage.in_use + kept_back < slots {
            if usage.in_use + usage.stale < slots {
                successors.push(self.take_slot(page, series, false));
            }
            if usage.stale > 0 && flush_allowed {
                successors.push(self.take_slot(page, series, true));
            }
        }
        if successors.is_empty() && wanting != Wanting::Wait {
            successors.push(self.failed());
        }
        successors
    }

    /// kmap through a mapping that exists already.
    fn reuse(self, page: PageId, asked: SeriesId, lies: SeriesId) -> Done {
        let stale = self.shared.page(page).count[lies] == 1;
        let mut done = self.done(Effect::Reused { lies, stale });
        done.shared.page_mut(page).count[lies] += 1;
        if stale {
            done.shared.usage[lies].stale -= 1;
            done.shared.usage[lies].in_use += 1;
        }
        done.pin(page, asked, lies);
        done
    }

    /// kmap through a free slot, after a flush or without one.
    fn take_slot(self, page: PageId, series: SeriesId, flush: bool) -> Done {
        let mut done = self.done(Effect::Nothing);
        let flushed = if flush { done.flush(series) } else { 0 };
        if self.program.series[series].reuse.keeps_mappings() {
            done.shared.page_mut(page).count[series] = 2;
        } else {
            done.shared.page_mut(page).unshared_pins += 1;
        }
        done.shared.usage[series].in_use += 1;
        done.effect = Effect::TookSlot {
            series,
            in_use: done.shared.usage[series].in_use,
            flushed,
        };
        done.pin(page, series, series);
        done
    }

    /// Undoes the task's latest map of the page that `fits`.
    fn undo_map(self, name: Ref, fits: impl Fn(Map) -> bool) -> Vec<Done> {
        let latest = self.undoable(name).and_then(|page| {
            self.task
                .maps
                .iter()
                .rposition(|&map| map.page() == page && fits(map))
        });
        match latest {
            Some(i) => vec![self.undo(i)],
            None => self.misuse(),
        }
    }

    /// Undoes the task's map number `i`, unless it is a local map and not the last of them.
    fn undo(self, i: usize) -> Done {
        let map = self.task.maps[i];
        let is_local = |map: &Map| matches!(map, Map::Local { .. });
        if is_local(&map) && self.task.maps[i + 1..].iter().any(is_local) {
            return self.misuse().remove(0);
        }
        let mut done = self.done(Effect::Nothing);
        done.task.maps.remove(i);
        let page = map.page();
        done.effect = match map {
            Map::Pin { lies, .. } => done.unpin(self.program, page, lies),
            Map::Low { .. } => {
                done.shared.page_mut(page).unshared_pins -= 1;
                Effect::Nothing
            }
            Map::Atomic { .. } | Map::Local { .. } => Effect::Nothing,
        };
        done.release_page(page);
        done
    }

    fn kmap_atomic(self, name: Ref, kind: usize) -> Vec<Done> {
        let page = match self.usable(name, false) {
            Ok(page) => page,
            Err(skipped) => return skipped,
        };
        let mut done = self.done(Effect::Nothing);
        let kind = self.shared.page(page).highmem.then_some(kind);
        let same = |map: &Map| matches!(map, Map::Atomic { kind: held, .. } if held.is_some() && *held == kind);
        if self.task.maps.iter().any(same) {
            done.findings.insert(FindingKind::AtomicSlotClash);
        }
        done.task.maps.push(Map::Atomic { page, kind });
        done.shared.page_mut(page).holders += 1;
        vec![done]
    }

    fn kmap_local(self, name: Ref) -> Vec<Done> {
        let page = match self.usable(name, false) {
            Ok(page) => page,
            Err(skipped) => return skipped,
        };
        let mut done = self.done(Effect::Nothing);
        done.task.maps.push(Map::Local { page });
        done.shared.page_mut(page).holders += 1;
        vec![done]
    }

    /// Undoes the last local map, which must be one of that page.
    fn kunmap_local(self, name: Ref) -> Vec<Done> {
        let last = self
            .task
            .maps
            .iter()
            .rposition(|map| matches!(map, Map::Local { .. }));
        match (last, self.undoable(name)) {
            (Some(i), Some(page)) if self.task.maps[i].page() == page => vec![self.undo(i)],
            _ => self.misuse(),
        }
    }

    // --- locks and counters ---

    fn spin_lock(self, lock: Ref, is_try: bool) -> Vec<Done> {
        match self.state(lock) {
            ResourceState::Spinlock { taken: false } => {
                let mut done = self.done(Effect::Nothing);
                *done.state_mut(lock) = ResourceState::Spinlock { taken: true };
                done.task.hold(lock, Mode::Spin, 1);
                vec![done]
            }
            _ if is_try => vec![self.failed()],
            _ => Vec::new(),
        }
    }

    fn spin_unlock(self, lock: Ref) -> Vec<Done> {
        let mut done = self.done(Effect::Nothing);
        if !done.task.let_go(lock, Mode::Spin, 1) {
            return self.misuse();
        }
        *done.state_mut(lock) = ResourceState::Spinlock { taken: false };
        vec![done]
    }

    fn down(self, pool: Ref, n: u32, is_try: bool) -> Vec<Done> {
        let free = self.free_units(pool);
        if free < n {
            return if is_try {
                vec![self.failed()]
            } else {
                Vec::new()
            };
        }
        let mut done = self.done(Effect::UnitsLeft { free: free - n });
        *done.state_mut(pool) = ResourceState::Units { free: free - n };
        if self.units(pool).1 {
            done.task.hold(pool, Mode::Units, n);
        }
        vec![done]
    }

    fn up(self, pool: Ref, n: u32) -> Vec<Done> {
        let free = self.free_units(pool);
        let (units, owned) = self.units(pool);
        let mut done = self.done(Effect::UnitsLeft { free: free + n });
        let allowed = if owned {
            done.task.let_go(pool, Mode::Units, n)
        } else {
            free + n <= units
        };
        if !allowed {
            return self.misuse();
        }
        *done.state_mut(pool) = ResourceState::Units { free: free + n };
        vec![done]
    }

    fn free_units(self, pool: Ref) -> u32 {
        match self.state(pool) {
            ResourceState::Units { free } => free,
            _ => 0,
        }
    }

    /// The units at the start, and whether they belong to whom took them.
    fn units(self, pool: Ref) -> (u32, bool) {
        match self.kind(pool) {
            ResourceKind::Semaphore { units, owned } | ResourceKind::Mempool { units, owned } => {
                (units, owned)
            }
            _ => (0, true),
        }
    }

    fn rwsem(self, lock: Ref) -> (u32, bool, u32) {
        match self.state(lock) {
            ResourceState::Rwsem {
                readers,
                writer,
                queued,
            } => (readers, writer, queued),
            _ => (0, false, 0),
        }
    }

    fn down_read(self, lock: Ref) -> Vec<Done> {
        let (readers, writer, queued) = self.rwsem(lock);
        if writer || queued > 0 {
            return Vec::new();
        }
        let mut done = self.done(Effect::Nothing);
        *done.state_mut(lock) = ResourceState::Rwsem {
            readers: readers + 1,
            writer,
            queued,
        };
        done.task.hold(lock, Mode::Read, 1);
        vec![done]
    }

    fn up_read(self, lock: Ref) -> Vec<Done> {
        let mut done = self.done(Effect::Nothing);
        if !done.task.let_go(lock, Mode::Read, 1) {
            return self.misuse();
        }
        let (readers, writer, queued) = self.rwsem(lock);
        *done.state_mut(lock) = ResourceState::Rwsem {
            readers: readers - 1,
            writer,
            queued,
        };
        vec![done]
    }

    /// Only a writer of a fair rwsem takes a step to begin waiting: from then on it counts as
    /// queued, which holds new readers back.
    fn down_write(self, lock: Ref) -> Vec<Done> {
        let (readers, writer, queued) = self.rwsem(lock);
        let fair = matches!(self.kind(lock), ResourceKind::Rwsem { fair: true });
        let mut done = self.done(Effect::Nothing);
        if readers == 0 && !writer {
            let queued = queued - u32::from(done.task.queued);
            *done.state_mut(lock) = ResourceState::Rwsem {
                readers,
                writer: true,
                queued,
            };
            done.task.queued = false;
            done.task.hold(lock, Mode::Write, 1);
            vec![done]
        } else if fair && !done.task.queued {
            *done.state_mut(lock) = ResourceState::Rwsem {
                readers,
                writer,
                queued: queued + 1,
            };
            done.task.queued = true;
            done.branch = None;
            done.effect = Effect::Queued;
            vec![done]
        } else {
            Vec::new()
        }
    }

    fn up_write(self, lock: Ref) -> Vec<Done> {
        let mut done = self.done(Effect::Nothing);
        if !done.task.let_go(lock, Mode::Write, 1) {
            return self.misuse();
        }
        let (readers, _, queued) = self.rwsem(lock);
        *done.state_mut(lock) = ResourceState::Rwsem {
            readers,
            writer: false,
            queued,
        };
        vec![done]
    }

    fn wait_for_completion(self, completion: Ref) -> Vec<Done> {
        match self.state(completion) {
            ResourceState::Completion { done: n @ 1.. } => {
                let mut done = self.done(Effect::Nothing);
                *done.state_mut(completion) = ResourceState::Completion { done: n - 1 };
                vec![done]
            }
            _ => Vec::new(),
        }
    }

    fn complete(self, completion: Ref) -> Vec<Done> {
        let mut done = self.done(Effect::Nothing);
        if let ResourceState::Completion { done } = done.state_mut(completion) {
            *done = done.saturating_add(1);
        }
        vec![done]
    }

    // --- pages ---

    fn lock_page(self, name: Ref, is_try: bool) -> Vec<Done> {
        let page = match self.usable(name, is_try) {
            Ok(page) => page,
            Err(skipped) => return skipped,
        };
        if self.shared.page(page).locked {
            return if is_try {
                vec![self.failed()]
            } else {
                Vec::new()
            };
        }
        let mut done = self.done(Effect::Nothing);
        done.shared.page_mut(page).locked = true;
        done.shared.page_mut(page).holders += 1;
        done.task.page_locks.push(page);
        vec![done]
    }

    fn unlock_page(self, name: Ref) -> Vec<Done> {
        let held = self.undoable(name).and_then(|page| {
            self.task
                .page_locks
                .iter()
                .position(|&locked| locked == page)
        });
        let Some(i) = held else { return self.misuse() };
        let mut done = self.done(Effect::Nothing);
        let page = done.task.page_locks.remove(i);
        done.shared.page_mut(page).locked = false;
        done.release_page(page);
        vec![done]
    }

    /// Takes any free page, told apart by the mappings it kept; and, where the freelist has no
    /// bound, a fresh one.
    fn alloc_page(self, var: Ref) -> Vec<Done> {
        let mut candidates: Vec<(Option<PageId>, &Page)> = Vec::new();
        for (id, page) in self.shared.pages.iter().enumerate() {
            let Some(page) = page else { continue };
            // A page that somebody still has mapped is not like any other.
            let seen = candidates
                .iter()
                .any(|(_, other)| page.holders == 0 && *other == page);
            if page.free && !seen {
                candidates.push((Some(id), page));
            }
        }
        let fresh = Page {
            free: true,
            ..Page::fresh(self.program.series.len())
        };
        if self.program.free_pages.is_none() && !candidates.iter().any(|(_, page)| **page == fresh)
        {
            candidates.push((None, &fresh));
        }
        candidates
            .into_iter()
            .map(|(id, page)| {
                let mapped_in = (0..page.count.len())
                    .filter(|&series| page.count[series] > 0)
                    .collect();
                let mut done = self.done(Effect::Allocated { mapped_in });
                let id = id.unwrap_or_else(|| done.shared.add_page(page.clone()));
                done.shared.page_mut(id).free = false;
                match var {
                    Ref::Shared(i) => done.shared.names[i] = Name::Page(id),
                    Ref::Own(i) => done.task.names[i] = Name::Page(id),
                }
                done
            })
            .collect()
    }

    /// Puts a page on the freelist, with whatever maps it.
    fn free_page(self, name: Ref) -> Vec<Done> {
        let page = match resolve(self.task, self.shared, name) {
            Name::Page(page) => page,
            Name::Dangling(_) => return self.skipped(FindingKind::DoubleFree),
            Name::Unbound => return self.misuse(),
        };
        let mut done = self.done(Effect::Nothing);
        if self.shared.page(page).has_users() {
            done.findings.insert(FindingKind::FreedWhileMapped);
        }
        let entry = done.shared.page_mut(page);
        entry.free = true;
        let remembered = (entry.holders > 0).then_some(page);
        for name in &mut done.shared.names {
            if *name == Name::Page(page) {
                *name = Name::Dangling(remembered);
            }
        }
        dangle(&mut done.task, page);
        done.broadcast.freed = Some(page);
        vec![done]
    }
}

impl Done {
    fn state_mut(&mut self, what: Ref) -> &mut ResourceState {
        match what {
            Ref::Shared(i) => &mut self.shared.resources[i],
            Ref::Own(i) => &mut self.task.resources[i],
        }
    }

    fn pin(&mut self, page: PageId, asked: SeriesId, lies: SeriesId) {
        self.shared.page_mut(page).holders += 1;
        self.task.maps.push(Map::Pin { page, asked, lies });
        if asked != lies {
            self.findings.insert(FindingKind::SeriesMixture);
        }
    }

    fn unpin(&mut self, program: &Program, page: PageId, lies: SeriesId) -> Effect {
        let usage = &mut self.shared.usage[lies];
        if !program.series[lies].reuse.keeps_mappings() {
            usage.in_use -= 1;
            let in_use = usage.in_use;
            self.shared.page_mut(page).unshared_pins -= 1;
            return Effect::FreedSlot {
                series: lies,
                in_use,
            };
        }
        let count = &mut self.shared.pages[page]
            .as_mut()
            .expect("a pinned page exists")
            .count[lies];
        *count -= 1;
        if *count > 1 {
            return Effect::StillMapped {
                series: lies,
                users: *count - 1,
            };
        }
        usage.in_use -= 1;
        usage.stale += 1;
        Effect::WentStale { series: lies }
    }

    /// `flush_all_zero_pkmaps`: unmaps every page that is mapped in the series without users.
    fn flush(&mut self, series: SeriesId) -> u32 {
        let is_stale =
            |page: &Option<Page>| page.as_ref().is_some_and(|page| page.count[series] == 1);
        let stale: Vec<PageId> = self
            .shared
            .pages
            .iter()
            .enumerate()
            .filter(|(_, page)| is_stale(page))
            .map(|(id, _)| id)
            .collect();
        for page in stale {
            self.shared.page_mut(page).count[series] = 0;
        }
        self.broadcast.flushed = Some(series);
        std::mem::take(&mut self.shared.usage[series].stale)
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

/// The slots of a series; engines refuse `"any"` before they take a step.
fn slots(program: &Program, series: SeriesId) -> u32 {
    match program.series[series].slots {
        kmapcheck_scenario::Bound::Exactly(n) => n,
        kmapcheck_scenario::Bound::Any => u32::MAX,
    }
}
