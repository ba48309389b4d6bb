//! The front door: one call from a scenario to what is wrong with it.
//!
//! [`load`] reads a scenario, [`check`] runs it as [`Ask`] says, and [`Checked`] has all that came of
//! it: the report, the program with the numbers that it is about, and the recordings of its traces.
//! The command line, the tests of a folder, replays and pages all go this way.
//!
//! | module | what |
//! |---|---|
//! | [`loaded`] | a scenario with the texts of its files |
//! | [`mod@code`] | scenarios that are read from C |
//! | [`model`] | a model by itself |
//! | [`targets`] | files to be written, none of which may be read |
//! | [`ask`] | what can be asked of it, and which of that goes together |
//! | [`options`] | the same in the options of the command line |
//! | [`run`] | phases under limits; what is said when one is reached |
//! | [`failure`] | why there is no report |
//! | [`fault`] | panics, told as faults of this program |
//! | [`came`] | a report, whatever came of a file |
//! | [`suite`] | many files against what they expect |
//! | [`mod@conform`], [`mod@compare`], [`matrix`] | a file by a model's rule, on two models, and many files side by side |
//! | [`cell`] | a cell of such a matrix by itself |
//! | [`certificate`] | does a certificate hold? |
//! | [`confirm`] | loom's word on what the search found |
//! | `engines` | each engine, from a program to a report |
//! | `conclude` | from an outcome to a report, with the point of no return |
//!
//! docs/library.md has examples, which are compiled and run.

#[cfg(doctest)]
#[doc = include_str!("../../../docs/library.md")]
struct LibraryPage;

pub mod ask;
pub mod came;
pub mod cell;
pub mod certificate;
mod checked;
pub mod code;
pub mod compare;
mod conclude;
pub mod confirm;
pub mod conform;
mod engines;
pub mod failure;
pub mod fault;
pub mod loaded;
pub mod matrix;
pub mod model;
pub mod options;
pub mod run;
pub mod suite;
pub mod targets;

pub use ask::{Ask, Engine, Unfit};
pub use came::Came;
pub use checked::{Checked, check, check_within, replay};
pub use engines::Progress;
pub use failure::Failure;
pub use loaded::{Loaded, load, load_str, program};
pub use run::Run;

// What is asked with, and what is done with the answer.
pub use kmapcheck_limits::Limits;
pub use kmapcheck_report::{Report, Verdict};
pub use kmapcheck_scenario::{FindingKind, Overrides};
pub use kmapcheck_show::{json, text};
