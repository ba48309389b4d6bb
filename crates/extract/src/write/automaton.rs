//! The operations of all paths, as a deterministic automaton with the fewest nodes.
//!
//! What comes to no end is left out, but for what goes round for ever and does something on the way.
//! One outcome of a try must not be left out alone, for then the other would seem to be all there
//! is: it is closed instead, by giving back what is held and ending there. Then nodes that go on
//! alike become one (`Classes`), ways with the same operations become one (subset construction), and
//! nodes with the same ways onwards become one (E. F. Moore, *Gedanken-Experiments on Sequential
//! Machines*, 1956). All three keep the sequences of operations, and no more than those is seen of a
//! task by others: which branch is taken is decided by nobody but the task, at any time before the
//! operations differ.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use kmapcheck_limits::ask;
use rustc_hash::FxHashMap;

use crate::refusal::{Kind, Refusal};
use crate::run::explore::Paths;
use crate::run::label::{Label, Labels};
use crate::write::graph::components;

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

/// What is kept at most of all ways together, in entries of a few bytes. Paths that differ in very many
/// ways would take any amount of memory otherwise.
const MOST_WAYS: usize = 8_000_000;

/// Nodes that go on alike are one class: where each class goes on by which operations, past all that
/// does nothing, and whether it may end.
///
/// Classes are made from the last nodes on, so a node's are known when it is looked at; a node that lies
/// on a circle is a class by itself. So two nodes of one class have the same operations, each to the
/// same class, or ways that do nothing to the same ones: by induction, the same sequences of operations.
/// The sets that `deterministic` makes are of classes, and much smaller than those of nodes.
struct Classes {
    of: Vec<u32>,
    ways: Vec<Rc<Ways>>,
}

#[derive(PartialEq, Eq, Hash)]
struct Ways {
    edges: Vec<(u32, u32)>,
    ends: bool,
}

impl Classes {
    fn of(plain: &[Plain]) -> Result<Classes, Refusal> {
        let next: Vec<Vec<usize>> = (plain.iter())
            .map(|node| node.edges.iter().map(|(_, to)| *to).collect())
            .collect();
        let parts = components(&next, &(0..plain.len()).collect());
        let silent: Vec<Vec<usize>> = (plain.iter())
            .map(|node| {
                let silent = node.edges.iter().filter(|(label, _)| label.is_none());
                silent.map(|(_, to)| *to).collect()
            })
            .collect();
        let mut classes = Classes {
            of: vec![u32::MAX; plain.len()],
            ways: Vec::new(),
        };
        let mut numbers: FxHashMap<Rc<Ways>, u32> = FxHashMap::default();
        let mut kept = 0;
        for part in parts {
            let is_circle = part.len() > 1 || part.iter().any(|node| next[*node].contains(node));
            // On a circle each has its number before the ways of any are known.
            if is_circle {
                for &node in &part {
                    classes.of[node] = number(classes.ways.len());
                    classes.ways.push(Rc::new(Ways {
                        edges: Vec::new(),
                        ends: false,
                    }));
                }
            }
            let groups = match is_circle {
                true => components(&silent, &part.iter().copied().collect()),
                false => vec![part],
            };
            // Of those that do nothing between one another, all have the ways of each.
            for group in groups {
                ask();
                let mut edges = Vec::new();
                let mut ends = false;
                let own: BTreeSet<usize> = group.iter().copied().collect();
                for &node in &group {
                    ends |= plain[node].ends;
                    for &(label, to) in &plain[node].edges {
                        match label {
                            Some(label) => edges.push((label, classes.of[to])),
                            None if own.contains(&to) => {}
                            None => {
                                let after = &classes.ways[classes.of[to] as usize];
                                edges.extend(&after.edges);
                                ends |= after.ends;
                            }
                        }
                    }
                }
                edges.sort_unstable();
                edges.dedup();
                kept += edges.len();
                if kept > MOST_WAYS {
                    return Err(too_many_ways());
                }
                let ways = Rc::new(Ways { edges, ends });
                if is_circle {
                    for &node in &group {
                        classes.ways[classes.of[node] as usize] = ways.clone();
                    }
                    continue;
                }
                let fresh = classes.ways.len();
                let class = *numbers.entry(ways.clone()).or_insert(number(fresh));
                if class as usize == fresh {
                    classes.ways.push(ways);
                }
                classes.of[group[0]] = class;
            }
        }
        Ok(classes)
    }
}

/// A number of nodes or classes: there are not as many as it can tell.
fn number(of: usize) -> u32 {
    u32::try_from(of).expect("there are fewer nodes than that")
}

