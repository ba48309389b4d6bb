//! How many rounds of loops a path has gone.
//!
//! A loop whose end facts decide ends by itself, whatever is undecided within it: its rounds are
//! bounded only so that nothing goes on for ever. One whose end nothing decides is followed for
//! `unroll` rounds. Both bounds are said where they cut a path.

use std::collections::{BTreeMap, BTreeSet};

/// Rounds of a loop whose end is decided, but in which something is not.
const DECIDED: u32 = 4;

/// Rounds of loops in an open call.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Rounds {
    /// Rounds of each loop since it was entered, of which nothing decided whether they are the last.
    undecided: BTreeMap<u32, u32>,
    /// Rounds of each loop since it was entered in which something else was undecided.
    within: BTreeMap<u32, u32>,
    /// The loops of which it was undecided since their last round whether they go on.
    leaves: BTreeSet<u32>,
    /// Whether anything was undecided since the last round of any loop.
    pending: bool,
}

impl Rounds {
    /// Something was undecided; if it was whether loops go on, which.
    pub fn undecided(&mut self, leaves: impl IntoIterator<Item = u32>) {
        self.pending = true;
        self.leaves.extend(leaves);
    }

    /// A loop begins.
    pub fn enter(&mut self, number: u32) {
        self.undecided.remove(&number);
        self.within.remove(&number);
        self.leaves.remove(&number);
    }

    /// Another round of a loop begins. The bound, if that is beyond it.
    pub fn round(&mut self, number: u32, unroll: u32) -> Option<u32> {
        let pending = std::mem::take(&mut self.pending);
        let (counts, most) = match (self.leaves.remove(&number), pending) {
            (true, _) => (&mut self.undecided, unroll),
            (false, true) => (&mut self.within, unroll.max(DECIDED)),
            (false, false) => return None,
        };
        let count = counts.entry(number).or_default();
        *count += 1;
        (*count > most).then_some(most)
    }

    /// How many rounds were counted.
    #[must_use]
    pub fn total(&self) -> u32 {
        self.undecided.values().chain(self.within.values()).sum()
    }

    /// Whether a visit with these had no more rounds of any loop than one with those.
    #[must_use]
    pub fn is_within(&self, later: &Rounds) -> bool {
        let no_more = |a: &BTreeMap<u32, u32>, b: &BTreeMap<u32, u32>| {
            // A loop that is not counted has had none.
            a.iter()
                .all(|(number, count)| *count <= b.get(number).copied().unwrap_or_default())
        };
        self.pending <= later.pending
            && self.leaves.is_subset(&later.leaves)
            && no_more(&self.undecided, &later.undecided)
            && no_more(&self.within, &later.within)
    }
}
