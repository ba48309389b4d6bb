//! What the commands say, on scenarios that aim at edges, against the plain search at small
//! numbers. `KMAPCHECK_CASES` makes it a campaign: see `just fuzz-edges`.
//!
//! | module | what |
//! |---|---|
//! | [`any`] | `check` with open numbers |
//! | [`padded`] | `check` with numbers, where not every state is visited |
//! | [`sizes`] | `size` |
//! | [`suggested`] | `suggest` |
//! | [`ordered`] | `order` and `conform` |

mod any;
#[path = "../common/mod.rs"]
mod common;
mod ordered;
mod padded;
mod sizes;
mod suggested;
