//! What can be said about programs for every number of tasks and slots.
//!
//! | module | what |
//! |---|---|
//! | [`mod@decide`] | one program, with `"any"` numbers or without: what occurs, at which sizes, and why nothing else does |
//! | [`reasons`] | the arguments that exclude findings |

pub mod decide;
pub mod reasons;

pub use decide::{Decision, decide};
pub use reasons::{Excluded, Reason};
