//! Limits on time and memory, and interruptions: one mechanism for every phase.
//!
//! Whoever starts a run starts a [`Watch`] on its [`Limits`]. A thread looks at the clock, at the
//! memory of the process and at the interrupt flag every few milliseconds, and notes which limit is
//! [`Reached`]. So asking costs one load, however much or little work lies between two questions,
//! and no phase counts its steps in order to look at the clock now and then.
//!
//! A phase asks in one of two ways:
//!
//! - One that has results on the way (a search with findings) asks [`Watch::reached`] and returns
//!   them.
//! - One whose half-finished work is worth nothing (reading, lowering, equations, the check of a
//!   certificate) calls [`ask`]. That does not return when a limit is reached: it unwinds to the
//!   [`Watch::run`] around it, which says what was reached. So there is no value that somebody could
//!   take for an answer: stopped never looks like proved.
//!
//! Watches nest. A search that gets part of the time runs under a watch of its own, and ends when
//! either watch says so. What does not ask in time is ended from outside: see [`Watch::guarded`].

mod limits;
mod memory;
pub mod units;
mod unwind;
mod watch;

pub use limits::{Limits, Reached};
pub use unwind::{ask, is_halt, reached, unasked};
pub use watch::{Entered, Watch, entered};
