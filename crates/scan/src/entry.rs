//! A function that can be an entry, and what came of reading it.

use kmapcheck_check::fault::catch;
use kmapcheck_extract::refusal::Kind;
use kmapcheck_extract::scan::Less;
use kmapcheck_extract::scan::needs::Needs;
use kmapcheck_extract::scan::roots::Root;
use kmapcheck_extract::{Failure, Files, Refusal};
use kmapcheck_limits::Limits;
use serde::Serialize;

use crate::asked::Asked;

/// A function that can be an entry.
#[derive(Debug, Clone, Serialize)]
pub struct Entry {
    /// Its name.
    pub function: String,
    /// The file that it is in.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// Fields of operations tables that point to it, each with a dot before it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<String>,
    /// What came of reading it.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// What came of reading an entry.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum Outcome {
    /// It was read.
    Read(Box<Made>),
    /// It cannot be read.
    Refused(Refused),
    /// A limit came first.
    NotReached,
}

/// What an entry was read as.
#[derive(Debug, Clone, Serialize)]
pub struct Made {
    /// What it needs.
    pub needs: Needs,
    /// States that were followed.
    pub states: usize,
    /// How many things were assumed.
    pub assumed: usize,
    /// What of it is left out, since it is refused with that.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<&'static str>,
    /// The scenario.
    #[serde(skip)]
    pub scenario: String,
}

/// Why something is not read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refused {
    /// What is wrong.
    pub why: String,
    /// Where: the file and the line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// What to do about it.
    pub help: String,
}

impl From<&Refusal> for Refused {
    fn from(refusal: &Refusal) -> Refused {
        let at = (refusal.place.as_ref()).map(|place| format!("{}:{}", place.file, place.line));
        Refused {
            why: refusal.said.clone(),
            at,
            help: refusal.help.clone(),
        }
    }
}

/// Reads an entry, with less of it each time that it is refused. If nothing of it is read, the first
/// refusal tells why: it is about all of it.
fn outcome(files: &Files, root: &Root, asked: &Asked, limits: &Limits) -> Outcome {
    let mut less = Less::default();
    let mut first: Option<Refused> = None;
    loop {
        let read = catch(|| files.extract_root(root, &asked.options, less, limits));
        let refusal = match read {
            Ok(Ok(mut extracted)) => {
                // One entry was asked for.
                let needs = extracted.needs.pop().unwrap_or_default();
                if let (true, Some(first)) = (needs.is_empty(), first.take()) {
                    return Outcome::Refused(first);
                }
                return Outcome::Read(Box::new(Made {
                    needs,
                    states: extracted.states,
                    assumed: extracted.assumed.len(),
                    left_out: left_out(less),
                    scenario: extracted.scenario,
                }));
            }
            Ok(Err(Failure::Stopped(_))) => return Outcome::NotReached,
            Ok(Err(Failure::Refused(refusal))) => refusal,
            Err(said) => {
                return Outcome::Refused(Refused {
                    why: format!("a fault of kmapcheck: {said}"),
                    at: None,
                    help: "please report it, with the file".to_owned(),
                });
            }
        };
        let first = first.get_or_insert_with(|| Refused::from(refusal.as_ref()));
        match refusal.kind {
            Kind::Inexpressible if !less.waits => less.waits = true,
            Kind::Budget | Kind::Recursion if !less.rounds => less.rounds = true,
            Kind::Budget if !less.values => less.values = true,
            Kind::Budget if !less.spins => less.spins = true,
            _ => return Outcome::Refused(first.clone()),
        }
    }
}

/// What is left out, in words.
fn left_out(less: Less) -> Vec<&'static str> {
    let all = [
        (
            less.rounds,
            "second rounds of loops, and second calls of a function by itself",
        ),
        (less.values, "computed values"),
        (less.waits, "waits that cannot be expressed"),
        (less.spins, "spinlocks, and pages that are allocated"),
    ];
    let left = all.into_iter().filter(|(is_left, _)| *is_left);
    left.map(|(_, words)| words).collect()
}

impl Entry {
    /// Reads an entry by itself.
    #[must_use]
    pub fn read(files: &Files, root: &Root, asked: &Asked) -> Entry {
        let outcome = match asked.rest() {
            None => Outcome::NotReached,
            Some(limits) => outcome(files, root, asked, &limits),
        };
        Entry {
            function: root.function.clone(),
            file: root.file.clone(),
            line: root.line,
            fields: root.fields.clone(),
            outcome,
        }
    }

    /// What it was read as, if it was.
    #[must_use]
    pub fn made(&self) -> Option<&Made> {
        match &self.outcome {
            Outcome::Read(made) => Some(made),
            _ => None,
        }
    }
}
