//! Traces in files: `check --save-trace` writes one, `replay` reads it.
//!
//! A saved trace names the scenario and what it was run with, and has a digest of every file that
//! went into it: a trace is steps by number, which mean something else, or nothing, once a file has
//! changed. Even with the right digests nothing of it is believed: [`SavedTrace::outcome`] gives
//! back an outcome to build a report from, which runs every step on the machine again.

use std::path::{Path, PathBuf};

use kmapcheck_engine::{Coverage, Finding, Outcome};
use kmapcheck_machine::{Start, Trace, TraceStep};
use kmapcheck_report::{Report, number_options, quoted};
use kmapcheck_scenario::{Bound, FindingKind, Overrides, Program, Source};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// The first field of every saved trace.
pub const FORMAT: &str = "kmapcheck-trace-1";

/// The traces of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SavedTrace {
    /// `kmapcheck-trace-1`.
    pub format: String,
    /// The scenario's name.
    pub scenario: String,
    /// The scenario's file, as it was given.
    pub file: String,
    /// What it was run with instead of what the file says.
    #[serde(default, skip_serializing_if = "Options::are_none")]
    pub options: Options,
    /// The files that went into it, the scenario first.
    pub sources: Vec<SourceDigest>,
    /// What was found.
    pub findings: Vec<SavedFinding>,
}

/// What a scenario was run with instead of what its file says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Options {
    /// The model (`--model`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Slots of series (`--slots`), and those that stand for `"any"`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub slots: Vec<(String, u32)>,
    /// Units of semaphores and mempools (`--units`), and those that stand for `"any"`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub units: Vec<(String, u32)>,
    /// Instances of tasks (`--tasks`), and those that stand for `"any"`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tasks: Vec<(String, u32)>,
}

/// A file, and what was in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceDigest {
    /// Its path, or the name of a model that is built in.
    pub file: String,
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
}

/// A finding and the way to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SavedFinding {
    /// What kind of thing, such as `deadlock`.
    pub kind: String,
    /// One sentence; for readers of the file.
    pub summary: String,
    /// Of `sleep-in-atomic`: whether the call can really sleep there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub can_sleep: Option<bool>,
    /// Of `starved`: the number of the task that starves, from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starves: Option<usize>,
    /// For each page that the scenario leaves open: the numbers of the series that map it at the
    /// start.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub start: Vec<Vec<usize>>,
    /// The steps.
    pub steps: Vec<SavedStep>,
}

/// A step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SavedStep {
    /// The number of the task that takes it, from 0 through all instances of all tasks.
    pub task: usize,
    /// Which of the steps that it can take then, from 0.
    pub choice: usize,
    /// Who that is and what it does; for readers of the file.
    pub says: String,
}

/// Why a saved trace cannot be replayed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// It is no saved trace.
    #[error("it is no saved trace ({0}); `kmapcheck check --save-trace FILE SCENARIO` writes one")]
    Format(String),
    /// A file is not what it was.
    #[error(
        "{file} has changed since the trace was saved, so its steps no longer mean the same; \
         save it anew: {again}"
    )]
    Changed {
        /// Which file.
        file: String,
        /// The command that saves the trace anew.
        again: String,
    },
    /// Other files go into the scenario now.
    #[error(
        "the scenario is read from {now} now, and was from {then} when the trace was saved; \
         save it anew: {again}"
    )]
    Moved {
        /// The files then.
        then: String,
        /// The files now.
        now: String,
        /// The command that saves the trace anew.
        again: String,
    },
}

impl Options {
    fn are_none(&self) -> bool {
        *self == Options::default()
    }
}

impl SavedTrace {
    /// The traces of a report, and what they are of.
    #[must_use]
    pub fn new(
        program: &Program,
        report: &Report,
        overrides: &Overrides,
        sources: &[Source],
    ) -> SavedTrace {
        let findings = report.findings.iter().map(|finding| SavedFinding {
            kind: finding.kind.name().to_owned(),
            summary: finding.summary.clone(),
            can_sleep: finding.can_sleep,
            starves: finding.starves,
            start: finding.run.start.stale.clone(),
            steps: (finding.run.steps.iter().zip(&finding.trace))
                .map(|(step, said)| SavedStep {
                    task: step.task,
                    choice: step.choice,
                    says: format!("{}: {}", said.task, said.op),
                })
                .collect(),
        });
        SavedTrace {
            format: FORMAT.to_owned(),
            scenario: program.name.clone(),
            file: report.file.clone(),
            options: Options {
                model: overrides.model.clone(),
                slots: numbers(&overrides.slots),
                units: numbers(&overrides.units),
                tasks: numbers(&overrides.tasks),
            },
            sources: sources.iter().map(digest).collect(),
            findings: findings.collect(),
        }
    }

