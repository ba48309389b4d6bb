//! What a certificate consists of.

use std::collections::BTreeMap;

use kmapcheck_linear::{Constraint, Refutation};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The first field of every certificate.
pub const FORMAT: &str = "kmapcheck-certificate-2";

/// A proof about a scenario.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Certificate {
    /// [`FORMAT`].
    pub format: String,
    /// The scenario's file, as it was given.
    pub scenario: String,
    /// The model it was loaded on, if another than its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// What does not occur, and by what argument.
    pub excluded: Vec<NotThere>,
    /// How many local states a task can be in.
    pub locals: usize,
    /// Every kind of waiting task.
    pub waiting: Vec<Waiters>,
    /// What is waited for, in the order in which it is taken; if that is the argument.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub order: Vec<String>,
    /// What tasks could be stuck on, and why they cannot; if that is the argument.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sets: Vec<Set>,
    /// SHA-256 of all the above as JSON without spaces, in hexadecimal.
    pub digest: String,
}

/// Tasks of one program that wait for the same while holding the same, all by name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Waiters {
    /// The task program.
    pub task: String,
    /// What they wait for: `slot DEFAULT`, `spin mm.lock`, `read mmap_sem`, `units 2 of pool`,
    /// `page lock p`, `cpu`.
    pub waits_for: String,
    /// What each holds, and how much of it.
    pub holds: BTreeMap<String, u32>,
    /// The series in which each has a pin.
    pub pins_in: Vec<String>,
}

/// Kinds of finding that do not occur.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NotThere {
    /// Their names.
    pub kinds: Vec<String>,
    /// The argument.
    pub by: By,
}

/// Arguments that a certificate can carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum By {
    /// No local state shows them.
    Locals,
    /// Everything is taken in one order.
    Order,
    /// The inequalities have no solution.
    Equations,
    /// Everybody can go on until he holds nothing.
    Drains,
    /// Every task program ends.
    NoLoops,
}

/// Things that no tasks are stuck on, in one case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Set {
    /// The things, by name.
    pub awaited: Vec<String>,
    /// The case: `nobody holds read mmap_sem`, `slots of DEFAULT <= 3`. Every case of a set of
    /// things is there.
    pub case: Vec<String>,
    /// The kinds of task that may be in a core, by position in [`Certificate::waiting`]: one
    /// unknown each, in that order. Series of `"any"` slots follow, one unknown each.
    pub unknowns: Vec<usize>,
    /// The inequalities used.
    pub inequalities: Vec<Inequality>,
    /// That they have no solution.
    pub refutation: Refutation,
}

/// An inequality and what it says.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Inequality {
    /// Unknowns with their coefficients, sorted, none zero.
    pub terms: Vec<(usize, i64)>,
    /// `>=` if true, else `<=`.
    pub at_least: bool,
    /// The bound.
    pub bound: i64,
}

impl Inequality {
    /// The same for the solver.
    #[must_use]
    pub fn constraint(&self) -> Constraint {
        if self.at_least {
            Constraint::at_least(self.terms.clone(), self.bound)
        } else {
            Constraint::at_most(self.terms.clone(), self.bound)
        }
    }
}

impl Certificate {
    /// Whether some claim rests on that argument.
    pub(crate) fn rests_on(&self, by: By) -> bool {
        self.excluded.iter().any(|excluded| excluded.by == by)
    }

    /// The digest that belongs to it.
    #[must_use]
    pub fn digest_of(&self) -> String {
        digest(&Certificate {
            digest: String::new(),
            ..self.clone()
        })
    }
}

/// SHA-256 of something as JSON without spaces, in hexadecimal.
#[must_use]
pub fn digest(of: &impl Serialize) -> String {
    let json = serde_json::to_vec(of).expect("certificates are plain data");
    let hash = Sha256::digest(&json);
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}
