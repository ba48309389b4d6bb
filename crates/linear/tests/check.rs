//! The check against a plainer one, on refutations that were tampered with and on nonsense.

use std::sync::atomic::{AtomicU32, Ordering};

use kmapcheck_linear::{
    Answer, Constraint, Node, Problem, Refutation, Relation, refutes, solve, solve_by_branching,
};
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::TestRunner;

/// A row `coefficients >= bound`, the bound last.
type Row = Vec<i128>;

/// The definition of a refutation, recursively, on dense rows of small numbers.
fn plain(problem: &Problem, refutation: &Refutation) -> bool {
    let width = problem.variables + 1;
    let mut rows = Vec::new();
    for constraint in &problem.constraints {
        let mut row = vec![0; width];
        for &(variable, factor) in &constraint.terms {
            row[variable] += i128::from(factor);
        }
        row[width - 1] = constraint.bound.into();
        if constraint.relation == Relation::AtMost {
            row.iter_mut().for_each(|number| *number = -*number);
        }
        rows.push(row);
    }
    let mut nodes = refutation.nodes.iter();
    proof(width, &rows, &mut nodes) && nodes.next().is_none()
}

fn proof<'a>(width: usize, rows: &[Row], nodes: &mut impl Iterator<Item = &'a Node>) -> bool {
    let with = |row: Row| [rows, &[row]].concat();
    match nodes.next() {
        None => false,
        Some(Node::Leaf { weights }) => combination(width, rows, weights)
            .is_some_and(|sum| sum[width - 1] > 0 && sum[..width - 1].iter().all(|&c| c <= 0)),
        Some(Node::Cut { weights, divisor }) => {
            let by = i128::from(*divisor);
            let Some(sum) = combination(width, rows, weights).filter(|_| by > 0) else {
                return false;
            };
            let up = |number: &i128| -((-number).div_euclid(by));
            proof(width, &with(sum.iter().map(up).collect()), nodes)
        }
        Some(&Node::Branch { variable, at }) => {
            if variable >= width - 1 {
                return false;
            }
            let row = |sign: i128, bound| {
                let mut row = vec![0; width];
                (row[variable], row[width - 1]) = (sign, bound);
                row
            };
            let at = i128::from(at);
            proof(width, &with(row(1, at + 1)), nodes) && proof(width, &with(row(-1, -at)), nodes)
        }
    }
}

fn combination(width: usize, rows: &[Row], weights: &[(usize, u64)]) -> Option<Row> {
    let mut sum = vec![0; width];
    for &(position, weight) in weights {
        let row = rows.get(position)?;
        for (total, number) in sum.iter_mut().zip(row) {
            *total += number * i128::from(weight);
        }
    }
    Some(sum)
}

fn problem() -> impl Strategy<Value = Problem> {
    let relation = || prop_oneof![Just(Relation::AtLeast), Just(Relation::AtMost)];
    let constraint = move || {
        let terms = prop::collection::vec((0usize..3, -5i64..=5), 1..=4);
        (terms, relation(), -9i64..=12).prop_map(|(terms, relation, bound)| Constraint {
            terms,
            relation,
            bound,
        })
    };
    // A sum that is given exactly: what the rationals can do and integers often cannot.
    let exactly = (prop::collection::vec(2i64..=9, 3), 1i64..=40).prop_map(|(factors, bound)| {
        let terms: Vec<_> = factors.into_iter().enumerate().collect();
        vec![
            Constraint::at_least(terms.clone(), bound),
            Constraint::at_most(terms, bound),
        ]
    });
    let constraints = prop_oneof![
        prop::collection::vec(constraint(), 2..=7),
        (exactly, prop::collection::vec(constraint(), 0..=2)).prop_map(|(a, b)| [a, b].concat()),
    ];
    constraints.prop_map(|mut constraints| {
        constraints.extend((0..3).map(|x| Constraint::at_most([(x, 1)], 6)));
        Problem {
            variables: 3,
            constraints,
        }
    })
}

fn node() -> impl Strategy<Value = Node> {
    let weights = || prop::collection::vec((0usize..8, 0u64..=4), 0..=4);
    prop_oneof![
        3 => weights().prop_map(|weights| Node::Leaf { weights }),
        1 => (weights(), 0u64..=4).prop_map(|(weights, divisor)| Node::Cut { weights, divisor }),
        2 => (0usize..4, -1i64..=6).prop_map(|(variable, at)| Node::Branch { variable, at }),
    ]
}

