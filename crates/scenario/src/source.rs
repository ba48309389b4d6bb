//! Files and places in them: what was read, where something stands, and what is wrong there, drawn
//! for the person who has to put it right.

pub(crate) mod diagnostic;
pub(crate) mod files;
pub(crate) mod nearest;
mod render;
pub(crate) mod text;
pub(crate) mod width;
