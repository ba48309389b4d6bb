//! What tasks could be stuck on, found anew.

use kmapcheck_limits::ask;
use kmapcheck_machine::Wanted;
use kmapcheck_scenario::Program;

use crate::kinds::{Kind, keepers};
use crate::names::wanted;

/// Whether a task of that kind holds something that keeps `thing` from being had.
#[must_use]
pub fn keeps(kind: &Kind, thing: Wanted) -> bool {
    (keepers(thing).iter()).any(|keeper| kind.holds.contains_key(keeper))
}

/// The sets of things such that from each a chain of *held by one who waits for* leads to each,
/// itself included. By brute force: all subsets of what is waited for. `None`: there are too many.
pub(crate) fn knotted(program: &Program, kinds: &[Kind]) -> Option<Vec<Vec<Wanted>>> {
    let mut things: Vec<Wanted> = kinds.iter().map(|kind| kind.waits_for).collect();
    things.sort_by_cached_key(|&thing| wanted(program, thing));
    things.dedup();
    // Things that no chain leads back to are in no set.
    things.retain({
        let all = things.clone();
        move |&thing| reachable(kinds, thing, &all).contains(&thing)
    });
    if things.len() > 16 {
        return None;
    }
    let mut found = Vec::new();
    for bits in 1u32..1 << things.len() {
        ask();
        let set: Vec<Wanted> = (0..things.len())
            .filter(|i| bits >> i & 1 == 1)
            .map(|i| things[i])
            .collect();
        let tied = |&thing: &Wanted| reachable(kinds, thing, &set).len() == set.len();
        if set.iter().all(tied) {
            found.push(set);
        }
    }
    Some(found)
}

/// What a chain within the set leads to.
fn reachable(kinds: &[Kind], from: Wanted, set: &[Wanted]) -> Vec<Wanted> {
    let next = |thing: Wanted| {
        (kinds.iter())
            .filter(move |kind| keeps(kind, thing))
            .map(|kind| kind.waits_for)
            .filter(|thing| set.contains(thing))
    };
    let (mut found, mut work): (Vec<Wanted>, Vec<Wanted>) = (Vec::new(), next(from).collect());
    while let Some(thing) = work.pop() {
        ask();
        if !found.contains(&thing) {
            found.push(thing);
            work.extend(next(thing));
        }
    }
    found
}
