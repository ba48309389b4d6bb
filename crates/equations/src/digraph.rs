//! Small directed graphs: an order along their edges, or what goes in circles.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::hash::Hash;

use kmapcheck_limits::ask;
use petgraph::algo::kosaraju_scc;
use petgraph::graphmap::DiGraphMap;

/// The nodes from 0 on in an order in which every edge goes forward, of those that could come next
/// always the first. What a cycle leads to is left out.
#[must_use]
pub fn in_order(nodes: usize, edges: impl IntoIterator<Item = (usize, usize)>) -> Vec<usize> {
    let (mut before, mut after) = (vec![0usize; nodes], vec![Vec::new(); nodes]);
    for (from, to) in edges {
        before[to] += 1;
        after[from].push(to);
    }
    let free = (0..nodes).filter(|&node| before[node] == 0);
    let mut free: BinaryHeap<Reverse<usize>> = free.map(Reverse).collect();
    let mut order = Vec::new();
    while let Some(Reverse(node)) = free.pop() {
        ask();
        order.push(node);
        for &to in &after[node] {
            before[to] -= 1;
            if before[to] == 0 {
                free.push(Reverse(to));
            }
        }
    }
    order
}

/// The strongly connected components that have an edge, sorted, each sorted.
#[must_use]
pub fn knots<N: Copy + Ord + Hash>(edges: impl IntoIterator<Item = (N, N)>) -> Vec<Vec<N>> {
    ask();
    let graph: DiGraphMap<N, ()> = DiGraphMap::from_edges(edges);
    let mut knots = kosaraju_scc(&graph);
    knots.retain(|knot| knot.len() > 1 || graph.contains_edge(knot[0], knot[0]));
    knots.iter_mut().for_each(|knot| knot.sort_unstable());
    knots.sort_unstable();
    knots
}

/// Whether the nodes, with the edges among them, are strongly connected and have an edge.
#[must_use]
pub fn is_knot<N: Copy + Ord + Hash>(edges: impl IntoIterator<Item = (N, N)>, nodes: &[N]) -> bool {
    let among = |&(from, to): &(N, N)| nodes.contains(&from) && nodes.contains(&to);
    matches!(knots(edges.into_iter().filter(among)).as_slice(), [knot] if knot.len() == nodes.len())
}
