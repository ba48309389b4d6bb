//! From C to instructions.
//!
//! | module | what |
//! |---|---|
//! | [`comments`] | comments out, line and column kept |
//! | [`conditional`] | `#if` and its kin decided, macros collected, lines kept |
//! | [`constant`] | the value of a constant expression |
//! | [`foreach`](mod@foreach) | macros that are the head of a loop, expanded as text |
//! | [`tree`] | tree-sitter: the syntax tree, and asking it |
//! | [`outside`] | what is declared outside of functions: private to a file, arrays, pointers |
//! | [`pointed`] | what pointers may point to, by names |
//! | [`mod@unit`] | all files together: functions, macros, enumerators |
//! | [`instruction`] | what a function is lowered to |
//! | [`lower`] | a syntax tree as instructions: branches, jumps, calls, assignments |
//! | [`graph`] | successors, post-dominators, what is live where |
//! | [`callee`](mod@callee) | what calls may do |
//! | [`slice`](mod@slice) | which instructions matter for operations, between functions too |
//!
//! The code need not compile, nor be complete: includes that are not given are passed over, and a
//! region that does not parse is refused only if it lies on the way of something that matters.

pub mod callee;
pub mod comments;
pub mod conditional;
pub mod constant;
pub mod foreach;
pub mod graph;
pub mod instruction;
pub mod lower;
pub mod names;
pub mod outside;
pub mod pointed;
pub mod slice;
pub mod tree;
pub mod unit;
