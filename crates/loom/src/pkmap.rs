//! The allocator of kmap slots: `kmap_high`, `map_new_virtual`, `flush_all_zero_pkmaps`,
//! `kunmap_high` (mm/highmem.c of Linux 2.4.17), with `pkmap_count`, `last_pkmap_nr`,
//! `pkmap_map_wait` and `kmap_lock`.
//!
//! As pte-highmem did, every series has its own counts, scan position and wait queue. A
//! [`Kmaps`] is the series under one `kmap_lock`, and with them `page->virtual`, one for each
//! series that keeps mappings. Series between which no mapping is ever looked up share nothing, so
//! they may have a lock each; this is what keeps the interleavings few.
//!
//! Two things go beyond the kernel's text, both because docs/semantics.md says so. A kmap that
//! maps a page wakes those who wait to map that page in any series: the kernel leaves them asleep
//! until some kunmap. And a slot can be kept back `for_holders`.

use std::marker::PhantomData;

use kmapcheck_machine::Effect;
use kmapcheck_scenario::{Bound, Program, Reuse, SeriesId};
use loom::sync::{Mutex, MutexGuard};

use crate::faults::Faults;
use crate::lock::take;
use crate::tasks::{Abandoned, TaskId, Tasks};
use crate::wait_queue::WaitQueue;

/// Index of a page.
pub(crate) type PageId = usize;

/// What `kmap` returns: the kernel's virtual address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) series: SeriesId,
    pub(crate) nr: usize,
}

/// The slots of one series.
#[derive(Debug)]
struct Pkmap {
    /// `pkmap_count`: 0 = free, 1 = mapped but unused, n + 1 = n users.
    count: Vec<u32>,
    /// `pkmap_page_table`.
    page: Vec<Option<PageId>>,
    /// `last_pkmap_nr`.
    last_nr: usize,
}

/// What `kmap_lock` protects.
#[derive(Debug)]
pub(crate) struct Tables {
    pkmaps: Vec<Pkmap>,
    /// `page->virtual`, by page and series.
    address: Vec<Vec<Option<usize>>>,
}

/// A kernel's kmaps, or those series of them that have a lock for themselves.
pub(crate) struct Kmaps<F> {
    program: std::sync::Arc<Program>,
    lock: Mutex<Tables>,
    /// `pkmap_map_wait`, by series.
    wait: Vec<WaitQueue>,
    faults: PhantomData<F>,
}

/// What a kmap asks for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Request {
    pub(crate) series: SeriesId,
    /// Whether it fails instead of sleeping, and if so whether it may flush.
    pub(crate) wanting: Wanting,
}

/// Whether a kmap may sleep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanting {
    Wait,
    Try { flush: bool },
}

/// Who calls kmap: asked, and told, under `kmap_lock`.
pub(crate) trait Caller {
    /// The page to be mapped; `None`: there is none any more, the call is over.
    fn page(&mut self) -> Option<PageId>;
    /// Whether the caller has a pin lying in the series.
    fn holds_one(&self, series: SeriesId) -> bool;
    /// Which of `arity` possibilities.
    fn choose(&mut self, arity: usize) -> usize;
    /// The call goes to sleep for the first time.
    fn waits(&mut self);
    /// It has a slot.
    fn mapped(&mut self, page: PageId, address: Address, effect: Effect);
    /// It has failed.
    fn failed(&mut self);
}

impl<F: Faults> Kmaps<F> {
    /// `stale` lists the mappings that an earlier use has left, `last_nr` where scans stand.
    pub(crate) fn new(
        program: &std::sync::Arc<Program>,
        pages: usize,
        stale: &[(PageId, SeriesId)],
        last_nr: &[usize],
    ) -> Self {
        let pkmaps = program
            .series
            .iter()
            .zip(last_nr)
            .map(|(series, &last_nr)| Pkmap {
                count: vec![0; slots(series.slots)],
                page: vec![None; slots(series.slots)],
                last_nr,
            });
        let mut tables = Tables {
            pkmaps: pkmaps.collect(),
            address: vec![vec![None; program.series.len()]; pages],
        };
        for &(page, series) in stale {
            if let Some(nr) = tables.pkmaps[series]
                .count
                .iter()
                .position(|&count| count == 0)
            {
                tables.set(program, page, Address { series, nr }, 1);
            }
        }
        Kmaps {
            program: std::sync::Arc::clone(program),
            lock: Mutex::new(tables),
            wait: program.series.iter().map(|_| WaitQueue::new()).collect(),
            faults: PhantomData,
        }
    }

