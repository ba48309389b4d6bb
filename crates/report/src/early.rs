//! Reports of runs that were cut off before the report was complete.

use std::time::Duration;

use kmapcheck_engine::{Outcome, Stopped as Why, Verdict};
use kmapcheck_limits::Reached;
use kmapcheck_scenario::Program;

use crate::coverage;
use crate::report::{Coverage, Finding, Report, Stopped};

impl Stopped {
    /// Why a run ended early that was stopped while `doing` something, such as `reading`.
    #[must_use]
    pub fn of(reached: Reached, doing: &str) -> Stopped {
        Stopped {
            doing: Some(doing.to_owned()),
            ..coverage::stopped_by(&Why::from(reached), 0, "search", "FILE")
        }
    }

    /// The same, in a line.
    #[must_use]
    pub fn line(reached: Reached, doing: &str) -> String {
        format!(
            "stopped while {doing}: {}",
            Stopped::of(reached, doing).text
        )
    }
}

impl Report {
    /// The report of a run that was stopped while `doing` something, such as `reading`, before an
    /// engine had anything to say. `program`: as far as it is known by then.
    #[must_use]
    pub fn stopped_while(
        doing: &str,
        file: &str,
        program: Option<&Program>,
        engine: &str,
        reached: Reached,
    ) -> Report {
        let mut stopped = Stopped::of(reached, doing);
        stopped.repeat(engine, &[], file);
        Report {
            scenario: program.map_or_else(|| file.to_owned(), |program| program.name.clone()),
            file: file.to_owned(),
            model: program.map_or_else(String::new, |program| program.model.clone()),
            verdict: Verdict::Inconclusive,
            findings: Vec::new(),
            expected: program.and_then(|program| program.expect.clone()),
            as_expected: None,
            stopped: Some(stopped),
            coverage: Coverage {
                engine: engine.to_owned(),
                ..Coverage::default()
            },
            idle_waits: None,
            proof: None,
            remarks: Vec::new(),
            assumed: program.map_or_else(Vec::new, |program| program.assumed.clone()),
            elapsed_ms: 0.0,
        }
    }

    /// What was found, without the ways there: there is no time or memory left to work these out.
    #[must_use]
    pub fn brief(program: &Program, outcome: &Outcome, elapsed: Duration) -> Report {
        let found = outcome.findings.iter().map(|found| Finding {
            summary: format!(
                "found after {}; a limit came before the way there was worked out",
                crate::words::count(found.trace.steps.len() as u64, "step")
            ),
            ..Finding::bare(found)
        });
        let report = Report::bare(program, outcome, elapsed);
        Report {
            findings: found.collect(),
            coverage: Coverage {
                never_executed: None,
                ..report.coverage
            },
            ..report
        }
    }
}
