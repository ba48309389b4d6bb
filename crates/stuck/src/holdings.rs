//! What tasks have that others wait for, and who stands in whose way.

use kmapcheck_limits::ask;
use kmapcheck_machine::{Mode, PageId, Resource, ResourceState, Standing, Wait};
use kmapcheck_scenario::{Op, Ref, ResourceKind, SeriesId};
use rustc_hash::FxHashMap;

use crate::reduction::{Reduction, stuck_among};
use crate::scene::{Party, Scene, op_of};

/// In which way a task has something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum How {
    /// It pins slots that nobody else uses.
    Pins,
    /// It pins slots with other users too.
    SharesPins,
    /// It holds a lock.
    Locks,
    /// It holds an rwsem to read.
    Reads,
    /// It holds an rwsem to write.
    Writes,
    /// It waits as a writer, which holds new readers back, or queues before others.
    Queues,
    /// It took units of a semaphore or elements of a mempool.
    Took,
    /// It occupies a CPU.
    Occupies,
}

impl From<Mode> for How {
    fn from(mode: Mode) -> How {
        match mode {
            Mode::Spin => How::Locks,
            Mode::Read => How::Reads,
            Mode::Write => How::Writes,
            Mode::Units => How::Took,
        }
    }
}

/// Something that a task has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Holding {
    /// What.
    pub thing: Resource,
    /// In which way.
    pub how: How,
    /// How many slots, units, elements or readings.
    pub n: u32,
}

/// What one task of a party has that others, or it itself, could wait for.
#[must_use]
pub fn holdings(scene: &Scene<'_>, i: usize) -> Vec<Holding> {
    let Party {
        task,
        solo_slots,
        joint_pins,
        ..
    } = &scene.parties[i];
    let mut holdings = Vec::new();
    let mut add = |thing, how, n: u32| {
        if n > 0 {
            holdings.push(Holding { thing, how, n });
        }
    };
    for (series, &solo) in solo_slots.iter().enumerate() {
        add(Resource::Series(series), How::Pins, solo);
        let joint = joint_pins
            .iter()
            .filter(|&&(_, lies, _)| lies == series)
            .count();
        add(
            Resource::Series(series),
            How::SharesPins,
            u32::try_from(joint).expect("pins of common pages are fewer than slots"),
        );
    }
    for held in &task.held {
        add(Resource::of(i, held.what), held.mode.into(), held.n);
    }
    for &page in &task.page_locks {
        add(Resource::PageLock(page), How::Locks, 1);
    }
    if task.queued.is_some()
        && let Some(Op::DownWrite { lock } | Op::Down { pool: lock, .. }) =
            op_of(scene.program, task)
    {
        add(Resource::of(i, lock), How::Queues, 1);
    }
    add(Resource::Cpus, How::Occupies, u32::from(task.on_cpu));
    holdings
}

/// What is lost: held by tasks that have ended.
#[derive(Debug, Clone)]
pub struct Leaks {
    /// Slots of each series that have a user who has ended.
    pub slots: Vec<u32>,
    /// Of each shared lock or pool what nobody alive holds and is yet not free.
    pub resources: Vec<u32>,
}

