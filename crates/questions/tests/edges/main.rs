//! What the commands say, on scenarios that aim at edges, against the plain search at small
//! numbers. `KMAPCHECK_CASES` makes it a campaign: see `just fuzz-edges`.
//!
//! | module | what |
//! |---|---|
//! | [`sizes`] | `size` |
//! | [`suggested`] | `suggest` |
//! | [`ordered`] | `order` and `conform` |

#[path = "../common/mod.rs"]
mod common;
mod ordered;
mod sizes;
mod suggested;
