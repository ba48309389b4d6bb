//! Structures by value: assigned, handed over, returned.
//!
//! A structure is no value of its own here: it is its fields, each kept under its own key. Whatever
//! copies a structure copies what is known of its fields, and of what lies within them; what is not
//! known of the one is not known of the other, and what was known of the other before is gone. Fields
//! that are read only later are new values in each, so two copies of an unknown structure may differ:
//! more is possible by that, never less.

use crate::read::instruction::Expr;
use crate::run::evaluate::depth_of;
use crate::run::state::State;
use crate::run::step::Machine;
use crate::run::value::{Key, Linear, Symbol};

/// The address of what is kept under a key.
fn address(key: &Key) -> Linear {
    match key {
        Key::Deref(base) => base.clone(),
        key => Linear::symbol(Symbol::Address(key.clone().into())),
    }
}

/// The fields of what is at one place, as they are at another one.
#[must_use]
pub fn fields(state: &State, from: &Key, to: &Key) -> Vec<(Key, Linear)> {
    let (from, to) = (address(from), address(to));
    let all = state.store.iter();
    all.filter_map(|(key, value)| Some((key.moved(&from, &to)?, value.clone())))
        .collect()
}

/// Sets what is at a place, with its fields.
pub fn set(state: &mut State, to: Key, value: Linear, fields: Vec<(Key, Linear)>) {
    let at = address(&to);
    (state.store).retain(|key, _| key.moved(&at, &at).is_none());
    state.store.extend(fields);
    state.store.insert(to, value);
}

/// The variable that a place is within, if it is within one.
#[must_use]
pub fn root(key: &Key) -> &Key {
    let mut key = key;
    while let Key::Field(base, _) | Key::Deref(base) = key {
        let inner = base.terms.iter().find_map(|(symbol, _)| match symbol {
            Symbol::Address(inner) => Some(inner),
            _ => None,
        });
        match inner {
            Some(inner) => key = inner,
            None => break,
        }
    }
    key
}

/// Leaves a call: its variables are gone, with what lies in them.
pub fn drop_variables(state: &mut State, depth: usize) {
    let of = depth_of(depth);
    (state.store).retain(|key, _| !matches!(root(key), Key::Local(depth, _) if *depth == of));
}

impl Machine<'_> {
    /// The fields that an expression's value has where it is copied to, if it is read from a place.
    pub fn fields_of(
        &mut self,
        state: &mut State,
        depth: usize,
        value: &Expr,
        to: &Key,
    ) -> Vec<(Key, Linear)> {
        match value {
            Expr::Read(from) => {
                let from = self.key(state, depth, from);
                fields(state, &from, to)
            }
            _ => Vec::new(),
        }
    }
}
