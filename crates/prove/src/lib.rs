//! What can be said about programs without running their tasks together, or for every number of
//! tasks and slots.
//!
//! | module | what |
//! |---|---|
//! | [`mod@decide`] | one program, with `"any"` numbers or without: what occurs, at which sizes, and why nothing else does |
//! | [`reasons`] | the arguments that exclude findings |
//! | [`mod@certificate`] | a proof written down, for `kmapcheck verify` |
//! | [`rule`] | whether the discipline that a model states is sufficient |
//! | [`mod@settle`] | one program: safe, not safe, or not decided |
//! | [`words`] | reasons, as people read them |

pub mod certificate;
pub mod decide;
pub mod reasons;
pub mod rule;
pub mod settle;
pub mod words;

pub use certificate::{certificate, closed, counting};
pub use decide::{Decision, decide};
pub use reasons::{Excluded, Reason};
