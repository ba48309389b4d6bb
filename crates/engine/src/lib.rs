//! What engines have in common: what they answer, how far they have come, what they refuse.
//!
//! | module | what |
//! |---|---|
//! | `outcome` | the answer: findings, coverage, and why it is not everything |
//! | `finding` | one finding with its trace, and what all engines say of findings alike |
//! | `candidates` | which of several runs to the same kind of finding is reported |
//! | `progress` | how far a run has come, and the meter that asks about its limits |
//! | `rests` | idle waits in which tasks come to rest |
//! | `refusal` | what an engine cannot do |
//!
//! Nothing here knows an engine, a flag or a file.

mod candidates;
mod finding;
mod outcome;
mod progress;
mod refusal;
mod rests;

pub use candidates::{Candidates, Parts};
pub use finding::{Finding, can_sleep, never_executed};
pub use outcome::{Coverage, Outcome, Stopped, Verdict};
pub use progress::{Meter, Progress};
pub use refusal::{Refusal, Refused, Remedy};
pub use rests::Rests;
