//! Reports, shown: a report goes in, bytes come out. Nothing here decides anything.
//!
//! | module | what |
//! |---|---|
//! | [`text`] | for people, in a terminal |
//! | [`json`] | for programs |
//! | [`listing`] | a program as the engines run it |
//! | [`suite`] | many reports at once, for CI systems: JUnit, SARIF, annotations |
//! | [`picture`] | graphs: DOT, SVG, Mermaid |
//! | [`mod@recording`] | what happens in a trace, state by state, for showing and saving it |
//! | [`page`] | all of it as one page for browsers |
//! | [`screen`] | traces step by step in a terminal |
//!
//! What a step does and what a task waits for is asked of the machine; what is stuck is what the
//! report says.

pub mod json;
pub mod listing;
pub mod page;
pub mod picture;
pub mod recording;
pub mod screen;
pub mod suite;
pub mod text;
