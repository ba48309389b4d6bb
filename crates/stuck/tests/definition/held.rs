//! What tasks have, and what is lost, from the words of `docs/semantics.md`.

use kmapcheck_machine::{Map, Mode, PageId, Resource, ResourceState};
use kmapcheck_scenario::{Op, Ref, ResourceKind, Reuse, SeriesId};
use kmapcheck_stuck::holdings::{Holding, How};

use crate::plain::{World, number};

impl World<'_> {
    /// Slots of a series that somebody who has ended has pinned.
    pub fn lost_slots(&self, series: SeriesId) -> u32 {
        self.state.shared.usage[series].in_use - self.slots_of(self.outside(0), series)
    }

    /// What nobody alive holds of a lock or an owned pool, and yet is not free.
    pub fn lost(&self, index: usize) -> u32 {
        let held: u32 = (self.outside(0))
            .flat_map(|task| &task.held)
            .filter(|held| held.what == Ref::Shared(index))
            .map(|held| held.n)
            .sum();
        let taken = match (
            self.state.shared.resources[index],
            self.program.resources[index].kind,
        ) {
            (ResourceState::Spinlock { taken }, _) => u32::from(taken),
            (
                ResourceState::Rwsem {
                    readers, writer, ..
                },
                _,
            ) => readers + u32::from(writer),
            (
                ResourceState::Units { free, .. },
                ResourceKind::Semaphore {
                    units, owned: true, ..
                }
                | ResourceKind::Mempool {
                    units, owned: true, ..
                },
            ) => units - free,
            _ => return 0,
        };
        taken - held
    }

    /// Whether a task has some of it; a place in the queue is none.
    pub fn holds(&self, task: usize, thing: Resource) -> bool {
        (self.holdings(task).iter()).any(|held| held.thing == thing && held.how != How::Queues)
    }

    /// What a task has, sorted.
    pub fn holdings(&self, task: usize) -> Vec<Holding> {
        let it = &self.state.tasks[task];
        let mut all = Vec::new();
        for series in 0..self.program.series.len() {
            let alone = self.slots_of(std::iter::once(it), series);
            let mut pages: Vec<PageId> = (it.maps.iter())
                .filter_map(|map| match *map {
                    Map::Pin { page, lies, .. } if lies == series => Some(page),
                    _ => None,
                })
                .collect();
            if self.program.series[series].reuse != Reuse::None {
                pages.sort_unstable();
                pages.dedup();
            }
            let thing = Resource::Series(series);
            let shared = number(pages.len()) - alone;
            all.push(Holding {
                thing,
                how: How::Pins,
                n: alone,
            });
            all.push(Holding {
                thing,
                how: How::SharesPins,
                n: shared,
            });
        }
        for held in &it.held {
            let how = match held.mode {
                Mode::Spin => How::Locks,
                Mode::Read => How::Reads,
                Mode::Write => How::Writes,
                Mode::Units => How::Took,
            };
            all.push(Holding {
                thing: Resource::of(task, held.what),
                how,
                n: held.n,
            });
        }
        for &page in &it.page_locks {
            all.push(Holding {
                thing: Resource::PageLock(page),
                how: How::Locks,
                n: 1,
            });
        }
        if let (Some(_), Some(Op::DownWrite { lock: at } | Op::Down { pool: at, .. })) =
            (it.queued, self.op(it))
        {
            all.push(Holding {
                thing: Resource::of(task, at),
                how: How::Queues,
                n: 1,
            });
        }
        let n = u32::from(it.on_cpu);
        all.push(Holding {
            thing: Resource::Cpus,
            how: How::Occupies,
            n,
        });
        all.retain(|holding| holding.n > 0);
        all.sort_unstable();
        all
    }
}
