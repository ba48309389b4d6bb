//! Model and scenario files: read, checked, expanded and lowered to a [`Program`].
//!
//! A file goes through these rooms, in this order:
//!
//! | module | from | to |
//! |---|---|---|
//! | `files` | a path or a model's name | text |
//! | `json` | text | values that know where they stand |
//! | `decode` | values | the raw types of `model` and `scenario` |
//! | `read` | operation objects, by the table in `operations` | `steps` |
//! | `check`, `order` | the raw model | series, operations and the rule, with every name in them checked |
//! | `declarations` | the raw scenario | numbers settled, pages (`stale`) and names (`scope`) known |
//! | `lower` | steps in a scope | nodes and edges |
//! | `load`, `load_model` | all of it, in order | [`Program`], or [`Errors`] |
//!
//! Nothing here panics or hangs on bad input: it ends in [`Errors`], which say where, what, and
//! what to do about it.
//!
//! The raw types are also where the JSON Schemas come from (`schema_model`, `schema_scenario`, with
//! the feature `schema`), so that what editors complete is what is read here.

mod check;
mod declarations;
mod decode;
mod diagnostic;
mod files;
mod json;
mod load;
mod load_model;
mod lower;
mod model;
mod operations;
mod order;
mod program;
mod read;
mod render;
mod scenario;
#[cfg(feature = "schema")]
mod schema;
mod scope;
mod sizes;
mod source;
mod stale;
mod steps;
mod suggest;

pub use diagnostic::{Code, Errors, Mistake};
pub use load::{
    Overrides, Source, keys_of, load, load_str, load_str_with_sources, load_with_sources,
};
pub use load_model::{
    ModelSummary, load_model, load_model_named, load_model_program, load_model_program_named,
    load_model_program_str, load_model_str,
};
pub use program::*;
#[cfg(feature = "schema")]
pub use schema::{schema_model, schema_scenario};
pub use sizes::Open;
