//! loom's word on what the search found.

use std::time::Instant;

use kmapcheck_engine::Stopped;
use kmapcheck_loom::{LoomLimits, OnlyOne, fits, only_one, steps_of_one};
use kmapcheck_machine::Findings;
use kmapcheck_report::words::number;
use kmapcheck_report::{Confirmation, Extent, Report};
use kmapcheck_scenario::Program;
use kmapcheck_show::text;

use crate::ask::Ask;
use crate::came::Came;
use crate::conclude;
use crate::engines::{Progress, explore};
use crate::failure::Failure;
use crate::run::Run;

/// How many steps of work loom may do to confirm the search, unless told otherwise: about a tenth of
/// a second of them. A number, not a time: what is said must not depend on how fast the machine is.
pub const BUDGET: u64 = 100_000;

/// Lets loom confirm what came of a scenario, where that is of use: not if an engine was asked for, a
/// limit came first, it is about every number, or the budget is nothing.
///
/// # Errors
///
/// As [`confirm`].
pub fn confirmed(
    came: &Came<'_>,
    ask: &Ask,
    budget: u64,
    run: &Run,
    watcher: &mut dyn FnMut(Progress<'_>),
) -> Result<Option<Confirmation>, Failure> {
    match came {
        Came::Checked(checked)
            if ask.engine.is_none()
                && budget > 0
                && checked.report.stopped.is_none()
                && checked.report.proof.is_none() =>
        {
            confirm(&checked.program, &checked.report, budget, run, watcher)
        }
        _ => Ok(None),
    }
}

/// Lets loom confirm the search's report within a budget of steps of work; `None`: loom cannot run
/// such programs.
///
/// # Errors
///
/// If a limit comes first, or loom and the search disagree, which is a fault of this program.
pub fn confirm(
    program: &Program,
    report: &Report,
    budget: u64,
    run: &Run,
    watcher: &mut dyn FnMut(Progress<'_>),
) -> Result<Option<Confirmation>, Failure> {
    if fits(program).is_err() {
        return Ok(None);
    }
    let limits = LoomLimits {
        budget: Some(budget),
        ..LoomLimits::default()
    };
    let start = Instant::now();
    let loom = run.phase("confirming", || explore(program, &limits, watcher))?;
    let elapsed = start.elapsed();
    let of_kernel = program.maps_pages();
    let confirmation = |extent| Some(Confirmation { of_kernel, extent });
    let search: Findings = report.findings.iter().map(|finding| finding.kind).collect();
    match only_one(program, search, &loom) {
        None if loom.outcome.stopped == Some(Stopped::Interleavings(0)) => {
            // loom takes few tasks, of few operations: this does not overflow.
            let enough = 100 * steps_of_one(program);
            Ok(confirmation(Extent::NotAsked { enough }))
        }
        None => Ok(confirmation(Extent::Ran {
            interleavings: loom.interleavings,
            complete: loom.complete,
            missing: search.minus(loom.outcome.kinds()).iter().collect(),
        })),
        Some(OnlyOne::Loom(kind)) => {
            let other = conclude::report(program, &loom.outcome, elapsed, run)?;
            let options = text::Options {
                elapsed: false,
                ..text::Options::default()
            };
            Err(Failure::Fault(format!(
                "the kernel's allocator shows {kind}, which the search did not find. The search's \
                 report is above; this is loom's:\n\n{}",
                text::render(&other, &options)
            )))
        }
        Some(OnlyOne::Search(kind)) => Err(Failure::Fault(format!(
            "the search found {kind}, whose trace is above; the kernel's allocator, run in all {} \
             interleavings, does not show it",
            number(loom.interleavings)
        ))),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::AtomicBool;
    use std::time::Duration;

    use kmapcheck_limits::Limits;
    use kmapcheck_scenario::{Overrides, load_str};
    use kmapcheck_search::Engine;

    use super::*;

    /// One task that takes `needed` of two slots one by one: stuck if it needs three.
    fn program(needed: usize) -> Program {
        let pages = ["a", "b", "c"];
        let op = |op: &str, page: &str| {
            format!(
                r#"{{ "{op}": "{page}" {} }}"#,
                if op == "kmap" {
                    r#", "series": "S""#
                } else {
                    ""
                }
            )
        };
        let maps = pages[..needed].iter().map(|page| op("kmap", page));
        let unmaps = pages[..needed].iter().map(|page| op("kunmap", page));
        let text = format!(
            r#"{{ "name": "s", "model": {{ "name": "m", "series": {{ "S": {{ "slots": 2, "reuse": "none" }} }} }},
                  "tasks": [{{ "name": "t", "pages": ["a", "b", "c"], "program": [{}] }}] }}"#,
            maps.chain(unmaps).collect::<Vec<_>>().join(", ")
        );
        load_str("s.json", &text, &Overrides::default()).unwrap_or_else(|errors| panic!("{errors}"))
    }

    fn unlimited() -> Run {
        Run::unguarded(&Limits::default())
    }

    fn search(program: &Program) -> Report {
        let limits = Limits::default();
        let outcome = kmapcheck_search::run(Engine::Search, program, &limits, &mut |_| {})
            .unwrap_or_else(|refusal| panic!("{refusal}"));
        conclude::report(program, &outcome, Duration::ZERO, &unlimited())
            .unwrap_or_else(|_| panic!("no report"))
    }

    fn confirmed(program: &Program, report: &Report) -> Result<Option<Confirmation>, Failure> {
        confirm(program, report, 1_000_000, &unlimited(), &mut |_| {})
    }

    #[test]
    fn every_interleaving_is_run_where_there_are_few() {
        for needed in [2, 3] {
            let program = program(needed);
            let said =
                confirmed(&program, &search(&program)).unwrap_or_else(|_| panic!("they agree"));
            let Some(Confirmation {
                extent:
                    Extent::Ran {
                        complete: true,
                        missing,
                        interleavings: 1..,
                    },
                ..
            }) = said
            else {
                panic!("{said:?}");
            };
            assert!(missing.is_empty());
        }
    }

    #[test]
    fn a_budget_of_too_few_steps_is_said_to_be_one() {
        let program = program(2);
        let said = confirm(&program, &search(&program), 1, &unlimited(), &mut |_| {})
            .unwrap_or_else(|_| panic!("nothing disagrees"));
        let enough = 100 * steps_of_one(&program);
        let extent = Extent::NotAsked { enough };
        assert_eq!(said.map(|said| said.extent), Some(extent));
    }

    #[test]
    fn another_limit_is_not_said_to_be_the_budget() {
        let program = program(2);
        let report = search(&program);
        let interrupted = Limits {
            interrupt: Some(Arc::new(AtomicBool::new(true))),
            ..Limits::default()
        };
        let run = Run::unguarded(&interrupted);
        let said = confirm(&program, &report, 1_000_000, &run, &mut |_| {})
            .unwrap_or_else(|_| panic!("nothing disagrees"));
        let extent = said.map(|said| said.extent);
        let ran = matches!(
            extent,
            Some(Extent::Ran {
                complete: false,
                ..
            })
        );
        assert!(ran, "{extent:?}");
    }

    #[test]
    fn what_only_loom_finds_is_a_fault_with_its_trace() {
        let program = program(3);
        let mut report = search(&program);
        report.findings.clear();
        let Err(Failure::Fault(said)) = confirmed(&program, &report) else {
            panic!("a search that misses a deadlock is not confirmed");
        };
        assert!(
            said.contains("shows deadlock, which the search did not find"),
            "{said}"
        );
        assert!(
            said.contains("kmap(b, S)") && said.contains("waits in kmap(c, S)"),
            "{said}"
        );
    }

    #[test]
    fn what_only_the_search_finds_is_a_fault() {
        let program = program(2);
        let mut report = search(&program);
        report.findings = search(&self::program(3)).findings;
        let Err(Failure::Fault(said)) = confirmed(&program, &report) else {
            panic!("a deadlock that does not exist is not confirmed");
        };
        assert!(said.contains("the search found deadlock"), "{said}");
    }
}
