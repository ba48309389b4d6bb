//! Branch and cut: integer solutions, or a tree of contradictions.
//!
//! A node of the search is the problem with bounds on some variables. If its
//! relaxation has no solution, the node ends in a leaf. If the relaxation's values
//! are integers, they are a solution. Else the problem at the root is given some
//! cuts, and after those one of the variables with a fractional value is bounded from
//! below in one node, from above in another. The former is searched first: where a pool is to be
//! filled, setting a task aside leaves as many others to try as before, taking one brings the end
//! nearer. The nodes, written down in the order they are met, are the [`Refutation`], less what turns
//! out not to be needed.
//!
//! No answer rests on any of that: solutions are put into the problem, and refutations
//! [checked](crate::check), before they are returned. Either can only fail over numbers beyond what
//! the check computes with; the answer is then [`Reason::Size`].
//!
//! Where variables have no upper bounds, branching may go on for ever; hence the budget, and the
//! limit on the depth. A node beyond that is left alone: a solution may be found elsewhere, but
//! nothing is refuted any more.

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
/// Cuts at the root, after those of single constraints: each makes every pivot slower.
const MAX_CUTS: usize = 24;
/// Larger problems are not looked at: memory grows with the variables and the square of the
/// constraints.
const MAX_VARIABLES: usize = 1 << 22;
const MAX_CONSTRAINTS: usize = 1 << 11;

/// Looks for a solution, preferring small values, with at most `budget` pivots.
pub fn solve(problem: &Problem, mut budget: u64) -> Answer {
    small(problem, &mut budget, Some(MAX_CUTS))
}

/// The same without cuts: the plainer method, which [`solve()`] is held against.
pub fn solve_by_branching(problem: &Problem, mut budget: u64) -> Answer {
    small(problem, &mut budget, None)
}

fn small(problem: &Problem, budget: &mut u64, cuts: Option<usize>) -> Answer {
    let objective: Vec<_> = (0..problem.variables.min(MAX_VARIABLES))
        .map(|variable| (variable, 1))
        .collect();
    any(problem, &objective, budget, cuts)
}

/// Looks for a solution where a sum with non-negative coefficients is small.
pub(crate) fn search(problem: &Problem, objective: &[(usize, i64)], budget: &mut u64) -> Answer {
    any(problem, objective, budget, Some(MAX_CUTS))
}

/// The search with the first type of numbers that does, with at most so many cuts after those of
/// single constraints, or without any.
fn any(
    problem: &Problem,
    objective: &[(usize, i64)],
    budget: &mut u64,
    cuts: Option<usize>,
) -> Answer {
    let cost = match cost(problem, objective) {
        Ok(cost) => cost,
        Err(reason) => return Answer::Unknown(reason),
    };
    let answer = run::<i64>(problem, &cost, budget, cuts)
        .or_else(|| run::<i128>(problem, &cost, budget, cuts))
        .or_else(|| run::<BigInt>(problem, &cost, budget, cuts));
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
fn run<T: Number>(
    problem: &Problem,
    cost: &[i64],
    budget: &mut u64,
    cuts: Option<usize>,
) -> Option<Answer> {
    match branch_and_cut::<T>(problem, cost, budget, cuts) {
        Ok(answer) => Some(answer),
        Err(Stop::Budget) => Some(Answer::Unknown(Reason::Budget)),
        Err(Stop::Overflow) => None,
    }
}

fn branch_and_cut<T: Number>(
    problem: &Problem,
    cost: &[i64],
    budget: &mut u64,
    allowed: Option<usize>,
) -> Result<Answer, Stop> {
    let root = problem.constraints.len();
    let mut cuts = 0;
    let mut nodes = Vec::new();
    // What is to be searched, the next last, with the number of constraints known there.
    let mut first = Simplex::<T>::new(problem, cost)?;
    for row in 0..allowed.map_or(0, |_| root) {
        if let Some(cut) = first.even(row, root + cuts)? {
            nodes.push(cut);
            cuts += 1;
        }
    }
    // Without cuts none are allowed.
    let last = cuts + allowed.unwrap_or(0);
    let mut too_deep = false;
    let mut open = vec![(first, root + cuts)];
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
                && cuts < last
                && let Some(cut) = node.cut(row, known)?
            {
                nodes.push(cut);
                known += 1;
                cuts += 1;
                continue;
            }
            if known - root - cuts == MAX_DEPTH {
                too_deep = true;
                break;
            }
            let variable = node.rows[row].basic;
            let below = node.rows[row].value.div_floor(&node.denominator);
            let Some(at) = below.to_i64() else {
                return Ok(Answer::Unknown(Reason::Size));
            };
            nodes.push(Node::Branch { variable, at });
            let least = T::from(-1) - below.clone();
            let mut lower = node.clone();
            lower.bound(variable, true, below, known)?;
            node.bound(variable, false, least, known)?;
            known += 1;
            open.push((lower, known));
        }
    }
    if too_deep {
        return Ok(Answer::Unknown(Reason::Depth));
    }
    Ok(Answer::Infeasible(trim(Refutation { nodes }, root)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::Constraint;

    /// Larger numbers are for what overflows; what does not comes out the same with any.
    #[test]
    fn any_type_of_numbers() {
        for bound in 1..200 {
            let sum = [(0, 6), (1, 10), (2, 15), (3, 0)];
            let problem = Problem {
                variables: 4,
                constraints: vec![
                    Constraint::at_least(sum, bound),
                    Constraint::at_most(sum, bound),
                    Constraint::at_least([(0, -1), (1, 2), (3, 1)], bound / 7),
                    Constraint::at_most([(0, 2), (2, 5), (3, 3)], bound / 2),
                ],
            };
            let cost = [1; 4];
            let answer = run::<i64>(&problem, &cost, &mut 1_000, Some(MAX_CUTS));
            assert!(matches!(
                answer,
                Some(Answer::Feasible(_) | Answer::Infeasible(_))
            ));
            assert_eq!(
                answer,
                run::<i128>(&problem, &cost, &mut 1_000, Some(MAX_CUTS)),
                "{bound}"
            );
            assert_eq!(
                answer,
                run::<BigInt>(&problem, &cost, &mut 1_000, Some(MAX_CUTS)),
                "{bound}"
            );
        }
    }

    /// The denominators are products of primes near 2^31, of which two fill an `i64` and four an
    /// `i128`.
    #[test]
    fn numbers_that_overflow() {
        let primes = [
            2_147_483_647i64,
            2_147_483_629,
            2_147_483_587,
            2_147_483_579,
            2_147_483_563,
        ];
        // p x(i) >= x(i - 1) and >= 1 in all: the last needs one of each.
        let mut constraints = vec![Constraint::at_least([(0, primes[0])], 1)];
        for (i, &p) in primes.iter().enumerate().skip(1) {
            constraints.push(Constraint::at_least([(i, p), (i - 1, -1)], 1));
        }
        let problem = Problem {
            variables: primes.len(),
            constraints,
        };
        let cost = vec![1; primes.len()];
        assert_eq!(
            run::<i64>(&problem, &cost, &mut 1_000, Some(MAX_CUTS)),
            None
        );
        assert_eq!(
            run::<i128>(&problem, &cost, &mut 1_000, Some(MAX_CUTS)),
            None
        );
        let answer = run::<BigInt>(&problem, &cost, &mut 1_000, Some(MAX_CUTS));
        assert_eq!(answer, Some(Answer::Feasible(vec![1; primes.len()])));
        assert_eq!(
            solve(&problem, 1_000),
            Answer::Feasible(vec![1; primes.len()])
        );
    }
}
