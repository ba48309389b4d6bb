//! The local states that a task can be in, whatever the others do.
//!
//! Found by giving one task every sort of surroundings: a step depends on the rest of the world
//! only through whether a slot is free, whether some other mapping is stale, and whether the lock
//! (or unit, or completion) it wants is to be had; and others change a local state only by a
//! flush. Closing under all of these over-approximates what can happen in any state, for any
//! number of tasks: a kind of finding (other than deadlock) that no step shows there cannot occur
//! at all.
//!
//! Done only for programs without shared pages, `alloc_page` and CPUs, where the premise is plain
//! to see; for all others there is no closure, and nothing is excluded.

use std::rc::Rc;

use kmapcheck_machine::{Findings, Standing, Start, initial};
use kmapcheck_scenario::{FindingKind, Op, Program, Ref, ResourceKind, StaleIn};
use rustc_hash::FxHashSet;

use crate::counted::local::{Local, Surroundings, World, embed};
use crate::counted::table::Table;

/// All local states of a program's tasks.
#[derive(Debug)]
pub(crate) struct Closure {
    /// The local states, with whether each waits in some surroundings.
    pub locals: Vec<(Rc<Local>, bool)>,
    /// Whether a task can end with what others wait for.
    pub leaks: bool,
}

/// More local states than this are not worth the time.
const MAX_LOCALS: usize = 5_000;

impl Closure {
    /// The closure, or `None` if the program is outside its premise or too large.
    pub(crate) fn of(program: &Program) -> Option<Closure> {
        if !is_private(program) {
            return None;
        }
        let mut table = Table::new(program);
        let single = one_of_each(program);
        let state = initial(&single, &Start::default());
        let mut found = Findings::NONE;
        let mut work: Vec<u32> = embed(&single, &state)
            .locals
            .into_iter()
            .map(|local| table.local_number(local))
            .collect();
        let mut seen: FxHashSet<u32> = work.iter().copied().collect();
        let mut locals = Vec::new();
        while let Some(number) = work.pop() {
            if seen.len() > MAX_LOCALS {
                return None;
            }
            let local = Rc::clone(table.local(number));
            let mut waits = false;
            let mut next: Vec<u32> = (0..program.series.len())
                .map(|series| table.after_flush(number, series as u16))
                .collect();
            for around in all_surroundings() {
                let Some(world) = World::around(program, &local, around) else {
                    continue;
                };
                let world = table.world_number(world);
                let entry = table.entry(number, world);
                waits |= matches!(entry.standing, Standing::Waits(_));
                for row in table.rows(entry) {
                    found = found.union(row.findings);
                    next.push(row.local);
                }
            }
            locals.push((local, waits));
            work.extend(next.into_iter().filter(|&local| seen.insert(local)));
        }
        let leaks = [FindingKind::SlotLeak, FindingKind::LockLeak];
        Some(Closure {
            locals,
            leaks: leaks.into_iter().any(|kind| found.contains(kind)),
        })
    }
}

fn all_surroundings() -> impl Iterator<Item = Surroundings> {
    (0..8).map(|bits| Surroundings {
        slots_used: bits & 1 > 0,
        stale: bits & 2 > 0,
        locks_taken: bits & 4 > 0,
    })
}

/// Whether every page is some task's own for ever, and nothing else is left to chance.
fn is_private(program: &Program) -> bool {
    let unowned = |kind: ResourceKind| {
        matches!(
            kind,
            ResourceKind::Semaphore { owned: false, .. }
                | ResourceKind::Mempool { owned: false, .. }
        )
    };
    let open = program.templates.iter().flat_map(|t| &t.vars).any(|var| {
        var.page
            .as_ref()
            .is_some_and(|page| page.stale_in == StaleIn::Any)
    });
    program.pages.is_empty()
        && program.cpus.is_none()
        && !open
        && !program
            .resources
            .iter()
            .any(|resource| unowned(resource.kind))
        && program.templates.iter().all(|template| {
            template
                .nodes
                .iter()
                .all(|node| !matches!(node.op, Op::AllocPage { .. } | Op::FreePage { .. }))
        })
}

/// The program with one instance of each template.
fn one_of_each(program: &Program) -> Program {
    let mut single = program.clone();
    for template in &mut single.templates {
        template.count = kmapcheck_scenario::Bound::Exactly(1);
    }
    single
}

/// The operation that a local state is about to carry out.
pub(crate) fn op_of(program: &Program, local: &Local) -> Option<Op> {
    let task = local.task();
    task.at
        .map(|at| program.templates[task.template].nodes[at].op)
}

/// What an operation may wait for, if it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Asked {
    Series(usize),
    Resource(Ref),
    PageLock,
}

pub(crate) fn asked(op: Op) -> Option<Asked> {
    match op {
        Op::Kmap { series, .. } => Some(Asked::Series(series)),
        Op::SpinLock { lock } | Op::DownRead { lock } | Op::DownWrite { lock } => {
            Some(Asked::Resource(lock))
        }
        Op::Down { pool, .. } => Some(Asked::Resource(pool)),
        Op::WaitForCompletion { completion } => Some(Asked::Resource(completion)),
        Op::LockPage { .. } => Some(Asked::PageLock),
        _ => None,
    }
}
