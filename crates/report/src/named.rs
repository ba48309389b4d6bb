//! Types of other crates in reports: by their names.

use kmapcheck_engine::Verdict;
use kmapcheck_scenario::{FindingKind, Level};
use serde::Serializer;

// serde's `serialize_with` passes references.

#[allow(clippy::trivially_copy_pass_by_ref)]
pub(crate) fn verdict_name<S: Serializer>(
    verdict: &Verdict,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(verdict.name())
}

#[allow(clippy::trivially_copy_pass_by_ref)]
pub(crate) fn kind_name<S: Serializer>(
    kind: &FindingKind,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(kind.name())
}

pub(crate) fn kind_list<S: Serializer>(
    kinds: &[FindingKind],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(kinds.iter().map(|kind| kind.name()))
}

#[allow(clippy::ref_option)]
pub(crate) fn kind_names<S: Serializer>(
    kinds: &Option<Vec<FindingKind>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match kinds {
        Some(kinds) => kind_list(kinds, serializer),
        None => serializer.serialize_none(),
    }
}

#[allow(clippy::trivially_copy_pass_by_ref)]
pub(crate) fn level_name<S: Serializer>(level: &Level, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(level_text(*level))
}

/// `error` or `warning`.
#[must_use]
pub fn level_text(level: Level) -> &'static str {
    match level {
        Level::Error => "error",
        Level::Warning => "warning",
    }
}
