//! Certificates, and the checker that does not trust the prover.
//!
//! A [`Certificate`] says what does not occur in a scenario, for all the numbers that the scenario
//! leaves open, and why. [`verify`] checks it against the scenario itself: it finds out anew which
//! kinds of task wait for what while holding what, and tests that the order goes forward, or that
//! the sums of the inequalities come out as stated: what does not follow from the local states is
//! refused, whoever wrote it. In addition a digest over the whole text shows any change to what was
//! written.
//!
//! **What is trusted:** the reader of scenarios, the machine, the [local
//! states](kmapcheck_local) (their closure is tested against the plain search), and the check of
//! [refutations](kmapcheck_linear::refutes). The prover's graph, equations and solver are not: this
//! crate shares no code with them. Here everything is done in the plainest way, by enumeration.
//! Besides, what the inequalities say of any tasks is held against random runs from a fixed seed.
//! That proves nothing: it is there to catch a slip in their derivation.

mod bounds;
mod cases;
mod certificate;
mod check;
mod drains;
mod inequalities;
mod kinds;
mod names;
mod observed;
mod sets;
mod systems;

pub use certificate::{By, Certificate, FORMAT, Inequality, NotThere, Set, Waiters, digest};
pub use check::verify;
pub use kinds::{Kind, kinds};
pub use names::wanted;
pub use sets::keeps;
pub use systems::{System, problem, systems};
