//! What tasks could be stuck on, found anew.

use kmapcheck_limits::ask;
use kmapcheck_machine::Wanted;
use kmapcheck_scenario::Program;

use crate::kinds::{Kind, keepers};
use crate::names::wanted;

/// More things than this have too many subsets.
const MOST: usize = 16;

/// Whether a task of that kind holds something that keeps `thing` from being had.
#[must_use]
pub fn keeps(kind: &Kind, thing: Wanted) -> bool {
    (keepers(thing).iter()).any(|keeper| kind.holds.contains_key(keeper))
}

/// The sets of things such that from each a chain of *kept by one who waits for* leads to each,
/// itself included. By brute force: all subsets of what is waited for. `keeps` says whether a task of a
/// kind keeps a thing from others. `None`: there are too many.
pub(crate) fn knotted(
    program: &Program,
    kinds: &[Kind],
    keeps: &dyn Fn(usize, Wanted) -> bool,
) -> Option<Vec<Vec<Wanted>>> {
    let mut things: Vec<Wanted> = kinds.iter().map(|kind| kind.waits_for).collect();
    things.sort_by_cached_key(|&thing| wanted(program, thing));
    things.dedup();
    let leads = |from: &Wanted, to: &Wanted| {
        ask();
        (kinds.iter().enumerate()).any(|(i, kind)| kind.waits_for == *to && keeps(i, *from))
    };
    let all: Vec<usize> = (0..things.len()).collect();
    let rows = |from| things.iter().map(|to| leads(from, to)).collect();
    let edges: Vec<Vec<bool>> = things.iter().map(rows).collect();
    // Things that no chain leads back to are in no set.
    let in_a_circle = |&thing: &usize| reachable(&edges, thing, &all).contains(&thing);
    let circles: Vec<usize> = all.iter().copied().filter(in_a_circle).collect();
    if circles.len() > MOST {
        return None;
    }
    let mut found = Vec::new();
    for bits in 1u32..1 << circles.len() {
        ask();
        let set: Vec<usize> = (0..circles.len())
            .filter(|i| bits >> i & 1 == 1)
            .map(|i| circles[i])
            .collect();
        let tied = |&thing: &usize| reachable(&edges, thing, &set).len() == set.len();
        if set.iter().all(tied) {
            found.push(set.iter().map(|&thing| things[thing]).collect());
        }
    }
    Some(found)
}

/// What a chain within the set leads to.
fn reachable(edges: &[Vec<bool>], from: usize, set: &[usize]) -> Vec<usize> {
    let next = |thing: usize| set.iter().copied().filter(move |&to| edges[thing][to]);
    let (mut found, mut work): (Vec<usize>, Vec<usize>) = (Vec::new(), next(from).collect());
    while let Some(thing) = work.pop() {
        ask();
        if !found.contains(&thing) {
            found.push(thing);
            work.extend(next(thing));
        }
    }
    found
}
