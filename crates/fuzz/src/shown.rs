//! What a user gets to see of an outcome: every trace is replayed for it.

use std::time::Duration;

use kmapcheck_engine::Outcome;
use kmapcheck_export::{Target, export};
use kmapcheck_machine::Trace;
use kmapcheck_report::{Fault, Report, escape};
use kmapcheck_scenario::Program;
use kmapcheck_search::point_of_no_return;
use kmapcheck_show::recording::Recording;
use kmapcheck_show::screen::{Replay, lines};
use kmapcheck_show::{json, text};

use crate::{COMMAND, MAX_STATES, limits};

/// The report of an engine's outcome.
pub(crate) fn report(program: &Program, outcome: &Outcome) -> Report {
    built(program, outcome).unwrap_or_else(|fault| panic!("{}: {fault}", outcome.engine))
}

/// The report of findings that may or may not hold.
pub(crate) fn built(program: &Program, outcome: &Outcome) -> Result<Report, Fault> {
    let lost = |trace: &Trace, core: &[usize]| {
        point_of_no_return(program, trace, core, &limits(MAX_STATES)).step()
    };
    Report::build(program, outcome, Duration::ZERO, &lost)
}

/// Everything that is made of an outcome, and of the program itself.
pub(crate) fn whole(program: &Program, outcome: &Outcome) {
    let mut tamed = program.clone();
    escape::program(&mut tamed);
    all_of(&tamed, &report(&tamed, outcome));
    for target in [Target::Promela, Target::Murphi, Target::Tla, Target::Pnml] {
        if let Err(refusal) = export(program, target, None) {
            assert!(!refusal.to_string().is_empty());
        }
    }
}

/// Everything that is made of a report.
pub(crate) fn all_of(program: &Program, report: &Report) {
    let options = text::Options {
        width: 80,
        elapsed: false,
    };
    let said = text::render(report, &options);
    assert!(!said.contains(COMMAND), "{said:?}");
    let recordings = Recording::all(program, report).unwrap_or_else(|error| panic!("{error}"));
    let page = kmapcheck_show::page::render(program, report, &recordings);
    page.unwrap_or_else(|error| panic!("{error}"));
    json::one(report).unwrap_or_else(|error| panic!("{error}"));
    let replay = Replay::new(report, recordings);
    let said = lines::render(&replay);
    assert!(!said.contains(COMMAND), "{said:?}");
}
