//! Problems whose answers are known from the outside.

use kmapcheck_linear::minimise::below;
use kmapcheck_linear::{
    Answer, Constraint, Minimum, Node, Problem, Reason, Refutation, minimise, refutes, solve,
};

const BUDGET: u64 = 10_000;

fn infeasible(problem: &Problem) -> Refutation {
    match solve(problem, BUDGET) {
        Answer::Infeasible(refutation) => {
            assert!(refutes(problem, &refutation));
            refutation
        }
        other => panic!("{other:?}"),
    }
}

/// Tasks that each hold `k - 1` slots and want one more exhaust `P` slots from `ceil(P / (k - 1))`
/// tasks on, and no fewer.
#[test]
fn tasks_it_takes_to_exhaust_a_pool() {
    for k in 2..=7i64 {
        for slots in 1..=40i64 {
            let problem = Problem {
                variables: 1,
                constraints: vec![Constraint::at_least([(0, k - 1)], slots)],
            };
            let expected = (slots + k - 2) / (k - 1);
            match minimise(&problem, &[(0, 1)], BUDGET) {
                Minimum::Least { value, at, lower } => {
                    assert_eq!((value, at), (expected, vec![expected]), "{k} {slots}");
                    assert!(refutes(&below(&problem, &[(0, 1)], value), &lower));
                }
                other => panic!("{other:?}"),
            }
            let few = problem.with(Constraint::at_most([(0, 1)], expected - 1));
            infeasible(&few);
            let enough = problem.with(Constraint::at_most([(0, 1)], expected));
            assert_eq!(solve(&enough, BUDGET), Answer::Feasible(vec![expected]));
        }
    }
}

/// At 1,024 slots, where tasks hold 3 or 5 of them and are to fill the pool exactly: 204 tasks hold
/// at most 1,020, so that it takes 205; 3 * 1 + 5 * 204 is 1,023, and the next to reach 1,024 with
/// whole numbers and few tasks is 3 * 3 + 5 * 203, which is 206.
#[test]
fn a_pool_filled_exactly() {
    let sum = [(0, 3), (1, 5)];
    let problem = Problem {
        variables: 2,
        constraints: vec![
            Constraint::at_least(sum, 1024),
            Constraint::at_most(sum, 1024),
        ],
    };
    match minimise(&problem, &[(0, 1), (1, 1)], BUDGET) {
        Minimum::Least { value, at, .. } => assert_eq!((value, at), (206, vec![3, 203])),
        other => panic!("{other:?}"),
    }
}

/// Even numbers do not add up to an odd one, however many there are: one cut and one leaf.
#[test]
fn parity_takes_one_cut() {
    let sum: Vec<_> = (0..300)
        .zip((0..7).cycle())
        .map(|(x, n)| (x, 2 * (1 + n)))
        .collect();
    let problem = Problem {
        variables: 300,
        constraints: vec![
            Constraint::at_least(sum.clone(), 1023),
            Constraint::at_most(sum, 1023),
        ],
    };
    let refutation = infeasible(&problem);
    assert!(
        matches!(&refutation.nodes[..], [Node::Cut { .. }, Node::Leaf { .. }]),
        "{refutation:?}"
    );
}

/// Two pools, each of which the tasks that wait for it must have filled; whoever waits for one holds
/// slots of the other only. With an order (a task that waits for the second holds slots of the first,
/// and nobody who holds the second waits) there is nobody to fill the second.
#[test]
fn an_order_leaves_nobody_to_fill_the_last_pool() {
    // x0 hold the first and wait for the second; x1 hold nothing and wait for the first.
    let ordered = Problem {
        variables: 2,
        constraints: vec![
            Constraint::at_least([(0, 1), (1, 1)], 1),
            Constraint::at_least([(1, 0)], 512),
        ],
    };
    let refutation = infeasible(&ordered);
    let leaf = Node::Leaf {
        weights: vec![(1, 1)],
    };
    assert_eq!(refutation.nodes, [leaf]);
}

