//! Which pairs of entries can deadlock with one another.
//!
//! Tasks of two entries that are stuck on one another wait in a circle: each holds what another one
//! waits for. What is held while what is waited for is an edge, and the edges of both entries have a
//! circle in which there are some of each that the other one has not. Where an entry waits for what
//! somebody else gives without holding it, such as a completion, that one is enough.
//!
//! So a pair that is left out has no deadlock of both, as far as [`Needs`] are complete; where they
//! are not, the pair is not left out.

use std::collections::{BTreeMap, BTreeSet};

use kmapcheck_extract::scan::needs::Needs;

/// Whether tasks of two entries may be stuck on one another.
#[must_use]
pub fn may_deadlock(a: &Needs, b: &Needs) -> bool {
    let pools = |needs: &Needs| needs.pools.keys().cloned().collect::<BTreeSet<_>>();
    let all = |needs: &Needs| &needs.shared | &pools(needs);
    let is_open = |needs: &Needs| needs.is_part || needs.faults;
    if is_open(a) || is_open(b) {
        // What a fault takes is not among what is shared.
        return (a.faults && b.faults) || !all(a).is_disjoint(&all(b));
    }
    let given = |waits: &Needs, gives: &Needs| !waits.waits.is_disjoint(&gives.gives);
    if given(a, b) || given(b, a) {
        return true;
    }
    // Each has an edge that the other one has not.
    if a.orders.is_subset(&b.orders) || b.orders.is_subset(&a.orders) {
        return false;
    }
    let edges = &a.orders | &b.orders;
    let parts = strong(&edges);
    let within = |edges: BTreeSet<(String, String)>| -> BTreeSet<usize> {
        (edges.iter())
            .filter_map(|(from, to)| {
                let part = parts.get(from)?;
                (parts.get(to) == Some(part)).then_some(*part)
            })
            .collect()
    };
    !within(&a.orders - &b.orders).is_disjoint(&within(&b.orders - &a.orders))
}

/// The strong component of each node: those from which each reaches each. There are few nodes, so
/// each walks.
fn strong(edges: &BTreeSet<(String, String)>) -> BTreeMap<&String, usize> {
    let mut next: BTreeMap<&String, Vec<&String>> = BTreeMap::new();
    for (from, to) in edges {
        next.entry(from).or_default().push(to);
        next.entry(to).or_default();
    }
    let reach = |from: &String| {
        let mut seen: BTreeSet<&String> = BTreeSet::new();
        let mut todo = next[from].clone();
        while let Some(node) = todo.pop() {
            if seen.insert(node) {
                todo.extend(&next[node]);
            }
        }
        seen
    };
    let reached: BTreeMap<&String, BTreeSet<&String>> =
        next.keys().map(|&node| (node, reach(node))).collect();
    let nodes: Vec<&String> = next.keys().copied().collect();
    let same =
        |a: &String, b: &String| a == b || (reached[a].contains(b) && reached[b].contains(a));
    (nodes.iter())
        .map(|&node| {
            let first = nodes.iter().position(|&other| same(other, node));
            // Each node is in its own part.
            (node, first.unwrap_or_default())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn needs(orders: &[(&str, &str)]) -> Needs {
        let mut needs = Needs::default();
        for (from, to) in orders {
            needs.orders.insert(((*from).to_owned(), (*to).to_owned()));
            needs.shared.insert((*from).to_owned());
            needs.shared.insert((*to).to_owned());
        }
        needs
    }

    #[test]
    fn circles_of_both() {
        let (ab, ba, bc) = (
            needs(&[("a", "b")]),
            needs(&[("b", "a")]),
            needs(&[("b", "c")]),
        );
        assert!(may_deadlock(&ab, &ba) && may_deadlock(&ba, &ab));
        assert!(!may_deadlock(&ab, &bc));
        assert!(!may_deadlock(&ab, &ab), "alone it has the same");
        let both = needs(&[("a", "b"), ("b", "a")]);
        assert!(!may_deadlock(&both, &ab), "the circle is its own");
        let long = needs(&[("b", "c"), ("c", "a")]);
        assert!(may_deadlock(&ab, &long));
        assert!(!may_deadlock(&needs(&[("s", "s")]), &needs(&[("s", "t")])));
    }

    #[test]
    fn what_others_give() {
        let mut waits = needs(&[]);
        waits.waits.insert("done".to_owned());
        let mut gives = needs(&[]);
        gives.gives.insert("done".to_owned());
        assert!(may_deadlock(&waits, &gives) && may_deadlock(&gives, &waits));
        assert!(!may_deadlock(&waits, &waits));
    }

    #[test]
    fn what_is_not_known_is_not_left_out() {
        let mut part = needs(&[("a", "b")]);
        part.is_part = true;
        assert!(may_deadlock(&part, &needs(&[("b", "c")])));
        assert!(!may_deadlock(&part, &needs(&[("c", "d")])));
    }
}
