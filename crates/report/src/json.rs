//! The report as JSON, and the schema of that.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::Value;

use crate::Report;

/// One report as a JSON object.
///
/// # Errors
///
/// If it cannot be written as JSON, which no report should bring about.
pub fn one(report: &Report) -> Result<String, serde_json::Error> {
    serde_json::to_string_pretty(report)
}

/// Several reports as a JSON array.
///
/// # Errors
///
/// As [`one`].
pub fn many(reports: &[Report]) -> Result<String, serde_json::Error> {
    serde_json::to_string_pretty(reports)
}

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