    /// Reads a saved trace.
    ///
    /// # Errors
    ///
    /// If the text is none.
    pub fn read(text: &str) -> Result<SavedTrace, Unusable> {
        let no_trace = |said: String| Unusable::Format(said);
        let value: Value =
            serde_json::from_str(text).map_err(|error| no_trace(format!("no JSON: {error}")))?;
        match value["format"].as_str() {
            Some(FORMAT) => {}
            Some(_) => return Err(no_trace("its `format` is another".to_owned())),
            None => return Err(no_trace("it has no `format`".to_owned())),
        }
        let saved: SavedTrace =
            serde_json::from_value(value).map_err(|error| no_trace(error.to_string()))?;
        if saved.sources.is_empty() {
            return Err(no_trace("its `sources` name no file".to_owned()));
        }
        for finding in &saved.findings {
            if kind_of(&finding.kind).is_none() {
                return Err(no_trace(format!("no finding is called {:?}", finding.kind)));
            }
        }
        Ok(saved)
    }

    /// The text of the file.
    ///
    /// # Errors
    ///
    /// If it cannot be written as JSON, which no saved trace should bring about.
    pub fn write(&self) -> Result<String, serde_json::Error> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }

    /// What the scenario is to be loaded with.
    #[must_use]
    pub fn overrides(&self) -> Overrides {
        Overrides {
            model: self.options.model.clone(),
            slots: bounds(&self.options.slots),
            units: bounds(&self.options.units),
            tasks: bounds(&self.options.tasks),
        }
    }

    /// The scenario's file.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        PathBuf::from(&self.file)
    }

    /// Checks that the scenario is what it was; `file` is where it was found, `name` what the saved
    /// trace itself is called.
    ///
    /// # Errors
    ///
    /// If it has changed.
    pub fn check(&self, file: &Path, name: &str, sources: &[Source]) -> Result<(), Unusable> {
        let again = || self.command(&file.display().to_string(), name);
        if sources.len() != self.sources.len() {
            let then: Vec<&str> = (self.sources.iter())
                .map(|source| source.file.as_str())
                .collect();
            let now: Vec<&str> = sources.iter().map(|source| source.name.as_str()).collect();
            return Err(Unusable::Moved {
                then: then.join(" and "),
                now: now.join(" and "),
                again: again(),
            });
        }
        for (then, now) in self.sources.iter().zip(sources) {
            if then.sha256 != digest(now).sha256 {
                return Err(Unusable::Changed {
                    file: now.name.clone(),
                    again: again(),
                });
            }
        }
        Ok(())
    }

    /// The outcome with the saved findings; it is still to be shown that they hold.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        let findings = self.findings.iter().filter_map(|finding| {
            Some(Finding {
                kind: kind_of(&finding.kind)?,
                trace: Trace {
                    start: Start {
                        stale: finding.start.clone(),
                    },
                    steps: (finding.steps.iter())
                        .map(|step| TraceStep {
                            task: step.task,
                            choice: step.choice,
                        })
                        .collect(),
                },
                can_sleep: finding.can_sleep,
                starved: finding.starves,
            })
        });
        Outcome {
            engine: "replay",
            findings: findings.collect(),
            stopped: None,
            coverage: Coverage::default(),
        }
    }

    fn command(&self, file: &str, name: &str) -> String {
        let mut command = vec!["kmapcheck check".to_owned()];
        let overrides = self.overrides();
        let model = overrides.model.iter();
        command.extend(model.map(|model| format!("--model {}", quoted(model))));
        for (option, list) in number_options(&overrides) {
            command.extend(
                (list.iter())
                    .map(|(of, number)| format!("{option} {}", quoted(&format!("{of}={number}")))),
            );
        }
        command.push(format!("--save-trace {} {}", quoted(name), quoted(file)));
        command.join(" ")
    }
}

/// A trace is of one number each: what is left open has no trace.
fn numbers(list: &[(String, Bound)]) -> Vec<(String, u32)> {
    let number = |bound| match bound {
        Bound::Exactly(number) => Some(number),
        Bound::Any => None,
    };
    list.iter()
        .filter_map(|(name, bound)| Some((name.clone(), number(*bound)?)))
        .collect()
}

fn bounds(list: &[(String, u32)]) -> Vec<(String, Bound)> {
    list.iter()
        .map(|(name, number)| (name.clone(), Bound::Exactly(*number)))
        .collect()
}

fn kind_of(name: &str) -> Option<FindingKind> {
    FindingKind::ALL
        .into_iter()
        .find(|kind| kind.name() == name)
}

fn digest(source: &Source) -> SourceDigest {
    let hash = Sha256::digest(source.text.as_bytes());
    SourceDigest {
        file: source.name.clone(),
        sha256: hash.iter().map(|byte| format!("{byte:02x}")).collect(),
    }
}
