//! What else can be asked about programs: each question a function from programs to an answer, with
//! the words it is told in.
//!
//! | module | question |
//! |---|---|
//! | [`rule`] | is the discipline that a model states sufficient? |
//! | [`conform`] | which paths of which programs break the model's rule? |
//! | [`mod@order`] | what is held while something else is asked for, and does that go in a circle? |
//! | [`size`] | which numbers of slots and tasks are safe? |
//! | [`mod@suggest`] | which orders, reuse policies and kmaps are to be changed? |
//! | [`compare`] | what do two models make of the same scenarios? |
//! | [`mod@matrix`] | what does each scenario do beside each other one? |
//! | [`simulate`] | how likely is a deadlock? |
//!
//! [`place`] says where an operation is, [`explored`] what comes of a program, [`markdown`] how words
//! stay words in Markdown.

mod canvas;
pub mod compare;
pub mod conform;
pub mod explored;
pub mod markdown;
pub mod matrix;
pub mod order;
pub mod place;
pub mod rule;
pub mod simulate;
pub mod size;
pub mod suggest;
