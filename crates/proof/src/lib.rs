//! What can be said about task programs without running them together.
//!
//! | module | what |
//! |---|---|
//! | [`conform`] | which paths of which programs break the model's rule |
//! | [`pairs`] | what is held while something else is asked for, and whether that goes in a circle |
//! | [`chains`] | every way in which a task can have come by what it holds |
//! | [`place`] | operations and things, as people read them |

pub mod chains;
pub mod conform;
pub mod pairs;
pub mod place;
