//! Whether loom and the search say the same.

use kmapcheck_machine::Findings;
use kmapcheck_scenario::{FindingKind, Program};

use crate::run::LoomOutcome;
use crate::starts::flush_matters;

/// A kind of finding that only one of the two engines has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnlyOne {
    /// The allocator does what the search says it cannot.
    Loom(FindingKind),
    /// Every interleaving of the allocator was run, and none does what the search says.
    Search(FindingKind),
}

/// The first kind that only one engine finds, and that both should: whatever loom finds; and where
/// loom is complete, whatever the search finds, unless it may come from a flush that the machine
/// allows and the allocator's scan does not do. `search` are the findings of a complete search.
#[must_use]
pub fn only_one(program: &Program, search: Findings, loom: &LoomOutcome) -> Option<OnlyOne> {
    let found = loom.outcome.kinds();
    if let Some(kind) = found.minus(search).iter().next() {
        return Some(OnlyOne::Loom(kind));
    }
    if !loom.complete || flush_matters(program) {
        return None;
    }
    search.minus(found).iter().next().map(OnlyOne::Search)
}
