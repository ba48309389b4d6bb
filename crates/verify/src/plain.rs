//! The program that the local states are of: without queues, with a number for `"any"` slots, and such
//! that a task can be looked at alone.
//!
//! What a task by itself can do and have to wait for is the same without queues. Who is stuck in one is
//! another question: see [`kinds`](crate::kinds). docs/proofs.md has the argument.

use kmapcheck_scenario::{Bound, Op, Program, Ref, ResourceKind};

/// Stands for `"any"` slots: more than one task can ever pin.
const MANY: u32 = 1 << 24;

/// The program without queues.
pub(crate) fn unqueued(program: &Program) -> Program {
    let mut plain = program.clone();
    let shared = plain.resources.iter_mut();
    let own = (plain.templates.iter_mut()).flat_map(|template| &mut template.resources);
    for resource in shared.chain(own) {
        if let ResourceKind::Semaphore { fair, .. } = &mut resource.kind {
            *fair = false;
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
    for template in &plain.templates {
        for node in &template.nodes {
            let wrong = match node.op {
                Op::AllocPage { var } | Op::TryAllocPage { var } if is_shared(var) => {
                    "a page is allocated into a name that all tasks know"
                }
                Op::FreePage { page } if is_shared(page) => {
                    "a page is freed through a name that all tasks know"
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
