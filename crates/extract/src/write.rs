//! From the graph of states to the text of a scenario.
//!
//! | module | what |
//! |---|---|
//! | [`automaton`] | the operations of all paths, and nothing else: what is cut is left out, what goes on alike is one |
//! | [`graph`] | circles in it, and where ways join |
//! | [`structure`] | sequences, branches, loops and blocks |
//! | [`swap`] | shared locks that may change places |
//! | [`text`](mod@text) | JSON as a person would write it |
//! | [`scenario`] | the whole file |

pub mod automaton;
pub mod graph;
pub mod scenario;
pub mod structure;
pub mod swap;
pub mod text;
