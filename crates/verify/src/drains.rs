//! That everybody can go on until he holds nothing, found anew.

use kmapcheck_limits::ask;
use kmapcheck_local::Locals;
use kmapcheck_scenario::{Op, Program};

/// Whether from every local state, whatever flushes happen, a task that is let go on comes to hold
/// nothing.
pub(crate) fn everybody_drains(program: &Program, locals: &Locals) -> bool {
    if program.has_queues() {
        return false;
    }
    let count = locals.states.len();
    // Local states that are known to drain, and those that do if their flushed forms do, too.
    let mut known = vec![false; count];
    loop {
        let mut alone = vec![false; count];
        for (local, alone) in alone.iter_mut().enumerate() {
            ask();
            let state = &locals.states[local];
            let done = state.task.at.is_none() || state.holdings(program).is_empty();
            let mut moves = locals.situations[local]
                .iter()
                .filter(|s| !s.next.is_empty());
            // Of the branches of a select, and of a bounded number of free pages, others may leave a task any
            // one only.
            let nodes = &program.templates[state.task.template].nodes;
            let chooses = match state.task.at.map(|at| nodes[at].op) {
                Some(Op::Select) => false,
                Some(Op::AllocPage { .. } | Op::TryAllocPage { .. }) => {
                    program.free_pages.is_none()
                }
                _ => true,
            };
            let drains = |next: &u32| known[*next as usize];
            *alone = done
                || moves.all(|s| match chooses {
                    true => s.next.iter().any(drains),
                    false => s.next.iter().all(drains),
                });
        }
        let mut next = alone;
        let mut changed = true;
        while changed {
            changed = false;
            for local in 0..count {
                ask();
                if next[local] && locals.flushes[local].iter().any(|&to| !next[to as usize]) {
                    next[local] = false;
                    changed = true;
                }
            }
        }
        if next == known {
            return known.into_iter().all(|drains| drains);
        }
        known = next;
    }
}
