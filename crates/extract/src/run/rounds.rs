//! How many rounds of loops a path has gone, and what comes when they are enough.
//!
//! A loop whose end nothing decides is followed for `unroll` rounds; one whose end facts decide, and
//! in whose rounds something else is undecided, for `DECIDED` rounds, and as long as there are few
//! such rounds in all ([`SPARE`]), for as many as it has. Beyond that:
//!
//! - If each way out of the loop was taken, on some path, from a state that one of these rounds began
//!   with, nothing is lost but rounds, and the path is cut.
//! - Else a way out would be lost. What the loop changes is forgotten, which is true of every round to
//!   come, so the ways out are undecided from then on ([`widen`](mod@crate::run::widen)). A round that
//!   changes nothing else comes to the state that it began with, and that is all rounds that there are.
//!   One that does, because it takes what it does not give back, is followed for `DECIDED` rounds
//!   more.

use std::collections::{BTreeMap, BTreeSet};

/// Rounds of a loop whose end is decided, but in which something is not.
const DECIDED: u32 = 4;

/// Rounds beyond `DECIDED` that are followed one by one, of one loop on all paths together.
pub const SPARE: u32 = 64;

/// Rounds of loops in an open call.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Rounds {
    /// Rounds of each loop since it was entered, of which nothing decided whether they are the last.
    undecided: BTreeMap<u32, u32>,
    /// Rounds of each loop since it was entered in which something else was undecided.
    within: BTreeMap<u32, u32>,
    /// Rounds of each loop since what it changes was forgotten.
    forgotten: BTreeMap<u32, u32>,
    /// The nodes that the rounds of each loop began at since it was entered, in order.
    starts: BTreeMap<u32, Vec<usize>>,
    /// The loop of which a round has just begun.
    begun: Option<u32>,
    /// The loops of which it was undecided since their last round whether they go on.
    leaves: BTreeSet<u32>,
    /// Whether anything was undecided since the last round of any loop.
    pending: bool,
    /// How much was held where each loop was entered.
    held: BTreeMap<u32, usize>,
}

/// What comes of a round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Round {
    /// It is followed.
    Follow,
    /// It is one of those that are followed as long as there are few.
    Spare,
    /// It is followed, but what the loop changes is forgotten first.
    Forget,
    /// It is not followed: how many are.
    Cut(u32),
    /// It is not followed although a way out was not taken.
    Lose(u32),
}

/// How rounds are bounded.
#[derive(Debug, Clone, Copy)]
pub struct Bound {
    /// Rounds of which nothing decides whether they are the last.
    pub unroll: u32,
    /// Whether rounds are left that may be followed one by one.
    pub has_spare: bool,
    /// What is done where a bound comes.
    pub then: Then,
}

/// What is done where a bound comes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Then {
    /// What the loop changes is forgotten if a way out was not taken.
    #[default]
    Usual,
    /// It is forgotten although each way out was taken.
    Forget,
    /// The path is cut, whatever is lost by that: anything else was too much.
    Cut,
}

impl Rounds {
    /// Something was undecided; if it was whether loops go on, which.
    pub fn undecided(&mut self, leaves: impl IntoIterator<Item = u32>) {
        self.pending = true;
        self.leaves.extend(leaves);
    }

    /// The node that the last round of a loop began at.
    #[must_use]
    pub fn start(&self, number: u32) -> Option<usize> {
        self.starts.get(&number)?.last().copied()
    }

    /// The node at which a path goes on: if a round has just begun, it began there.
    pub fn at_node(&mut self, node: usize) {
        if let Some(number) = self.begun.take() {
            self.starts.entry(number).or_default().push(node);
        }
    }

    /// What decides how far rounds are followed, and nothing else.
    #[must_use]
    pub fn counts(&self) -> Rounds {
        Rounds {
            starts: BTreeMap::new(),
            held: BTreeMap::new(),
            begun: None,
            ..self.clone()
        }
    }

    /// A loop begins, with so much held, on the way from a node.
    pub fn enter(&mut self, number: u32, held: usize, node: usize) {
        self.held.insert(number, held);
        self.starts.insert(number, vec![node]);
        self.undecided.remove(&number);
        self.within.remove(&number);
        self.forgotten.remove(&number);
        self.leaves.remove(&number);
    }

    /// Whether as much is held as where a loop was entered.
    #[must_use]
    pub fn is_even(&self, number: u32, held: usize) -> bool {
        self.held.get(&number).is_none_or(|before| *before == held)
    }

