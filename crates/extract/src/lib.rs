//! Reads C into scenarios: what the code of a kernel does to pages, slots and locks, path by path.
//!
//! [`extract()`] takes files and says what it assumed. It goes through five rooms, each of which
//! uses those before it only:
//!
//! | room | what |
//! |---|---|
//! | [`map`] | what the functions of a code base mean, from mapping files |
//! | [`read`] | from C to instructions, and which of them matter |
//! | [`run`] | every path, as a graph of states |
//! | [`write`](mod@write) | the scenario |
//! | [`scan`] | which functions can be entries, and what each needs |
//!
//! What the scenario has is an over-approximation of the paths that are followed: a condition that
//! nothing decides goes both ways, and a value that nothing gives is any value. What is not followed
//! is said, in [`Extracted::assumed`], where it was left out; and what cannot be read is refused, by
//! name. docs/extract.md argues both.

pub mod asked;
pub mod assumed;
pub mod cases;
mod extract;
pub mod map;
pub mod options;
pub mod read;
pub mod refusal;
pub mod run;
pub mod scan;
pub mod write;

pub use assumed::Assumed;
pub use extract::{Extracted, Files, extract};
pub use map::{File, Mapping};
pub use options::{Entry, Options, Shown};
pub use read::unit::Source;
pub use refusal::{Failure, Refusal};