fn too_many_ways() -> Refusal {
    Refusal::new(
        Kind::Budget,
        "the paths differ in too many ways to be written down",
        "leave some out: a smaller `--unroll`, `--set` and `--nonnull` to decide branches, or a stub with `--stub FILE.c`",
    )
}

fn deterministic(plain: &[Plain], root: usize) -> Result<Automaton, Refusal> {
    let classes = Classes::of(plain)?;
    let mut numbers: FxHashMap<Rc<[u32]>, usize> = FxHashMap::default();
    let mut made = Automaton::default();
    let first: Rc<[u32]> = Rc::new([classes.of[root]]);
    let mut sets = vec![first.clone()];
    numbers.insert(first, 0);
    let mut next = 0;
    let mut kept = 0;
    while next < sets.len() {
        ask();
        let set = sets[next].clone();
        let mut ways: Vec<(u32, u32)> = Vec::new();
        let mut node = Node::default();
        for &class in &*set {
            let of = &classes.ways[class as usize];
            ways.extend(&of.edges);
            node.ends |= of.ends;
        }
        ways.sort_unstable();
        ways.dedup();
        for by_label in ways.chunk_by(|a, b| a.0 == b.0) {
            let to: Rc<[u32]> = by_label.iter().map(|(_, to)| *to).collect();
            let fresh = sets.len();
            let number = *numbers.entry(to).or_insert_with_key(|to| {
                kept += to.len();
                sets.push(to.clone());
                fresh
            });
            node.edges.insert(by_label[0].0, number);
            kept += 1;
        }
        made.nodes.push(node);
        if sets.len() > MOST || kept > MOST_WAYS {
            return Err(too_many_ways());
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The same by sets of nodes, as it is in books.
    fn by_nodes(plain: &[Plain], root: usize) -> Automaton {
        let closure = |seeds: BTreeSet<usize>| {
            let mut all = BTreeSet::new();
            let mut todo: Vec<usize> = seeds.into_iter().collect();
            while let Some(node) = todo.pop() {
                if all.insert(node) {
                    let edges = plain[node].edges.iter();
                    todo.extend(edges.filter(|edge| edge.0.is_none()).map(|edge| edge.1));
                }
            }
            all
        };
        let mut sets = vec![closure(BTreeSet::from([root]))];
        let mut made = Automaton::default();
        while made.nodes.len() < sets.len() {
            let set = sets[made.nodes.len()].clone();
            let mut by_label: BTreeMap<u32, BTreeSet<usize>> = BTreeMap::new();
            for &(label, to) in set.iter().flat_map(|node| &plain[*node].edges) {
                if let Some(label) = label {
                    by_label.entry(label).or_default().insert(to);
                }
            }
            let mut node = Node {
                ends: set.iter().any(|node| plain[*node].ends),
                ..Node::default()
            };
            for (label, seeds) in by_label {
                let to = closure(seeds);
                let number = sets.iter().position(|set| *set == to);
                node.edges.insert(label, number.unwrap_or(sets.len()));
                if number.is_none() {
                    sets.push(to);
                }
            }
            made.nodes.push(node);
        }
        made
    }

    /// Random graphs with circles, and with nothing done in them: the smallest automaton is the same.
    #[test]
    fn classes_change_no_sequence() {
        let mut random = 7_u64;
        let mut below = |n: u64| {
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            usize::try_from((random >> 33) % n).unwrap_or(0)
        };
        let (mut merged, mut largest) = (0, 0);
        for _ in 0..3_000 {
            let many = 2 + below(12);
            let mut plain: Vec<Plain> = (0..many)
                .map(|_| Plain {
                    edges: BTreeSet::new(),
                    ends: below(6) == 0,
                })
                .collect();
            for _ in 0..2 * many {
                let label = u32::try_from(below(4)).ok().filter(|label| *label < 3);
                let (from, mut to) = (below(many as u64), below(many as u64));
                // Most go on and not back.
                if from > to && below(4) > 0 {
                    to = many - 1;
                }
                plain[from].edges.insert((label, to));
            }
            let made = deterministic(&plain, 0).expect("it is small");
            let expected = smallest(&by_nodes(&plain, 0));
            assert_eq!(smallest(&made), expected, "{plain:?}");
            let classes = Classes::of(&plain).expect("it is small");
            merged += usize::from(classes.ways.len() < plain.len());
            largest = largest.max(expected.nodes.len());
        }
        assert!(merged > 500 && largest > 8, "{merged} {largest}");
    }
}
