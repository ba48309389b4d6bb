//! What is waited for, and who has some of it.

use kmapcheck_limits::ask;
use kmapcheck_machine::{Name, PageId, Standing, Task, Wait, acceptable_series, resolve};
use kmapcheck_scenario::{Op, Ref, SeriesId};
use rustc_hash::FxHashSet;

use crate::scene::{Party, Scene, page_names};

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
        for i in parties {
            let party = &scene.parties[i];
            ask();
            let Standing::Waits(waiting) = party.standing else {
                continue;
            };
            awaited.cpu |= waiting.cpu;
            for wait in scene.alternatives(i) {
                awaited.add(scene, party.task, wait);
            }
        }
        awaited
    }

    fn add(&mut self, scene: &Scene<'_>, task: &Task, wait: Wait) {
        match wait {
            Wait::Slot { series, page } => {
                self.series.insert(series);
                self.mappings
                    .extend(acceptable_series(scene.program, series).map(|s| (page, s)));
                self.page(scene, task, page);
            }
            Wait::PageLock(page) => self.page(scene, task, page),
            Wait::Memory => self.memory = true,
            Wait::Spin(Ref::Shared(what))
            | Wait::Read(Ref::Shared(what))
            | Wait::Write(Ref::Shared(what))
            | Wait::Units(Ref::Shared(what), _)
            | Wait::Turn {
                pool: Ref::Shared(what),
                ..
            }
            | Wait::Completion(Ref::Shared(what)) => {
                self.resources.insert(what);
            }
            // Its own, which nobody else could give; and there is no select among alternatives.
            Wait::Spin(_)
            | Wait::Read(_)
            | Wait::Write(_)
            | Wait::Units(..)
            | Wait::Turn { .. }
            | Wait::Completion(_)
            | Wait::AnyOf(_) => {}
        }
    }

    fn page(&mut self, scene: &Scene<'_>, task: &Task, page: PageId) {
        self.pages.insert(page);
        self.names
            .extend(page_names(scene, task, page).filter_map(|name| match name {
                Ref::Shared(name) => Some(name),
                Ref::Own(_) => None,
            }));
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
            || task.queued.is_some()
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
                        }
                        | Op::TryAllocPage {
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
