//! Everything that can surround a task, as far as its next step can tell.

use kmapcheck_limits::ask;
use kmapcheck_machine::{Mode, Name, Page, ResourceState, Shared, Task, Usage};
use kmapcheck_scenario::{Bound, Op, Program, Ref, ResourceKind, Reuse, SeriesId, StaleIn};
use rustc_hash::FxHashSet;

use crate::closure::to_u32;
use crate::local::LocalState;

/// What the program's tasks can leave for one another to meet, found once.
#[derive(Debug)]
pub(crate) struct Surroundings<'a> {
    program: &'a Program,
    /// For each shared page, the series in which somebody may map it.
    mappable: Vec<Vec<SeriesId>>,
    /// Whether somebody locks shared pages.
    page_locks: bool,
    /// For each series, whether it is taken never to be full: see [`crate::full`].
    pub never_full: Vec<bool>,
    /// Mapping states, other than pristine, in which pages have been freed.
    pub freed: Vec<Page>,
}

/// One choice of what others do; a step looks at one resource only, so all of a kind choose alike.
/// (A select looks at several. Where all are to be had it has a way for each of them, and where none
/// is it waits: what it can do where only some are is among that.)
#[derive(Debug, Clone, Copy)]
struct Choice {
    slots_used: bool,
    stale: bool,
    taken: bool,
    page_locked: bool,
    mapped_in: Option<SeriesId>,
    free_pages: bool,
    cpus_busy: bool,
}

/// What an operation looks at outside its task.
struct Looks {
    at_slots: bool,
    at_resources: bool,
    at_page_locks: bool,
    at_free_pages: bool,
}

impl Looks {
    fn of(op: Op) -> Looks {
        // Operations on maps never look at locks, nor the other way round; what undoes or takes
        // without waiting looks at nothing that varies. Where in doubt: it looks.
        let at_slots = matches!(op, Op::Kmap { .. } | Op::TryKmap { .. });
        let at_page_locks = matches!(op, Op::LockPage { .. } | Op::TrylockPage { .. });
        let at_free_pages = matches!(op, Op::AllocPage { .. } | Op::TryAllocPage { .. });
        let at_nothing = matches!(
            op,
            Op::Kunmap { .. }
                | Op::KunmapAny { .. }
                | Op::KmapAtomic { .. }
                | Op::KunmapAtomic { .. }
                | Op::KmapLocal { .. }
                | Op::KunmapLocal { .. }
                | Op::UnlockPage { .. }
                | Op::FreePage { .. }
                | Op::MightSleep
                | Op::Choose
                | Op::Select
        );
        Looks {
            at_slots,
            at_resources: !(at_slots || at_page_locks || at_free_pages || at_nothing),
            at_page_locks,
            at_free_pages,
        }
    }

    fn of_all(ops: impl Iterator<Item = Op>) -> Looks {
        let none = Looks::of(Op::Select);
        ops.map(Looks::of).fold(none, |all, one| Looks {
            at_slots: all.at_slots || one.at_slots,
            at_resources: all.at_resources || one.at_resources,
            at_page_locks: all.at_page_locks || one.at_page_locks,
            at_free_pages: all.at_free_pages || one.at_free_pages,
        })
    }
}

