//! The program that the local states are of: without queues that make no difference, with a number
//! for `"any"` slots, and such that a task can be looked at alone.
//!
//! A queue makes no difference on a fair semaphore of which everybody asks for one unit, nobody tries,
//! and nobody gives up: docs/proofs.md has the argument.

use kmapcheck_scenario::{Bound, Op, Patience, Program, Ref, ResourceKind};

/// Stands for `"any"` slots: more than one task can ever pin.
const MANY: u32 = 1 << 24;

/// The program without the queues that make no difference.
pub(crate) fn unqueued(program: &Program) -> Program {
    let mut plain = program.clone();
    for pool in 0..plain.resources.len() {
        let plainly = |id| takes_one_by_one(program, id, Ref::Shared(pool));
        if (0..program.templates.len()).all(plainly) {
            no_queue(&mut plain.resources[pool].kind);
        }
    }
    for id in 0..plain.templates.len() {
        for pool in 0..plain.templates[id].resources.len() {
            if takes_one_by_one(program, id, Ref::Own(pool)) {
                no_queue(&mut plain.templates[id].resources[pool].kind);
            }
        }
    }
    plain
}

/// The same with numbers for `"any"` slots.
///
/// # Errors
///
/// A sentence, if others can change more of what a task has than its stale mappings.
pub(crate) fn alone(program: &Program) -> Result<Program, String> {
    let plain = unqueued(program);
    for (id, template) in plain.templates.iter().enumerate() {
        for node in &template.nodes {
            let wrong = match node.op {
                Op::AllocPage { var } | Op::TryAllocPage { var } if is_shared(var) => {
                    "a page is allocated into a name that all tasks know"
                }
                Op::FreePage { page } if is_shared(page) => {
                    "a page is freed through a name that all tasks know"
                }
                Op::Down { pool, .. } if plain.resource(id, pool).kind.has_queue() => {
                    "tasks queue for several units of a fair semaphore at once, try for it, or give up"
                }
                _ => continue,
            };
            return Err(format!("no certificate is possible: {wrong}"));
        }
    }
    let open = (plain.series.iter()).any(|series| series.slots == Bound::Any);
    Ok(if open {
        plain.with_open_slots(MANY)
    } else {
        plain
    })
}

fn is_shared(name: Ref) -> bool {
    matches!(name, Ref::Shared(_))
}

fn takes_one_by_one(program: &Program, template: usize, pool: Ref) -> bool {
    (program.templates[template].nodes.iter()).all(|node| match node.op {
        Op::Down { pool: of, n } if of == pool => n == 1 && node.patience != Patience::GivesUp,
        Op::DownTrylock { pool: of, .. } => of != pool,
        _ => true,
    })
}

fn no_queue(kind: &mut ResourceKind) {
    if let ResourceKind::Semaphore { fair, .. } = kind {
        *fair = false;
    }
}
