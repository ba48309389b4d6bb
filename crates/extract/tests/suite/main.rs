//! Snippets of C in the shapes of real code, and what extraction makes of them.

mod aliases;
mod common;
mod constructs;
mod mappings;
mod objects;
mod refusals;
mod starts;
mod verdicts;
mod written;
