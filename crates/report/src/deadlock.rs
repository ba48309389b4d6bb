//! A deadlock in words: its core in one line, its graph by names, what is contested and by whom.

mod contested;
mod graph;
mod names;
mod words;

pub(crate) use contested::{of_core, of_starving};
pub use graph::{Edge, Node, NodeKind, WaitForGraph};
pub(crate) use words::summary;
