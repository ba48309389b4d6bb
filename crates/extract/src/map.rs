//! Mapping files: what the functions of a code base mean.
//!
//! | module | what |
//! |---|---|
//! | [`file`](mod@file) | a mapping file as it is written |
//! | [`help`](mod@help) | what a mapping file can say, for a terminal |
//! | [`merge`] | several of them, as one: later ones win |
//! | [`shipped`] | the mapping files that are built into the program |

pub mod file;
pub mod help;
pub mod merge;
pub mod shipped;

pub use file::{Contract, Does, File, Operation, Returned, UserCopy};
pub use merge::Mapping;
