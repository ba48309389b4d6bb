//! Whether the discipline that a model states is sufficient: does *every* program that keeps it go
//! without deadlock, with any number of tasks?
//!
//! The question is about the most general program that keeps the rule. Of each of its waiting
//! tasks little matters: which slots it holds, each asked for in one series and lying in one (by a
//! leftover, not always the same), which locks, and what it asks for. The rule says which of these
//! go together; [`discipline`] lists them as pairs *held -> asked for*.
//!
//! - **By order.** If the resources can be put in an order in which every pair goes forward, from
//!   where the held thing *lies* to what is asked for, nothing can deadlock: of the tasks of a
//!   stuck set take the one whose need is last; who holds what it needs is stuck too, and waits for
//!   something later. This is the classical argument of ordered acquisition (Havender, *Avoiding
//!   deadlock in multitasking systems*, IBM Systems Journal 7, 1968).
//! - **By equations.** Slots kept for holders, and slots that are reserved beforehand, leave
//!   cycles in the pairs that are harmless. There the tasks of a stuck core have to satisfy linear
//!   inequalities; [`equations`] writes them down in sums over tasks, so that they hold for any
//!   number of tasks and slots, and a [refutation](kmapcheck_linear::Refutation) shows that they
//!   have no solution.
//! - **Refuted.** Otherwise [`candidates`] enumerates small programs that keep the rule, fewest
//!   tasks first, then fewest operations, then fewest slots. [`refute`] writes each as a scenario
//!   and runs the search on it; only one that really deadlocks, and does nothing else wrong, is an
//!   answer.
//!
//! What a program that keeps the rule is, [`Hypothesis`] spells out; docs/rules.md has the argument
//! at length. A proof is a [`RuleCertificate`], which [`verify_rule`] checks by other means.

pub mod candidates;
pub mod certificate;
pub mod decide;
pub mod discipline;
pub mod equations;
pub mod refute;
pub mod scenario;
pub mod sizes;
pub mod verify;

pub use certificate::{Argument, Hypothesis, RuleCertificate};
pub use decide::{Decision, Options, Undecided, decide};
pub use discipline::{Discipline, Held, Pair, Thing};
pub use refute::Refuted;
pub use sizes::{HoldersRow, ReservationRow};
pub use verify::verify_rule;