impl Leaks {
    /// What is lost in a scene.
    #[must_use]
    pub fn of(scene: &Scene<'_>) -> Leaks {
        let mut slots: Vec<u32> = scene
            .shared
            .usage
            .iter()
            .map(|usage| usage.in_use)
            .collect();
        let mut taken: Vec<u32> = scene
            .shared
            .resources
            .iter()
            .zip(&scene.program.resources)
            .map(|(state, resource)| match (*state, resource.kind) {
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
                    // Of owned units there are never more than at the start.
                ) => units.saturating_sub(free),
                _ => 0,
            })
            .collect();
        let mut joint: FxHashMap<(PageId, SeriesId), u32> = FxHashMap::default();
        for party in scene
            .parties
            .iter()
            .filter(|party| party.standing != Standing::Ended)
        {
            ask();
            for (slots, solo) in slots.iter_mut().zip(party.solo_slots.iter()) {
                // No more are pinned than are in use.
                *slots = slots.saturating_sub(solo * party.count);
            }
            // What a party of many pins of pages of its own together with somebody who has ended
            // is lost, one slot for each of them.
            for &(page, series, pins) in party
                .joint_pins
                .iter()
                .filter(|pin| pin.0 < scene.common_pages)
            {
                *joint.entry((page, series)).or_insert(0) += pins * party.count;
            }
            for held in &party.task.held {
                if let Ref::Shared(what) = held.what {
                    // No more is held than is taken; what has no owner counts as none.
                    taken[what] = taken[what].saturating_sub(held.n * party.count);
                }
            }
        }
        for ((page, series), pins) in joint {
            // A mapping counts one more than it has users; its slot is in use.
            let users = scene.shared.page(page).count[series].saturating_sub(1);
            slots[series] = slots[series].saturating_sub(u32::from(users <= pins));
        }
        Leaks {
            slots,
            resources: taken,
        }
    }
}

/// What holds the members of a core up.
#[derive(Debug)]
pub struct Blockers {
    /// Each member with what it waits for in vain, ascending.
    pub of: Vec<(usize, Vec<Resource>)>,
}

impl Blockers {
    /// `core` must be stuck on itself.
    #[must_use]
    pub fn of(scene: &Scene<'_>, core: &[usize]) -> Blockers {
        let waits = core
            .iter()
            .filter_map(|&i| match scene.parties[i].standing {
                Standing::Waits(waiting) => Some((i, waiting)),
                _ => None,
            });
        // Of those who could give up it is only a CPU that may keep them from it.
        let waits = waits.map(|(i, waiting)| {
            let gives_up = waiting.gives_up() && !scene.patient;
            (i, waiting.wait.filter(|_| !gives_up), waiting.cpu)
        });
        let awaited = |i: usize, wait: Option<Wait>| -> Vec<Resource> {
            let task = scene.parties[i].task;
            let of = |wait| Resource::awaited(scene.program, i, task, scene.shared, wait);
            wait.map(of).into_iter().flatten().collect()
        };
        if scene.program.cpus.is_none() {
            let of = waits.map(|(i, wait, _)| (i, awaited(i, wait))).collect();
            return Blockers { of };
        }
        let mut in_core = vec![false; scene.parties.len()];
        core.iter().for_each(|&i| in_core[i] = true);
        let mut rest = Reduction::new(scene);
        for (i, party) in scene
            .parties
            .iter()
            .enumerate()
            .filter(|&(i, _)| !in_core[i])
        {
            rest.remove(i, party.count);
        }
        let short_of_cpus = !rest.cpu_could_come() && !stuck_without_cpus(scene, &in_core);
        let of = waits
            .map(|(i, wait, needs_cpu)| {
                let wait = wait.filter(|&wait| !rest.could_come(scene.parties[i].task, wait));
                let cpu = (short_of_cpus && needs_cpu).then_some(Resource::Cpus);
                (i, awaited(i, wait).into_iter().chain(cpu).collect())
            })
            .collect();
        Blockers { of }
    }

    /// All that is waited for in vain, sorted.
    #[must_use]
    pub fn things(&self) -> Vec<Resource> {
        let mut things: Vec<Resource> = self
            .of
            .iter()
            .flat_map(|(_, things)| things)
            .copied()
            .collect();
        things.sort_unstable();
        things.dedup();
        things
    }

    /// What a member waits for in vain.
    #[must_use]
    pub fn of_task(&self, task: usize) -> &[Resource] {
        self.of
            .binary_search_by_key(&task, |entry| entry.0)
            .map_or(&[], |i| &self.of[i].1)
    }
}

/// Whether the core would be stuck if there were CPUs enough.
fn stuck_without_cpus(scene: &Scene<'_>, core: &[bool]) -> bool {
    let mut scene = scene.clone();
    for party in &mut scene.parties {
        if let Standing::Waits(waiting) = &mut party.standing {
            waiting.cpu = false;
        }
    }
    stuck_among(&scene, core) == core
}
