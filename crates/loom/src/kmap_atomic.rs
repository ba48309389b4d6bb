//! `kmap_atomic`, `kunmap_atomic` (include/asm-i386/highmem.h): one slot for each type and CPU,
//! and `kmap_local_page` (mm/highmem.c of later kernels): a private stack.
//!
//! Neither is shared with other tasks. Without CPUs as a resource each task runs on its own, so
//! there is nothing to lock and nothing to interleave.

use kmapcheck_machine::Map;
use kmapcheck_scenario::AtomicTypeId;

/// Whether taking that type overwrites a slot that the task still uses. Low memory takes none.
pub(crate) fn clashes(maps: &[Map], kind: Option<AtomicTypeId>) -> bool {
    kind.is_some()
        && maps
            .iter()
            .any(|map| matches!(map, Map::Atomic { kind: held, .. } if *held == kind))
}

/// Whether the map at `i` is a local one and not the last of them.
pub(crate) fn out_of_order(maps: &[Map], i: usize) -> bool {
    let is_local = |map: &Map| matches!(map, Map::Local { .. });
    is_local(&maps[i]) && maps[i + 1..].iter().any(is_local)
}
