//! Whether the discipline that a model states is sufficient, told to people and programs. The
//! answer itself is found in [`kmapcheck_prove::rule`].

pub mod json;
pub mod text;

use std::fs;
use std::path::{Component, Path, PathBuf};

use kmapcheck_engine::Verdict;
use kmapcheck_prove::rule::scenario::Place;
use kmapcheck_prove::rule::{Decision, HoldersRow, Options, ReservationRow, decide, sizes};
use kmapcheck_scenario::{Program, is_path};

/// Where a scenario stands that is printed and not written.
pub const HERE: &str = "rule.json";

/// What is asked of a model.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// How the model was given: a name or a file.
    pub model: &'a str,
    /// At most so many slots of a series at once for a task; `None`: any number.
    pub pins: Option<u32>,
    /// The file that a refuting scenario is for; `None`: it is printed.
    pub scenario: Option<&'a Path>,
    /// The file that the certificate is for; `None`: it is printed.
    pub certificate: Option<&'a Path>,
}

/// Whether the rule is sufficient, and for how many at once the slots do.
#[derive(Debug)]
pub struct Answer {
    program: Program,
    pins: Option<u32>,
    decision: Decision,
    holders: Vec<HoldersRow>,
    reservations: Vec<ReservationRow>,
}

impl Question<'_> {
    /// Decides it for the model, loaded as a program without tasks.
    #[must_use]
    pub fn decide(&self, program: Program) -> Answer {
        let options = Options {
            pins: self.pins,
            place: Place {
                file: (self.scenario)
                    .map_or_else(|| HERE.into(), |file| file.display().to_string()),
                model: match is_path(self.model) {
                    true => seen_from(self.model, self.scenario),
                    false => self.model.to_owned(),
                },
            },
        };
        let mut decision = decide(&program, &options);
        if let Decision::Sufficient(certificate) = &mut decision
            && is_path(self.model)
        {
            certificate.read_from = Some(seen_from(self.model, self.certificate));
            **certificate = certificate.as_ref().clone().sealed();
        }
        Answer {
            pins: self.pins,
            decision,
            holders: sizes::holders(&program),
            reservations: sizes::reservations(&program),
            program,
        }
    }
}

impl Answer {
    /// Clean: it is sufficient. Violated: some program that keeps it deadlocks.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        match self.decision {
            Decision::Sufficient(_) => Verdict::Clean,
            Decision::NotSufficient(_) => Verdict::Violated,
            Decision::Undecided(_) => Verdict::Inconclusive,
        }
    }

    /// In words.
    #[must_use]
    pub fn text(&self) -> String {
        text::render(&self.program, self.pins, &self.decision)
            + &text::sizes(&self.program, &self.holders, &self.reservations)
    }

    /// For programs.
    #[must_use]
    pub fn report(&self) -> json::RuleReport {
        json::report(
            &self.program,
            self.pins,
            &self.decision,
            &self.holders,
            &self.reservations,
        )
    }

    /// The proof, as a file for `verify`, if there is one.
    ///
    /// # Errors
    ///
    /// If it cannot be written as JSON.
    pub fn certificate(&self) -> serde_json::Result<Option<String>> {
        match &self.decision {
            Decision::Sufficient(certificate) => {
                Ok(Some(serde_json::to_string_pretty(certificate)? + "\n"))
            }
            _ => Ok(None),
        }
    }

    /// The scenario that keeps the rule and deadlocks, if there is one.
    #[must_use]
    pub fn scenario(&self) -> Option<String> {
        match &self.decision {
            Decision::NotSufficient(refuted) => Some(refuted.scenario.clone()),
            _ => None,
        }
    }
}

/// The path of a model as seen from a file that is written.
fn seen_from(model: &str, file: Option<&Path>) -> String {
    let folder = file.and_then(Path::parent).unwrap_or(Path::new(""));
    relative(Path::new(model), folder)
        .map_or_else(|| model.to_owned(), |path| path.display().to_string())
}

/// `path` as seen from `folder`; `None`: as it is.
fn relative(path: &Path, folder: &Path) -> Option<PathBuf> {
    if path.is_absolute() || folder.as_os_str().is_empty() {
        return None;
    }
    let (path, folder) = (fs::canonicalize(path).ok()?, fs::canonicalize(folder).ok()?);
    let both = (path.components().zip(folder.components()))
        .take_while(|(a, b)| a == b)
        .count();
    let up = folder.components().skip(both).map(|_| Component::ParentDir);
    Some(up.chain(path.components().skip(both)).collect())
}
