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
