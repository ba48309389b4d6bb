//! Whether a refutation holds: the part to trust, and short for that reason.
//!
//! It recomputes every sum from the problem and believes nothing of the proof but what it chose:
//! multipliers, divisors, where to branch. [`refutation`](crate::refutation) says why a tree whose
//! leaves are contradictions leaves no solution. Nothing of the solver is used here. Sums that do
//! not fit into 128 bits, and anything malformed, are refused. The list of nodes is worked off with
//! a stack of its own, so that no proof is too deep.

use std::collections::BTreeMap;

use kmapcheck_limits::ask;

use crate::problem::{Problem, Relation};
use crate::refutation::{Node, Refutation};

/// A constraint `sum >= bound`.
struct Known {
    terms: Vec<(usize, i128)>,
    bound: i128,
}

/// Whether the refutation proves that the problem has no solution.
pub fn refutes(problem: &Problem, refutation: &Refutation) -> bool {
    holds(problem, refutation).unwrap_or(false)
}

fn holds(problem: &Problem, refutation: &Refutation) -> Option<bool> {
    let mut known = Vec::new();
    for constraint in &problem.constraints {
        let sign = match constraint.relation {
            Relation::AtLeast => 1,
            Relation::AtMost => -1,
        };
        let terms = constraint.terms.iter();
        let terms: Vec<_> = terms.map(|&(x, c)| (x, sign * i128::from(c))).collect();
        if terms.iter().any(|&(x, _)| x >= problem.variables) {
            return None;
        }
        let bound = sign * i128::from(constraint.bound);
        known.push(Known { terms, bound });
    }
    // Cases still to be refuted, the next one last: what each adds, to how many known constraints.
    let mut open = vec![(known.len(), None)];
    for node in &refutation.nodes {
        let (shared, added) = open.pop()?;
        known.truncate(shared);
        known.extend(added);
        match node {
            Node::Leaf { weights } => {
                let (sum, bound) = weighted_sum(&known, weights)?;
                if bound <= 0 || sum.values().any(|&c| c > 0) {
                    return None;
                }
            }
            Node::Cut { weights, divisor } => {
                let (sum, bound) = weighted_sum(&known, weights)?;
                let divisor = i128::from(*divisor);
                let mut terms = Vec::with_capacity(sum.len());
                for (x, c) in sum {
                    terms.push((x, rounded_up(c, divisor)?));
                }
                let bound = rounded_up(bound, divisor)?;
                open.push((known.len(), Some(Known { terms, bound })));
            }
            &Node::Branch { variable, at } => {
                if variable >= problem.variables {
                    return None;
                }
                let at = i128::from(at);
                let case = |sign, bound| Known {
                    terms: vec![(variable, sign)],
                    bound,
                };
                open.push((known.len(), Some(case(-1, -at))));
                open.push((known.len(), Some(case(1, at + 1))));
            }
        }
    }
    Some(open.is_empty())
}

/// The constraints, each as many times as its weight says, added up.
fn weighted_sum(
    known: &[Known],
    weights: &[(usize, u64)],
) -> Option<(BTreeMap<usize, i128>, i128)> {
    let (mut sum, mut bound) = (BTreeMap::new(), 0i128);
    for &(position, weight) in weights {
        ask();
        let (constraint, weight) = (known.get(position)?, i128::from(weight));
        bound = bound.checked_add(constraint.bound.checked_mul(weight)?)?;
        for &(x, c) in &constraint.terms {
            let total = sum.entry(x).or_insert(0i128);
            *total = total.checked_add(c.checked_mul(weight)?)?;
        }
    }
    Some((sum, bound))
}

/// `number / divisor`, rounded towards positive infinity.
fn rounded_up(number: i128, divisor: i128) -> Option<i128> {
    let rest = number.checked_rem_euclid(divisor)?;
    let down = number.checked_div_euclid(divisor)?;
    Some(if rest == 0 { down } else { down + 1 })
}
