//! Problems: linear inequalities over non-negative integers.

use serde::{Deserialize, Serialize};

/// Linear constraints over variables `0..variables`, each a non-negative integer without an upper
/// bound.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Problem {
    /// How many variables there are.
    pub variables: usize,
    /// What they must satisfy, all at once.
    pub constraints: Vec<Constraint>,
}

/// A sum of multiples of variables, held against a bound.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Constraint {
    /// Variables with their coefficients. What is said of a variable twice adds up.
    pub terms: Vec<(usize, i64)>,
    /// Which side of the bound the sum must be on.
    pub relation: Relation,
    /// The bound, which the sum may reach.
    pub bound: i64,
}

/// Which side of its bound a sum must be on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Relation {
    /// `>=`
    AtLeast,
    /// `<=`
    AtMost,
}

impl Constraint {
    /// `terms >= bound`
    pub fn at_least(terms: impl Into<Vec<(usize, i64)>>, bound: i64) -> Self {
        Constraint {
            terms: terms.into(),
            relation: Relation::AtLeast,
            bound,
        }
    }

    /// `terms <= bound`
    pub fn at_most(terms: impl Into<Vec<(usize, i64)>>, bound: i64) -> Self {
        Constraint {
            terms: terms.into(),
            relation: Relation::AtMost,
            bound,
        }
    }

    /// Whether it holds for the values, one for each variable. Sums too large to tell do not.
    pub fn satisfied_by(&self, values: &[i64]) -> bool {
        let bound = i128::from(self.bound);
        sum(&self.terms, values).is_some_and(|sum| match self.relation {
            Relation::AtLeast => sum >= bound,
            Relation::AtMost => sum <= bound,
        })
    }
}

impl Problem {
    /// The problem with one more constraint, the last.
    pub fn with(&self, constraint: Constraint) -> Self {
        let mut problem = self.clone();
        problem.constraints.push(constraint);
        problem
    }

    /// Whether the values, one for each variable, are a solution. Sums too large to tell are not.
    pub fn satisfied_by(&self, values: &[i64]) -> bool {
        values.len() == self.variables
            && values.iter().all(|&value| value >= 0)
            && (self.constraints.iter()).all(|constraint| constraint.satisfied_by(values))
    }
}

/// The value of a sum; `None` if a variable has no value or the sum is too large.
pub(crate) fn sum(terms: &[(usize, i64)], values: &[i64]) -> Option<i128> {
    terms.iter().try_fold(0i128, |sum, &(variable, factor)| {
        let value = i128::from(*values.get(variable)?);
        sum.checked_add(i128::from(factor) * value)
    })
}
