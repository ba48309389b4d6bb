//! Do scenarios give exactly what they expect? Many of them, one by one or several at once; each
//! becomes a [`Case`], which is counted and handed on in the order of the files.
//!
//! | module | what |
//! |---|---|
//! | [`files`] | which files, and where something may change that they read |
//! | `natural` | the order in which people look for names |
//! | `jobs` | several at once, in order |
//! | `expect` | a scenario's file made to expect what was found |

mod expect;
pub mod files;
mod jobs;
mod natural;

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use kmapcheck_limits::Limits;
use kmapcheck_report::{Report, StopReason, Stopped, quoted};
use kmapcheck_scenario::{FindingKind, Overrides};
use kmapcheck_show::suite::{Case, Mistake, Tally, Tested, Unexpecting, found};
use kmapcheck_show::text::expected_kinds;

use crate::ask::{Ask, Engine};
use crate::checked::check_within;
use crate::engines::Progress;
use crate::failure::Failure;
use crate::loaded::read;
use crate::run::{READING, Run};

/// Scenarios that expect nothing are looked at, not settled at any price.
const UNEXPECTING_STATES: u64 = 1_000_000;
const UNEXPECTING_TIME: Duration = Duration::from_secs(10);

/// How scenarios are tested.
#[derive(Debug, Clone)]
pub struct Suite {
    /// What is asked of each.
    pub ask: Ask,
    /// Whether every one is to have an `expect`.
    pub require_expect: bool,
    /// Whether `expect` is rewritten where it differs from what was found.
    pub update_expect: bool,
    /// Whether the first that is not as expected is the last.
    pub fail_fast: bool,
    /// So many at once.
    pub jobs: usize,
}

/// A scenario that was tested.
#[derive(Debug)]
pub struct Done {
    /// What came of it.
    pub case: Case,
    /// What is wrong with the file or this program, if that is what came of it.
    pub failure: Option<Failure>,
    /// Why its `expect` could not be rewritten, if that failed.
    pub not_rewritten: Option<String>,
}

