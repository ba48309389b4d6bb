//! The kernel's own kmap allocator, run by loom in every interleaving.
//!
//! The search judges an abstraction: one kmap is one atomic step. Here the real algorithm
//! (`pkmap_count`, `last_pkmap_nr`, `flush_all_zero_pkmaps`, `pkmap_map_wait`, `kmap_lock`) runs the
//! same programs on loom's primitives, and the log of every execution is followed on the machine:
//! whatever the allocator does, the machine must be able to do in one step for each operation, with
//! the same effect and the same findings.
//!
//! | module | what |
//! |---|---|
//! | `pkmap` | `kmap_high`, `map_new_virtual`, `flush_all_zero_pkmaps`, `kunmap_high` |
//! | `wait_queue`, `tasks` | `add_wait_queue`, `wake_up`, `schedule` |
//! | `lock`, `spinlock`, `semaphore`, `rwsem`, `page_lock`, `completion` | the other primitives |
//! | `freelist`, `kmap_atomic` | pages, and maps that need no slot |
//! | `kernel`, `driver` | all of it together, and a task's program run on it |
//! | `choices`, `starts` | what loom does not branch on, explored around it |
//! | `explore`, `recorder` | loom, and what happened in an execution |
//! | `work` | how much that costs |
//! | `follow`, `findings` | the log on the machine, and what was found |
//! | `agreement` | whether loom and the search say the same |
//! | `faults` | mistakes for the tests to seed |

mod agreement;
mod choices;
mod completion;
mod driver;
mod explore;
mod faults;
mod findings;
mod follow;
mod freelist;
mod kernel;
mod kmap_atomic;
mod limits;
mod lock;
mod page_lock;
mod pkmap;
mod recorder;
mod refusal;
mod run;
mod rwsem;
mod semaphore;
mod spinlock;
mod starts;
mod tasks;
mod wait_queue;
mod work;

pub use agreement::{OnlyOne, only_one};
pub use follow::Disagreement;
pub use limits::{LoomLimits, LoomProgress};
pub use recorder::{Event, What};
pub use refusal::{MAX_OPERATIONS, MAX_TASKS, fits};
pub use run::{Error, LoomOutcome, run};
pub use starts::flush_matters;
pub use work::steps_of_one;

#[cfg(test)]
mod tests;
