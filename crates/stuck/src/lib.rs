//! Who waits for what, held by whom: stuck sets, their smallest cores, what kind of deadlock a core
//! is, its wait-for graph, and all of it in words.
//!
//! | module | what |
//! |---|---|
//! | [`stuck`] | the greatest set of tasks that can never go on, by graph reduction |
//! | [`core`] | the fewest tasks that are stuck on one another |
//! | [`class`] | what kind of deadlock that is |
//! | [`graph`] | the wait-for graph of the core |
//! | [`label`] | the words on a picture of it |
//! | [`mod@explain`] | all of it together, and in words |
//! | [`names`] | what tasks are called |
//! | [`holdings`] | what tasks have that others wait for |
//!
//! Nothing here takes a step: what a task waits for and what it could still do is asked of the
//! machine.

mod alike;
pub mod class;
pub mod core;
pub mod explain;
pub mod graph;
pub mod holdings;
pub mod label;
pub mod names;
pub mod stuck;
mod words;

pub use class::{Class, classify};
pub use explain::{CoreLine, Deadlock, Holder, explain};
pub use graph::WaitForGraph;