/// Every refutation that differs from this one in a number, or lacks a node or has one twice.
fn tampered(refutation: &Refutation) -> Vec<Refutation> {
    let mut all = Vec::new();
    let mut with = |index: usize, node: Node| {
        let mut nodes = refutation.nodes.clone();
        nodes[index] = node;
        all.push(Refutation { nodes });
    };
    for (index, node) in refutation.nodes.iter().enumerate() {
        let (weights, divisor) = match node {
            Node::Leaf { weights } => (weights, None),
            Node::Cut { weights, divisor } => (weights, Some(*divisor)),
            &Node::Branch { variable, at } => {
                for (variable, at) in [(variable, at - 1), (variable, at + 1), (variable + 1, at)] {
                    with(index, Node::Branch { variable, at });
                }
                continue;
            }
        };
        let rebuilt = |weights: Vec<(usize, u64)>, divisor: Option<u64>| match divisor {
            None => Node::Leaf { weights },
            Some(divisor) => Node::Cut { weights, divisor },
        };
        for k in 0..weights.len() {
            let (position, weight) = weights[k];
            for other in [
                (position, weight - 1),
                (position, weight + 1),
                (position, 0),
                (position, 2 * weight),
                (position + 1, weight),
                (usize::MAX, weight),
            ] {
                let mut weights = weights.clone();
                weights[k] = other;
                with(index, rebuilt(weights, divisor));
            }
        }
        if let Some(divisor) = divisor {
            for divisor in [0, divisor - 1, divisor + 1, 2 * divisor] {
                with(index, rebuilt(weights.clone(), Some(divisor)));
            }
        }
    }
    for index in 0..refutation.nodes.len() {
        let mut nodes = refutation.nodes.clone();
        nodes.remove(index);
        all.push(Refutation { nodes });
        let mut nodes = refutation.nodes.clone();
        nodes.insert(index, nodes[index].clone());
        all.push(Refutation { nodes });
    }
    all
}

