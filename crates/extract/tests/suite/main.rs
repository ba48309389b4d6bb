//! Snippets of C in the shapes of real code, and what extraction makes of them.

mod aliases;
mod asked;
mod bounds;
mod cases;
mod common;
mod constructs;
mod kernel;
mod macros;
mod mappings;
mod numbers;
mod objects;
mod patch_code;
mod reading;
mod refusals;
mod roots;
mod sections;
mod starts;
mod time;
mod values;
mod verdicts;
mod written;
