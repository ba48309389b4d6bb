//! Model and scenario files: read, checked, expanded and lowered to a [`Program`].
//!
//! A file goes through these rooms, in this order:
//!
//! | module | from | to |
//! |---|---|---|
//! | `source` | a path or a model's name | text, and places in it; errors drawn there |
//! | `read` | text | JSON values that know where they stand, then the two files as written |
//! | `check` | the files as written | series, rule, pages and names, each checked |
//! | `lower` | the steps of a task | nodes and edges |
//! | `program` | | [`Program`], which all engines run |
//! | `load` | all of it, in order | [`Program`], or [`Errors`] |
//!
//! Nothing here panics or hangs on bad input: it ends in [`Errors`], which say where, what, and
//! what to do about it.
//!
//! ```
//! use kmapcheck_scenario::{Bound, Overrides, load_str};
//!
//! let text = r#"{ "name": "copy", "model": "pte-highmem-5",
//!     "tasks": [ { "name": "copy", "count": 2, "pages": ["from"], "program": [
//!         { "kmap": "from", "series": "DEFAULT" }, { "kunmap": "from" } ] } ] }"#;
//! let program = load_str("copy.json", text, &Overrides::default())?;
//! assert_eq!(program.templates[0].count, Bound::Exactly(2));
//! assert_eq!(program.templates[0].nodes.len(), 2);
//!
//! // What is wrong is told with its place, and with what to do about it.
//! let errors = load_str("copy.json", &text.replace("kunmap", "kunmpa"), &Overrides::default());
//! assert!(errors.unwrap_err().to_string().contains("did you mean `kunmap`?"));
//! # Ok::<(), kmapcheck_scenario::Errors>(())
//! ```

mod check;
mod load;
mod lower;
mod program;
mod read;
mod source;

pub use load::model::{
    ModelSummary, load_model, load_model_named, load_model_program, load_model_program_named,
    load_model_program_str, load_model_str,
};
pub use load::{
    Overrides, Source, keys_of, load, load_str, load_str_with_sources, load_with_sources,
};
pub use program::sizes::Open;
pub use program::*;
pub use source::diagnostic::{Code, Errors, Mistake};
pub use source::files::is_path;
pub use source::width::{padded, width};
