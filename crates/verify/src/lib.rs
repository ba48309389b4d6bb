//! Certificates, and the checker that does not trust the prover.
//!
//! A [`Certificate`] says what does not occur in a scenario, for all the numbers that the scenario
//! leaves open, and why. It has the local states that a task can be in. [`verify`] checks it against
//! the scenario itself: that the local states are all there are, which kinds of task wait for what
//! while holding what, and that the order goes forward, or that the sums of the inequalities come out
//! as stated: what does not follow from the local states is refused, whoever wrote it. In addition a
//! digest over the whole text shows any change to what was written.
//!
//! **What is trusted:** the reader of scenarios, the machine, and the check of
//! [refutations](kmapcheck_linear::refutes). The prover's local states, graph, equations and solver
//! are not: this crate shares no code with them. Here everything is done in the plainest way, by
//! enumeration. Besides, what the inequalities say of any tasks is held against random runs from a
//! fixed seed. That proves nothing: it is there to catch a slip in their derivation.
//!
//! | module | what |
//! |---|---|
//! | `certificate`, `states` | what a certificate consists of |
//! | `local` | one task with the pages that only it knows, and what it holds |
//! | `plain`, `around`, `closed` | that a list of local states has all that a task can be in |
//! | `kinds` | who waits for what while holding what |
//! | `sets`, `cases`, `bounds`, `inequalities` | what tasks could be stuck on, and what would follow |
//! | `counted`, `flow` | what follows from how often steps are taken |
//! | `systems` | all that has to be refuted |
//! | `ranks` | that everybody lets go, or comes to rest |
//! | `observed` | the inequalities, held against runs |
//! | `check` | whether a certificate holds |

mod around;
mod bounds;
mod cases;
mod certificate;
mod check;
mod closed;
mod counted;
mod flow;
mod inequalities;
mod kinds;
mod local;
mod names;
mod observed;
mod plain;
mod ranks;
mod sets;
mod states;
mod systems;

#[cfg(test)]
mod tests;

pub use certificate::{
    By, Certificate, Counting, FORMAT, Give, Inequality, NotThere, Set, Taken, Waiters, digest,
};
pub use check::verify;
pub use closed::Closed;
pub use flow::{Flow, open_pools};
pub use kinds::{Kind, kinds};
pub use local::{Local, Thing};
pub use names::wanted;
pub use ranks::{ranks_to_drain, ranks_to_rest};
pub use sets::keeps;
pub use states::{Content, Does, Map, Name, Own, Page, State, States};
pub use systems::{System, flow_systems, problem, systems};
