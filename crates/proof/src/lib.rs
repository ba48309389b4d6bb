//! What can be said about programs for every number of tasks and slots.
//!
//! | module | what |
//! |---|---|
//! | [`mod@decide`] | one program, with `"any"` numbers or without: what occurs, at which sizes, and why nothing else does |
//! | [`reasons`] | the arguments that exclude findings |
//! | [`mod@certificate`] | a proof written down, for `kmapcheck verify` |
//! | [`words`] | the same for people |

pub mod certificate;
pub mod decide;
pub mod reasons;
pub mod words;

pub use certificate::certificate;
pub use decide::{Decision, decide};
pub use reasons::{Excluded, Reason};
