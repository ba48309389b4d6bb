//! Who waits for what while holding what, found anew from the local states.

use std::collections::{BTreeMap, BTreeSet};

use kmapcheck_limits::ask;
use kmapcheck_local::{Holding, LocalState, Locals};
use kmapcheck_machine::{Mode, Wait, Waiting, Wanted};
use kmapcheck_scenario::{Op, Program, Ref, ResourceKind, SeriesId, TemplateId};

/// Tasks of one program that wait for the same while holding the same.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Kind {
    /// The task program.
    pub template: TemplateId,
    /// What they wait for.
    pub waits_for: Wanted,
    /// What each holds that others can wait for, and how much of it.
    pub holds: BTreeMap<Holding, u32>,
    /// The series in which each has a pin.
    pub pins_in: Vec<SeriesId>,
}

/// Every kind of waiting task, in the order in which a certificate has them; `None` if some task
/// waits for what nobody need hold for it to be missing.
#[must_use]
pub fn kinds(program: &Program, locals: &Locals) -> Option<Vec<Kind>> {
    let mut found = BTreeSet::new();
    for waiter in &locals.waiters {
        let local = &locals.states[waiter.local as usize];
        ask();
        found.extend(kinds_of(program, local, waiter.waiting)?);
    }
    let mut found: Vec<Kind> = found.into_iter().collect();
    found.sort_by_cached_key(|kind| kind.written(program));
    Some(found)
}

/// The kinds that a waiting task is of, one for each thing that it waits for; `None` if nobody need
/// hold one of these for it to be missing.
pub(crate) fn kinds_of(
    program: &Program,
    local: &LocalState,
    waiting: Waiting,
) -> Option<Vec<Kind>> {
    if waiting
        .wait
        .is_some_and(|wait| !needs_a_holder(program, wait))
    {
        return None;
    }
    // Its own: nobody else waits for that.
    let own = |&(held, _): &(Holding, u32)| {
        matches!(
            held,
            Holding::Held(Ref::Own(_), _) | Holding::Queued(Ref::Own(_))
        )
    };
    let holds = local.holdings(program).into_iter();
    let holds: BTreeMap<Holding, u32> = holds.filter(|held| !own(held)).collect();
    let pins = (0..program.series.len()).filter(|&series| local.task.pins_in(series));
    let pins_in: Vec<SeriesId> = pins.collect();
    let kind = |waits_for| match as_queued(program, waits_for) {
        Wanted::Given(_) => None,
        waits_for => Some(Kind {
            template: local.task.template,
            waits_for,
            holds: holds.clone(),
            pins_in: pins_in.clone(),
        }),
    };
    let wanted = waiting.wanted(program, &local.task);
    wanted.into_iter().map(kind).collect()
}

/// Who stands in a queue may have enough units, and wait for those before it. The first of those who
/// are stuck lacks units, and lacks no more than the largest request asks for: so all requests to
/// a queue count as that one.
fn as_queued(program: &Program, waits_for: Wanted) -> Wanted {
    let Wanted::Units(pool, n) = waits_for else {
        return waits_for;
    };
    if !program.resources[pool].kind.has_queue() {
        return waits_for;
    }
    let nodes = program
        .templates
        .iter()
        .flat_map(|template| &template.nodes);
    let asked = nodes.filter_map(|node| match node.op {
        Op::Down {
            pool: Ref::Shared(asked),
            n,
        } if asked == pool => Some(n),
        _ => None,
    });
    Wanted::Units(pool, asked.fold(n, u32::max))
}

/// Whether what a task waits for is there unless somebody holds it. Not [`Wanted::Given`], by which
/// the prover goes: were that wrong, the checker would be wrong with it.
fn needs_a_holder(program: &Program, wait: Wait) -> bool {
    match wait {
        Wait::Slot { .. } | Wait::Spin(Ref::Shared(_)) => true,
        Wait::Read(Ref::Shared(_)) | Wait::Write(Ref::Shared(_)) => true,
        // Of what anybody may give back, some can be out for ever.
        Wait::Units(Ref::Shared(pool), _) => !matches!(
            program.resources[pool].kind,
            ResourceKind::Semaphore { owned: false, .. }
                | ResourceKind::Mempool { owned: false, .. }
        ),
        // A page that only this task knows is its own.
        Wait::PageLock(page) => page < program.pages.len(),
        // Its own: nobody else could give it.
        Wait::Spin(_) | Wait::Read(_) | Wait::Write(_) | Wait::Units(..) => false,
        Wait::Completion(_) | Wait::Memory => false,
        // One of several may be such; and local states know of no queues.
        Wait::AnyOf(_) | Wait::Turn { .. } => false,
    }
}

/// What holding keeps something from being had. Not [`Holding::keeps`], with which the prover's
/// graph is drawn.
pub(crate) fn keepers(waits_for: Wanted) -> Vec<Holding> {
    let held = |lock, mode| Holding::Held(Ref::Shared(lock), mode);
    match waits_for {
        Wanted::Slot { series, .. } => vec![Holding::Slots(series), Holding::JointSlots(series)],
        Wanted::Spin(lock) => vec![held(lock, Mode::Spin)],
        Wanted::Read(lock) => vec![held(lock, Mode::Write), Holding::Queued(Ref::Shared(lock))],
        Wanted::Write(lock) => vec![held(lock, Mode::Read), held(lock, Mode::Write)],
        Wanted::Units(pool, _) => vec![held(pool, Mode::Units)],
        Wanted::PageLock(page) => vec![Holding::PageLock(page)],
        Wanted::Cpu => vec![Holding::Cpu],
        Wanted::Given(_) => Vec::new(),
    }
}
