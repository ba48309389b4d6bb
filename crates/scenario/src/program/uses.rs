//! What the operations of a program make use of.

use super::{Node, Op, Program};

impl Program {
    /// Whether tasks map pages, and do not only take units of [pools of their own](super::Series::is_pool).
    #[must_use]
    pub fn maps_pages(&self) -> bool {
        self.has_op(|op| match op {
            Op::Kmap { series, .. } | Op::TryKmap { series, .. } => !self.series[series].is_pool,
            Op::KmapAtomic { .. } | Op::KmapLocal { .. } => true,
            _ => false,
        })
    }

    /// Whether tasks may have to queue for some semaphore.
    #[must_use]
    pub fn has_queues(&self) -> bool {
        self.templates.iter().enumerate().any(|(id, template)| {
            let queues = |node: &Node| match node.op {
                Op::Down { pool, .. } => self.resource(id, pool).kind.has_queue(),
                _ => false,
            };
            template.nodes.iter().any(queues)
        })
    }
}
