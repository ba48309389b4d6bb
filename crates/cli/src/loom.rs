//! The engine `loom`: alone, or to confirm what the search says.

use std::time::Instant;

use kmapcheck_limits::Limits;
use kmapcheck_loom::{Error, LoomLimits, LoomOutcome, OnlyOne, fits, only_one, steps_of_one};
use kmapcheck_machine::{Findings, Stopped};
use kmapcheck_report::words::{count, number};
use kmapcheck_report::{Report, text};
use kmapcheck_scenario::Program;

use crate::args::LoomArgs;
use crate::fault;
use crate::input::{self, Failure};
use crate::output;
use crate::progress::Line;
use crate::run::{EXPLORING, Run};

/// Runs loom on a program and reports.
pub fn run(
    program: &Program,
    args: LoomArgs,
    limits: &Limits,
    run: &Run,
    line: &Line,
) -> Result<Report, Failure> {
    if limits.max_states.is_some() {
        let said = "the engine `loom` knows no states; use `--max-interleavings`";
        return Err(Failure::Refused(said.to_owned()));
    }
    let loom_limits = LoomLimits {
        max_interleavings: args.max_interleavings,
        budget: None,
        preemptions: args.preemptions,
        limits: limits.clone(),
    };
    let start = Instant::now();
    let loom = run.phase(EXPLORING, || explore(program, &loom_limits, line))?;
    let mut report = input::report(program, &loom.outcome, start.elapsed(), run)?;
    report.coverage.interleavings = Some(loom.interleavings);
    Ok(report)
}

/// Lets loom confirm the search's report within a budget of so many steps of work; the line to
/// print, or nothing if loom cannot run such programs.
pub fn confirm(
    program: &Program,
    report: &Report,
    budget: u64,
    run: &Run,
    line: &Line,
) -> Result<String, Failure> {
    if fits(program).is_err() {
        return Ok(String::new());
    }
    let loom_limits = LoomLimits {
        budget: Some(budget),
        ..LoomLimits::default()
    };
    let start = Instant::now();
    let loom = run.phase("confirming", || explore(program, &loom_limits, line))?;
    let elapsed = start.elapsed();
    let search: Findings = report.findings.iter().map(|finding| finding.kind).collect();
    match only_one(program, search, &loom) {
        None if loom.outcome.stopped == Some(Stopped::Interleavings(0)) => Ok(format!(
            "loom was not asked: one interleaving of the kernel's own allocator is beyond its budget; \
             `--loom-budget {}` is enough for about a hundred.\n",
            // loom takes few tasks, of few operations: this does not overflow.
            100 * steps_of_one(program)
        )),
        None => Ok(said(search, &loom)),
        Some(OnlyOne::Loom(kind)) => {
            let other = input::report(program, &loom.outcome, elapsed, run)?;
            let options = text::Options {
                width: output::width(),
                elapsed: false,
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

/// Where the budget came first.
const SO_FAR: &str = "loom found nothing else in";

/// How much loom ran, and that it agrees.
fn said(search: Findings, loom: &LoomOutcome) -> String {
    let n = count(loom.interleavings, "interleaving");
    let found = loom.outcome.kinds();
    let missing: Vec<&str> = search.minus(found).iter().map(|kind| kind.name()).collect();
    match (loom.complete, missing.as_slice()) {
        (true, []) => {
            format!("loom agrees: every interleaving of the kernel's own allocator, {n}.\n")
        }
        (true, missing) => format!(
            "loom agrees: every interleaving of the kernel's own allocator, {n}; not seen there: {}, \
             which depends on what a scan flushes.\n",
            missing.join(", ")
        ),
        (false, []) => format!("{SO_FAR} {n} of the kernel's own allocator, and there are more.\n"),
        (false, missing) => format!(
            "{SO_FAR} {n} of the kernel's own allocator, and there are more; none of those that it \
             ran shows {}.\n",
            missing.join(" or ")
        ),
    }
}

fn explore(program: &Program, limits: &LoomLimits, line: &Line) -> Result<LoomOutcome, Failure> {
    let outcome = fault::catch(|| {
        kmapcheck_loom::run(program, limits, &mut |progress| line.show_loom(progress))
    });
    outcome
        .map_err(Failure::Fault)?
        .map_err(|error| match error {
            Error::Refused(refusal) => Failure::Refused(refusal.to_string()),
            Error::GaveUp(_) => Failure::Refused(error.to_string()),
            Error::Disagreement(disagreement) => {
                let mut said = format!("{disagreement}\nWhat the tasks did on the allocator:");
                for line in disagreement.lines(program) {
                    said.push_str("\n  ");
                    said.push_str(&line);
                }
                said.push_str("\nWhat the machine can follow of it:");
                let followed = kmapcheck_machine::replay(program, &disagreement.trace);
                for step in followed.iter().flat_map(|replay| replay.steps.iter()) {
                    said.push_str(&format!("\n  {:?}", step.effect));
                }
                Failure::Fault(said)
            }
        })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::AtomicBool;
    use std::time::Duration;

    use kmapcheck_scenario::{Overrides, load_str};
    use kmapcheck_search::Engine;

    use super::*;
    use crate::exit::Exit;

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
        Run::start(&Limits::default(), |_| (String::new(), Exit::Inconclusive))
    }

    fn search(program: &Program) -> Report {
        let limits = Limits::default();
        let outcome = kmapcheck_search::run(Engine::Search, program, &limits, &mut |_| {})
            .unwrap_or_else(|refusal| panic!("{refusal}"));
        input::report(program, &outcome, Duration::ZERO, &unlimited())
            .unwrap_or_else(|_| panic!("no report"))
    }

    fn confirmed(program: &Program, report: &Report) -> Result<String, Failure> {
        let line = Line::new("s.json", true);
        confirm(program, report, 1_000_000, &unlimited(), &line)
    }

    #[test]
    fn agreement_is_one_line() {
        for needed in [2, 3] {
            let program = program(needed);
            let said =
                confirmed(&program, &search(&program)).unwrap_or_else(|_| panic!("they agree"));
            assert!(
                said.starts_with("loom agrees: every interleaving"),
                "{said}"
            );
            assert_eq!(said.lines().count(), 1);
        }
    }

    #[test]
    fn a_budget_of_too_few_steps_is_said_to_be_one() {
        let (program, line) = (program(2), Line::new("s.json", true));
        let report = search(&program);
        let said = confirm(&program, &report, 1, &unlimited(), &line)
            .unwrap_or_else(|_| panic!("nothing disagrees"));
        let enough = 100 * steps_of_one(&program);
        assert!(
            said.starts_with("loom was not asked")
                && said.contains(&format!("`--loom-budget {enough}`")),
            "{said}"
        );
    }

    #[test]
    fn another_limit_is_not_said_to_be_the_budget() {
        let (program, line) = (program(2), Line::new("s.json", true));
        let report = search(&program);
        let interrupted = Limits {
            interrupt: Some(Arc::new(AtomicBool::new(true))),
            ..Limits::default()
        };
        let run = Run::start(&interrupted, |_| (String::new(), Exit::Inconclusive));
        // Not to be ended from outside: that would be the end of the tests.
        run.finish();
        let said = confirm(&program, &report, 1_000_000, &run, &line)
            .unwrap_or_else(|_| panic!("nothing disagrees"));
        assert!(said.starts_with(SO_FAR), "{said}");
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
