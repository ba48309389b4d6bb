//! The JSON Schemas of what `rule`, `conform`, `order`, `size`, `suggest` and `compare` print with
//! `--format json`. They come from the types that are printed.

use kmapcheck_report::schema_of;
use serde_json::Value;

/// Of `kmapcheck rule`.
#[must_use]
pub fn schema_rule() -> Value {
    schema_of::<crate::rule::json::RuleReport>("kmapcheck rule")
}

/// Of `kmapcheck conform`.
#[must_use]
pub fn schema_conform() -> Value {
    schema_of::<crate::conform::Report>("kmapcheck conform")
}

/// Of `kmapcheck order`.
#[must_use]
pub fn schema_order() -> Value {
    schema_of::<crate::order::Pairs>("kmapcheck order")
}

/// Of `kmapcheck size`.
#[must_use]
pub fn schema_size() -> Value {
    schema_of::<crate::size::SizeReport>("kmapcheck size")
}

/// Of `kmapcheck suggest`.
#[must_use]
pub fn schema_suggest() -> Value {
    schema_of::<crate::suggest::SuggestReport>("kmapcheck suggest")
}

/// Of `kmapcheck compare`.
#[must_use]
pub fn schema_comparison() -> Value {
    schema_of::<crate::compare::Comparison>("kmapcheck comparison")
}
