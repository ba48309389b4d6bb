//! What can be proved about programs, by equations where they suffice and by search where not.
//!
//! | module | what |
//! |---|---|
//! | [`mod@settle`] | one program: safe, not safe, or not decided |
//! | [`size`] | which numbers of slots and tasks are safe |
//! | [`suggest`] | which orders, reuse policies and kmaps to change |

pub mod settle;
pub mod size;
pub mod suggest;
