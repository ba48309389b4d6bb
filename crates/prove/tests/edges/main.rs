//! What is said of scenarios that aim at edges, against the plain search at small numbers.
//! `KMAPCHECK_CASES` makes it a campaign: see `just fuzz-edges`.
//!
//! | module | what |
//! |---|---|
//! | [`any`] | open numbers |
//! | [`padded`] | given numbers, where not every state is visited |

mod any;
#[path = "../common/mod.rs"]
mod common;
mod padded;
