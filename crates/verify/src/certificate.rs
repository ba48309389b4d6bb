//! What a certificate consists of.

use std::collections::BTreeMap;

use kmapcheck_linear::{Constraint, Refutation};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::states::States;

/// The first field of every certificate.
pub const FORMAT: &str = "kmapcheck-certificate-3";

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
    /// All local states that a task can be in, with what can happen in them.
    pub locals: States,
    /// Every kind of waiting task.
    pub waiting: Vec<Waiters>,
    /// What is waited for, in the order in which it is taken; if that is the argument.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub order: Vec<String>,
    /// What tasks could be stuck on, and why they cannot; if that is the argument.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sets: Vec<Set>,
    /// How often steps are taken, if some argument counts that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flow: Option<Counting>,
    /// For each local state, how many steps at most it takes to come to where the argument about
    /// starvation wants everybody; if there is one that does.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ranks: Vec<u32>,
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
    /// The inequalities have none, if it is counted what is given and taken.
    Flow,
    /// Nobody gives back more than there can be, and no local state shows it otherwise.
    NeverRefused,
    /// Everybody can go on until he holds nothing, or is stuck.
    Drains,
    /// Everybody can go on to his end or to a wait for what is used up, or is stuck.
    Rests,
    /// Every task program ends.
    NoLoops,
}

/// Things that no tasks are stuck on, in one case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Set {
    /// The things, by name.
    pub awaited: Vec<String>,
    /// The case: `nobody holds read mmap_sem`, `slots of DEFAULT <= 3`, `free page is waited for
    /// idly`. Every case of a set of things is there.
    pub case: Vec<String>,
    /// The kinds of task that may be in a core, by position in [`Certificate::waiting`]: one
    /// unknown each, in that order. Series of `"any"` slots follow, one unknown each.
    pub unknowns: Vec<usize>,
    /// Where steps are counted: for each of these, the operation at which such tasks stand. Behind the
    /// slots one unknown for each step follows, and one for each task program of `"any"` number.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub at: Vec<usize>,
    /// The inequalities used.
    pub inequalities: Vec<Inequality>,
    /// That they have no solution.
    pub refutation: Refutation,
}

/// How often steps are taken, and what follows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counting {
    /// The steps: one unknown each.
    pub steps: Vec<Taken>,
    /// The pools to which no give is ever refused.
    pub never_refused: Vec<String>,
    /// That it is not: for each operation that gives to one of them.
    pub gives: Vec<Give>,
    /// What tasks could be stuck on, and why they cannot; if that is the argument.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sets: Vec<Set>,
}

/// Steps of a task program that lead from one operation to another and give and take the same.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Taken {
    /// The task program.
    pub task: usize,
    /// The operation.
    pub from: usize,
    /// Where it leads; not there: to the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<usize>,
    /// How much more there is afterwards of what is counted.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub gives: BTreeMap<String, i64>,
}

/// An operation to which nothing is refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Give {
    /// The task program.
    pub task: usize,
    /// The operation.
    pub at: usize,
    /// The inequalities used. The first unknown is how many tasks stand there; the others are those of
    /// the steps, and of task programs of `"any"` number.
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
