//! Which sets of waiting tasks could be stuck on one another: the *stuck-core equations*.
//!
//! In a state with a stuck set, let K be the greatest one and *r -> r'* where a task of K holds
//! what makes *r* unavailable and itself waits for *r'*. (A task that waits for two things at once,
//! one of them a CPU, is stuck on at least one of them, and counts with that one alone.) The graph
//! of what K waits for has a strongly connected component E that no edge leaves. Everything that
//! makes the things in E unavailable is held by tasks of K that wait, again, for something in E:
//! they are a *core*. So for every *r* in E the tasks of the core hold enough: all slots of a
//! series, the lock, so many units that fewer than *n* are left. And like any tasks that exist
//! together, they do not hold more of anything than there is. With one unknown for each [local
//! state](kmapcheck_local) that waits (how many tasks of the core are in it), both are linear
//! inequalities:
//!
//! - for each *r* in E: what the core holds of *r* >= what makes *r* unavailable;
//! - for each series in E: what the core holds of it in slots of its own, and one slot for each
//!   shared page >= the same, since a shared page lies in one slot, whoever maps it;
//! - for every resource, in E or not: what the core holds of it <= what there is of it;
//! - for each series that keeps n slots for holders: the tasks of the core with a pin there <= the
//!   other slots, or none if there are no others (where that follows: see [`case`]);
//! - for each task program: its tasks in the core <= its instances;
//! - for each *r* in E: at least one task of the core waits for it.
//!
//! If for no strongly connected E these have a solution in non-negative integers, no state of the
//! program has a stuck set. That is a proof for all numbers of tasks and slots that the unknowns
//! leave open: an instance count of `"any"` has no inequality, and slots of `"any"` are an unknown
//! of their own. Where the graph has no cycle there is no E, and nothing to solve: that is the
//! classical argument by order. A lock that both sides of a cycle hold (a *gate*) makes the
//! inequalities unsolvable, since it can be held only once; so does a semaphore with which slots
//! are reserved beforehand.
//!
//! The converse is not claimed: a solution is a core that the arithmetic allows, which an actual
//! run may or may not reach.
//!
//! | module | what |
//! |---|---|
//! | [`amount`] | how much of what is waited for must be held for it to be missing |
//! | [`graph`] | who holds what while waiting for what; order; cycles |
//! | [`reading`] | selects and queues, read as waits for one thing |
//! | [`digraph`] | the same of any small graph |
//! | [`case`] | what is told apart before there are inequalities |
//! | [`mod@equations`] | the inequalities for one set of things waited for |
//! | [`mod@exclude`] | all sets: excluded, each with its refutation, or possible |
//! | [`flow`] | what anybody may give: how much has been given and taken |
//! | [`drain`] | that no task starves |
//! | [`reach`] | a shortest run into a core |

pub mod amount;
pub mod case;
pub mod digraph;
pub mod drain;
pub mod equations;
pub mod exclude;
pub mod flow;
pub mod graph;
pub mod reach;
pub mod reading;

pub use amount::Amount;
pub use case::Case;
pub use drain::{LetsGo, cannot_starve, comes_to_rest, lets_go};
pub use equations::{Core, Equations, Fact, Sizes};
pub use exclude::{
    Cores, Excluded, Judged, Possible, Sets, Undecided, cores_as_asked, each_set, judge,
    judge_the_patient,
};
pub use flow::{Flow, Taken, Way, possible};
pub use graph::{Graph, Kind};
pub use reach::shortest_run;
