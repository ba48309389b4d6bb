//! What a refutation can do without: cuts that no leaf rests on, and branches of which one case is
//! refuted without the bound that it adds. That case then refutes the whole node.
//!
//! Positions in the list of constraints shift when a node goes, so that an added constraint is known
//! here by the node that adds it. The result is checked like any other refutation, and so is not
//! argued for.

use std::collections::BTreeSet;

use kmapcheck_limits::ask;

use crate::refutation::{Node, Refutation};

/// The refutation, of a problem with so many constraints, without what it does not need.
pub(crate) fn trim(refutation: Refutation, constraints: usize) -> Refutation {
    let Refutation { mut nodes } = refutation;
    let kept = vec![true; nodes.len()];
    renumber(&mut nodes, &kept, constraints, |path, weight| path[weight]);
    let kept = needed(&nodes, constraints);
    renumber(&mut nodes, &kept, constraints, |path, weight| {
        // What is not there is no position: then the check refuses the result.
        path.binary_search(&weight).unwrap_or(usize::MAX)
    });
    let mut kept = kept.into_iter();
    nodes.retain(|_| kept.next().unwrap_or(true));
    Refutation { nodes }
}

/// Rewrites the weights of the nodes that are kept. The path to a node is the constraints of the
/// problem and, for each node on the way that adds one, the number of them plus the node's index.
fn renumber(
    nodes: &mut [Node],
    kept: &[bool],
    constraints: usize,
    number: impl Fn(&[usize], usize) -> usize,
) {
    let mut path: Vec<usize> = (0..constraints).collect();
    let mut open = vec![(constraints, None)];
    for (index, node) in nodes.iter_mut().enumerate().filter(|(i, _)| kept[*i]) {
        let Some((shared, added)) = open.pop() else {
            return;
        };
        path.truncate(shared);
        path.extend(added);
        let next = (path.len(), Some(constraints + index));
        match node {
            Node::Leaf { .. } => {}
            Node::Cut { .. } => open.push(next),
            Node::Branch { .. } => open.extend([next, next]),
        }
        if let Node::Leaf { weights } | Node::Cut { weights, .. } = node {
            for (position, _) in weights {
                *position = number(&path, *position);
            }
        }
    }
}

/// Which nodes are needed.
fn needed(nodes: &[Node], constraints: usize) -> Vec<bool> {
    let mut kept = vec![true; nodes.len()];
    // Proofs that follow, the next one last: where each ends, and which constraints it rests on.
    let mut proofs: Vec<(usize, BTreeSet<usize>)> = Vec::new();
    for (index, node) in nodes.iter().enumerate().rev() {
        ask();
        let own = constraints + index;
        let (end, used) = match node {
            Node::Leaf { weights } => (index + 1, weights.iter().map(|&(used, _)| used).collect()),
            Node::Cut { weights, .. } => {
                let (end, mut used) = proofs.pop().unwrap_or_default();
                kept[index] = used.remove(&own);
                if kept[index] {
                    used.extend(weights.iter().map(|&(used, _)| used));
                }
                (end, used)
            }
            Node::Branch { .. } => {
                let (middle, mut first) = proofs.pop().unwrap_or_default();
                let (end, mut second) = proofs.pop().unwrap_or_default();
                if !first.remove(&own) {
                    kept[index] = false;
                    kept[middle..end].fill(false);
                    (end, first)
                } else if !second.remove(&own) {
                    kept[index..middle].fill(false);
                    (end, second)
                } else {
                    first.append(&mut second);
                    (end, first)
                }
            }
        };
        proofs.push((end, used));
    }
    kept
}
