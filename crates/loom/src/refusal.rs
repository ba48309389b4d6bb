//! What loom cannot do, refused by name.

use kmapcheck_engine::{Refusal, Remedy};
use kmapcheck_scenario::{Op, Patience, Program};

use crate::findings::ENGINE;

/// Tasks that loom can run: one thread each, the main thread among them.
pub const MAX_TASKS: u64 = loom::MAX_THREADS as u64;

/// Operations, all tasks together. loom counts the steps of a thread in 16 bits; an operation takes
/// a handful of them, and a few more for each time that it is woken in vain.
pub const MAX_OPERATIONS: u64 = 2_000;

/// Checks that loom can run the program.
///
/// # Errors
///
/// If it asks for something that loom cannot do.
pub fn fits(program: &Program) -> Result<(), Refusal> {
    Refusal::of_open_numbers(ENGINE, program)?;
    let refuse = |what: &str, remedy| Err(Refusal::cannot(ENGINE, what, remedy));
    if program.cpus.is_some() {
        return refuse("`cpus`", Remedy::Search);
    }
    if program.has_loops() {
        return refuse("`loop`", Remedy::Search);
    }
    if program.has_op(|op| op == Op::Select) {
        return refuse("`select`", Remedy::Search);
    }
    if program.has_patience(Patience::GivesUp) {
        return refuse("`gives_up`", Remedy::Search);
    }
    if program.has_queues() {
        return refuse("a fair semaphore", Remedy::Search);
    }
    let tasks = (program.task_count()).expect("a number that is open was refused");
    if tasks > MAX_TASKS {
        return refuse(
            &format!("{tasks} tasks; it runs at most {MAX_TASKS}"),
            Remedy::SearchOrFewerTasks,
        );
    }
    let operations: u64 = program
        .templates
        .iter()
        .map(|template| {
            template.nodes.len() as u64 * u64::from(kmapcheck_machine::instances(template.count))
        })
        .sum();
    if operations > MAX_OPERATIONS {
        return refuse(
            &format!("{operations} operations; it runs at most {MAX_OPERATIONS}"),
            Remedy::Search,
        );
    }
    Ok(())
}
