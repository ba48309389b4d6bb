//! The operations of all paths, as a deterministic automaton with the fewest nodes.
//!
//! What comes to no end is left out, but for what goes round for ever and does something on the way. One outcome of a try must not be left out alone, for
//! then the other would seem to be all there is: it is closed instead, by giving back what is held
//! and ending there. Then ways with the same operations become one (subset construction), and nodes
//! with the same ways onwards become one (E. F. Moore, *Gedanken-Experiments on Sequential Machines*,
//! 1956). Both keep the sequences of operations, and no more than those is seen of a task by others:
//! which branch is taken is decided by nobody but the task, at any time before the operations
//! differ.

use std::collections::{BTreeMap, BTreeSet};

use kmapcheck_limits::ask;
use rustc_hash::FxHashMap;

use crate::refusal::{Kind, Refusal};
use crate::run::explore::Paths;
use crate::run::label::{Label, Labels};

/// A node of the automaton.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Node {
    /// Where it goes on, by operation.
    pub edges: BTreeMap<u32, usize>,
    /// Whether it may end here.
    pub ends: bool,
}

/// The automaton. Node 0 is where it starts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Automaton {
    /// The nodes.
    pub nodes: Vec<Node>,
}

/// Nodes that an automaton may have.
const MOST: usize = 100_000;

impl Automaton {
    /// The operations of all paths that come to an end; `None`: none does.
    ///
    /// # Errors
    ///
    /// Paths that differ in too many ways.
    pub fn of(paths: &Paths, labels: &mut Labels) -> Result<Option<Automaton>, Refusal> {
        let mut plain = closed(paths, labels);
        let Some(plain) = plain.as_mut() else {
            return Ok(None);
        };
        let mut root = 0;
        for &label in paths.before.iter().rev() {
            let number = plain.len();
            plain.push(Plain {
                edges: BTreeSet::from([(Some(label), root)]),
                ends: false,
            });
            root = number;
        }
        let made = deterministic(plain, root)?;
        Ok(Some(smallest(&made)))
    }
}

/// A node before ways become one.
#[derive(Debug, Clone, Default)]
struct Plain {
    edges: BTreeSet<(Option<u32>, usize)>,
    ends: bool,
}

/// The nodes with everything left out that does not come to an end, and tries closed; `None`: the
/// first one does not.
fn closed(paths: &Paths, labels: &mut Labels) -> Option<Vec<Plain>> {
    let alive = paths.alive();
    if !*alive.first()? {
        return None;
    }
    let mut plain: Vec<Plain> = (paths.nodes.iter())
        .map(|node| Plain {
            edges: BTreeSet::new(),
            ends: node.ends,
        })
        .collect();
    for (from, node) in paths.nodes.iter().enumerate() {
        if !alive[from] {
            continue;
        }
        for &(label, to) in &node.edges {
            if alive[to] {
                plain[from].edges.insert((label, to));
                continue;
            }
            let Some(label) = label.filter(|&label| labels.label(label).taken.is_some()) else {
                continue;
            };
            // The other outcome is there, or nothing from here would come to an end that way.
            let of = labels.label(label).clone();
            let other = labels.number(Label {
                taken: of.taken.map(|taken| !taken),
                ..of.clone()
            });
            let is_other = |edge: &(Option<u32>, usize)| edge.0 == Some(other) && alive[edge.1];
            if !node.edges.iter().any(is_other) {
                continue;
            }
            let first = plain.len();
            plain[from].edges.insert((Some(label), first));
            for (release, name) in paths.nodes[to].held.iter().rev() {
                let given = labels.number(Label {
                    op: release,
                    of: Some(*name),
                    with: None,
                    note: Some("not followed further: everything is given back".to_owned()),
                    taken: None,
                    ..of.clone()
                });
                let next = plain.len() + 1;
                plain.push(Plain {
                    edges: BTreeSet::from([(Some(given), next)]),
                    ends: false,
                });
            }
            plain.push(Plain {
                edges: BTreeSet::new(),
                ends: true,
            });
        }
    }
    Some(plain)
}

fn deterministic(plain: &[Plain], root: usize) -> Result<Automaton, Refusal> {
    let closure = |seeds: &BTreeSet<usize>| {
        let mut all = BTreeSet::new();
        let mut todo: Vec<usize> = seeds.iter().copied().collect();
        while let Some(node) = todo.pop() {
            if all.insert(node) {
                let silent = plain[node]
                    .edges
                    .iter()
                    .filter(|(label, _)| label.is_none());
                todo.extend(silent.map(|(_, to)| *to));
            }
        }
        // Only nodes with operations or an end tell sets apart.
        all.retain(|&node| {
            plain[node].ends || plain[node].edges.iter().any(|(label, _)| label.is_some())
        });
        all
    };
    let mut numbers: FxHashMap<BTreeSet<usize>, usize> = FxHashMap::default();
    let mut made = Automaton::default();
    let mut sets = vec![closure(&BTreeSet::from([root]))];
    numbers.insert(sets[0].clone(), 0);
    let mut next = 0;
    while next < sets.len() {
        ask();
        let set = sets[next].clone();
        let mut by_label: BTreeMap<u32, BTreeSet<usize>> = BTreeMap::new();
        for &node in &set {
            for &(label, to) in &plain[node].edges {
                if let Some(label) = label {
                    by_label.entry(label).or_default().insert(to);
                }
            }
        }
        let mut node = Node {
            ends: set.iter().any(|&node| plain[node].ends),
            ..Node::default()
        };
        for (label, seeds) in by_label {
            let to = closure(&seeds);
            let number = *numbers.entry(to.clone()).or_insert_with(|| {
                sets.push(to);
                sets.len() - 1
            });
            node.edges.insert(label, number);
        }
        made.nodes.push(node);
        if sets.len() > MOST {
            return Err(Refusal::new(
                Kind::Budget,
                "the paths differ in too many ways to be written down",
                "leave some out: a smaller `--unroll`, `--set` and `--nonnull` to decide branches, or a stub with `--stub FILE.c`",
            ));
        }
        next += 1;
    }
    Ok(made)
}

fn smallest(of: &Automaton) -> Automaton {
    let mut class: Vec<usize> = of.nodes.iter().map(|node| usize::from(node.ends)).collect();
    let mut count = 0;
    loop {
        let mut numbers: FxHashMap<(usize, Vec<(u32, usize)>), usize> = FxHashMap::default();
        let next: Vec<usize> = (of.nodes.iter().zip(&class))
            .map(|(node, own)| {
                ask();
                let edges = node.edges.iter().map(|(label, to)| (*label, class[*to]));
                let fresh = numbers.len();
                *numbers.entry((*own, edges.collect())).or_insert(fresh)
            })
            .collect();
        let found = numbers.len();
        class = next;
        if found == count {
            break;
        }
        count = found;
    }
    // In the order of a walk from the start, so that numbers mean nothing.
    let mut order: Vec<usize> = Vec::new();
    let mut place: BTreeMap<usize, usize> = BTreeMap::new();
    let mut todo = std::collections::VecDeque::from([0]);
    while let Some(node) = todo.pop_front() {
        if place.contains_key(&class[node]) {
            continue;
        }
        place.insert(class[node], order.len());
        order.push(node);
        todo.extend(of.nodes[node].edges.values());
    }
    let nodes = order.iter().map(|&node| Node {
        edges: (of.nodes[node].edges.iter())
            .map(|(label, to)| (*label, place[&class[*to]]))
            .collect(),
        ends: of.nodes[node].ends,
    });
    Automaton {
        nodes: nodes.collect(),
    }
}
