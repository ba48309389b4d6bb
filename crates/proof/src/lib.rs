//! Claims about every program, every number of tasks, every number of slots.
//!
//! | module | what |
//! |---|---|
//! | [`rule`] | whether the discipline that a model states is sufficient |

pub mod rule;
