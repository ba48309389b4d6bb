//! Reports: one [`Report`], rendered as text for people and as JSON for programs.
//!
//! [`Report::build`] runs every trace of an engine's outcome again on the machine and puts what
//! happened into words; a trace that does not hold what it promises is a [`Fault`]. The renderers
//! (the crate `kmapcheck-show`) read the report and nothing else.
//!
//! Nothing here prints, searches or reads files.
//!
//! ```
//! use std::time::Duration;
//!
//! use kmapcheck_engine::{Coverage, Finding, Outcome};
//! use kmapcheck_machine::{Trace, TraceStep};
//! use kmapcheck_report::Report;
//! use kmapcheck_scenario::{FindingKind, Overrides, load_str};
//!
//! let program = load_str("s.json", r#"{ "name": "s",
//!     "model": { "name": "m", "series": { "S": { "slots": 1, "reuse": "none" } } },
//!     "tasks": [ { "name": "t", "pages": ["p", "q"], "program": [
//!         { "kmap": "p", "series": "S" }, { "kmap": "q", "series": "S" },
//!         { "kunmap": "q" }, { "kunmap": "p" } ] } ] }"#, &Overrides::default())?;
//! // What an engine says: after its first step the task is stuck.
//! let trace = Trace { steps: vec![TraceStep { task: 0, choice: 0 }], ..Trace::default() };
//! let outcome = Outcome {
//!     engine: "search",
//!     findings: vec![Finding::of(FindingKind::Deadlock, trace)],
//!     stopped: None,
//!     coverage: Coverage::default(),
//! };
//! let report = Report::build(&program, &outcome, Duration::ZERO, &|_, _| None)?;
//! assert_eq!(report.findings[0].summary, "t pins the only S slot and waits for another");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod build;
mod causes_first;
mod confirmation;
mod coverage;
mod deadlock;
mod describe;
mod early;
pub mod escape;
mod ledger;
mod misuse;
mod names;
pub mod place;
mod refusal;
mod report;
mod rests;
pub mod slots;
mod summary;
mod walk;
pub mod words;

pub use build::{Fault, PointOfNoReturn};
pub use confirmation::{Confirmation, Extent};
pub use coverage::{ended, quoted, stopped_early};
pub use deadlock::{Edge, Node, NodeKind, WaitForGraph};
pub use describe::{lock_of_page, order, resource, units};
pub use kmapcheck_engine::Verdict;
pub use names::{Names, Who, folded};
pub use refusal::{close, number_options, refused};
pub use report::{
    Contested, Coverage, Finding, Holding, IdleWait, NeverExecuted, NotThere, NumberOf, Proof,
    Report, Size, SlotUsage, Standing, StartMapping, Step, StopReason, Stopped, StuckSet,
    TaskAtEnd,
};