    /// Another round of a loop begins. `is_left`: whether each way out was taken from one of these nodes.
    pub fn round(
        &mut self,
        number: u32,
        is_left: &dyn Fn(&[usize]) -> bool,
        bound: Bound,
    ) -> Round {
        self.begun = Some(number);
        let pending = std::mem::take(&mut self.pending);
        let leaves = self.leaves.remove(&number);
        let more = bound.unroll.max(DECIDED);
        if let Some(count) = self.forgotten.get_mut(&number) {
            *count += 1;
            return match *count > more {
                true => Round::Cut(more),
                false => Round::Forget,
            };
        }
        let (counts, most) = match (leaves, pending) {
            (true, _) => (&mut self.undecided, bound.unroll),
            (false, true) => (&mut self.within, more),
            (false, false) => return Round::Follow,
        };
        let count = counts.entry(number).or_default();
        *count += 1;
        if *count <= most {
            return Round::Follow;
        }
        let is_left = is_left(self.starts.get(&number).map_or(&[], Vec::as_slice));
        match (bound.then, is_left) {
            (Then::Cut, false) => return Round::Lose(most),
            (Then::Cut | Then::Usual, true) => return Round::Cut(most),
            _ => {}
        }
        if !is_left && !leaves && bound.has_spare {
            return Round::Spare;
        }
        self.forgotten.insert(number, 1);
        Round::Forget
    }

    /// How many rounds were counted.
    #[must_use]
    pub fn total(&self) -> u32 {
        let all = [&self.undecided, &self.within, &self.forgotten];
        all.iter().flat_map(|counts| counts.values()).sum()
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
            && no_more(&self.forgotten, &later.forgotten)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUND: Bound = Bound {
        unroll: 2,
        has_spare: false,
        then: Then::Usual,
    };

    fn rounds(rounds: &mut Rounds, is_left: bool, bound: Bound, many: usize) -> Vec<Round> {
        (0..many)
            .map(|_| {
                rounds.undecided([]);
                rounds.round(1, &|_| is_left, bound)
            })
            .collect()
    }

    use Round::{Cut, Follow, Forget, Spare};

    /// Four rounds, four more after what it changes is forgotten, and a cut.
    #[test]
    fn a_loop_that_is_left_on_no_path_is_forgotten() {
        let of = rounds(&mut Rounds::default(), false, BOUND, 9);
        let all = [
            Follow,
            Follow,
            Follow,
            Follow,
            Forget,
            Forget,
            Forget,
            Forget,
            Cut(4),
        ];
        assert_eq!(of, all);
        // As long as there are few, each round is followed.
        let bound = Bound {
            has_spare: true,
            ..BOUND
        };
        let of = rounds(&mut Rounds::default(), false, bound, 7);
        assert_eq!(of[3..], [Follow, Spare, Spare, Spare]);
    }

    /// Where each way out was taken, it is cut, unless it is to be forgotten all the same.
    #[test]
    fn a_loop_that_was_left_is_cut() {
        assert_eq!(rounds(&mut Rounds::default(), true, BOUND, 5)[4], Cut(4));
        let of = |is_left, then| {
            let bound = Bound { then, ..BOUND };
            rounds(&mut Rounds::default(), is_left, bound, 5)[4]
        };
        assert_eq!(of(true, Then::Forget), Forget);
        assert_eq!(of(true, Then::Cut), Cut(4));
        assert_eq!(of(false, Then::Cut), Round::Lose(4));
    }

    /// Rounds begin at the nodes that are come to after them, and anew where the loop is entered.
    #[test]
    fn where_rounds_begin() {
        let mut of = Rounds::default();
        of.enter(1, 0, 7);
        of.at_node(8);
        assert_eq!(of.start(1), Some(7));
        let seen = std::cell::RefCell::new(Vec::new());
        let is_left = |starts: &[usize]| {
            seen.borrow_mut().push(starts.to_vec());
            true
        };
        for node in 10..14 {
            of.undecided([1]);
            of.round(1, &is_left, BOUND);
            of.at_node(node);
        }
        assert_eq!(*seen.borrow(), [vec![7, 10, 11], vec![7, 10, 11, 12]]);
        assert_eq!(of.counts().start(1), None);
        of.enter(1, 0, 20);
        assert_eq!((of.start(1), of.start(2)), (Some(20), None));
    }
}
