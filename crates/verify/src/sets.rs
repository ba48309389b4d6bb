//! What tasks could be stuck on, found anew.

use kmapcheck_limits::ask;

use crate::waiting::{Kind, keepers};

/// Whether a task of that kind holds something that keeps `thing` from being had.
#[must_use]
pub fn keeps(kind: &Kind, thing: &str) -> bool {
    keepers(thing)
        .iter()
        .any(|keeper| kind.holds.contains_key(keeper))
}

/// The sets of things such that from each a chain of *held by one who waits for* leads to each,
/// itself included. By brute force: all subsets of what is waited for. `None`: there are too many.
#[must_use]
pub fn knotted(kinds: &[Kind]) -> Option<Vec<Vec<String>>> {
    let mut things: Vec<&str> = kinds.iter().map(|kind| kind.waits_for.as_str()).collect();
    things.sort_unstable();
    things.dedup();
    // Things that no chain leads back to are in no set.
    things.retain({
        let all = things.clone();
        move |thing| reachable(kinds, thing, &all).contains(thing)
    });
    if things.len() > 16 {
        return None;
    }
    let mut found = Vec::new();
    for bits in 1u32..1 << things.len() {
        ask();
        let set: Vec<&str> = (0..things.len())
            .filter(|i| bits >> i & 1 == 1)
            .map(|i| things[i])
            .collect();
        let tied = |thing: &&str| reachable(kinds, thing, &set).len() == set.len();
        if set.iter().all(tied) {
            found.push(set.into_iter().map(str::to_owned).collect());
        }
    }
    Some(found)
}

/// What a chain within the set leads to.
fn reachable<'a>(kinds: &'a [Kind], from: &str, set: &[&'a str]) -> Vec<&'a str> {
    let (mut found, mut work): (Vec<&str>, Vec<&str>) = (Vec::new(), Vec::new());
    let next = |thing: &str| -> Vec<&'a str> {
        (kinds.iter())
            .filter(|kind| keeps(kind, thing))
            .map(|kind| kind.waits_for.as_str())
            .filter(|thing| set.contains(thing))
            .collect()
    };
    work.extend(next(from));
    while let Some(thing) = work.pop() {
        ask();
        if !found.contains(&thing) {
            found.push(thing);
            work.extend(next(thing));
        }
    }
    found
}
