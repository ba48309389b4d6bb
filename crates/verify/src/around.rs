//! All that can be around one task, as far as its next step can tell.
//!
//! Written down from the semantics: whether a slot is to be had, with a flush or without; whether the
//! lock, unit or completion is there; whether others have a shared page locked, or mapped and in which
//! series; which free pages there are; whether a CPU is free. Where an operation looks at several
//! things of one sort (a select), they are there all or none. Where all are, it has every way that it
//! has where some are; where none is, it waits.
//!
//! One mapping of a shared page at a time is enough: each is a way of its own, and where several are,
//! each of these ways is there.

use kmapcheck_limits::ask;
use kmapcheck_machine::{Mode, Name, Page, ResourceState, Shared, Usage};
use kmapcheck_scenario::{Bound, Op, Program, Ref, ResourceKind, Reuse, SeriesId, StaleIn};

use crate::local::Local;

/// What others can leave for a task of a program to meet.
#[derive(Debug)]
pub(crate) struct Around<'a> {
    program: &'a Program,
    /// For each shared page, the series in which others may have it mapped.
    mapped: Vec<Vec<SeriesId>>,
    /// How pages have been freed, other than as good as new.
    pub freed: Vec<Page>,
}

/// What others do.
#[derive(Debug, Clone, Copy, Default)]
struct Others {
    /// They use all slots that they can.
    use_slots: bool,
    /// One slot of each series has a stale mapping of theirs.
    leave_stale: bool,
    /// They hold the locks, have taken all units, and nothing is completed.
    hold: bool,
    /// They have shared pages locked.
    lock_pages: bool,
    /// They have shared pages mapped there.
    map_in: Option<SeriesId>,
    /// They have left free pages.
    free: bool,
    /// They occupy all CPUs.
    run: bool,
}

