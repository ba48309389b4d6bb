//! The local states that a task can be in, whatever the others do.
//!
//! Proofs about every number of tasks cannot look at global states; they look at one task in every
//! sort of surroundings. A step depends on few things outside its task: whether a slot is free and
//! whether a flush happens, whether the lock, unit or completion it wants is available, where a
//! shared page is mapped by others, which free page an allocation gets, whether a CPU is free. And
//! others change a task's local state only by a flush, which takes away the stale mappings of its
//! pages. [`Locals`] closes the initial local states under all of that. It over-approximates: each
//! task of each reachable state of the program, with any number of instances, is in one of these
//! local states, and waits for one of the things recorded there.
//!
//! The steps themselves are the machine's: each surrounding is a [`Shared`] part built around the
//! task, and the machine is asked what the task does in it.
//!
//! **Premises.** A page is either shared by name for good, or private to one task from the moment
//! it is allocated until it is freed. So programs that allocate into or free through a shared name
//! are refused, and so are those in which a page may be freed while its task still has it mapped
//! or locked, if anybody allocates: others could then meet those leftovers. A refusal says which
//! operation it is. Of queues for fair semaphores local states know nothing ([`unqueued`]).
//!
//! [`Shared`]: kmapcheck_machine::Shared

pub mod chains;
mod closure;
pub mod full;
mod holding;
mod local;
mod pageless;
mod path;
mod premise;
mod queues;
mod surroundings;

pub use closure::{Found, Locals, Situation, Waiter};
pub use holding::Holding;
pub use local::LocalState;
pub use pageless::possible_without_pages;
pub use path::{Acquired, Link, PathStep};
pub use premise::{Broken, BrokenPremise};
pub use queues::unqueued;
