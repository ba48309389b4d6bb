//! What happens in a trace, state by state, for showing and saving it.
//!
//! A [`Recording`] is made by running a trace on the machine once more: where every task stands,
//! what it waits for and holds, and how the slots are used, each as *spans* of states rather than
//! state by state, so that a long trace stays small. The page and the terminal show recordings;
//! [`moment`] puts one state into words;
//! [`saved`] writes traces to files and reads them again.
//!
//! Nothing here decides anything: what a step does and what a task waits for is asked of the
//! machine, and what is stuck is what the report says.

mod lanes;
pub mod moment;
mod recorder;
pub mod saved;
mod things;
mod types;

pub use types::{
    Actor, Give, Hold, Lane, Line, Listing, Recording, Shown, Stale, Step, ThingKind, Track, Wait,
};
