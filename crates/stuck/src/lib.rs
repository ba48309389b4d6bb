//! Who waits for what, held by whom: stuck sets, their smallest cores, what kind of deadlock a core
//! is, and its wait-for graph. Numbers only; the words are the report's.
//!
//! | module | what |
//! |---|---|
//! | [`scene`] | a state with what its tasks hold and wait for |
//! | [`reduction`] | the greatest set of tasks that can never go on, by graph reduction |
//! | [`stuck_sets`] | who is stuck, and in which way: for ever, idly, or until a time-out |
//! | [`traps`] | who waits for ever for a task that lives and never lets go |
//! | [`core`] | the fewest tasks that are stuck on one another |
//! | [`class`] | what kind of deadlock that is |
//! | [`graph`] | the wait-for graph of the core |
//! | [`holdings`] | what tasks have that others wait for |
//! | [`deadlock`] | all of it together |
//! | `alike` | tasks that nothing but their number tells apart |
//!
//! Nothing here takes a step: what a task waits for and what it could still do is asked of the
//! machine.

mod alike;
pub mod class;
pub mod core;
pub mod deadlock;
pub mod graph;
pub mod holdings;
pub mod reduction;
pub mod scene;
pub mod stuck_sets;
pub mod traps;
