//! Mapping files: what the functions of a code base mean.
//!
//! | module | what |
//! |---|---|
//! | [`file`](mod@file) | a mapping file as it is written |
//! | [`merge`] | several of them, as one: later ones win |
//! | [`shipped`] | the mapping files that are built into the program |

pub mod file;
pub mod merge;
pub mod shipped;

pub use file::{Contract, Does, File, Operation, Returned, UserCopy};
pub use merge::Mapping;
