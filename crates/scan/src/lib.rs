//! Looks for deadlocks in folders of C: every function that can be an entry, alone, beside itself and
//! beside others.
//!
//! [`Scan::of`] takes the files of a folder, read once, and goes through these:
//!
//! | module | what |
//! |---|---|
//! | [`folder`] | which files there are, in order |
//! | [`parallel`] | several at once, with results that do not depend on that |
//! | [`entry`] | a function that can be an entry, and what came of reading it |
//! | [`asked`] | what is asked for |
//! | [`prepared`] | the scenario of an entry as it is checked |
//! | [`checking`] | an entry alone and beside itself, and two beside one another |
//! | [`leak`] | what paths still hold at their end |
//! | [`pairs`] | which pairs can deadlock with one another |
//! | [`alarm`] | what is wrong, how bad it is, and what tells it apart from others |
//! | [`mod@shrink`] | the smallest part that still shows an alarm |
//! | [`mod@scan`] | all of it |
//! | [`baseline`] | alarms that were judged |
//! | [`text`] | for people, and as Markdown |
//! | [`sarif`] | for CI systems and editors |
//!
//! Nothing here knows C, nor what an operation does: `extract` makes scenarios, `check` checks them.

pub mod alarm;
pub mod asked;
pub mod baseline;
pub mod checking;
pub mod entry;
pub mod folder;
pub mod leak;
pub mod pairs;
pub mod parallel;
pub mod prepared;
pub mod sarif;
pub mod scan;
pub mod shrink;
pub mod text;

pub use asked::Asked;
pub use baseline::Baseline;
pub use entry::{Entry, Outcome};
pub use scan::{Done, Scan};
