//! Circles in an automaton, and where ways join.
//!
//! Strongly connected components after R. E. Tarjan, *Depth-First Search and Linear Graph
//! Algorithms* (1972), with a stack of its own. A component with one way in is a loop; one within it
//! is not looked for: such an automaton has no structure here, and its loops are unrolled instead.

use std::collections::{BTreeMap, BTreeSet};

use crate::write::automaton::Automaton;

/// The structure of an automaton. The number of nodes stands for the end.
#[derive(Debug, Clone, Default)]
pub struct Graph {
    /// The nodes of each loop, by the node that all ways into it lead to.
    pub loops: BTreeMap<usize, BTreeSet<usize>>,
    /// The loop that a node lies in.
    pub within: BTreeMap<usize, usize>,
    /// Where all ways from a node join, outside of loops; for a loop, after it.
    pub joins: Vec<usize>,
    /// The same in a loop, for ways that stay in it: its first node stands for the next round.
    pub joins_within: BTreeMap<usize, usize>,
    /// The length of the longest way to the end, outside of loops.
    pub heights: Vec<usize>,
    /// How many ways lead to a node.
    pub ways_in: Vec<usize>,
}

/// The structure; `None`: circles within circles, or entered at several nodes.
#[must_use]
pub fn graph(of: &Automaton) -> Option<Graph> {
    let end = of.nodes.len();
    let mut graph = Graph {
        ways_in: vec![0; end + 1],
        ..Graph::default()
    };
    for to in of.nodes.iter().flat_map(|node| node.edges.values()) {
        graph.ways_in[*to] += 1;
    }
    let next: Vec<Vec<usize>> = of
        .nodes
        .iter()
        .map(|node| node.edges.values().copied().collect())
        .collect();
    let all: BTreeSet<usize> = (0..end).collect();
    let components = components(&next, &all);
    for component in &components {
        let is_loop = component.len() > 1
            || component
                .first()
                .is_some_and(|node| next[*node].contains(node));
        if !is_loop {
            continue;
        }
        let mut entered: BTreeSet<usize> = (0..end)
            .filter(|node| !component.contains(node))
            .flat_map(|node| next[node].iter().copied())
            .filter(|to| component.contains(to))
            .collect();
        if component.contains(&0) {
            entered.insert(0);
        }
        let header = *entered.first().filter(|_| entered.len() == 1)?;
        let body: BTreeSet<usize> = component.iter().copied().filter(|n| *n != header).collect();
        let inner = self::components(&next, &body);
        if inner.iter().any(|part| part.len() > 1)
            || body.iter().any(|node| next[*node].contains(node))
        {
            return None;
        }
        // In a loop, ways join where those join that stay in it.
        let order: Vec<usize> = inner.iter().flatten().copied().chain([header]).collect();
        let mut joins = BTreeMap::new();
        let mut place: BTreeMap<usize, usize> = order
            .iter()
            .enumerate()
            .map(|(i, node)| (*node, i + 1))
            .collect();
        for &node in &order {
            // The first node as a target is the next round.
            let to = next[node].iter().filter(|to| component.contains(to));
            let to = to.map(|to| if *to == header { end } else { *to });
            place.insert(end, 0);
            let join = meet_all(to, &joins, &place, end);
            joins.insert(node, join);
        }
        for (node, join) in joins {
            let join = if join == end { header } else { join };
            graph.joins_within.insert(node, join);
        }
        for &node in component {
            graph.within.insert(node, header);
        }
        graph
            .loops
            .insert(header, component.iter().copied().collect());
    }
    // Components come in the reverse order of the ways.
    let mut joins: BTreeMap<usize, usize> = BTreeMap::new();
    let mut place: BTreeMap<usize, usize> = BTreeMap::from([(end, 0)]);
    graph.heights = vec![0; end + 1];
    for component in &components {
        let first = *component.first()?;
        let node = graph.within.get(&first).copied().unwrap_or(first);
        let place_here = place.len();
        place.insert(node, place_here);
        let mut targets = BTreeSet::new();
        for part in component {
            let outside = next[*part].iter().filter(|to| !component.contains(to));
            targets.extend(outside.copied());
            if of.nodes[*part].ends {
                targets.insert(end);
            }
        }
        if targets.is_empty() {
            targets.insert(end);
        }
        let height = targets.iter().map(|to| graph.heights[*to]).max();
        let join = meet_all(targets.iter().copied(), &joins, &place, end);
        for part in component {
            graph.heights[*part] = height.unwrap_or_default() + component.len();
        }
        joins.insert(node, join);
    }
    graph.joins = (0..end)
        .map(|node| joins.get(&node).copied().unwrap_or(end))
        .collect();
    Some(graph)
}

/// Where all of these join, going by joins that are known.
fn meet_all(
    targets: impl Iterator<Item = usize>,
    joins: &BTreeMap<usize, usize>,
    place: &BTreeMap<usize, usize>,
    end: usize,
) -> usize {
    let next = |node: usize| joins.get(&node).copied().unwrap_or(end);
    let mut join = None;
    for target in targets {
        join = Some(match join {
            None => target,
            Some(mut other) => {
                let mut one = target;
                while one != other {
                    if place.get(&one) > place.get(&other) {
                        one = next(one);
                    } else {
                        other = next(other);
                    }
                }
                one
            }
        });
    }
    join.unwrap_or(end)
}

/// The strongly connected components among `nodes`, each after those that it leads to.
#[must_use]
pub fn components(next: &[Vec<usize>], nodes: &BTreeSet<usize>) -> Vec<Vec<usize>> {
    let mut index: BTreeMap<usize, usize> = BTreeMap::new();
    let mut low: BTreeMap<usize, usize> = BTreeMap::new();
    let mut on_stack = BTreeSet::new();
    let mut stack = Vec::new();
    let mut found = Vec::new();
    for &root in nodes {
        if index.contains_key(&root) {
            continue;
        }
        let mut calls = vec![(root, 0)];
        while let Some((node, edge)) = calls.pop() {
            if edge == 0 {
                let number = index.len();
                index.insert(node, number);
                low.insert(node, number);
                stack.push(node);
                on_stack.insert(node);
            }
            let to = next[node]
                .iter()
                .skip(edge)
                .position(|to| nodes.contains(to));
            if let Some(skipped) = to {
                let edge = edge + skipped;
                let to = next[node][edge];
                if !index.contains_key(&to) {
                    calls.push((node, edge + 1));
                    calls.push((to, 0));
                    continue;
                }
                if on_stack.contains(&to) {
                    let least = low[&node].min(index[&to]);
                    low.insert(node, least);
                }
                calls.push((node, edge + 1));
                continue;
            }
            if let Some((parent, _)) = calls.last() {
                let least = low[parent].min(low[&node]);
                low.insert(*parent, least);
            }
            if low[&node] == index[&node] {
                let mut component = Vec::new();
                while let Some(top) = stack.pop() {
                    on_stack.remove(&top);
                    component.push(top);
                    if top == node {
                        break;
                    }
                }
                component.sort_unstable();
                found.push(component);
            }
        }
    }
    found
}