    /// Takes `kmap_lock`.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Tables> {
        take(&self.lock)
    }

    /// `kmap_high`, with `map_new_virtual` in it.
    pub(crate) fn kmap_high(
        &self,
        tasks: &Tasks,
        task: TaskId,
        request: Request,
        caller: &mut impl Caller,
    ) -> Result<(), Abandoned> {
        let mut told = false;
        let mut slept = false;
        loop {
            let mut tables = self.lock();
            let Some(page) = caller.page() else {
                return Ok(());
            };
            // "Somebody else might have mapped it while we slept."
            let look = !(F::NO_RECHECK && slept);
            if look
                && let Some(address) = tables.look_up(&self.program, page, request.series, caller)
            {
                let count = tables.count_mut(address);
                let stale = *count == 1;
                *count += 1;
                caller.mapped(
                    page,
                    address,
                    Effect::Reused {
                        lies: address.series,
                        stale,
                    },
                );
                return Ok(());
            }
            let kept_back = if caller.holds_one(request.series) {
                0
            } else {
                self.program.series[request.series].for_holders
            };
            let found;
            (tables, found) = self.map_new_virtual(tables, request, kept_back);
            if let Some((nr, flushed)) = found {
                let address = Address {
                    series: request.series,
                    nr,
                };
                tables.set(&self.program, page, address, 2);
                let in_use = tables.in_use(request.series);
                caller.mapped(
                    page,
                    address,
                    Effect::TookSlot {
                        series: request.series,
                        in_use,
                        flushed,
                    },
                );
                drop(tables);
                self.wake_who_wants(tasks, page);
                return Ok(());
            }
            if request.wanting != Wanting::Wait {
                caller.failed();
                return Ok(());
            }
            if !told {
                caller.waits();
                told = true;
            }
            self.wait[request.series].add(tasks, task, page);
            drop(tables);
            tasks.schedule(task)?;
            slept = true;
        }
    }

    /// The scan for a free slot, from `last_pkmap_nr` on, flushing when it wraps; with the number
    /// of mappings flushed.
    fn map_new_virtual<'a>(
        &'a self,
        mut tables: MutexGuard<'a, Tables>,
        request: Request,
        kept_back: u32,
    ) -> (MutexGuard<'a, Tables>, Option<(usize, u32)>) {
        let series = request.series;
        let last_pkmap = tables.pkmaps[series].count.len();
        if kept_back > 0 && tables.in_use(series) as usize + kept_back as usize >= last_pkmap {
            return (tables, None);
        }
        let may_flush = request.wanting != Wanting::Try { flush: false };
        let (mut count, mut flushed) = (last_pkmap, 0);
        loop {
            let pkmap = &mut tables.pkmaps[series];
            pkmap.last_nr = (pkmap.last_nr + 1) % last_pkmap;
            if pkmap.last_nr == 0 && may_flush {
                let n;
                (tables, n) = self.flush_all_zero_pkmaps(tables, series);
                flushed += n;
                count = last_pkmap;
            }
            let pkmap = &tables.pkmaps[series];
            if pkmap.count[pkmap.last_nr] == 0 {
                let nr = pkmap.last_nr;
                return (tables, Some((nr, flushed)));
            }
            count -= 1;
            if count == 0 {
                return (tables, None);
            }
        }
    }

    /// Unmaps every page that is mapped in the series without users.
    fn flush_all_zero_pkmaps<'a>(
        &'a self,
        mut tables: MutexGuard<'a, Tables>,
        series: SeriesId,
    ) -> (MutexGuard<'a, Tables>, u32) {
        let count = &tables.pkmaps[series].count;
        let unused: Vec<usize> = (0..count.len()).filter(|&nr| count[nr] == 1).collect();
        if F::FLUSH_OUTSIDE_LOCK {
            drop(tables);
            tables = self.lock();
        }
        for &nr in &unused {
            tables.clear(Address { series, nr });
        }
        (tables, number(unused.len()))
    }

    /// `kunmap_high`. `which` says, under the lock, what is to be unmapped, or that nothing is;
    /// `done` is told what became of it, or that the kernel would hit a `BUG()`.
    pub(crate) fn kunmap_high(
        &self,
        tasks: &Tasks,
        expected: SeriesId,
        which: impl FnOnce() -> Option<(PageId, Address)>,
        done: impl FnOnce(Result<Effect, &'static str>),
    ) {
        let seen_before = F::WAITERS_CHECKED_BEFORE_LOCK && self.wait[expected].active();
        let mut tables = self.lock();
        let Some((page, mut address)) = which() else {
            return;
        };
        let series = address.series;
        let keeps = self.program.series[series].reuse.keeps_mappings();
        if keeps {
            // The kernel finds the slot through the page.
            match tables.address[page][series] {
                Some(nr) => address.nr = nr,
                None => return done(Err("kunmap of a page without page->virtual")),
            }
        }
        let count = *tables.count_mut(address);
        if count < 2 {
            return done(Err("kunmap of a slot that nobody uses"));
        }
        if F::COUNT_OUTSIDE_LOCK {
            drop(tables);
            tables = self.lock();
        }
        *tables.count_mut(address) = count - 1;
        let unused = count - 1 == 1;
        let effect = if !unused {
            Effect::StillMapped {
                series,
                users: count - 2,
            }
        } else if keeps {
            Effect::WentStale { series }
        } else {
            tables.clear(address);
            Effect::FreedSlot {
                series,
                in_use: tables.in_use(series),
            }
        };
        done(Ok(effect));
        let waited = if F::WAITERS_CHECKED_BEFORE_LOCK {
            seen_before
        } else {
            self.wait[series].active()
        };
        let need_wakeup = unused && waited && !F::NO_WAKE_UP;
        drop(tables);
        if need_wakeup {
            self.wait[series].wake_up(tasks);
        }
    }

    /// Wakes those who sleep in kmap of that page: it is mapped now, or was freed.
    pub(crate) fn wake_who_wants(&self, tasks: &Tasks, page: PageId) {
        for queue in self.wait.iter().filter(|queue| queue.wants(page)) {
            queue.wake_up(tasks);
        }
    }
}

