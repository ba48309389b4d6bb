//! What the operations do that map, free and allocate pages.

use kmapcheck_machine::Effect;
use kmapcheck_scenario::{FindingKind, Op, Patience, Ref, Reuse};

use crate::state::{Map, Name, Page, World};
use crate::step::Done;

/// Finds a map to be undone among those of a task; each comes with whether it is one of the page.
type Which<'w> = &'w dyn Fn(&[(Map, bool)]) -> Option<usize>;

impl<'a> World<'a> {
    /// The ways in which an operation that is no select can go on now; none: it has to wait.
    pub fn operation(&self, task: usize, at: usize) -> Vec<Done<'a>> {
        let op = self.op(task, at);
        match op {
            Op::Kmap { page, series } => self.kmap(task, at, page, series, None),
            Op::TryKmap {
                page,
                series,
                flush,
            } => self.kmap(task, at, page, series, Some(flush)),
            Op::Kunmap { page } => self.undo(task, at, page, &|maps| {
                maps.iter().rposition(|&(map, is_it)| is_it && map.is_pin())
            }),
            Op::KunmapAtomic { page } => self.undo(task, at, page, &|maps| {
                let atomic = |map| matches!(map, Map::Atomic { .. });
                maps.iter().rposition(|&(map, is_it)| is_it && atomic(map))
            }),
            Op::KunmapLocal { page } => self.undo(task, at, page, &|maps| {
                last_local(maps).filter(|&last| maps[last].1)
            }),
            Op::KunmapAny { page } => self.undo(task, at, page, &|maps| {
                let latest = maps.iter().rposition(|&(_, is_it)| is_it)?;
                let is_local = matches!(maps[latest].0, Map::Local { .. });
                (!is_local || last_local(maps) == Some(latest)).then_some(latest)
            }),
            Op::KmapAtomic { page, kind } => self.with_page(task, at, page, |page| {
                // Low memory is mapped anyway, and takes no type.
                let kind = self.pages[page].highmem.then_some(kind);
                let clash = kind.is_some()
                    && (self.tasks[task].maps.iter())
                        .any(|map| matches!(map, Map::Atomic { kind: k, .. } if *k == kind));
                let mut done = self.mapped_by(task, Map::Atomic { page, kind }, Effect::Nothing);
                if clash {
                    done.findings.insert(FindingKind::AtomicSlotClash);
                }
                vec![done]
            }),
            Op::KmapLocal { page } => self.with_page(task, at, page, |page| {
                vec![self.mapped_by(task, Map::Local { page }, Effect::Nothing)]
            }),
            Op::LockPage { page } => self.with_page(task, at, page, |page| {
                if self.is_locked(page) {
                    vec![]
                } else {
                    vec![self.locked_by(task, page)]
                }
            }),
            Op::TrylockPage { page } => self.with_page(task, at, page, |page| {
                vec![if self.is_locked(page) {
                    self.failed()
                } else {
                    self.locked_by(task, page)
                }]
            }),
            Op::UnlockPage { page } => {
                let locks = &self.tasks[task].page_locks;
                let place = match self.name(task, page) {
                    Name::Bound(page) | Name::Dangling(Some(page)) => {
                        locks.iter().position(|&locked| locked == page)
                    }
                    Name::Unbound | Name::Dangling(None) => None,
                };
                match place {
                    None => vec![self.skipped(task, at, FindingKind::Misuse)],
                    Some(place) => {
                        let mut world = self.clone();
                        world.tasks[task].page_locks.remove(place);
                        vec![Done::new(world, Effect::Nothing)]
                    }
                }
            }
            Op::AllocPage { var } => self.allocate(task, var),
            Op::TryAllocPage { var } => {
                let mut ways = self.allocate(task, var);
                if ways.is_empty() || self.program.free_pages.is_none() {
                    ways.push(self.failed());
                }
                ways
            }
            Op::FreePage { page } => self.free(task, at, page),
            Op::MightSleep => vec![Done::new(self.clone(), Effect::Nothing)],
            Op::Choose => {
                let template = &self.program.templates[self.tasks[task].template];
                (0..template.nodes[at].next.len())
                    .map(|branch| Done {
                        way: Some(branch),
                        ..Done::new(self.clone(), Effect::Chose { branch })
                    })
                    .collect()
            }
            Op::Select => panic!("a select is made of its branches"),
            _ => self.lock_operation(task, at, op),
        }
    }

    pub fn failed(&self) -> Done<'a> {
        Done {
            way: Some(1),
            ..Done::new(self.clone(), Effect::Failed)
        }
    }

    /// The operation does nothing; what tries, or may give up, goes on with its `else`.
    pub fn skipped(&self, task: usize, at: usize, kind: FindingKind) -> Done<'a> {
        let has_else = self.op(task, at).is_try() || self.patience(task, at) == Patience::GivesUp;
        Done {
            way: Some(usize::from(has_else)),
            findings: [kind].into(),
            ..Done::new(self.clone(), Effect::Skipped { kind })
        }
    }

    /// Uses a page by name, unless the name stands for none.
    fn with_page(
        &self,
        task: usize,
        at: usize,
        name: Ref,
        then: impl FnOnce(usize) -> Vec<Done<'a>>,
    ) -> Vec<Done<'a>> {
        match self.name(task, name) {
            Name::Bound(page) => then(page),
            Name::Dangling(_) => vec![self.skipped(task, at, FindingKind::UseAfterFree)],
            Name::Unbound => vec![self.skipped(task, at, FindingKind::Misuse)],
        }
    }

    fn mapped_by(&self, task: usize, map: Map, effect: Effect) -> Done<'a> {
        let mut world = self.clone();
        world.tasks[task].maps.push(map);
        Done::new(world, effect)
    }

    fn locked_by(&self, task: usize, page: usize) -> Done<'a> {
        let mut world = self.clone();
        world.tasks[task].page_locks.push(page);
        Done::new(world, Effect::Nothing)
    }

    /// The series in which a mapping would do for a kmap that asks for one of them.
    pub fn series_that_do(&self, asked: usize) -> Vec<usize> {
        match self.program.series[asked].reuse {
            Reuse::Any => {
                let all = 0..self.program.series.len();
                all.filter(|&series| self.keeps_mappings(series)).collect()
            }
            Reuse::Own => vec![asked],
            Reuse::None => vec![],
        }
    }

    /// The mappings that would do for that kmap: page and series.
    pub fn mappings_for(&self, task: usize, op: Op) -> Vec<(usize, usize)> {
        let Op::Kmap { page, series } = op else {
            return Vec::new();
        };
        match self.name(task, page) {
            Name::Bound(page) => (self.series_that_do(series).into_iter())
                .filter(|&lies| self.mapped[lies].contains(&page))
                .map(|lies| (page, lies))
                .collect(),
            Name::Unbound | Name::Dangling(_) => Vec::new(),
        }
    }

    /// `attempt`: whether it only tries, and then whether it flushes.
    fn kmap(
        &self,
        task: usize,
        at: usize,
        name: Ref,
        asked: usize,
        attempt: Option<bool>,
    ) -> Vec<Done<'a>> {
        self.with_page(task, at, name, |page| {
            if !self.pages[page].highmem {
                return vec![self.mapped_by(task, Map::Low { page }, Effect::MappedLow)];
            }
            let reused: Vec<Done<'a>> = (self.series_that_do(asked).into_iter())
                .filter(|&lies| self.mapped[lies].contains(&page))
                .map(|lies| {
                    let stale = self.users(page, lies) == 0;
                    let map = Map::Pin { page, asked, lies };
                    let mut done = self.mapped_by(task, map, Effect::Reused { lies, stale });
                    if lies != asked {
                        done.findings.insert(FindingKind::SeriesMixture);
                    }
                    done
                })
                .collect();
            if !reused.is_empty() {
                return reused;
            }
            let (in_use, stale) = (self.slots_in_use(asked), self.stale(asked));
            let (slots, kept) = (self.slots(asked), self.program.series[asked].for_holders);
            let is_holder = (self.tasks[task].maps.iter())
                .any(|map| matches!(map, Map::Pin { lies, .. } if *lies == asked));
            let may = is_holder || in_use + kept < slots;
            let mut ways = Vec::new();
            let map = Map::Pin {
                page,
                asked,
                lies: asked,
            };
            let took = |flushed| Effect::TookSlot {
                series: asked,
                in_use: in_use + 1,
                flushed,
            };
            if may && in_use + stale < slots {
                let mut done = self.mapped_by(task, map, took(0));
                if self.keeps_mappings(asked) {
                    done.world.mapped[asked].insert(page);
                }
                ways.push(done);
            }
            if may && stale > 0 && attempt != Some(false) {
                let mut done = self.mapped_by(task, map, took(stale));
                done.world.flush(asked);
                done.world.mapped[asked].insert(page);
                done.flushed = Some(asked);
                ways.push(done);
            }
            if ways.is_empty() && attempt.is_some() {
                ways.push(self.failed());
            }
            ways
        })
    }

    /// Undoes the map of the page that the name stands for which `which` finds.
    fn undo(&self, task: usize, at: usize, name: Ref, which: Which<'_>) -> Vec<Done<'a>> {
        let page = match self.name(task, name) {
            Name::Bound(page) | Name::Dangling(Some(page)) => Some(page),
            Name::Unbound | Name::Dangling(None) => None,
        };
        let maps: Vec<(Map, bool)> = (self.tasks[task].maps.iter())
            .map(|&map| (map, Some(map.page()) == page))
            .collect();
        let Some(place) = which(&maps) else {
            return vec![self.skipped(task, at, FindingKind::Misuse)];
        };
        let mut world = self.clone();
        let undone = world.tasks[task].maps.remove(place);
        let effect = match undone {
            Map::Pin { lies: series, .. } if !self.keeps_mappings(series) => Effect::FreedSlot {
                series,
                in_use: world.slots_in_use(series),
            },
            Map::Pin {
                page, lies: series, ..
            } => match world.users(page, series) {
                0 => Effect::WentStale { series },
                users => Effect::StillMapped { series, users },
            },
            Map::Low { .. } | Map::Atomic { .. } | Map::Local { .. } => Effect::Nothing,
        };
        vec![Done::new(world, effect)]
    }

    fn allocate(&self, task: usize, var: Ref) -> Vec<Done<'a>> {
        let free = (0..self.pages.len()).filter(|&page| self.pages[page].free);
        let mut choices: Vec<World<'a>> = free
            .map(|page| {
                let mut world = self.clone();
                world.pages[page].free = false;
                world.set_name(task, var, Name::Bound(page));
                world
            })
            .collect();
        if self.program.free_pages.is_none() {
            let mut world = self.clone();
            world.set_name(task, var, Name::Bound(world.pages.len()));
            world.pages.push(Page {
                free: false,
                highmem: true,
            });
            choices.push(world);
        }
        let done = |world: World<'a>| {
            let Name::Bound(page) = world.name(task, var) else {
                panic!("it was bound just now")
            };
            let series = 0..world.program.series.len();
            let mapped_in = series.filter(|&series| world.mapped[series].contains(&page));
            let mapped_in = mapped_in.collect();
            Done::new(world, Effect::Allocated { mapped_in })
        };
        choices.into_iter().map(done).collect()
    }

    fn free(&self, task: usize, at: usize, name: Ref) -> Vec<Done<'a>> {
        let page = match self.name(task, name) {
            Name::Bound(page) => page,
            Name::Dangling(_) => return vec![self.skipped(task, at, FindingKind::DoubleFree)],
            Name::Unbound => return vec![self.skipped(task, at, FindingKind::Misuse)],
        };
        let mut world = self.clone();
        world.pages[page].free = true;
        let own = world.tasks.iter_mut().flat_map(|task| &mut task.names);
        for name in world.names.iter_mut().chain(own) {
            if *name == Name::Bound(page) {
                *name = Name::Dangling(Some(page));
            }
        }
        let mut done = Done::new(world, Effect::Nothing);
        done.freed = Some(page);
        let mut maps = self.tasks.iter().flat_map(|task| &task.maps);
        if maps.any(|map| map.is_pin() && map.page() == page) {
            done.findings.insert(FindingKind::FreedWhileMapped);
        }
        vec![done]
    }
}

/// The map that was made last of those that are local.
fn last_local(maps: &[(Map, bool)]) -> Option<usize> {
    maps.iter()
        .rposition(|(map, _)| matches!(map, Map::Local { .. }))
}
