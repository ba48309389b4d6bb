//! The solver against enumeration, on random problems. `KMAPCHECK_CASES` sets how many.

use kmapcheck_linear::minimise::below;
use kmapcheck_linear::{
    Answer, Constraint, Minimum, Problem, Reason, Relation, minimise, refutes, solve,
    solve_by_branching,
};
use proptest::prelude::*;

const BUDGET: u64 = 20_000;
/// Values beyond are not enumerated.
const MOST: i64 = 4;

fn constraints(variables: usize) -> impl Strategy<Value = Vec<Constraint>> {
    let constraint = (
        prop::collection::vec((0..variables, -4i64..=4), 1..=4),
        prop_oneof![Just(Relation::AtLeast), Just(Relation::AtMost)],
        -9i64..=12,
    )
        .prop_map(|(terms, relation, bound)| Constraint {
            terms,
            relation,
            bound,
        });
    // A sum that is given exactly: what the rationals can do and integers often cannot.
    let exactly = (
        prop::collection::vec((0..variables, 2i64..=7), 2..=4),
        1i64..=30,
    )
        .prop_map(|(terms, bound)| {
            vec![
                Constraint::at_least(terms.clone(), bound),
                Constraint::at_most(terms, bound),
            ]
        });
    prop_oneof![
        prop::collection::vec(constraint.clone(), 1..=6),
        (exactly, prop::collection::vec(constraint, 0..=3)).prop_map(|(a, b)| [a, b].concat()),
    ]
}

fn unbounded() -> impl Strategy<Value = Problem> {
    (1usize..=4).prop_flat_map(|variables| {
        constraints(variables).prop_map(move |constraints| Problem {
            variables,
            constraints,
        })
    })
}

/// No value is more than `MOST`, so that enumeration misses nothing.
fn bounded() -> impl Strategy<Value = Problem> {
    unbounded().prop_map(|mut problem| {
        let bounds = (0..problem.variables).map(|x| Constraint::at_most([(x, 1)], MOST));
        problem.constraints.extend(bounds);
        problem
    })
}

/// Every solution with values up to `MOST`.
fn enumerate(problem: &Problem) -> impl Iterator<Item = Vec<i64>> {
    let count = (MOST + 1).pow(u32::try_from(problem.variables).expect("few variables"));
    (0..count)
        .map(|mut code| {
            let digit = |_| {
                let value = code % (MOST + 1);
                code /= MOST + 1;
                value
            };
            (0..problem.variables).map(digit).collect::<Vec<_>>()
        })
        .filter(|values| holds(problem, values))
}

/// Whether the values are a solution, by the plainest means.
fn holds(problem: &Problem, values: &[i64]) -> bool {
    problem.constraints.iter().all(|constraint| {
        let sum: i64 = constraint.terms.iter().map(|&(x, c)| c * values[x]).sum();
        match constraint.relation {
            Relation::AtLeast => sum >= constraint.bound,
            Relation::AtMost => sum <= constraint.bound,
        }
    })
}

fn value(objective: &[(usize, i64)], values: &[i64]) -> i64 {
    objective.iter().map(|&(x, c)| c * values[x]).sum()
}

proptest! {
    #![proptest_config(kmapcheck_testing::config(3_000))]

    #[test]
    fn bounded_problems_are_decided(problem in bounded()) {
        let solvable = enumerate(&problem).next().is_some();
        for answer in [solve(&problem, BUDGET), solve_by_branching(&problem, BUDGET)] {
            match answer {
                Answer::Feasible(values) => {
                    prop_assert!(holds(&problem, &values) && values.iter().all(|&x| x >= 0));
                    prop_assert!(solvable);
                }
                Answer::Infeasible(refutation) => {
                    prop_assert!(!solvable);
                    prop_assert!(refutes(&problem, &refutation));
                }
                Answer::Unknown(reason) => prop_assert!(false, "{reason:?}"),
            }
        }
    }

    #[test]
    fn unbounded_problems_are_not_refuted_if_they_have_a_solution(problem in unbounded()) {
        match solve(&problem, BUDGET) {
            Answer::Feasible(values) => {
                prop_assert!(holds(&problem, &values) && values.iter().all(|&x| x >= 0));
            }
            Answer::Infeasible(refutation) => {
                prop_assert_eq!(enumerate(&problem).next(), None);
                prop_assert!(refutes(&problem, &refutation));
            }
            Answer::Unknown(reason) => {
                prop_assert_ne!(reason, Reason::Malformed);
                prop_assert_eq!(enumerate(&problem).next(), None, "{:?}", reason);
            }
        }
    }

    #[test]
    fn least_values(
        (problem, objective) in bounded().prop_flat_map(|problem| {
            let term = (0..problem.variables, 0i64..=3);
            (Just(problem), prop::collection::vec(term, 0..=4))
        }),
    ) {
        let least = enumerate(&problem).map(|values| value(&objective, &values)).min();
        match minimise(&problem, &objective, BUDGET) {
            Minimum::Least { value: found, at, lower } => {
                prop_assert_eq!(Some(found), least);
                prop_assert!(holds(&problem, &at));
                prop_assert_eq!(value(&objective, &at), found);
                prop_assert!(refutes(&below(&problem, &objective, found), &lower));
            }
            Minimum::Infeasible(refutation) => {
                prop_assert_eq!(None, least);
                prop_assert!(refutes(&problem, &refutation));
            }
            Minimum::Unknown(reason) => prop_assert!(false, "{reason:?}"),
        }
    }

    /// Numbers of any size: no answer may be wrong, none may be a panic.
    #[test]
    fn large_numbers(
        rows in prop::collection::vec(
            (
                prop::collection::vec((0usize..3, any::<i64>()), 1..=4),
                prop_oneof![Just(Relation::AtLeast), Just(Relation::AtMost)],
                prop_oneof![any::<i64>(), Just(i64::MIN), Just(i64::MAX)],
            ),
            1..=5,
        ),
        objective in prop::collection::vec((0usize..3, 0..=i64::MAX), 0..=3),
    ) {
        let constraint = |(terms, relation, bound)| Constraint { terms, relation, bound };
        let problem = Problem {
            variables: 3,
            constraints: rows.into_iter().map(constraint).collect(),
        };
        match solve(&problem, 500) {
            Answer::Feasible(values) => prop_assert!(problem.satisfied_by(&values)),
            Answer::Infeasible(refutation) => prop_assert!(refutes(&problem, &refutation)),
            Answer::Unknown(reason) => prop_assert_ne!(reason, Reason::Malformed),
        }
        if let Minimum::Least { value, lower, .. } = minimise(&problem, &objective, 500) {
            prop_assert!(refutes(&below(&problem, &objective, value), &lower));
        }
    }
}
