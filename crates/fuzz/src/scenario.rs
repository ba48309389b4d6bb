//! The target `scenario`.

use kmapcheck_machine::Findings;
use kmapcheck_scenario::Program;

use crate::{engines, load, prover};

/// Reads a scenario as `check` does, and has every engine run it.
///
/// # Panics
///
/// If something does not hold that must.
pub fn scenario(data: &[u8]) {
    if let Some(program) = std::str::from_utf8(data).ok().and_then(load) {
        explore(&program);
    }
}

/// Larger programs are for the search alone: everybody else tells all tasks apart somewhere.
const MOST_TASKS: u64 = 64;

/// Has every engine run a program that can.
pub(crate) fn explore(program: &Program) {
    if program.task_count().is_some_and(|tasks| tasks > MOST_TASKS) {
        engines::search(program);
    } else if program.first_open().is_none() {
        let seen = engines::agree(program);
        prover::proves(program, &[seen]);
    } else {
        let sized = prover::sized(program);
        let seen: Vec<Findings> = sized.iter().map(engines::reference).collect();
        prover::proves(program, &seen);
    }
}