#[test]
fn tampering_is_seen() {
    let (refused, cuts, branches) = (AtomicU32::new(0), AtomicU32::new(0), AtomicU32::new(0));
    let mut runner = TestRunner::new(kmapcheck_testing::config(3_000));
    let result = runner.run(&problem(), |problem| {
        for answer in [
            solve(&problem, 20_000),
            solve_by_branching(&problem, 20_000),
        ] {
            let Answer::Infeasible(refutation) = answer else {
                continue;
            };
            prop_assert!(refutes(&problem, &refutation));
            prop_assert!(plain(&problem, &refutation));
            for node in &refutation.nodes {
                match node {
                    Node::Leaf { .. } => 0,
                    Node::Cut { .. } => cuts.fetch_add(1, Ordering::Relaxed),
                    Node::Branch { .. } => branches.fetch_add(1, Ordering::Relaxed),
                };
            }
            for tampered in tampered(&refutation) {
                let expected = plain(&problem, &tampered);
                prop_assert_eq!(refutes(&problem, &tampered), expected, "{:?}", tampered);
                refused.fetch_add(u32::from(!expected), Ordering::Relaxed);
            }
        }
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
    let seen = [refused, cuts, branches].map(AtomicU32::into_inner);
    assert!(
        seen.into_iter().all(|count| count > 0),
        "refused, cuts, branches: {seen:?}"
    );
}

proptest! {
    #![proptest_config(kmapcheck_testing::config(3_000))]

    /// Refutations of other problems, and of this one with another bound or term.
    #[test]
    fn refutations_of_another_problem(
        problem in problem(),
        other in problem(),
        which in any::<Index>(),
        by in -3i64..=3,
    ) {
        if let Answer::Infeasible(refutation) = solve(&problem, 20_000) {
            prop_assert_eq!(refutes(&other, &refutation), plain(&other, &refutation));
            let mut changed = problem.clone();
            which.get_mut(&mut changed.constraints).bound += by;
            prop_assert_eq!(refutes(&changed, &refutation), plain(&changed, &refutation));
            if let Answer::Feasible(_) = solve(&changed, 20_000) {
                prop_assert!(!refutes(&changed, &refutation));
            }
        }
    }

    /// Nothing refutes a problem with a solution.
    #[test]
    fn nonsense(problem in problem(), nodes in prop::collection::vec(node(), 0..=7)) {
        let refutation = Refutation { nodes };
        let accepted = refutes(&problem, &refutation);
        prop_assert_eq!(accepted, plain(&problem, &refutation));
        if let Answer::Feasible(_) = solve(&problem, 20_000) {
            prop_assert!(!accepted);
        }
    }
}

fn contradiction() -> Problem {
    Problem {
        variables: 1,
        constraints: vec![
            Constraint::at_least([(0, 2)], i64::MAX),
            Constraint::at_most([(0, 2)], 3),
        ],
    }
}

fn leaf(weights: &[(usize, u64)]) -> Refutation {
    let weights = weights.to_vec();
    Refutation {
        nodes: vec![Node::Leaf { weights }],
    }
}

#[test]
fn malformed_refutations() {
    let problem = contradiction();
    assert!(refutes(&problem, &leaf(&[(0, 1), (1, 1)])));
    assert!(!refutes(&problem, &Refutation::default()), "no nodes");
    assert!(!refutes(&problem, &leaf(&[])), "no weights");
    assert!(
        !refutes(&problem, &leaf(&[(0, 1), (2, 1)])),
        "no such constraint"
    );
    let huge: Vec<_> = [(0, u64::MAX), (1, u64::MAX)].repeat(1 << 4);
    assert!(!refutes(&problem, &leaf(&huge)), "sums beyond 128 bits");
    // x * (2^63 - 1) >= 1 has solutions. Taken 2 * (2^64 - 1) times, its coefficient is just below
    // 2^128, which 128 bits would hold as a negative number.
    let wraps = Problem {
        variables: 1,
        constraints: vec![Constraint::at_least([(0, i64::MAX)], 1)],
    };
    let often = leaf(&[(0, u64::MAX), (0, u64::MAX)]);
    assert!(!refutes(&wraps, &often), "coefficients beyond 128 bits");
    let both = leaf(&[(0, 1), (1, 1)]).nodes;
    let branch_on = |variable| Refutation {
        nodes: [
            vec![Node::Branch { variable, at: 0 }],
            both.clone(),
            both.clone(),
        ]
        .concat(),
    };
    assert!(refutes(&problem, &branch_on(0)));
    assert!(
        !refutes(&problem, &branch_on(1)),
        "no such variable to branch on"
    );
    let twice = [leaf(&[(0, 1), (1, 1)]).nodes, leaf(&[(0, 1), (1, 1)]).nodes];
    let twice = Refutation {
        nodes: twice.concat(),
    };
    assert!(!refutes(&problem, &twice), "a node too many");
    let names_nothing = problem.with(Constraint::at_least([(1, 1)], 0));
    assert!(
        !refutes(&names_nothing, &leaf(&[(0, 1), (1, 1)])),
        "no such variable"
    );
    for text in [
        r#"[{"leaf":{"weights":[[0,-1]]}}]"#,
        r#"[{"leaf":{"weights":[[0,1.5]]}}]"#,
        r#"[{"leaf":{"weights":[[-1,1]]}}]"#,
        r#"[{"leaf":{}}]"#,
        r#"[{"trust-me":{}}]"#,
    ] {
        assert!(serde_json::from_str::<Refutation>(text).is_err(), "{text}");
    }
}

/// No stack is as deep as this proof.
#[test]
fn a_million_branches() {
    let problem = contradiction();
    let extreme = [i64::MIN, i64::MAX, 0];
    let branches = (0..1_000_000).map(|i| Node::Branch {
        variable: 0,
        at: extreme[i % 3],
    });
    let mut nodes: Vec<_> = branches.collect();
    assert!(!refutes(
        &problem,
        &Refutation {
            nodes: nodes.clone()
        }
    ));
    let leaf = leaf(&[(0, 1), (1, 1)]).nodes;
    nodes.extend(leaf.iter().cycle().take(1_000_001).cloned());
    assert!(refutes(
        &problem,
        &Refutation {
            nodes: nodes.clone()
        }
    ));
    nodes.pop();
    assert!(!refutes(&problem, &Refutation { nodes }));
}
