//! Forgetting what a loop, or a call that is not followed, may change.
//!
//! What is forgotten has any value from then on: everything that [`Changes`] names, and whatever a
//! pointer that is set through may point to, which is each place whose address is kept anywhere, and
//! all that is behind pointers. What stays is what no round can change, and facts stay that are about
//! values, which are what they are. So what is left is true of the path after any number of rounds:
//! more paths are possible from it, never fewer. What is held is not forgotten, and is that of the
//! rounds that were followed.
//!
//! Two pointers that are not known to be equal are taken to be two, and a pointer that is forgotten is
//! not known to be anything. But a round may have set it to what another one is. So a value that takes
//! the place of a forgotten one is marked, and whether that is something that is held is asked
//! ([`Machine::ask_apart`]).

use std::collections::BTreeSet;

use crate::read::loops::Changes;
use crate::read::names::Name;
use crate::run::evaluate::depth_of;
use crate::run::rounds::{Bound, Round, Rounds, SPARE, Then};
use crate::run::state::{Fact, Relation, State};
use crate::run::step::{Machine, Step};
use crate::run::value::{Key, Linear, Symbol};

impl Machine<'_> {
    /// Another round of a loop in the innermost call begins.
    pub fn round(&mut self, state: &mut State, rounds: &mut Rounds, number: u32) -> Step {
        let depth = state.frames.len() - 1;
        let function = state.frames[depth].function;
        let slice = self.slice;
        let of = &slice.bodies[&function].loops[&number];
        // What loops with no spare rounds left have had is counted to the last one.
        let spare = self.spare.get(&(function, number)).copied();
        let bound = Bound {
            unroll: self.options.unroll,
            has_spare: spare.is_none_or(|spare| spare < SPARE),
            then: match self.then {
                // So many states are there already that forgetting would make too many of them.
                Then::Usual if self.is_spent(function, number) => Then::Cut,
                // What is taken in each round and not given back would be more than there is.
                Then::Forget if !rounds.is_even(number, state.held.len()) => Then::Usual,
                then => then,
            },
        };
        let left = &self.left;
        let is_left = |starts: &[usize]| {
            let taken = |(at, side): &(usize, bool)| {
                (starts.iter()).any(|start| left.contains(&(*start, number, *at, *side)))
            };
            of.exits.iter().all(taken)
        };
        match rounds.round(number, &is_left, bound) {
            Round::Follow => {}
            Round::Spare => *self.spare.entry((function, number)).or_default() += 1,
            Round::Forget => {
                *self.widened.entry((function, number)).or_default() += 1;
                self.note_forgotten();
                self.let_change(state, depth, &of.changes);
                // That two things are two was asked of pointers that are gone: paths that differ in
                // nothing else become one.
                let is_apart =
                    |fact: &Fact| fact.relation == Relation::NotZero && fact.of.terms.len() > 1;
                state.facts.retain(|fact| !is_apart(fact));
            }
            Round::Cut(most) => {
                self.note_bound(most);
                return Step::Bound;
            }
            Round::Lose(most) => {
                self.note_bound(most);
                self.note_loss();
                return Step::Bound;
            }
        }
        state.frames[depth].at += 1;
        Step::Round
    }

    /// Forgets what may be changed, and marks what takes its place.
    pub fn let_change(&mut self, state: &mut State, depth: usize, changes: &Changes) {
        let slice = self.slice;
        for key in forget_changes(state, depth, changes, &slice.pointed) {
            let value = self.read(state, &key);
            state.store.insert(mark(&value), Linear::of(1));
        }
    }

    /// Whether what a loop changes was forgotten as often as there may be states for.
    fn is_spent(&self, function: usize, number: u32) -> bool {
        let most = (self.options.max_paths / PART).max(LEAST);
        let widened = self.widened.get(&(function, number));
        widened.is_some_and(|widened| *widened >= most)
    }

    /// Notes the loops that a branch leads out of, by the ways that it can go.
    pub fn leave_loops(&mut self, state: &State, rounds: &Rounds, (yes, no): (bool, bool)) {
        let Some(frame) = state.frames.last() else {
            return;
        };
        let slice = self.slice;
        for (number, of) in &slice.bodies[&frame.function].loops {
            for (side, can) in [(true, yes), (false, no)] {
                if can
                    && of.exits.contains(&(frame.at, side))
                    && let Some(start) = rounds.start(*number)
                {
                    self.left.insert((start, *number, frame.at, side));
                }
            }
        }
    }

    fn note_loss(&mut self) {
        let at = self.at();
        let text = format!(
            "a way out of this loop is not taken by every path that would, since there are too many states: what comes after it then is not in the verdict ({at})"
        );
        let more = self.options.max_paths.saturating_mul(4); // a proposal only
        let change = Some(format!("--max-paths {more}"));
        self.assumptions.note("unreached", at, text, change);
    }

    fn note_forgotten(&mut self) {
        let at = self.at();
        // Loops at different places are different assumptions.
        let text = format!(
            "not every round of this loop is followed by itself: after the first ones, what it changes has any value ({at})"
        );
        // A proposal only.
        let more = self.options.unroll.saturating_add(1);
        let change = Some(format!("--unroll {more}"));
        self.assumptions.note("loop-bound", at, text, change);
    }

    fn note_bound(&mut self, unroll: u32) {
        let text = format!("at most {unroll} undecided rounds of this loop");
        // A proposal only.
        let (at, more) = (self.at(), unroll.saturating_add(1));
        // Loops at different places are different assumptions.
        let text = format!("{text} ({at})");
        self.assumptions
            .note("loop-bound", at, text, Some(format!("--unroll {more}")));
    }
}

