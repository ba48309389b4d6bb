//! Snippets of C in the shapes of real code, and what extraction makes of them.

mod asked;
mod common;
mod constructs;
mod macros;
mod mappings;
mod reading;
mod refusals;
mod time;
mod verdicts;
mod written;
