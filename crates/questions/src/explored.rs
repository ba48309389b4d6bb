//! A program explored, or decided where it is about every number, with the report on it.

use std::time::Duration;

use kmapcheck_engine::Progress;
use kmapcheck_limits::{Limits, unasked};
use kmapcheck_prove::decide::decide;
use kmapcheck_report::{Report, Size, refused};
use kmapcheck_scenario::Program;
use kmapcheck_search::{Engine, run};

/// The report on a program, and the numbers that its findings have for `"any"`.
///
/// # Errors
///
/// Why it cannot be explored, in words.
pub fn explored(
    program: &Program,
    limits: &Limits,
    progress: &mut dyn FnMut(&Progress),
) -> Result<(Report, Vec<Size>), String> {
    let report = |program: &Program, outcome| {
        // Whatever was reached: what was found is told.
        unasked(|| Report::build(program, outcome, Duration::ZERO, &|_, _| None))
            .map_err(|fault| fault.to_string())
    };
    if program.first_open().is_some() {
        let decision = decide(program, limits, progress).map_err(|refusal| refused(&refusal))?;
        let report = report(&decision.program, &decision.outcome)?;
        Ok((report, decision.sizes))
    } else {
        let outcome = run(Engine::Search, program, limits, progress);
        let report = report(program, &outcome.map_err(|refusal| refused(&refusal))?)?;
        Ok((report, Vec::new()))
    }
}
