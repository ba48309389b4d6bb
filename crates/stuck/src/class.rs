//! What kind of deadlock it is: told by what the core's members wait for.
//!
//! Only what really holds a member up counts. A member that waits both for a lock and for a CPU,
//! say, while the CPU is occupied by somebody outside the core, is held up by the lock alone. The
//! classes are those of docs/semantics.md. A pool by itself is one class; where the resources of a core
//! are mixed, the order of precedence is: CPU starvation, completion, memory, leaked slots, then what is
//! left of slots and locks.

use kmapcheck_machine::{Abilities, Resource, State};
use kmapcheck_scenario::{FindingKind, Program, ResourceKind};

use crate::core::smallest_core;
use crate::holdings::{Blockers, Leaks};
use crate::scene::{Scene, scene};
use crate::stuck_sets::{patient, stuck};

/// The kinds of deadlock. The order is the one in which cores of the same size are preferred.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// One series against itself.
    SlotExhaustion,
    /// Two series or more.
    SeriesCycle,
    /// Locks only: spinlocks, semaphores, rwsems, page locks.
    LockCycle,
    /// One semaphore of several units, or one mempool, alone.
    UnitsExhausted,
    /// Slots and locks.
    SlotsAndLocks,
    /// A slot that is waited for is pinned by nobody alive.
    LeakedSlots,
    /// A mempool among others, or a bounded freelist.
    Memory,
    /// A completion.
    Completion,
    /// A task cannot go on for want of a CPU.
    CpuStarvation,
}

impl Class {
    /// All classes.
    pub const ALL: [Class; 9] = [
        Class::SlotExhaustion,
        Class::SeriesCycle,
        Class::LockCycle,
        Class::UnitsExhausted,
        Class::SlotsAndLocks,
        Class::LeakedSlots,
        Class::Memory,
        Class::Completion,
        Class::CpuStarvation,
    ];

    /// The name in files and reports, such as `slot-exhaustion`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Class::SlotExhaustion => "slot-exhaustion",
            Class::SeriesCycle => "series-cycle",
            Class::LockCycle => "lock-cycle",
            Class::UnitsExhausted => "units-exhausted",
            Class::SlotsAndLocks => "slots-and-locks",
            Class::LeakedSlots => "leaked-slots",
            Class::Memory => "memory",
            Class::Completion => "completion",
            Class::CpuStarvation => "cpu-starvation",
        }
    }
}

impl std::fmt::Display for Class {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// The class of a core, a set of parties that is stuck on itself.
#[must_use]
pub fn classify(scene: &Scene<'_>, core: &[usize]) -> Class {
    class_of(scene, &Leaks::of(scene), &Blockers::of(scene, core))
}

/// The class of what is stuck in a state, if there is a finding of that kind: a deadlock, or one that
/// only a time-out ends.
#[must_use]
pub fn class_in(
    program: &Program,
    abilities: &Abilities,
    state: &State,
    kind: FindingKind,
) -> Option<Class> {
    let scene = scene(program, abilities, state);
    let scene = match kind {
        FindingKind::TimeoutRescue => patient(&scene, &stuck(&scene).deadlocked),
        _ => scene,
    };
    let core = smallest_core(&scene)?;
    Some(classify(&scene, &core))
}

/// The class, by what holds the members up.
pub(crate) fn class_of(scene: &Scene<'_>, leaks: &Leaks, blockers: &Blockers) -> Class {
    let things = blockers.things();
    let is_memory = |kind| matches!(kind, ResourceKind::Mempool { .. });
    let any = |test: &dyn Fn(Resource) -> bool| things.iter().any(|&thing| test(thing));
    let kind = |thing| scene.resource_kind(thing);
    let series = things
        .iter()
        .filter(|thing| matches!(thing, Resource::Series(_)))
        .count();
    let is_pool = |kind| {
        matches!(
            kind,
            ResourceKind::Semaphore { units: 2.., .. } | ResourceKind::Mempool { .. }
        )
    };
    if things.len() == 1 && any(&|thing| kind(thing).is_some_and(is_pool)) {
        Class::UnitsExhausted
    } else if any(&|thing| thing == Resource::Cpus) {
        Class::CpuStarvation
    } else if any(&|thing| kind(thing) == Some(ResourceKind::Completion)) {
        Class::Completion
    } else if any(&|thing| thing == Resource::FreePages || kind(thing).is_some_and(is_memory)) {
        Class::Memory
    } else if any(&|thing| matches!(thing, Resource::Series(series) if leaks.slots[series] > 0)) {
        Class::LeakedSlots
    } else if series > 0 && series < things.len() {
        Class::SlotsAndLocks
    } else if series > 1 {
        Class::SeriesCycle
    } else if series == 1 {
        Class::SlotExhaustion
    } else {
        Class::LockCycle
    }
}