impl Tables {
    /// A new page: mapped nowhere.
    pub(crate) fn add_page(&mut self) {
        self.address.push(vec![None; self.pkmaps.len()]);
    }

    /// The counts of a page's mappings, series by series; 0 where it has none.
    pub(crate) fn counts(&self, page: PageId) -> Vec<u32> {
        let of = |(series, nr): (SeriesId, &Option<usize>)| {
            // No mapping: no users, and not stale either.
            nr.map_or(0, |nr| self.pkmaps[series].count[nr])
        };
        self.address[page].iter().enumerate().map(of).collect()
    }

    /// An existing mapping that would do: `page->virtual`.
    fn look_up(
        &self,
        program: &Program,
        page: PageId,
        series: SeriesId,
        caller: &mut impl Caller,
    ) -> Option<Address> {
        let reuse = program.series[series].reuse;
        let would_do = |&lies: &SeriesId| match reuse {
            Reuse::Any => true,
            Reuse::Own => lies == series,
            Reuse::None => false,
        };
        let existing: Vec<Address> = (0..self.pkmaps.len())
            .filter(would_do)
            .filter_map(|lies| self.address[page][lies].map(|nr| Address { series: lies, nr }))
            .collect();
        match existing.len() {
            0 => None,
            1 => Some(existing[0]),
            n => Some(existing[caller.choose(n)]),
        }
    }

    fn count_mut(&mut self, address: Address) -> &mut u32 {
        &mut self.pkmaps[address.series].count[address.nr]
    }

    /// Slots with users.
    fn in_use(&self, series: SeriesId) -> u32 {
        let used = self.pkmaps[series]
            .count
            .iter()
            .filter(|&&count| count > 1)
            .count();
        number(used)
    }

    fn set(&mut self, program: &Program, page: PageId, address: Address, count: u32) {
        let Address { series, nr } = address;
        self.pkmaps[series].count[nr] = count;
        self.pkmaps[series].page[nr] = Some(page);
        if program.series[series].reuse.keeps_mappings() {
            self.address[page][series] = Some(nr);
        }
    }

    fn clear(&mut self, address: Address) {
        let Address { series, nr } = address;
        self.pkmaps[series].count[nr] = 0;
        if let Some(page) = self.pkmaps[series].page[nr].take()
            && self.address[page][series] == Some(nr)
        {
            self.address[page][series] = None;
        }
    }
}

/// A number of slots.
fn number(slots: usize) -> u32 {
    u32::try_from(slots).expect("a series has a 32-bit number of slots")
}

/// The number of slots; a program with `"any"` is refused before it runs.
pub(crate) fn slots(bound: Bound) -> usize {
    match bound {
        Bound::Exactly(n) => n as usize,
        Bound::Any => 0,
    }
}
