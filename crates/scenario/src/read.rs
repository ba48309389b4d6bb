//! From text to what is written there: JSON, the raw types of both files, and operations by name.
//! No name is looked up yet.

pub(crate) mod assumed;
pub(crate) mod blocks;
pub(crate) mod decode;
pub(crate) mod json;
pub(crate) mod model;
pub(crate) mod operation;
pub(crate) mod operations;
pub(crate) mod patience;
pub(crate) mod scenario;
pub(crate) mod steps;
