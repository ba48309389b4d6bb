//! What can be said about programs without running their tasks together, or for every number of
//! tasks and slots.
//!
//! | module | what |
//! |---|---|
//! | [`mod@decide`] | one program, with `"any"` numbers or without: what occurs, at which sizes, and why nothing else does |
//! | [`reasons`] | the arguments that exclude findings |
//! | [`mod@certificate`] | a proof written down, for `kmapcheck verify` |
//! | [`rule`] | whether the discipline that a model states is sufficient |
//! | [`conform`] | which paths of which programs break the model's rule |
//! | [`compare`] | what two models make of the same scenarios |
//! | [`pairs`] | what is held while something else is asked for, and whether that goes in a circle |
//! | [`mod@settle`] | one program: safe, not safe, or not decided |
//! | [`size`] | which numbers of slots and tasks are safe |
//! | [`suggest`] | which orders, reuse policies and kmaps to change |
//! | [`chains`] | every way in which a task can have come by what it holds |
//! | `schema` | the JSON Schemas of what the commands print (feature `schema`) |
//! | [`place`], [`words`] | operations, things and reasons, as people read them |

pub mod certificate;
pub mod chains;
pub mod compare;
pub mod conform;
pub mod decide;
pub mod pairs;
pub mod place;
pub mod reasons;
pub mod rule;
#[cfg(feature = "schema")]
pub mod schema;
pub mod settle;
pub mod size;
pub mod suggest;
pub mod words;

pub use certificate::certificate;
pub use decide::{Decision, decide};
pub use reasons::{Excluded, Reason};
