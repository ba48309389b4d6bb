//! The semantics, and nothing else: states, enabled steps, what a step does, and what is wrong
//! with it. No search, no input or output.
//!
//! A [`State`] keeps every task and every page apart. [`steps`] lists what one task can do next as
//! a pure function of the task and the [`Shared`] part it meets others in; [`standing`] says what
//! a task waits for, [`Wanted`] the same told of no particular state; [`replay`] runs traces. This is the only place that knows what kmap does:
//! engines ask it, whatever their own representation of states.
//!
//! ```
//! use kmapcheck_machine::{Standing, Start, initial};
//! use kmapcheck_scenario::{Overrides, load_str};
//!
//! // One slot, and two tasks that want it.
//! let program = load_str("s.json", r#"{ "name": "s",
//!     "model": { "name": "m", "series": { "S": { "slots": 1, "reuse": "none" } } },
//!     "tasks": [ { "name": "t", "count": 2, "pages": ["p"], "program": [
//!         { "kmap": "p", "series": "S" }, { "kunmap": "p" } ] } ] }"#, &Overrides::default())?;
//! let mut state = initial(&program, &Start::default());
//! let successors = kmapcheck_machine::steps(&program, &state.tasks[0], &state.shared);
//! assert_eq!(successors.len(), 1);
//! state.advance(&program, 0, &successors[0]);
//! assert_eq!(state.standing(&program, 0), Standing::Moves);
//! assert!(matches!(state.standing(&program, 1), Standing::Waits(_)));
//! # Ok::<(), kmapcheck_scenario::Errors>(())
//! ```

mod ability;
mod effect;
mod findings;
mod initial;
mod ops;
mod page_table;
mod replay;
mod resource;
mod starts;
mod state;
mod step;
mod trace;
mod wait;
mod wanted;

pub use ability::Abilities;
pub use effect::Effect;
pub use findings::Findings;
pub use initial::{initial, instance_of, instances, task_name};
pub use page_table::PageTable;
pub use replay::{Replay, ReplayError, follow, replay, run};
pub use resource::Resource;
pub use starts::{Start, Starts, is_open};
pub use state::{
    Held, Map, Mode, Name, Page, PageId, ResourceState, Shared, State, Task, TaskId, Usage,
    is_forgettable,
};
pub use step::{
    Broadcast, CpuChange, LeftQueue, Lost, Successor, needs_cpu, steps, waiting_findings,
};
pub use trace::{Trace, TraceStep};
pub use wait::{Standing, Wait, Waiting, acceptable_series, alternatives, resolve, standing};
pub use wanted::{Given, Wanted};

#[cfg(test)]
mod testing;