impl<'a> Around<'a> {
    /// With nothing freed yet.
    pub(crate) fn of(program: &'a Program) -> Around<'a> {
        let mapped = (program.pages.iter().enumerate())
            .map(|(id, page)| {
                ask();
                let here = |op: &Op| match *op {
                    Op::Kmap { page, series } | Op::TryKmap { page, series, .. } => {
                        (page == Ref::Shared(id)).then_some(series)
                    }
                    _ => None,
                };
                let nodes = program.templates.iter().flat_map(|t| &t.nodes);
                let asked: Vec<SeriesId> = nodes.filter_map(|node| here(&node.op)).collect();
                let from_before = |series: &SeriesId| match &page.stale_in {
                    StaleIn::Any => true,
                    StaleIn::Exactly(list) => list.contains(series),
                };
                (0..program.series.len())
                    .filter(|series| asked.contains(series) || from_before(series))
                    .filter(|&series| program.series[series].reuse.keeps_mappings())
                    .filter(|_| page.highmem)
                    .collect()
            })
            .collect();
        Around {
            program,
            mapped,
            freed: Vec::new(),
        }
    }

    /// All surroundings of a task that is about to carry out an operation; none of one that has
    /// ended.
    pub(crate) fn of_task(&self, local: &Local) -> Vec<Shared> {
        let program = self.program;
        let Some(at) = local.task.at else {
            return Vec::new();
        };
        let template = &program.templates[local.task.template];
        let ops: Vec<Op> = template
            .calls(at)
            .map(|call| template.nodes[call].op)
            .collect();
        let any = |of: fn(Op) -> bool| ops.iter().any(|&op| of(op));
        let maps = any(|op| matches!(op, Op::Kmap { .. } | Op::TryKmap { .. }));
        let locks = any(|op| op.resource().is_some());
        let locks_pages = any(|op| matches!(op, Op::LockPage { .. } | Op::TrylockPage { .. }));
        let allocates = any(|op| matches!(op, Op::AllocPage { .. } | Op::TryAllocPage { .. }));
        let mut others = vec![Others::default()];
        let mut vary = |varies: bool, change: fn(&mut Others)| {
            if varies {
                let changed = others.iter().map(|&before| {
                    let mut after = before;
                    change(&mut after);
                    after
                });
                let changed: Vec<Others> = changed.collect();
                others.extend(changed);
            }
        };
        vary(maps, |others| others.use_slots = true);
        vary(maps, |others| others.leave_stale = true);
        vary(locks, |others| others.hold = true);
        vary(locks_pages, |others| others.lock_pages = true);
        vary(allocates, |others| others.free = true);
        vary(program.cpus.is_some(), |others| others.run = true);
        if maps {
            let mut series: Vec<SeriesId> = self.mapped.concat();
            series.sort_unstable();
            series.dedup();
            let nowhere = others.clone();
            for series in series {
                let there = nowhere.iter().map(|&others| Others {
                    map_in: Some(series),
                    ..others
                });
                others.extend(there);
            }
        }
        (others.into_iter())
            .filter_map(|others| self.shared(local, others))
            .collect()
    }

    /// What the task meets; `None`: it has more slots than there are, so there is no such task.
    fn shared(&self, local: &Local, others: Others) -> Option<Shared> {
        ask();
        let program = self.program;
        let as_new = Page {
            free: true,
            ..Page::fresh(program.series.len())
        };
        let mut free = Vec::new();
        if others.free {
            free.clone_from(&self.freed);
            // Without a bound a fresh one comes anyway.
            free.extend(program.free_pages.map(|_| as_new));
        }
        let shared_pages = (0..program.pages.len()).map(|page| self.page(local, page, others));
        let pages = shared_pages.chain(local.pages.iter().cloned()).chain(free);
        let busy = program.cpus.filter(|_| others.run).map(|cpus| cpus.count);
        Some(Shared {
            usage: (0..program.series.len())
                .map(|series| self.usage(local, series, others))
                .collect::<Option<_>>()?,
            resources: (0..program.resources.len())
                .map(|lock| self.resource(local, lock, others))
                .collect(),
            names: (0..program.pages.len()).map(Name::Page).collect(),
            pages: pages.collect(),
            // Its own CPU is busy in any case.
            busy_cpus: busy.unwrap_or(u32::from(local.task.on_cpu)),
        })
    }

    fn usage(&self, local: &Local, series: SeriesId, others: Others) -> Option<Usage> {
        let declared = &self.program.series[series];
        let Bound::Exactly(all) = declared.slots else {
            return None;
        };
        let own = local.slots(self.program, series);
        let in_use = own.own + own.shared;
        let left = all.checked_sub(in_use)?.checked_sub(own.stale)?;
        let keeps = declared.reuse.keeps_mappings();
        let theirs = u32::from(others.leave_stale && keeps && left > 0);
        Some(Usage {
            in_use: in_use + if others.use_slots { left - theirs } else { 0 },
            stale: own.stale + theirs,
        })
    }

    fn page(&self, local: &Local, page: usize, others: Others) -> Page {
        let program = self.program;
        let (pins, unshared_pins) = local.pins_of_shared(program, page);
        // Of the series that take whatever mapping there is, a page has a mapping in one at most: who
        // asks in another one gets that.
        let takes_any = |&series: &SeriesId| program.series[series].reuse == Reuse::Any;
        let pinned = (0..pins.len()).filter(|&series| pins[series] > 0);
        let its_own: Vec<SeriesId> = pinned.filter(takes_any).collect();
        let is_possible = |series: &SeriesId| {
            self.mapped[page].contains(series)
                && (!takes_any(series) || its_own.iter().all(|own| own == series))
        };
        let theirs = others.map_in.filter(is_possible);
        let locked = local.task.page_locks.contains(&page);
        let maps = local.task.maps.iter().filter(|map| map.page() == page);
        let holders = maps.count() + usize::from(locked);
        let mut state = Page {
            highmem: program.pages[page].highmem,
            locked: locked || others.lock_pages,
            unshared_pins,
            holders: u32::try_from(holders).expect("the machine counts them so"),
            ..Page::fresh(program.series.len())
        };
        for (series, &own) in pins.iter().enumerate() {
            let users = own + u32::from(theirs == Some(series));
            state.count[series] = if users == 0 { 0 } else { users + 1 };
        }
        state
    }

    fn resource(&self, local: &Local, lock: usize, others: Others) -> ResourceState {
        let own = |mode| local.task.holds(Ref::Shared(lock), mode);
        match self.program.resources[lock].kind {
            ResourceKind::Spinlock => ResourceState::Spinlock {
                taken: others.hold || own(Mode::Spin) > 0,
            },
            // Others read beside a reader, and else write; writers wait where that holds readers back.
            ResourceKind::Rwsem { fair } => {
                let (readers, writes) = (own(Mode::Read), own(Mode::Write) > 0);
                ResourceState::Rwsem {
                    readers: readers + u32::from(others.hold && readers > 0),
                    writer: writes || (others.hold && readers == 0),
                    queued: u32::from(others.hold && fair) + u32::from(local.task.queued.is_some()),
                }
            }
            ResourceKind::Semaphore { units, .. } | ResourceKind::Mempool { units, .. } => {
                ResourceState::Units {
                    free: if others.hold {
                        0
                    } else {
                        // A list of local states may say that a task holds more than there is.
                        units.saturating_sub(own(Mode::Units))
                    },
                    queued: 0,
                }
            }
            ResourceKind::Completion => ResourceState::Completion {
                done: u32::from(!others.hold),
            },
        }
    }
}