/// JSON comes back as it was.
#[test]
fn refutations_survive_json() {
    // 6x + 10y + 15z = 29: 29 is the largest number that is no such sum.
    let sum = [(0, 6), (1, 10), (2, 15)];
    let exactly = |bound| Problem {
        variables: 3,
        constraints: vec![
            Constraint::at_least(sum, bound),
            Constraint::at_most(sum, bound),
        ],
    };
    let problem = exactly(29);
    let refutation = infeasible(&problem);
    let text = serde_json::to_string(&(&problem, &refutation)).expect("it can be written");
    let read: (Problem, Refutation) = serde_json::from_str(&text).expect("it can be read");
    assert!(refutes(&read.0, &read.1));
    assert_eq!(read, (problem, refutation));
    for bound in 30..200 {
        assert!(matches!(
            solve(&exactly(bound), BUDGET),
            Answer::Feasible(_)
        ));
    }
}

#[test]
fn the_format_of_refutations() {
    let text = r#"[{"branch":{"variable":0,"at":1}},
        {"leaf":{"weights":[[1,1],[2,1]]}},
        {"cut":{"weights":[[0,1]],"divisor":2}},
        {"leaf":{"weights":[[3,1],[2,1]]}}]"#;
    // 2x >= 3 and x <= 1: if x <= 1, half of the first is x >= 2.
    let problem = Problem {
        variables: 1,
        constraints: vec![
            Constraint::at_least([(0, 2)], 3),
            Constraint::at_most([(0, 1)], 1),
        ],
    };
    let refutation: Refutation = serde_json::from_str(text).expect("it can be read");
    assert!(refutes(&problem, &refutation));
}

/// What takes too long is said to be unknown, not anything else.
#[test]
fn stopped_is_not_proved() {
    let problem = Problem {
        variables: 2,
        constraints: vec![
            Constraint::at_least([(0, 3), (1, 5)], 1024),
            Constraint::at_most([(0, 3), (1, 5)], 1024),
        ],
    };
    assert_eq!(solve(&problem, 0), Answer::Unknown(Reason::Budget));
    let names = problem.with(Constraint::at_least([(2, 1)], 1));
    assert_eq!(solve(&names, BUDGET), Answer::Unknown(Reason::Malformed));
    let negative = minimise(&problem, &[(0, -1)], BUDGET);
    assert_eq!(negative, Minimum::Unknown(Reason::Malformed));
    let wide = Problem {
        variables: usize::MAX,
        constraints: vec![],
    };
    assert_eq!(solve(&wide, BUDGET), Answer::Unknown(Reason::Size));
    let tall = Problem {
        variables: 1,
        constraints: vec![Constraint::at_least([(0, 1)], 1); 1 << 12],
    };
    assert_eq!(solve(&tall, BUDGET), Answer::Unknown(Reason::Size));
}

#[test]
fn nothing_to_satisfy() {
    let problem = Problem {
        variables: 2,
        constraints: vec![],
    };
    assert_eq!(solve(&problem, 0), Answer::Feasible(vec![0, 0]));
    match minimise(&problem, &[(0, 1), (1, 0)], 0) {
        Minimum::Least { value, at, lower } => {
            assert_eq!((value, at), (0, vec![0, 0]));
            assert!(refutes(&below(&problem, &[(0, 1), (1, 0)], 0), &lower));
        }
        other => panic!("{other:?}"),
    }
}

/// Bounds may be reached, and every constraint counts, as do those that variables have anyway.
#[test]
fn what_a_solution_is() {
    let problem = Problem {
        variables: 2,
        constraints: vec![
            Constraint::at_least([(0, 1), (1, 2)], 4),
            Constraint::at_most([(0, 3)], 6),
        ],
    };
    for x in -1..=4i64 {
        for y in -1..=4i64 {
            let solves = x >= 0 && y >= 0 && x + 2 * y >= 4 && 3 * x <= 6;
            assert_eq!(problem.satisfied_by(&[x, y]), solves, "{x} {y}");
        }
    }
    assert!(problem.satisfied_by(&[2, 1]));
    assert!(!problem.satisfied_by(&[2]) && !problem.satisfied_by(&[2, 1, 0]));
    // A sum that does not fit into 128 bits, and one of a variable that there is not.
    let wide = vec![(0, i64::MAX); 3];
    let large = |terms: Vec<(usize, i64)>| Problem {
        variables: 1,
        constraints: vec![Constraint::at_least(terms, 1)],
    };
    assert!(!large([wide.clone(), wide].concat()).satisfied_by(&[i64::MAX]));
    assert!(!large(vec![(0, 1), (1, 1)]).satisfied_by(&[1]));
}
