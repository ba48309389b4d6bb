//! What is waited for, and who has some of it.

use kmapcheck_limits::ask;
use kmapcheck_machine::{Name, PageId, Standing, Task, Wait, acceptable_series, resolve};
use kmapcheck_scenario::{Op, Ref, SeriesId};
use rustc_hash::FxHashSet;

use crate::reduction::{Party, Scene, op_of};

/// What a set of tasks waits for, as far as others could give it.
#[derive(Default)]
pub(super) struct Awaited {
    series: FxHashSet<SeriesId>,
    mappings: FxHashSet<(PageId, SeriesId)>,
    /// Pages that somebody wants to map or to lock.
    pages: FxHashSet<PageId>,
    /// Shared names of such pages.
    names: FxHashSet<usize>,
    resources: FxHashSet<usize>,
    memory: bool,
    cpu: bool,
}

impl Awaited {
    pub(super) fn by(scene: &Scene<'_>, parties: impl Iterator<Item = usize>) -> Awaited {
        let mut awaited = Awaited::default();
        for party in parties.map(|i| &scene.parties[i]) {
            ask();
            let Standing::Waits(waiting) = party.standing else {
                continue;
            };
            awaited.cpu |= waiting.cpu;
            match waiting.wait {
                Some(Wait::Slot { series, page }) => {
                    awaited.series.insert(series);
                    awaited
                        .mappings
                        .extend(acceptable_series(scene.program, series).map(|s| (page, s)));
                    awaited.page(scene, party.task, page);
                }
                Some(Wait::PageLock(page)) => awaited.page(scene, party.task, page),
                Some(Wait::Memory) => awaited.memory = true,
                Some(
                    Wait::Spin(Ref::Shared(what))
                    | Wait::Read(Ref::Shared(what))
                    | Wait::Write(Ref::Shared(what))
                    | Wait::Units(Ref::Shared(what), _)
                    | Wait::Completion(Ref::Shared(what)),
                ) => {
                    awaited.resources.insert(what);
                }
                _ => {}
            }
        }
        awaited
    }

    fn page(&mut self, scene: &Scene<'_>, task: &Task, page: PageId) {
        self.pages.insert(page);
        if let Some(
            Op::Kmap {
                page: Ref::Shared(name),
                ..
            }
            | Op::LockPage {
                page: Ref::Shared(name),
            },
        ) = op_of(scene.program, task)
        {
            self.names.insert(name);
        }
    }

    /// Whether a party, removed, gives any of it.
    pub(super) fn comes_from(&self, scene: &Scene<'_>, party: &Party<'_>) -> bool {
        ask();
        let task = party.task;
        self.series
            .iter()
            .any(|&series| party.solo_slots[series] > 0)
            || party
                .joint_pins
                .iter()
                .any(|&(_, series, _)| self.series.contains(&series))
            || task.held.iter().any(|held| self.awaits(held.what))
            || task.page_locks.iter().any(|page| self.pages.contains(page))
            || (task.on_cpu && self.cpu)
            || task.queued
            || task
                .at
                .into_iter()
                .flat_map(|at| scene.abilities.from(task.template, at))
                .any(|op| {
                    let page_of = |name| match resolve(task, scene.shared, name) {
                        Name::Page(page) => Some(page),
                        _ => None,
                    };
                    match op {
                        Op::FreePage { page } => {
                            self.memory
                                || page_of(page).is_some_and(|page| self.pages.contains(&page))
                        }
                        Op::Kmap { page, series } | Op::TryKmap { page, series, .. } => {
                            page_of(page)
                                .is_some_and(|page| self.mappings.contains(&(page, series)))
                        }
                        Op::AllocPage {
                            var: Ref::Shared(name),
                        } => self.names.contains(&name),
                        Op::Complete { completion: what } | Op::Up { pool: what, .. } => {
                            self.awaits(what)
                        }
                        _ => false,
                    }
                })
    }

    pub(super) fn awaits(&self, what: Ref) -> bool {
        matches!(what, Ref::Shared(what) if self.resources.contains(&what))
    }
}
