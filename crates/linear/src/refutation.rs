//! What a proof that a problem has no solution consists of.
//!
//! A proof works on a list of constraints, all read as `sum >= bound`: first those of the problem,
//! in their order, then those that the proof adds, in the order in which it adds them. It is a tree:
//!
//! - A **leaf** gives multipliers. The constraints multiplied by them add up to one whose
//!   coefficients are all at most 0 and whose bound is more than 0. No non-negative values satisfy
//!   that. By Farkas' lemma there is such a leaf whenever there is no *rational* solution.
//! - A **cut** gives multipliers and a divisor, and adds a constraint: the weighted sum divided by
//!   the divisor, coefficients and bound rounded up. Values that satisfy the sum satisfy it: rounding
//!   coefficients up only adds to the left side, since values are not negative, and the left side is
//!   then an integer, so that the bound may be rounded up too (Chvátal 1973). One proof follows, of
//!   the list with the new constraint.
//! - A **branch** gives a variable and a number. Two proofs follow, one with `variable >= at + 1`
//!   added, one with `variable <= at`: an integer is one or the other.
//!
//! The tree is written down as a list: a node, then what follows it, the upper case first. A list
//! has no depth, so that neither a reader of JSON nor a checker needs a deep stack.

use serde::{Deserialize, Serialize};

/// A proof that a problem has no solution; whether it holds, [`refutes`](crate::refutes) says.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Refutation {
    /// The nodes of the tree, each before those that follow it, the upper case of a branch before the
    /// lower.
    pub nodes: Vec<Node>,
}

/// A step of a proof. `weights` are positions in the list of constraints with multipliers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Node {
    /// The weighted sum is a contradiction.
    Leaf {
        /// Which constraints, how many times.
        weights: Vec<(usize, u64)>,
    },
    /// The weighted sum, divided and rounded up, is added to the constraints.
    Cut {
        /// Which constraints, how many times.
        weights: Vec<(usize, u64)>,
        /// What to divide by; not 0.
        divisor: u64,
    },
    /// First `variable >= at + 1`, then `variable <= at` is added to the constraints.
    Branch {
        /// The variable.
        variable: usize,
        /// The most it is in the second case.
        at: i64,
    },
}
