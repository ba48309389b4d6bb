//! The JSON Schema of a report, from the types that are printed.

use kmapcheck_scenario::FindingKind;
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::Value;

use crate::Report;

/// The JSON Schema of a report: of the object that one scenario gives; several give an array of it.
#[must_use]
pub fn schema_report() -> Value {
    schema_of::<Report>("kmapcheck report")
}

/// The JSON Schema of something that is printed as JSON.
#[must_use]
pub fn schema_of<T: JsonSchema>(title: &str) -> Value {
    let generator = SchemaSettings::default().for_serialize().into_generator();
    let mut schema = generator.into_root_schema_for::<T>().to_value();
    if let Some(object) = schema.as_object_mut() {
        object.insert("title".to_owned(), title.into());
    }
    schema
}

// Types of other crates, as `named` writes them.

pub(crate) fn verdict_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "enum": ["clean", "violated", "inconclusive"] })
}

pub(crate) fn level_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "enum": ["error", "warning"] })
}

pub(crate) fn kind_schema(_: &mut SchemaGenerator) -> Schema {
    let names: Vec<&str> = FindingKind::ALL.iter().map(|kind| kind.name()).collect();
    json_schema!({ "type": "string", "enum": names })
}

pub(crate) fn kind_list_schema(generator: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "array", "items": kind_schema(generator) })
}

pub(crate) fn kinds_schema(generator: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": ["array", "null"], "items": kind_schema(generator) })
}
