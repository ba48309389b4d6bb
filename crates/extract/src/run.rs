//! The paths through the instructions, as a graph of states.
//!
//! | module | what |
//! |---|---|
//! | [`value`] | linear expressions over symbols, and where values are kept |
//! | [`state`] | a state: calls that are open, the store, facts, what is held |
//! | [`canonical`] | what is no longer mentioned is dropped, symbols are numbered: states equal up to renaming are one |
//! | [`shared`] | what states share until one of them changes it |
//! | [`coarse`] | what is forgotten where there are too many states |
//! | [`facts`] | whether linear facts can hold together |
//! | [`quick`](mod@quick) | answers that need no solver |
//! | [`evaluate`] | values of expressions, assignments, substitution |
//! | [`rounds`] | how many rounds of loops are followed, and what comes then |
//! | [`widen`] | what a loop changes is forgotten |
//! | [`lost`] | operations that no path comes to because one was cut |
//! | [`structure`] | structures by value |
//! | [`rest`] | quotients and rests by powers of two |
//! | [`step`](mod@step) | one instruction |
//! | [`call`] | calls |
//! | [`operation`] | what operations do to a state, and their labels |
//! | [`unmapped`] | unmaps of what is no address |
//! | [`identity`] | which object is meant, and whether two are one |
//! | [`counts`] | how many units semaphores and pools have at the start |
//! | [`naming`] | what pages and locks are called |
//! | [`label`] | operations with their arguments, as numbers |
//! | [`explore`](mod@explore) | every path, and the graph of states |

pub mod call;
pub mod canonical;
pub mod coarse;
pub mod counts;
pub mod evaluate;
pub mod explore;
pub mod facts;
pub mod identity;
pub mod label;
pub mod lost;
pub mod naming;
pub mod operation;
pub mod quick;
pub mod rest;
pub mod rounds;
pub mod section;
pub mod shared;
pub mod state;
pub mod step;
pub mod structure;
pub mod unmapped;
pub mod value;
pub mod widen;
