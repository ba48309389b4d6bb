//! All that comes of a scenario that was checked.

use std::borrow::Cow;
use std::time::Duration;

use kmapcheck_engine::Finding;
use kmapcheck_limits::Limits;
use kmapcheck_machine::Trace;
use kmapcheck_prove::{Decision, certificate};
use kmapcheck_report::{Fault, NumberOf, Report, escape};
use kmapcheck_scenario::{Bound, Overrides, Program};
use kmapcheck_search::starves;
use kmapcheck_show::recording::Recording;
use kmapcheck_show::recording::saved::SavedTrace;

use crate::ask::{Ask, Unfit};
use crate::conclude;
use crate::engines::{self, Progress};
use crate::failure::Failure;
use crate::fault::caught;
use crate::loaded::Loaded;
use crate::run::{Run, WRITING};

/// So many states are looked at to find out whether a task that is said to starve does.
const STARVATION_STATES: u64 = 200_000;

/// What came of a scenario.
#[derive(Debug)]
pub struct Checked<'a> {
    /// What was read.
    pub loaded: &'a Loaded,
    /// The program that the report is about: that of the scenario, with numbers in place of `"any"`
    /// where something was found.
    pub program: Cow<'a, Program>,
    /// What was found.
    pub report: Report,
    /// A certificate as JSON, if one was asked for, or why there is none.
    pub certificate: Option<Result<String, Failure>>,
}

/// Checks a scenario.
///
/// # Errors
///
/// If there is no report: see [`Failure`]. A run that a limit ended has one, as soon as its engine
/// has begun.
pub fn check<'a>(loaded: &'a Loaded, ask: &Ask) -> Result<Checked<'a>, Failure> {
    check_within(loaded, ask, &Run::unguarded(&ask.limits), &mut |_| {})
}

/// Checks a scenario as a part of a run. `watcher` is told how far the engine has come.
///
/// # Errors
///
/// As [`check`].
pub fn check_within<'a>(
    loaded: &'a Loaded,
    ask: &Ask,
    run: &Run,
    watcher: &mut dyn FnMut(Progress<'_>),
) -> Result<Checked<'a>, Failure> {
    let program = &loaded.program;
    run.choose(ask.engine_name(Some(program)));
    ask.fits(ask.engine_for(Some(program)))?;
    if ask.certificate && loaded.overrides.has_numbers() {
        return Err(Unfit::CertificateOfOtherNumbers.into());
    }
    let (report, decision) = engines::run(program, ask, run, watcher)?;
    let certificate = match (&decision, ask.certificate) {
        (Some(decision), true) => Some(certified(loaded, decision, run)),
        _ => None,
    };
    Ok(Checked {
        loaded,
        program: decision.map_or(Cow::Borrowed(program), |decision| {
            Cow::Owned(decision.program)
        }),
        report,
        certificate,
    })
}

fn certified(loaded: &Loaded, decision: &Decision, run: &Run) -> Result<String, Failure> {
    let program = &loaded.program;
    let file = loaded.sources.first().map_or("", |source| &source.name);
    let model = loaded.overrides.model.as_deref();
    run.last(WRITING, || {
        certificate(program, &decision.reasons, file, model)
            .and_then(|certificate| {
                serde_json::to_string_pretty(&certificate).map_err(|error| error.to_string())
            })
            .map(|json| json + "\n")
            .map_err(Failure::Refused)
    })
}

/// The findings of a saved trace, every step run again.
///
/// # Errors
///
/// If they do not show on this program.
pub fn replay<'a>(loaded: &'a Loaded, saved: &SavedTrace) -> Result<Checked<'a>, Failure> {
    let program = &loaded.program;
    let lost = |trace: &Trace, core: &[usize]| conclude::way_out(program, trace, core, None);
    let report = caught(|| {
        let outcome = saved.outcome();
        let built = match (outcome.findings.iter()).find(|found| is_saved(program, found)) {
            Some(found) => Err(Fault::NotShown { kind: found.kind }),
            None => Report::build(program, &outcome, Duration::ZERO, &lost),
        };
        built.map_err(|fault| {
            Failure::Refused(format!(
                "{fault}: the file was changed, or another version of kmapcheck wrote it; save the \
                 trace anew"
            ))
        })
    })?;
    Ok(Checked {
        loaded,
        program: Cow::Borrowed(program),
        report,
        certificate: None,
    })
}

/// Whether the task that is said to starve is known to be saved, or stuck, after all: a trace by itself
/// shows only that it waits.
fn is_saved(program: &Program, found: &Finding) -> bool {
    let limits = Limits {
        max_states: Some(STARVATION_STATES),
        ..Limits::default()
    };
    (found.starved).is_some_and(|task| starves(program, &found.trace, task, &limits) == Some(false))
}

impl Checked<'_> {
    /// What happens in the trace of each finding.
    ///
    /// # Errors
    ///
    /// If one does not replay, which is a fault of this program.
    pub fn recordings(&self) -> Result<Vec<Recording>, Failure> {
        self.recordings_of(&self.program)
    }

    /// The page for browsers.
    ///
    /// # Errors
    ///
    /// If it cannot be written, which is a fault of this program.
    pub fn page(&self) -> Result<String, Failure> {
        let mut program = self.program.clone().into_owned();
        escape::program(&mut program);
        let recordings = self.recordings_of(&program)?;
        caught(|| {
            let page = kmapcheck_show::page::render(&program, &self.report, &recordings);
            page.map_err(|error| Failure::Fault(error.to_string()))
        })
    }

    fn recordings_of(&self, program: &Program) -> Result<Vec<Recording>, Failure> {
        caught(|| {
            let all = Recording::all(program, &self.report);
            all.map_err(|error| Failure::Fault(error.to_string()))
        })
    }

    /// The traces, for `replay`.
    #[must_use]
    pub fn saved(&self) -> SavedTrace {
        let sources = &self.loaded.sources;
        SavedTrace::new(&self.program, &self.report, &self.sized(), sources)
    }

    /// The same as a file, if it is `wanted` and there are any.
    ///
    /// # Errors
    ///
    /// If it cannot be written, which is a fault of this program.
    pub fn traces(&self, wanted: bool) -> Result<Option<String>, Failure> {
        if !wanted || self.report.findings.is_empty() {
            return Ok(None);
        }
        let traces = self.saved().write();
        (traces.map(Some)).map_err(|error| Failure::Fault(error.to_string()))
    }

    /// The overrides that give the program the traces are of: those given, and the numbers that
    /// stand for `"any"`.
    fn sized(&self) -> Overrides {
        let mut overrides = self.loaded.overrides.clone();
        for size in self.report.proof.iter().flat_map(|proof| &proof.sizes) {
            let numbers = match size.of {
                NumberOf::Tasks => &mut overrides.tasks,
                NumberOf::Slots => &mut overrides.slots,
                NumberOf::Units => &mut overrides.units,
            };
            numbers.retain(|(name, _)| *name != size.name);
            numbers.push((size.name.clone(), Bound::Exactly(size.number)));
        }
        overrides
    }
}
