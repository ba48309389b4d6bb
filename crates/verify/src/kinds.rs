//! Who waits for what while holding what, found anew from the local states.

use std::collections::{BTreeMap, BTreeSet};

use kmapcheck_limits::ask;
use kmapcheck_machine::{Mode, Wait, Waiting, Wanted};
use kmapcheck_scenario::{NodeId, Op, Program, Ref, ResourceKind, SeriesId, TemplateId};

use crate::closed::Closed;
use crate::local::{Local, Thing};

/// Tasks of one program that wait for the same while holding the same.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Kind {
    /// The task program.
    pub template: TemplateId,
    /// What they wait for.
    pub waits_for: Wanted,
    /// What each holds that others can wait for, and how much of it.
    pub holds: BTreeMap<Thing, u32>,
    /// The series in which each has a pin.
    pub pins_in: Vec<SeriesId>,
}

/// Every kind of waiting task, in the order in which a certificate has them.
///
/// # Errors
///
/// A sentence, if what a task waits for is not what it is taken for.
pub fn kinds(program: &Program, closed: &Closed) -> Result<Vec<Kind>, String> {
    let standing = standing(program, closed)?;
    Ok(standing.into_iter().map(|(kind, _)| kind).collect())
}

/// The same, each with the operations at which tasks wait so.
pub(crate) fn standing(
    program: &Program,
    closed: &Closed,
) -> Result<Vec<(Kind, BTreeSet<NodeId>)>, String> {
    let mut found: BTreeMap<Kind, BTreeSet<NodeId>> = BTreeMap::new();
    for (local, account) in closed.states.iter().zip(&closed.accounts) {
        ask();
        for &waiting in &account.waits {
            for kind in kinds_of(program, local, waiting)? {
                // Who has ended does not wait.
                found.entry(kind).or_default().extend(local.task.at);
            }
        }
    }
    let mut found: Vec<_> = found.into_iter().collect();
    found.sort_by_cached_key(|(kind, _)| kind.written(program));
    Ok(found)
}

/// The kinds that a waiting task is of, one for each thing that it waits for.
pub(crate) fn kinds_of(
    program: &Program,
    local: &Local,
    waiting: Waiting,
) -> Result<Vec<Kind>, String> {
    // Its own: nobody else waits for that.
    let mut holds = local.holds(program);
    holds.retain(|thing, _| !thing.is_its_own());
    let pins = (0..program.series.len()).filter(|&series| local.task.pins_in(series));
    let pins_in: Vec<SeriesId> = pins.collect();
    let wanted = waiting.wanted(program, &local.task);
    if let (Some(wait), Some(&for_it)) = (waiting.wait, wanted.last())
        && needs_a_holder(program, wait) == is_given(for_it)
    {
        return Err(
            "a fault of this program: what is waited for is taken for something else".into(),
        );
    }
    let kind = |waits_for| Kind {
        template: local.task.template,
        waits_for: as_queued(program, waits_for),
        holds: holds.clone(),
        pins_in: pins_in.clone(),
    };
    Ok(wanted.into_iter().map(kind).collect())
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

/// Whether it can be missing though nobody holds it.
pub(crate) fn is_given(wanted: Wanted) -> bool {
    matches!(wanted, Wanted::Given(_))
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
        // One of several may be such; and who queues may wait for its turn only.
        Wait::AnyOf(_) | Wait::Turn { .. } => false,
    }
}

/// What holding keeps something from being had.
pub(crate) fn keepers(waits_for: Wanted) -> Vec<Thing> {
    let held = |lock, mode| Thing::Held(Ref::Shared(lock), mode);
    match waits_for {
        Wanted::Slot { series, .. } => vec![Thing::Slot(series), Thing::SharedSlot(series)],
        Wanted::Spin(lock) => vec![held(lock, Mode::Spin)],
        Wanted::Read(lock) => vec![held(lock, Mode::Write), Thing::Queued(Ref::Shared(lock))],
        Wanted::Write(lock) => vec![held(lock, Mode::Read), held(lock, Mode::Write)],
        Wanted::Units(pool, _) => vec![held(pool, Mode::Units)],
        Wanted::PageLock(page) => vec![Thing::PageLock(page)],
        Wanted::Cpu => vec![Thing::Cpu],
        Wanted::Given(_) => Vec::new(),
    }
}
