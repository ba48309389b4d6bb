//! One scenario: from its file to its report.

use std::path::Path;
use std::time::Instant;

use kmapcheck_report::{Fault, Report};
use kmapcheck_scenario::{Errors, Overrides, Program};
use kmapcheck_search::{Engine, Limits, PointOfNoReturn, Refusal};

use crate::args::{EngineArg, OverrideArgs};
use crate::progress::Line;
use crate::{fault, output};

/// States that the search for a point of no return may visit. A bound on states, not on time,
/// keeps reports the same from run to run.
const POINT_OF_NO_RETURN_STATES: u64 = 100_000;

/// Why there is no report.
pub enum Failure {
    /// Something is wrong with the file or the overrides.
    Input(Errors),
    /// The engine cannot do what the scenario asks for.
    Refused(Refusal),
    /// Something is wrong with this program.
    Fault(String),
}

/// Reads a scenario. What it expects holds only for what it says itself: with overrides the
/// expectation is dropped.
pub fn load(path: &Path, overrides: &OverrideArgs) -> Result<Program, Failure> {
    let overrides = Overrides {
        model: overrides.model.clone(),
        slots: overrides.slots.clone(),
        tasks: overrides.tasks.clone(),
    };
    let changed = overrides != Overrides::default();
    let program =
        fault::catch(|| kmapcheck_scenario::load(path, &overrides)).map_err(Failure::Fault)?;
    let mut program = program.map_err(Failure::Input)?;
    if changed {
        program.expect = None;
    }
    Ok(program)
}

/// Runs an engine on a program and reports.
pub fn run(
    program: &Program,
    engine: EngineArg,
    limits: &Limits,
    line: &Line,
) -> Result<Report, Failure> {
    let engine = match engine {
        EngineArg::Search => Engine::Search,
        EngineArg::Reference => Engine::Reference,
    };
    let start = Instant::now();
    let outcome = fault::catch(|| {
        kmapcheck_search::run(engine, program, limits, &mut |progress| line.show(progress))
    });
    let outcome = outcome.map_err(Failure::Fault)?.map_err(Failure::Refused)?;
    let elapsed = start.elapsed();
    let rescue = Limits {
        max_states: Some(POINT_OF_NO_RETURN_STATES),
        timeout: None,
        ..limits.clone()
    };
    let point_of_no_return = |trace: &_, core: &[usize]| match kmapcheck_search::point_of_no_return(
        program, trace, core, &rescue,
    ) {
        PointOfNoReturn::Step(step) => Some(step),
        PointOfNoReturn::Undetermined => None,
    };
    let report = fault::catch(|| Report::build(program, &outcome, elapsed, &point_of_no_return));
    report
        .map_err(Failure::Fault)?
        .map_err(|fault: Fault| Failure::Fault(fault.to_string()))
}

impl Failure {
    /// Tells the user on standard error.
    pub fn tell(&self, path: &Path) {
        match self {
            Failure::Input(errors) => {
                let text = errors.render(output::error_colours(), output::error_width());
                anstream::eprintln!("{}", text.trim_end());
            }
            Failure::Refused(refusal) => {
                anstream::eprintln!("kmapcheck: {}: {refusal}", path.display())
            }
            Failure::Fault(said) => fault::tell(&format!("checking {}", path.display()), said),
        }
    }

    /// What the exit status says about it.
    pub fn exit(&self) -> crate::exit::Exit {
        match self {
            Failure::Input(_) | Failure::Refused(_) => crate::exit::Exit::BadInput,
            Failure::Fault(_) => crate::exit::Exit::Fault,
        }
    }
}
