//! From C to instructions.
//!
//! | module | what |
//! |---|---|
//! | [`comments`] | comments out, line and column kept |
//! | [`conditional`] | directives: `#if` and its kin decided, macros defined where they stand, includes followed |
//! | [`macros`] | what names stand for at a place, and the preprocessor's tokens |
//! | [`expand`] | macros expanded as text, within bounds |
//! | [`substitute`] | one use of a macro |
//! | [`constant`] | the value of a constant expression |
//! | [`foreach`](mod@foreach) | heads of loops that no macro is known for |
//! | [`spelling`] | `typeof` and attributes, which the grammar does not know everywhere |
//! | [`types`] | types as arguments, which the grammar does not know |
//! | [`tree`] | tree-sitter: the syntax tree, and asking it |
//! | [`outside`] | what is declared outside of functions: private to a file, arrays, pointers |
//! | [`overlap`] | members of unions that are one place |
//! | [`pointed`] | what pointers may point to, by names |
//! | [`mod@unit`] | all files together: functions, macros, enumerators |
//! | [`pointers`] | which functions a pointer may be |
//! | [`instruction`] | what a function is lowered to |
//! | [`lower`] | a syntax tree as instructions: branches, jumps, calls, assignments |
//! | [`graph`] | successors, post-dominators, what is live where |
//! | [`loops`] | where loops are left, and what their rounds change |
//! | [`callee`](mod@callee) | what calls may do |
//! | [`slice`](mod@slice) | which instructions matter for operations, between functions too |
//! | [`unseen`] | what can be reached and is not looked into |
//!
//! The code need not compile, nor be complete: includes that are not given are passed over, and a
//! region that does not parse is refused only if it lies on the way of something that matters.

pub mod callee;
pub mod comments;
pub mod conditional;
pub mod constant;
pub mod expand;
pub mod foreach;
pub mod graph;
pub mod instruction;
pub mod loops;
pub mod lower;
pub mod macros;
pub mod names;
pub mod outside;
pub mod overlap;
pub mod pointed;
pub mod pointers;
pub mod slice;
pub mod spelling;
pub mod substitute;
pub mod tree;
pub mod types;
pub mod unit;
pub mod unseen;
