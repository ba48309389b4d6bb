//! Files and places in them: what was read, where something stands, and what is wrong there, drawn
//! for the person who has to put it right.

pub(crate) mod diagnostic;
pub(crate) mod files;
mod render;
pub(crate) mod suggest;
pub(crate) mod text;
