//! The target `trace`.

use std::path::Path;

use kmapcheck_report::{Finding, escape};
use kmapcheck_scenario::{Overrides, load_str};
use kmapcheck_search::starves;
use kmapcheck_show::recording::saved::SavedTrace;

use crate::{FILE, MAX_STATES, engines, limits, pair, refused, shown};

/// More tasks than this are left out: a trace is about every single one.
const MOST_TASKS: u64 = 5_000;

/// Reads an object with a `scenario` and a `trace` of it, and replays the trace as `replay` does;
/// the digests need not be right, as if somebody had written new ones. The whole is also read as if
/// it were a saved trace.
///
/// # Panics
///
/// If something does not hold that must.
pub fn trace(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data)
        && let Err(unusable) = SavedTrace::read(text)
    {
        assert!(!unusable.to_string().is_empty());
    }
    let Some((scenario, saved)) = pair(data, "trace") else {
        return;
    };
    let Ok(saved) = SavedTrace::read(&saved.to_string()) else {
        return;
    };
    let overrides = Overrides {
        model: None,
        ..saved.overrides()
    };
    let mut program = match load_str(FILE, &scenario, &overrides) {
        Ok(program) => program,
        Err(errors) => return refused(&errors),
    };
    if let Err(unusable) = saved.check(Path::new(FILE), "trace.json", &[]) {
        assert!(!unusable.to_string().is_empty());
    }
    if program.first_open().is_some() || program.task_count().is_none_or(|n| n > MOST_TASKS) {
        return;
    }
    escape::program(&mut program);
    match shown::built(&program, &saved.outcome()) {
        Err(fault) => assert!(!fault.to_string().is_empty()),
        Ok(report) => {
            shown::all_of(&program, &report);
            // A trace by itself shows only that a task waits; whether it starves is asked of the search.
            let starves = |finding: &Finding| {
                finding.starves.is_none_or(|task| {
                    starves(&program, &finding.run, task, &limits(MAX_STATES)) == Some(true)
                })
            };
            let shown = report.findings.iter().filter(|finding| starves(finding));
            let shown = shown.map(|finding| finding.kind);
            engines::finds(&program, &shown.collect());
        }
    }
}