/// Is told how far an engine has come.
pub type Watcher = Box<dyn FnMut(Progress<'_>)>;

impl Suite {
    /// Tests the files until `stop` is set: each within a run of its own, which `start` begins. `take`
    /// is handed what comes of them, in order, with all so far counted; after false nothing more is.
    pub fn run(
        &self,
        files: &[PathBuf],
        stop: &AtomicBool,
        start: impl Fn(&Path) -> (Run, Watcher) + Sync,
        mut take: impl FnMut(&Done, &Tally) -> bool,
    ) -> (Tally, Vec<Case>) {
        let (mut tally, mut cases) = (Tally::default(), Vec::new());
        jobs::in_order(
            files.len(),
            self.jobs,
            stop,
            |i| {
                let (run, mut watcher) = start(&files[i]);
                self.attempt(&files[i], &run, &mut watcher)
            },
            |i, attempted| {
                let mut done = self.done(&files[i], attempted);
                if self.update(&files[i], &mut done) {
                    tally.updated += 1;
                }
                tally.add(&done.case);
                let goes_on = take(&done, &tally);
                cases.push(done.case);
                goes_on && !(self.fail_fast && tally.failed > 0)
            },
        );
        tally.not_run = files.len() - cases.len();
        tally.interrupted = stop.load(Ordering::Relaxed);
        (tally, cases)
    }

    fn attempt(
        &self,
        file: &Path,
        run: &Run,
        watcher: &mut dyn FnMut(Progress<'_>),
    ) -> Result<Report, Failure> {
        let loaded = run.phase(READING, || read(file, &Overrides::default(), &[], true))?;
        let mut ask = self.ask.clone();
        if loaded.program.expect.is_none() {
            let least = |timeout: Duration| timeout.min(UNEXPECTING_TIME);
            ask.limits = Limits {
                // loom counts no states.
                max_states: (ask.engine != Some(Engine::Loom)).then_some(UNEXPECTING_STATES),
                timeout: Some(ask.limits.timeout.map_or(UNEXPECTING_TIME, least)),
                ..ask.limits
            };
        }
        check_within(&loaded, &ask, run, watcher).map(|checked| checked.report)
    }

    fn done(&self, file: &Path, attempted: Result<Report, Failure>) -> Done {
        let (mut report, mut failure) = (None, None);
        let tested = match attempted {
            Ok(of) => {
                let tested = self.tested(file, &of);
                report = Some(of);
                tested
            }
            Err(Failure::Unfit(unfit)) => Tested::Refused(unfit.in_options()),
            Err(Failure::Refused(refusal)) => Tested::Refused(refusal),
            Err(Failure::Stopped { phase, reached }) => {
                let said = Stopped::line(reached, phase);
                Tested::Inconclusive(format!("inconclusive: {said}"))
            }
            Err(Failure::Input(errors)) => {
                let mistakes = Mistake::all(&errors);
                failure = Some(Failure::Input(errors));
                Tested::Unreadable(mistakes)
            }
            Err(Failure::Unread(unread)) => {
                let mistakes = vec![unread.mistake.clone()];
                failure = Some(Failure::Unread(unread));
                Tested::Unreadable(mistakes)
            }
            Err(Failure::Fault(said)) => {
                failure = Some(Failure::Fault(said.clone()));
                Tested::Fault(said)
            }
        };
        let case = Case {
            file: file.display().to_string(),
            tested,
            report,
        };
        Done {
            case,
            failure,
            not_rewritten: None,
        }
    }

    /// What a report comes to beside what is expected.
    fn tested(&self, file: &Path, report: &Report) -> Tested {
        let stopped = report.stopped.as_ref();
        let interrupted = stopped.is_some_and(|it| it.reason == StopReason::Interrupted);
        match (&report.expected, report.as_expected) {
            (None, _) if !interrupted => Tested::NoExpectation(Unexpecting {
                found: format!("{}{}", found(report), why(report)),
                add: (stopped.is_none()).then(|| expect_field(&report.kinds())),
                required: self.require_expect,
            }),
            (Some(_), Some(true)) => Tested::Passed,
            (Some(expected), Some(false)) => {
                Tested::Failed(self.differences(report, expected, file))
            }
            _ => Tested::Inconclusive(format!("inconclusive{}", why(report))),
        }
    }

    /// Makes the file of a scenario that was explored to its end expect what was found, if that is
    /// asked for; whether it was rewritten.
    fn update(&self, file: &Path, done: &mut Done) -> bool {
        let differs = match &done.case.tested {
            Tested::Failed(_) => true,
            Tested::NoExpectation(unexpecting) => unexpecting.required,
            _ => false,
        };
        let wanted = self.update_expect && differs;
        let Some(report) = done.case.report.as_mut().filter(|_| wanted) else {
            return false;
        };
        if report.stopped.is_some() {
            let said = format!("inconclusive{}: `expect` is left as it is", why(report));
            done.case.tested = Tested::Inconclusive(said);
            return false;
        }
        match expect::rewrite(file, &report.kinds()) {
            Ok(()) => {
                report.expected = Some(report.kinds());
                report.as_expected = Some(true);
                done.case.tested = Tested::Passed;
                true
            }
            Err(error) => {
                done.not_rewritten = Some(error);
                false
            }
        }
    }

    /// What differs from what is expected, and how to see it.
    fn differences(&self, report: &Report, expected: &[FindingKind], file: &Path) -> String {
        let kinds = report.kinds();
        let mut out = format!(
            "not as expected\n     expected: {}\n     found:    {}",
            expected_kinds(expected),
            expected_kinds(&kinds)
        );
        let findings = report.findings.iter();
        for finding in findings.filter(|finding| !expected.contains(&finding.kind)) {
            out.push_str(&format!(
                "\n     not expected: {}: {}",
                finding.kind.name(),
                finding.summary
            ));
        }
        for missing in expected.iter().filter(|kind| !kinds.contains(kind)) {
            out.push_str(&format!(
                "\n     not found: {}{}",
                missing.name(),
                why(report)
            ));
        }
        let engine = match self.ask.engine {
            _ if self.ask.search.reductions.is_none() => "--reduce none ".to_owned(),
            None => String::new(),
            Some(engine) => format!("--engine {} ", engine.name()),
        };
        out.push_str(&format!(
            "\n     to see it: kmapcheck check {engine}{}",
            quoted(&file.display().to_string())
        ));
        out
    }
}

/// `"expect": ["deadlock"]`: what to write into a scenario that is to have these findings.
fn expect_field(kinds: &[FindingKind]) -> String {
    let names: Vec<String> = (kinds.iter())
        .map(|kind| format!("\"{}\"", kind.name()))
        .collect();
    format!("`\"expect\": [{}]`", names.join(", "))
}

/// Why the run ended early, if it did.
fn why(report: &Report) -> String {
    (report.stopped.as_ref()).map_or_else(String::new, |stopped| format!(": {}", stopped.text))
}

/// Which part of the scenarios to run, for systems with several machines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Partition {
    /// Which, from 1.
    pub which: u32,
    /// Of how many.
    pub of: u32,
}

impl Partition {
    /// Whether the scenario at this position, from 0, is in it.
    #[must_use]
    pub fn has(self, position: usize) -> bool {
        position % self.of as usize == self.which as usize - 1
    }
}

impl FromStr for Partition {
    type Err = String;

    /// `K/N`.
    fn from_str(text: &str) -> Result<Partition, String> {
        let number = |text: &str| text.parse::<u32>().ok().filter(|&number| number > 0);
        (text.split_once('/'))
            .and_then(|(which, of)| Some((number(which)?, number(of)?)))
            .filter(|(which, of)| which <= of)
            .map(|(which, of)| Partition { which, of })
            .ok_or_else(|| "expected K/N with K from 1 to N, such as 1/3".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partitions_have_everything_once() {
        let parts: Vec<Partition> = ["1/3", "2/3", "3/3"]
            .iter()
            .map(|text| text.parse().expect("it is one"))
            .collect();
        for position in 0..10 {
            let with = parts.iter().filter(|part| part.has(position)).count();
            assert_eq!(with, 1, "{position}");
        }
        for wrong in ["0/3", "4/3", "1/0", "1", "a/b", "1/3/5", "-1/3", ""] {
            assert!(wrong.parse::<Partition>().is_err(), "{wrong}");
        }
    }
}