impl<'a> Surroundings<'a> {
    pub(crate) fn of(program: &'a Program) -> Surroundings<'a> {
        let ops =
            || (program.templates.iter()).flat_map(|template| template.nodes.iter().map(|n| n.op));
        let asked: FxHashSet<(usize, SeriesId)> = ops()
            .filter_map(|op| match op {
                Op::Kmap {
                    page: Ref::Shared(page),
                    series,
                }
                | Op::TryKmap {
                    page: Ref::Shared(page),
                    series,
                    ..
                } => Some((page, series)),
                _ => None,
            })
            .collect();
        let mappable = (program.pages.iter().enumerate())
            .map(|(i, page)| {
                ask();
                let stale = |series| match &page.stale_in {
                    StaleIn::Exactly(list) => list.contains(&series),
                    StaleIn::Any => true,
                };
                (0..program.series.len())
                    .filter(|&s| program.series[s].reuse.keeps_mappings())
                    .filter(|&s| page.highmem && (asked.contains(&(i, s)) || stale(s)))
                    .collect()
            })
            .collect();
        let page_locks = ops().any(|op| {
            matches!(
                op,
                Op::LockPage {
                    page: Ref::Shared(_)
                } | Op::TrylockPage {
                    page: Ref::Shared(_)
                }
            )
        });
        Surroundings {
            program,
            mappable,
            page_locks,
            never_full: vec![false; program.series.len()],
            freed: Vec::new(),
        }
    }

    /// The shared parts that a task in that local state can find itself in, up to what its next
    /// operation does not look at.
    pub(crate) fn around(&self, local: &LocalState) -> Vec<Shared> {
        let program = self.program;
        if local.task.at.is_none() {
            return Vec::new();
        }
        let looks = Looks::of_all(local.calls(program).map(|(_, op)| op));
        let both = |varies: bool| if varies { &[false, true][..] } else { &[false] };
        let mut series: Vec<Option<SeriesId>> = vec![None];
        if looks.at_slots {
            series.extend(self.mappable.iter().flatten().copied().map(Some));
            series.sort_unstable();
            series.dedup();
        }
        let mut found = Vec::new();
        for &slots_used in both(looks.at_slots) {
            for &stale in both(looks.at_slots) {
                for &taken in both(looks.at_resources) {
                    for &page_locked in both(looks.at_page_locks && self.page_locks) {
                        for &mapped_in in &series {
                            for &no_pages in both(looks.at_free_pages) {
                                for &cpus_busy in both(program.cpus.is_some()) {
                                    found.extend(self.shared(
                                        local,
                                        Choice {
                                            slots_used,
                                            stale,
                                            taken,
                                            page_locked,
                                            mapped_in,
                                            free_pages: looks.at_free_pages && !no_pages,
                                            cpus_busy,
                                        },
                                    ));
                                }
                            }
                        }
                    }
                }
            }
        }
        found
    }

    /// The shared part of that choice; `None` if there is no such.
    fn shared(&self, local: &LocalState, choice: Choice) -> Option<Shared> {
        ask();
        let program = self.program;
        let shared_pages = (0..program.pages.len()).map(|page| self.page(local, page, choice));
        let own = local.pages.iter().cloned();
        let pristine = (program.free_pages.is_some()).then(|| Page {
            free: true,
            ..Page::fresh(program.series.len())
        });
        let free = (self.freed.iter().cloned().chain(pristine)).filter(|_| choice.free_pages);
        // Without CPUs none is busy.
        let cpus = program.cpus.map_or(0, |cpus| cpus.count);
        Some(Shared {
            usage: self.usage(local, choice)?,
            resources: (program.resources.iter().enumerate())
                .map(|(i, resource)| around_resource(&local.task, i, resource.kind, choice.taken))
                .collect(),
            names: (0..program.pages.len()).map(Name::Page).collect(),
            pages: shared_pages.chain(own).chain(free).collect(),
            busy_cpus: if choice.cpus_busy {
                cpus
            } else {
                u32::from(local.task.on_cpu)
            },
        })
    }

    fn usage(&self, local: &LocalState, choice: Choice) -> Option<Vec<Usage>> {
        let own = local.own_usage(self.program);
        (self.program.series.iter().zip(own).zip(&self.never_full))
            .map(|((series, (in_use, own_stale)), &never_full)| {
                let Bound::Exactly(slots) = series.slots else {
                    unreachable!("the closure has put a number for `any`");
                };
                let left = slots.checked_sub(in_use + own_stale)?;
                let keeps = series.reuse.keeps_mappings();
                let stale = u32::from(choice.stale && keeps && left > 0);
                let others = if choice.slots_used { left - stale } else { 0 };
                let is_full = in_use + others == slots;
                // Where the task itself has all of them there is nothing to take away: then the
                // series is full, which `confirmed` sees.
                let others = others.saturating_sub(u32::from(is_full && never_full));
                Some(Usage {
                    in_use: in_use + others,
                    stale: own_stale + stale,
                })
            })
            .collect()
    }

    /// A shared page, mapped and locked by the task as it is, and by others as `choice` says.
    fn page(&self, local: &LocalState, page: usize, choice: Choice) -> Page {
        ask();
        let program = self.program;
        let declared = &program.pages[page];
        let (pins, unshared_pins) = local.pins_of_shared(program, page);
        // A kmap in an `any` series takes whatever mapping there is, so a page that the task pins
        // in one such series is not mapped in another.
        let any = |series: SeriesId| program.series[series].reuse == Reuse::Any;
        let elsewhere = (0..pins.len()).any(|series| pins[series] > 0 && any(series));
        let mapped_in = (choice.mapped_in)
            .filter(|series| self.mappable[page].contains(series))
            .filter(|&series| pins[series] > 0 || !any(series) || !elsewhere);
        let mut state = Page {
            highmem: declared.highmem,
            unshared_pins,
            ..Page::fresh(program.series.len())
        };
        for (series, &own) in pins.iter().enumerate() {
            let users = own + u32::from(mapped_in == Some(series));
            state.count[series] = if users > 0 { users + 1 } else { 0 };
        }
        let maps = local.task.maps.iter().filter(|map| map.page() == page);
        let locked = local.task.page_locks.contains(&page);
        state.locked = locked || choice.page_locked;
        state.holders = to_u32(maps.count()) + u32::from(locked);
        state
    }
}

/// The state of a shared resource around a task.
fn around_resource(task: &Task, i: usize, kind: ResourceKind, taken: bool) -> ResourceState {
    let own = |mode| task.holds(Ref::Shared(i), mode);
    match kind {
        ResourceKind::Spinlock => ResourceState::Spinlock {
            taken: taken || own(Mode::Spin) > 0,
        },
        // Others hold it in the way that keeps out most: for writing if the task does not read it
        // itself, and with a writer in the queue where that holds readers back.
        ResourceKind::Rwsem { fair } => {
            let (readers, writer) = (own(Mode::Read), own(Mode::Write) > 0);
            ResourceState::Rwsem {
                readers: readers + u32::from(taken && readers > 0),
                writer: writer || (taken && readers == 0),
                queued: u32::from(task.queued.is_some()) + u32::from(taken && fair),
            }
        }
        ResourceKind::Semaphore { units, .. } | ResourceKind::Mempool { units, .. } => {
            ResourceState::Units {
                free: if taken { 0 } else { units - own(Mode::Units) },
                // Queues are forgotten.
                queued: 0,
            }
        }
        ResourceKind::Completion => ResourceState::Completion {
            done: u32::from(!taken),
        },
    }
}
