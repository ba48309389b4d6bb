//! What loom cannot do, refused by name.

use std::fmt;

use kmapcheck_scenario::Program;

/// Tasks that loom can run: one thread each, the main thread among them.
pub const MAX_TASKS: u64 = loom::MAX_THREADS as u64;

/// Operations, all tasks together. loom counts the steps of a thread in 16 bits; an operation takes
/// a handful of them, and a few more for each time that it is woken in vain.
pub const MAX_OPERATIONS: u64 = 2_000;

/// A program that loom cannot run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    what: String,
    remedy: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the engine `loom` cannot do {}; {}",
            self.what, self.remedy
        )
    }
}

impl std::error::Error for Refusal {}

/// Checks that loom can run the program.
///
/// # Errors
///
/// If it asks for something that loom cannot do.
pub fn fits(program: &Program) -> Result<(), Refusal> {
    let refuse = |what: String, remedy: &str| {
        Err(Refusal {
            what,
            remedy: remedy.to_owned(),
        })
    };
    if let Some(open) = program.first_open() {
        return refuse(open.what(), &open.remedy());
    }
    if program.cpus.is_some() {
        return refuse("`cpus`".to_owned(), "use `--engine search`");
    }
    if program.has_loops() {
        return refuse("`loop`".to_owned(), "use `--engine search`");
    }
    let tasks = (program.task_count()).expect("a number that is open was refused");
    if tasks > MAX_TASKS {
        return refuse(
            format!("{tasks} tasks; it runs at most {MAX_TASKS}"),
            "use `--engine search`, or fewer instances with `--tasks NAME=N`",
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
            format!("{operations} operations; it runs at most {MAX_OPERATIONS}"),
            "use `--engine search`",
        );
    }
    Ok(())
}
