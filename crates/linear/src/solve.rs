//! Branch and cut: integer solutions, or a tree of contradictions.
//!
//! A node of the search is the problem with bounds on some variables. If its
//! [relaxation](crate::simplex) has no solution, the node ends in a leaf. If the relaxation's values
//! are integers, they are a solution. Else the problem at the root is given some
//! [cuts](crate::cut), and after those one of the variables with a fractional value is bounded from
//! above in one node, from below in another. The nodes, written down in the order they are met, are
//! the [`Refutation`], less what turns out not to be needed.
//!
//! No answer rests on any of that: solutions are put into the problem, and refutations
//! [checked](crate::check), before they are returned. Either can only fail over numbers beyond what
//! the check computes with; the answer is then [`Reason::Size`].
//!
//! Where variables have no upper bounds, branching may go on for ever; hence the budget, and the
//! limit on the depth.

use num_bigint::BigInt;

use crate::check::refutes;
use crate::number::Number;
use crate::problem::Problem;
use crate::refutation::{Node, Refutation};
use crate::simplex::{End, Simplex, Stop};
use crate::trim::trim;

/// Whether a problem has a solution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It has: a value for each variable.
    Feasible(Vec<i64>),
    /// It has none.
    Infeasible(Refutation),
    /// That was not found out.
    Unknown(Reason),
}

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// The budget was used up.
    Budget,
    /// There were too many branches within branches.
    Depth,
    /// Numbers, or the number of variables, are too large.
    Size,
    /// The problem names a variable that it does not have, or an objective has a negative
    /// coefficient.
    Malformed,
}

/// Bounds within bounds: each costs the memory of a tableau.
const MAX_DEPTH: usize = 256;
/// Cuts at the root: each makes every pivot slower.
const MAX_CUTS: usize = 24;
/// Larger problems are not looked at: memory grows with the variables and the square of the
/// constraints.
const MAX_VARIABLES: usize = 1 << 22;
const MAX_CONSTRAINTS: usize = 1 << 11;

/// Looks for a solution, preferring small values, with at most `budget` pivots.
pub fn solve(problem: &Problem, mut budget: u64) -> Answer {
    let objective: Vec<_> = (0..problem.variables.min(MAX_VARIABLES))
        .map(|variable| (variable, 1))
        .collect();
    search(problem, &objective, &mut budget)
}

/// Looks for a solution where a sum with non-negative coefficients is small.
pub(crate) fn search(problem: &Problem, objective: &[(usize, i64)], budget: &mut u64) -> Answer {
    let cost = match cost(problem, objective) {
        Ok(cost) => cost,
        Err(reason) => return Answer::Unknown(reason),
    };
    let answer = run::<i64>(problem, &cost, budget)
        .or_else(|| run::<i128>(problem, &cost, budget))
        .or_else(|| run::<BigInt>(problem, &cost, budget));
    match answer {
        Some(Answer::Feasible(values)) if !problem.satisfied_by(&values) => {
            Answer::Unknown(Reason::Size)
        }
        Some(Answer::Infeasible(refutation)) if !refutes(problem, &refutation) => {
            Answer::Unknown(Reason::Size)
        }
        Some(answer) => answer,
        None => Answer::Unknown(Reason::Size),
    }
}

/// What each variable costs, if the problem and the objective are in order.
pub(crate) fn cost(problem: &Problem, objective: &[(usize, i64)]) -> Result<Vec<i64>, Reason> {
    if problem.variables > MAX_VARIABLES || problem.constraints.len() > MAX_CONSTRAINTS {
        return Err(Reason::Size);
    }
    let constraints = problem.constraints.iter();
    let named = constraints.flat_map(|constraint| &constraint.terms);
    if named.chain(objective).any(|&(x, _)| x >= problem.variables)
        || objective.iter().any(|&(_, factor)| factor < 0)
    {
        return Err(Reason::Malformed);
    }
    let mut cost = vec![0i64; problem.variables];
    for &(variable, factor) in objective {
        let sum = cost[variable].checked_add(factor);
        cost[variable] = sum.ok_or(Reason::Size)?;
    }
    Ok(cost)
}

/// The search with one type of numbers; `None` if they overflow.
fn run<T: Number>(problem: &Problem, cost: &[i64], budget: &mut u64) -> Option<Answer> {
    match branch_and_cut::<T>(problem, cost, budget) {
        Ok(answer) => Some(answer),
        Err(Stop::Budget) => Some(Answer::Unknown(Reason::Budget)),
        Err(Stop::Overflow) => None,
    }
}

fn branch_and_cut<T: Number>(
    problem: &Problem,
    cost: &[i64],
    budget: &mut u64,
) -> Result<Answer, Stop> {
    let root = problem.constraints.len();
    let mut cuts = 0;
    let mut nodes = Vec::new();
    // What is to be searched, the next last, with the number of constraints known there.
    let mut open = vec![(Simplex::<T>::new(problem, cost)?, root)];
    while let Some((mut node, mut known)) = open.pop() {
        loop {
            if let End::Contradiction(row) = node.optimise(budget)? {
                match node.leaf(row) {
                    Some(leaf) => nodes.push(leaf),
                    None => return Ok(Answer::Unknown(Reason::Size)),
                }
                break;
            }
            let Some(row) = node.most_fractional() else {
                return Ok(match node.values() {
                    Some(values) => Answer::Feasible(values),
                    None => Answer::Unknown(Reason::Size),
                });
            };
            if known == root + cuts
                && cuts < MAX_CUTS
                && let Some(cut) = node.cut(row, known)?
            {
                nodes.push(cut);
                known += 1;
                cuts += 1;
                continue;
            }
            if known - root - cuts == MAX_DEPTH {
                return Ok(Answer::Unknown(Reason::Depth));
            }
            let variable = node.rows[row].basic;
            let below = node.rows[row].value.div_floor(&node.denominator);
            let Some(at) = below.to_i64() else {
                return Ok(Answer::Unknown(Reason::Size));
            };
            nodes.push(Node::Branch { variable, at });
            let mut above = node.clone();
            let least = T::from(-1) - below.clone();
            above.bound(variable, false, least, known)?;
            node.bound(variable, true, below, known)?;
            known += 1;
            open.push((above, known));
        }
    }
    Ok(Answer::Infeasible(trim(Refutation { nodes }, root)))
}