/// What a loop changes is forgotten for one in so many of the states that there may be.
const PART: usize = 50;

/// How often it is forgotten however few states there may be.
const LEAST: usize = 64;

/// What is forgotten of a state.
struct Gone<'a> {
    depth: u16,
    changes: &'a Changes,
    /// Variables and fields whose address is kept somewhere.
    pointed: &'a BTreeSet<Name>,
    /// Places whose address is kept in the state, and those that they lie in.
    reached: BTreeSet<Key>,
}

/// Forgets what `changes` names, in the call of this depth; the places that had a value and no number. `pointed`: variables and fields whose
/// address is kept somewhere.
pub fn forget_changes(
    state: &mut State,
    depth: usize,
    changes: &Changes,
    pointed: &BTreeSet<Name>,
) -> Vec<Key> {
    let mut reached = BTreeSet::new();
    for value in state.store.values() {
        addresses(value, &mut reached);
    }
    let gone = Gone {
        depth: depth_of(depth),
        changes,
        pointed,
        reached,
    };
    let forgotten: Vec<Key> = (state.store.iter())
        .filter(|(key, value)| value.number().is_none() && gone.has(key))
        .map(|(key, _)| key.clone())
        .collect();
    state.store.retain(|key, _| !gone.has(key));
    forgotten
}

/// What says of a value that it was forgotten. It is kept as long as the value is there, and goes with
/// it where it turns out to be something else, as all that depends on a value does.
fn mark(value: &Linear) -> Key {
    Key::Pure("%forgotten".into(), vec![value.clone()])
}

/// Whether a value that was forgotten is in an address.
#[must_use]
pub fn was_forgotten(state: &State, of: &Linear) -> bool {
    let mut is_marked = false;
    of.symbols(&mut |number| {
        let value = Linear::symbol(Symbol::Any(number));
        is_marked |= state.store.contains_key(&mark(&value));
    });
    is_marked
}

impl Gone<'_> {
    fn has(&self, key: &Key) -> bool {
        let changes = self.changes;
        match key {
            Key::Local(depth, name) => {
                *depth == self.depth && changes.locals.contains(name)
                    || (changes.behind || changes.handed) && self.reached.contains(key)
            }
            Key::Global(name) => self.has_outside(key, name),
            Key::Field(base, name) => {
                changes.whole || self.has_outside(key, name) || self.has_around(base)
            }
            Key::Deref(base) => changes.behind || self.has_around(base),
            Key::Pure(..) | Key::Mapped(_) | Key::Table(_) => false,
        }
    }

    fn has_outside(&self, key: &Key, name: &Name) -> bool {
        self.changes.outside.contains(name)
            || self.changes.behind && (self.pointed.contains(name) || self.reached.contains(key))
    }

    /// Whether what an address lies within is gone.
    fn has_around(&self, base: &Linear) -> bool {
        base.terms.iter().any(|(symbol, _)| match symbol {
            Symbol::Address(key) => self.has(key),
            _ => false,
        })
    }
}

fn addresses(of: &Linear, all: &mut BTreeSet<Key>) {
    for (symbol, _) in &of.terms {
        if let Symbol::Address(key) = symbol
            && all.insert(Key::clone(key))
            && let Key::Field(base, _) | Key::Deref(base) = &**key
        {
            addresses(base, all);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::names::Names;

    /// A variable that pointers lead to is forgotten with what lies in it; others stay.
    #[test]
    fn what_pointers_lead_to_is_forgotten() {
        let mut names = Names::default();
        let mut name = |text: &str| names.name(text);
        let (a, b, c, f, g) = (name("a"), name("b"), name("c"), name("f"), name("g"));
        let address = |key: &Key| Linear::symbol(Symbol::Address(key.clone().into()));
        let (of_a, of_b) = (Key::Local(0, a), Key::Local(0, b));
        let in_a = Key::Field(address(&of_a), f);
        let in_c = Key::Field(address(&Key::Local(0, c)), f);
        let behind = Key::Deref(Linear::symbol(Symbol::Any(1)));
        let global = Key::Global(g);
        let state = || {
            let mut state = State::default();
            for key in [&of_a, &in_a, &in_c, &behind, &global] {
                state.store.insert(key.clone(), Linear::of(1));
            }
            state.store.insert(of_b.clone(), address(&of_a));
            state
        };
        let left = |changes: &Changes, pointed: &BTreeSet<Name>| {
            let mut state = state();
            forget_changes(&mut state, 0, changes, pointed);
            state.store.take().into_keys().collect::<BTreeSet<Key>>()
        };
        let set = |keys: &[&Key]| keys.iter().copied().cloned().collect();
        let none = BTreeSet::new();
        let nothing = Changes::default();
        assert_eq!(left(&nothing, &none).len(), 6);
        let behind_them = Changes {
            behind: true,
            ..Changes::default()
        };
        // What `b` points to is `a`, and `a.f` lies in it.
        let kept: BTreeSet<Key> = set(&[&of_b, &in_c, &global]);
        assert_eq!(left(&behind_them, &none), kept);
        let kept: BTreeSet<Key> = set(&[&of_b, &in_c]);
        assert_eq!(left(&behind_them, &BTreeSet::from([g])), kept);
        let local = Changes {
            locals: BTreeSet::from([c]),
            ..Changes::default()
        };
        let kept: BTreeSet<Key> = set(&[&of_a, &of_b, &in_a, &behind, &global]);
        assert_eq!(left(&local, &none), kept);
        // A variable of the same name in another call is another one.
        let mut other = state();
        forget_changes(&mut other, 1, &local, &none);
        assert_eq!(other.store.len(), 6);
    }
}
