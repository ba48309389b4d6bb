//! Less is known of a state, so that more states are one.
//!
//! Facts about several unknown values, and values that are computed from unknown ones, are forgotten:
//! such a place has any value from then on. An address within a mapped page stays, for what is unmapped
//! is found by it. More paths are possible by that, never fewer.

use std::collections::BTreeSet;

use crate::run::state::State;
use crate::run::value::{Key, Linear};

/// Forgets what is computed.
pub fn forget(state: &mut State) {
    state.facts.retain(|fact| symbols(&fact.of) <= 1);
    let computed: Vec<Key> = (state.store.iter())
        .filter(|(key, _)| matches!(key, Key::Local(..) | Key::Global(_) | Key::Field(..)))
        .filter(|(_, value)| is_computed(value) && state.page_of(value).is_none())
        .filter(|(_, value)| !state.names.contains_key(value))
        .map(|(key, _)| key.clone())
        .collect();
    for key in computed {
        let any = state.fresh();
        state.store.insert(key, any);
    }
}

fn symbols(of: &Linear) -> usize {
    let mut all = BTreeSet::new();
    of.symbols(&mut |number| {
        all.insert(number);
    });
    all.len()
}

/// Whether a value is something else than a number, or one unknown value, or an address.
fn is_computed(of: &Linear) -> bool {
    of.number().is_none() && of.sole().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::names::Names;
    use crate::run::state::{Fact, Relation};
    use crate::run::value::Symbol;

    fn sum(symbols: &[u32], constant: i64) -> Linear {
        Linear {
            constant,
            terms: (symbols.iter())
                .map(|number| (Symbol::Any(*number), 1))
                .collect(),
        }
    }

    /// What is computed has any value; numbers, plain unknown values, what has a name and addresses in
    /// mapped pages stay.
    #[test]
    fn what_is_computed_is_forgotten() {
        let mut names = Names::default();
        let mut key = |text: &str| Key::Local(0, names.name(text));
        let (n, plain, two, moved, in_page, named) = (
            key("n"),
            key("plain"),
            key("two"),
            key("moved"),
            key("in_page"),
            key("named"),
        );
        let mut state = State {
            symbols: 9,
            ..State::default()
        };
        state.pages.insert(Symbol::Any(4), sum(&[5], 0));
        let page = sum(&[6, 7], 0);
        state.names.insert(page.clone(), names.name("page"));
        for (key, value) in [
            (&n, Linear::of(3)),
            (&plain, sum(&[1], 0)),
            (&two, sum(&[1, 2], 0)),
            (&moved, sum(&[1], 8)),
            (&in_page, sum(&[4], 16)),
            (&named, page),
        ] {
            state.store.insert(key.clone(), value);
        }
        let fact = |of| Fact {
            relation: Relation::AtMostZero,
            of,
        };
        state.facts = BTreeSet::from([fact(sum(&[1], 2)), fact(sum(&[1, 2], 0))]).into();
        let before = state.clone();
        forget(&mut state);
        for key in [&n, &plain, &in_page, &named] {
            assert_eq!(state.store[key], before.store[key]);
        }
        for key in [&two, &moved] {
            // Another symbol than any that there was.
            let value = state.store[key].sole();
            assert!(
                matches!(value, Some(Symbol::Any(number)) if *number > 9),
                "{value:?}"
            );
        }
        assert_ne!(state.store[&two], state.store[&moved]);
        assert_eq!(*state.facts, BTreeSet::from([fact(sum(&[1], 2))]));
    }
}
