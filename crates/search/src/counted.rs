//! The search over counted states.
//!
//! Instances of one template are interchangeable, so a state is, for each *local state*, how many
//! tasks are in it, plus the *world*: what tasks share. That is exact, and canonical by
//! construction; 32,767 tasks are as cheap as ten.
//!
//! - [`local`]: local states and worlds, and how a named state is taken apart into them;
//! - [`table`]: the steps of a local state in a world, asked of the machine once and kept;
//! - [`packed`]: counted states as short byte strings in one arena, and the visited set;
//! - [`frontier`]: those still to be expanded, where the visited set has fingerprints only;
//! - [`checkpoint`]: how far the search has come, in a file;
//! - [`explore`]: breadth-first, level by level;
//! - `stuck`, `starve`: which tasks are stuck, and which starve;
//! - `decide`: what can be said without visiting every state;
//! - `few`, `climb`: runs to findings among very many tasks;
//! - [`together`]: deadlocks for which tasks of two groups are needed;
//! - `conclude`: the outcome;
//! - [`crowd`]: every number of tasks at once;
//! - [`unfold`]: counted runs as traces of named tasks.

pub(crate) mod checkpoint;
mod conclude;
pub(crate) mod crowd;
pub(crate) mod decide;
pub(crate) mod explore;
mod few;
mod follow;
mod frontier;
mod hill_climb;
mod lift;
pub(crate) mod local;
pub(crate) mod packed;
mod queue_up;
mod run_out;
mod starve;
mod stuck;
pub(crate) mod table;
pub(crate) mod together;
pub(crate) mod unfold;
