//! What came of many scenarios, for people ([`Tally`]) and for the tools that CI systems read:
//! [`junit`], [`sarif`] and [`github`].
//!
//! These are consumers of reports, as the text is: they read [`Case`]s and nothing else, and write
//! them in the order in which they are given.

pub mod github;
pub mod junit;
pub mod sarif;
mod tally;

pub use tally::{Tally, ended, found, line};

use std::fmt;

use kmapcheck_report::Report;
use kmapcheck_report::place::Place;
use kmapcheck_scenario::{Errors, FindingKind, Level};

/// A scenario that was tested.
#[derive(Debug, Clone)]
pub struct Case {
    /// Its file.
    pub file: String,
    /// What came of it.
    pub tested: Tested,
    /// The report, if there is one.
    pub report: Option<Report>,
}

/// What came of a scenario.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tested {
    /// Exactly what it expects.
    Passed,
    /// It does not say what to expect, so there was nothing to check.
    NoExpectation(Unexpecting),
    /// Something else than it expects, in words.
    Failed(String),
    /// A limit came first, in words.
    Inconclusive(String),
    /// The engine cannot do what it asks for, in words.
    Refused(String),
    /// It cannot be read.
    Unreadable(Vec<Mistake>),
    /// A fault of this program, in words.
    Fault(String),
}

/// A scenario without `expect`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unexpecting {
    /// What was found, in words.
    pub found: String,
    /// What to write into the file to expect just that; `None`: a limit came first.
    pub add: Option<String>,
    /// Whether every scenario is to have an `expect`.
    pub required: bool,
}

impl fmt::Display for Unexpecting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let found = &self.found;
        write!(f, "nothing was checked: it has no `expect`; found: {found}")?;
        match &self.add {
            Some(add) => write!(f, "; if that is right, add {add}"),
            None => Ok(()),
        }
    }
}

/// One thing that is wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// Where, if it has a place.
    pub place: Option<Place>,
    /// What, in words.
    pub message: String,
}

impl Mistake {
    /// All that is wrong with the files of a scenario.
    #[must_use]
    pub fn all(errors: &Errors) -> Vec<Mistake> {
        let mistake = |mistake: kmapcheck_scenario::Mistake<'_>| Mistake {
            place: mistake.place.map(|(file, at)| Place {
                file: file.to_owned(),
                line: at.line,
                column: Some(at.column),
            }),
            message: match mistake.help {
                Some(help) => format!("{} ({help})", mistake.message),
                None => mistake.message.to_owned(),
            },
        };
        let more = errors.more().map(|message| Mistake {
            place: None,
            message,
        });
        errors.mistakes().map(mistake).chain(more).collect()
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Some(place) => write!(f, "{place}: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

/// Something that is not as it should be: a line in SARIF, an annotation on GitHub.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Which rule: the name of a finding, or one of `OTHER_RULES`.
    pub rule: &'static str,
    /// How bad it is.
    pub level: Level,
    /// What it is, in words.
    pub message: String,
    /// Where it is; what it is mainly about comes first.
    pub places: Vec<Place>,
}

/// An expected finding did not turn up.
pub(crate) const NOT_FOUND: &str = "expected-finding-missing";
/// A scenario does not say what to expect.
pub(crate) const NO_EXPECTATION: &str = "no-expectation";
/// A limit came first.
pub(crate) const INCONCLUSIVE: &str = "inconclusive";
/// A file that cannot be read.
pub(crate) const UNREADABLE: &str = "unreadable";
/// A fault of this program.
pub(crate) const FAULT: &str = "internal-fault";

/// The rules that are not the names of findings, each with what it says.
pub(crate) const OTHER_RULES: [(&str, &str); 5] = [
    (
        NOT_FOUND,
        "A finding that the scenario expects was not found.",
    ),
    (
        NO_EXPECTATION,
        "The scenario does not say what to expect, so nothing was checked.",
    ),
    (INCONCLUSIVE, "A limit came before the answer."),
    (UNREADABLE, "The scenario or its model cannot be read."),
    (FAULT, "A fault of kmapcheck itself."),
];

/// A finding in one sentence, for those who see it in another tool.
#[must_use]
pub fn about(kind: FindingKind) -> &'static str {
    match kind {
        FindingKind::Deadlock => {
            "Tasks wait for what only they could give: none of them ever goes on."
        }
        FindingKind::Starved => {
            "A task waits and never goes on, though what it waits for is held by one that lives."
        }
        FindingKind::SleepInAtomic => "An operation that may sleep is called in atomic context.",
        FindingKind::FreedWhileMapped => "A page is freed while somebody has it mapped.",
        FindingKind::SlotLeak => "A task ends with a map: the slot is lost.",
        FindingKind::LockLeak => "A task ends holding a lock, units or elements.",
        FindingKind::AtomicSlotClash => "A task takes an atomic type that it already holds.",
        FindingKind::UseAfterFree => "A page is used after it was freed.",
        FindingKind::DoubleFree => "A page is freed twice.",
        FindingKind::Misuse => {
            "Something is released that is not held, or out of order, or used before it was allocated."
        }
        FindingKind::OrderViolation => "A slot or lock is asked for against the model's order.",
        FindingKind::TimeoutRescue => {
            "Tasks wait for what only they could give, and only a time-out or a signal ends that."
        }
        FindingKind::SeriesMixture => "A pin asked for in one series lies in another.",
    }
}

impl Case {
    /// What is not as it should be. Findings that the scenario expects are as they should be.
    #[must_use]
    pub fn problems(&self) -> Vec<Problem> {
        let start = Place {
            file: self.file.clone(),
            line: 1,
            column: None,
        };
        let whole = |rule, level, message: &str| Problem {
            rule,
            level,
            message: message.to_owned(),
            places: vec![start.clone()],
        };
        match &self.tested {
            Tested::Passed | Tested::Refused(_) => Vec::new(),
            Tested::Inconclusive(said) => vec![whole(INCONCLUSIVE, Level::Warning, said)],
            Tested::Fault(said) => vec![whole(FAULT, Level::Error, said)],
            Tested::Unreadable(mistakes) => (mistakes.iter())
                .map(|mistake| Problem {
                    places: vec![mistake.place.clone().unwrap_or_else(|| start.clone())],
                    ..whole(UNREADABLE, Level::Error, &mistake.message)
                })
                .collect(),
            Tested::NoExpectation(_) | Tested::Failed(_) => {
                let mut problems = Vec::new();
                if let Tested::NoExpectation(unexpecting) = &self.tested {
                    let level = match unexpecting.required {
                        true => Level::Error,
                        false => Level::Warning,
                    };
                    problems.push(whole(NO_EXPECTATION, level, &unexpecting.to_string()));
                }
                let Some(report) = &self.report else {
                    return problems;
                };
                let expected: &[FindingKind] = report.expected.as_deref().unwrap_or_default();
                let findings = (report.findings.iter())
                    .filter(|finding| !expected.contains(&finding.kind))
                    .map(|finding| Problem {
                        rule: finding.kind.name(),
                        level: finding.level,
                        message: finding.summary.clone(),
                        places: match Place::all_of(finding) {
                            none if none.is_empty() => vec![start.clone()],
                            places => places,
                        },
                    });
                problems.extend(findings);
                let found = |kind: &&FindingKind| report.findings.iter().any(|f| f.kind == **kind);
                let missing = expected.iter().filter(|kind| !found(kind));
                problems.extend(missing.map(|kind| {
                    let said = format!("{} is expected and was not found", kind.name());
                    whole(NOT_FOUND, Level::Error, &said)
                }));
                problems
            }
        }
    }
}
