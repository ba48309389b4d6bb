//! From text to what is written there: JSON, the raw types of both files, and operations by name.
//! No name is looked up yet.
//!
//! The raw types are also where the JSON Schemas come from, so that what editors complete is what
//! is read here.

pub(crate) mod decode;
pub(crate) mod json;
pub(crate) mod model;
pub(crate) mod operation;
pub(crate) mod operations;
pub(crate) mod scenario;
#[cfg(feature = "schema")]
pub(crate) mod schema;
pub(crate) mod steps;
