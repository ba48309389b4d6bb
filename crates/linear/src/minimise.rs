//! Least values of sums, by refuting that they are less.
//!
//! A first solution gives a value that can be had. That the objective is at most something less is
//! one more constraint; whether it can be satisfied is asked first just below the relaxation's
//! least value, which as a rule is the last that cannot, then further and further above the values
//! refuted so far, and never at or above a value that was had. Each answer is a solution, whose value
//! is then the least one known, or a refutation. It ends when they meet, and rests on nothing but the
//! last of either.

use crate::problem::{Constraint, Problem, sum};
use crate::refutation::{Node, Refutation};
use crate::simplex::{Simplex, Stop};
use crate::solve::{Answer, Reason, cost, search};

/// The least value of an objective.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Minimum {
    /// There is one.
    Least {
        /// The value.
        value: i64,
        /// A solution that has it.
        at: Vec<i64>,
        /// That there is none with less: of [`below`] `value`.
        lower: Refutation,
    },
    /// The problem has no solution.
    Infeasible(Refutation),
    /// That was not found out.
    Unknown(Reason),
}

/// The problem with one more constraint, the last: the objective is less than a value.
pub fn below(problem: &Problem, objective: &[(usize, i64)], value: i64) -> Problem {
    // Nothing is less than the least number; that a sum is at most that says less, and is true.
    problem.with(Constraint::at_most(objective, value.saturating_sub(1)))
}

/// Looks for the least value of an objective with non-negative coefficients, with at most `budget`
/// pivots in all.
pub fn minimise(problem: &Problem, objective: &[(usize, i64)], mut budget: u64) -> Minimum {
    let budget = &mut budget;
    let (mut at, mut value) = match better(problem, objective, budget) {
        Ok(found) => found,
        Err(end) => return end,
    };
    // Values below `least` are refuted, by `lower`. That no sum is negative needs no more than the
    // constraint that it is.
    let mut least = 0;
    let mut lower = Refutation {
        nodes: vec![Node::Leaf {
            weights: vec![(problem.constraints.len(), 1)],
        }],
    };
    let mut ask = relaxed(problem, objective, budget).unwrap_or(1);
    let mut step = 1;
    while least < value {
        let limit = ask.clamp(least + 1, value);
        match better(&below(problem, objective, limit), objective, budget) {
            Ok(found) => (at, value) = found,
            Err(Minimum::Infeasible(refutation)) => {
                (least, lower) = (limit, refutation);
                // No more than a guess: `limit` is what is asked, and between the two.
                ask = limit.saturating_add(step);
                step = step.saturating_mul(2);
            }
            Err(unknown) => return unknown,
        }
    }
    Minimum::Least { value, at, lower }
}

/// A solution and its value; otherwise how the search ended.
fn better(
    problem: &Problem,
    objective: &[(usize, i64)],
    budget: &mut u64,
) -> Result<(Vec<i64>, i64), Minimum> {
    match search(problem, objective, budget) {
        Answer::Feasible(at) => match sum(objective, &at).map(i64::try_from) {
            Some(Ok(value)) => Ok((at, value)),
            _ => Err(Minimum::Unknown(Reason::Size)),
        },
        Answer::Infeasible(refutation) => Err(Minimum::Infeasible(refutation)),
        Answer::Unknown(reason) => Err(Minimum::Unknown(reason)),
    }
}

/// The relaxation's least value, rounded up: no more than a guess where to begin.
fn relaxed(problem: &Problem, objective: &[(usize, i64)], budget: &mut u64) -> Option<i64> {
    let cost = cost(problem, objective).ok()?;
    let least = |budget: &mut u64| -> Result<Option<i64>, Stop> {
        let mut relaxation = Simplex::<i128>::new(problem, &cost)?;
        relaxation.optimise(budget)?;
        Ok(relaxation.cost())
    };
    least(budget).ok().flatten()
}
