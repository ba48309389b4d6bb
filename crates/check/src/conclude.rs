//! From an outcome to a report, with the point of no return.

use std::time::Duration;

use kmapcheck_engine::Outcome;
use kmapcheck_limits::Limits;
use kmapcheck_machine::Trace;
use kmapcheck_report::{Fault, Report};
use kmapcheck_scenario::Program;

use crate::failure::Failure;
use crate::run::{REPORTING, Run};

/// States that the search for a point of no return may visit. A bound on states, not on time,
/// keeps reports the same from run to run.
const POINT_OF_NO_RETURN_STATES: u64 = 100_000;

/// The report of an outcome. If there is no time to work out all of it, a brief one.
pub(crate) fn report(
    program: &Program,
    outcome: &Outcome,
    elapsed: Duration,
    run: &Run,
) -> Result<Report, Failure> {
    let brief = || Report::brief(program, outcome, elapsed);
    run.know(brief());
    let point_of_no_return = |trace: &Trace, core: &[usize]| {
        let timeout = match run.time_left() {
            None => None,
            Some(left) => Some(share(left, trace.steps.len())?),
        };
        way_out(program, trace, core, timeout)
    };
    let build = || Report::build(program, outcome, elapsed, &point_of_no_return);
    let built = run.last(REPORTING, || {
        build().map_err(|fault: Fault| Failure::Fault(fault.to_string()))
    });
    match built {
        Err(Failure::Stopped { .. }) => Ok(brief()),
        built => built,
    }
}

/// The first step after which nothing saves the core, if that is found within limits.
pub(crate) fn way_out(
    program: &Program,
    trace: &Trace,
    core: &[usize],
    timeout: Option<Duration>,
) -> Option<usize> {
    let limits = Limits {
        max_states: Some(POINT_OF_NO_RETURN_STATES),
        timeout,
        ..Limits::default()
    };
    kmapcheck_search::point_of_no_return(program, trace, core, &limits).step()
}

/// What each search for a way out may take for all of them together to take no longer than what is
/// `left`: the trace is bisected. `None`: there is no time left.
fn share(left: Duration, steps: usize) -> Option<Duration> {
    let searches = usize::BITS - steps.leading_zeros() + 1;
    Some(left / searches).filter(|share| !share.is_zero())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use kmapcheck_scenario::Overrides;
    use kmapcheck_search::Engine;

    use super::*;

    #[test]
    fn the_searches_for_a_way_out_share_what_is_left() {
        assert_eq!(share(Duration::ZERO, 10), None);
        let share = share(Duration::from_secs(60), 1024).expect("there is time left");
        assert!(share <= Duration::from_secs(5), "{share:?}");
    }

    /// `t` waits idly with the lock that `u` wants: `u` is to be saved, and is if it comes first.
    #[test]
    fn who_waits_idly_need_not_be_saved() {
        let text = r#"{ "name": "t", "locks": { "a": "semaphore" }, "completions": ["c"], "tasks": [
            { "name": "t", "program": [ { "might_sleep": true }, { "down": "a" },
                { "wait_for_completion": "c", "idle": true }, { "up": "a" } ] },
            { "name": "u", "program": [ { "down": "a" }, { "up": "a" } ] } ] }"#;
        let program = kmapcheck_scenario::load_str("t.json", text, &Overrides::default())
            .unwrap_or_else(|errors| panic!("{errors}"));
        let limits = Limits::default();
        let outcome =
            kmapcheck_search::run(Engine::Search, &program, &limits, &mut |_| {}).expect("it runs");
        let report = report(&program, &outcome, Duration::ZERO, &Run::unguarded(&limits))
            .unwrap_or_else(|failure| panic!("{failure}"));
        assert_eq!(report.findings.len(), 1);
        assert_eq!(report.findings[0].run.steps.len(), 2);
        assert_eq!(report.findings[0].point_of_no_return, Some(2));
    }

    #[test]
    fn no_time_left_means_no_point_of_no_return() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../scenarios/pte-highmem/mremap-two-pagetables.json");
        let program = kmapcheck_scenario::load(&file, &Overrides::default())
            .unwrap_or_else(|errors| panic!("{errors}"));
        let outcome =
            kmapcheck_search::run(Engine::Search, &program, &Limits::default(), &mut |_| {})
                .expect("it runs");
        let known = |timeout| {
            let limits = Limits {
                timeout,
                ..Limits::default()
            };
            let run = Run::unguarded(&limits);
            let report = report(&program, &outcome, Duration::ZERO, &run)
                .unwrap_or_else(|failure| panic!("{failure}"));
            // Whatever the limits: what was found is told.
            assert_eq!(report.findings.len(), 1);
            report.findings[0].point_of_no_return.is_some()
        };
        assert!(known(None) && known(Some(Duration::from_secs(600))));
        assert!(!known(Some(Duration::from_nanos(1))));
    }
}
