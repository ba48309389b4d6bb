//! Options of the commands that have many, a file each. They are part of the one definition in
//! [`args`](crate::args).

pub mod compare;
pub mod picture;
pub mod simulate;
pub mod suite;
