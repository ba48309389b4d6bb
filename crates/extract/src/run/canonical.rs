//! States equal up to renaming are one.
//!
//! What no instruction that can still be reached mentions is dropped: dead variables, fields that
//! nobody reads, results of calls, and facts about symbols that nothing is left of. Facts are only
//! ever lost by that, so more paths are possible, never fewer. Then symbols are numbered in the order
//! in which they are met from the variables on; a field is numbered after what it is a field of. All
//! that is kept is reached so, and the order depends on nothing but the state's shape: two states are
//! equal up to renaming exactly if they have become equal.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::{FxHashMap, FxHashSet};

use crate::read::names::Name;
use crate::read::slice::Slice;
use crate::run::state::{Fact, State};
use crate::run::structure::root;
use crate::run::value::{Key, Linear, Symbol};

/// Drops what is no longer mentioned and numbers the symbols.
#[must_use]
pub fn canonical(state: State, slice: &Slice) -> State {
    numbered(&collected(state, slice))
}

/// The names that are live in an open call, but for one.
struct Live<'s>(Option<&'s BTreeSet<Name>>, Option<Name>);

impl Live<'_> {
    fn contains(&self, name: &Name) -> bool {
        self.0.is_some_and(|live| live.contains(name)) && self.1 != Some(*name)
    }
}

/// The names outside that are still mentioned, of each open call.
struct Outside<'s>(Vec<&'s BTreeSet<Name>>);

impl Outside<'_> {
    fn contains(&self, name: &Name) -> bool {
        self.0.iter().any(|names| names.contains(name))
    }
}

/// The names that are live in each open call, and those outside that are still mentioned.
fn mentioned<'s>(state: &State, slice: &'s Slice) -> (Vec<Live<'s>>, Outside<'s>) {
    let mut locals = Vec::new();
    let mut outside = Vec::new();
    // Without a frame the loop below does nothing.
    let last = state.frames.len().saturating_sub(1);
    for (depth, frame) in state.frames.iter().enumerate() {
        let body = &slice.bodies[&frame.function];
        // The caller goes on after its call.
        let at = if depth == last {
            frame.at
        } else {
            frame.at + 1
        };
        let live = body.graph.live.get(at).map(|live| &**live);
        let inner = state.frames.get(depth + 1);
        locals.push(Live(live, inner.and_then(|inner| inner.result)));
        outside.extend(body.mentions.get(at).map(|names| &**names));
    }
    (locals, Outside(outside))
}

fn collected(mut state: State, slice: &Slice) -> State {
    let (locals, outside) = mentioned(&state, slice);
    let mut reached: FxHashSet<u32> = FxHashSet::default();
    let mut places: BTreeSet<Key> = BTreeSet::new();
    let mut kept: BTreeMap<Key, Linear> = BTreeMap::new();
    let mut meet = |of: &Linear, reached: &mut FxHashSet<u32>| {
        of.symbols(&mut |number| {
            reached.insert(number);
        });
        addresses(of, &mut |key| {
            places.insert(key.clone());
        });
    };
    for hold in &state.held {
        meet(&hold.of, &mut reached);
    }
    let mut rest = Vec::new();
    for (key, value) in state.store.take() {
        let is_kept = match &key {
            Key::Local(depth, name) => {
                (locals.get(usize::from(*depth))).is_some_and(|live| live.contains(name))
            }
            Key::Global(name) => outside.contains(name),
            _ => false,
        };
        if is_kept {
            meet(&value, &mut reached);
            kept.insert(key, value);
        } else {
            rest.push((key, value));
        }
    }
    // Whatever belongs to what is reached is reached.
    let mut changed = true;
    while changed {
        changed = false;
        let now = std::mem::take(&mut rest);
        for (key, value) in now {
            let mut all = true;
            let mut some = false;
            key.symbols(&mut |number| {
                some = true;
                all &= reached.contains(&number);
            });
            let is_kept = match &key {
                // A variable that somebody points to.
                Key::Local(..) | Key::Global(_) => places.contains(&key),
                Key::Field(_, name) => {
                    all && outside.contains(name) && is_there(root(&key), &locals, &places)
                }
                Key::Deref(_) => {
                    all && is_there(root(&key), &locals, &places)
                        && slice.behind.is_some_and(|name| outside.contains(&name))
                }
                Key::Mapped(_) | Key::Table(_) | Key::Pure(..) => all && some,
            };
            if is_kept {
                value.symbols(&mut |number| {
                    reached.insert(number);
                });
                addresses(&value, &mut |key| {
                    places.insert(key.clone());
                });
                kept.insert(key, value);
                changed = true;
            } else {
                rest.push((key, value));
            }
        }
        // The page of an address that is still there.
        for (symbol, page) in state.pages.iter() {
            if is_reached(&Linear::symbol(symbol.clone()), &reached) {
                page.symbols(&mut |number| changed |= reached.insert(number));
            }
        }
    }
    let still = |of: &Linear| is_reached(of, &reached);
    state.store = kept.into();
    state.facts.retain(|fact| still(&fact.of));
    state
        .pages
        .retain(|symbol, page| still(&Linear::symbol(symbol.clone())) && still(page));
    let held: BTreeSet<&Linear> = state.held.iter().map(|hold| &hold.of).collect();
    let named: BTreeSet<Linear> = (state.names.keys())
        .filter(|of| held.contains(of) || has_symbol(of) && still(of))
        .cloned()
        .collect();
    state.names.retain(|of, _| named.contains(of));
    state.allocated.retain(|of| state.names.contains_key(of));
    state
}

/// Whether something may still be read of what lies in a variable of a call that is open; of what lies
/// elsewhere, always.
fn is_there(root: &Key, locals: &[Live<'_>], places: &BTreeSet<Key>) -> bool {
    let Key::Local(depth, name) = root else {
        return true;
    };
    let live = locals.get(usize::from(*depth));
    live.is_some_and(|live| live.contains(name)) || places.contains(root)
}

fn is_reached(of: &Linear, reached: &FxHashSet<u32>) -> bool {
    let mut all = true;
    of.symbols(&mut |number| all &= reached.contains(&number));
    all
}

fn has_symbol(of: &Linear) -> bool {
    !of.terms.is_empty()
}

/// Calls `each` with every place whose address is in an expression.
fn addresses(of: &Linear, each: &mut dyn FnMut(&Key)) {
    for (symbol, _) in &of.terms {
        if let Symbol::Address(key) = symbol {
            each(key);
            if let Key::Field(of, _) | Key::Deref(of) = &**key {
                addresses(of, each);
            }
        }
    }
}

/// The state with its symbols numbered in the order in which they are met.
fn numbered(state: &State) -> State {
    let mut numbers: FxHashMap<u32, u32> = FxHashMap::default();
    let meet = |of: &Linear, numbers: &mut FxHashMap<u32, u32>| {
        // In the order of the terms that are numbered already; new ones as they come. An expression
        // with several new symbols has no order of its own: such states may not be found equal, and
        // are then followed twice.
        of.symbols(&mut |number| {
            let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX) + 1;
            numbers.entry(number).or_insert(next);
        });
    };
    for hold in &state.held {
        meet(&hold.of, &mut numbers);
    }
    let mut rest: Vec<(&Key, &Linear)> = Vec::new();
    for (key, value) in state.store.iter() {
        match key {
            Key::Local(..) | Key::Global(_) => meet(value, &mut numbers),
            _ => rest.push((key, value)),
        }
    }
    while !rest.is_empty() {
        let ready = |key: &Key, numbers: &FxHashMap<u32, u32>| {
            let mut all = true;
            key.symbols(&mut |number| all &= numbers.contains_key(&number));
            all
        };
        let (mut now, later): (Vec<_>, Vec<_>) =
            rest.into_iter().partition(|(key, _)| ready(key, &numbers));
        if now.is_empty() {
            // Reached through the page of an address only.
            for (key, _) in &later {
                key.symbols(&mut |number| {
                    let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX) + 1;
                    numbers.entry(number).or_insert(next);
                });
            }
            rest = later;
            continue;
        }
        now.sort_by_cached_key(|(key, _)| renamed_key(key, &numbers));
        for (_, value) in now {
            meet(value, &mut numbers);
        }
        rest = later;
    }
    let of_pages: BTreeMap<Linear, &Linear> = (state.pages.iter())
        .map(|(symbol, page)| (renamed(&Linear::symbol(symbol.clone()), &numbers), page))
        .collect();
    for page in of_pages.values() {
        meet(page, &mut numbers);
    }
    let swap = |of: &Linear| renamed(of, &numbers);
    State {
        frames: state.frames.clone(),
        store: (state.store.iter())
            .map(|(key, value)| (renamed_key(key, &numbers), swap(value)))
            .collect(),
        facts: (state.facts.iter())
            .map(|fact| Fact {
                relation: fact.relation,
                of: swap(&fact.of),
            })
            .collect(),
        pages: (state.pages.iter())
            .filter_map(|(symbol, page)| {
                let symbol = swap(&Linear::symbol(symbol.clone()));
                Some((symbol.sole()?.clone(), swap(page)))
            })
            .collect(),
        names: state
            .names
            .iter()
            .map(|(of, name)| (swap(of), *name))
            .collect(),
        held: (state.held.iter())
            .map(|hold| crate::run::state::Hold {
                of: swap(&hold.of),
                ..hold.clone()
            })
            .collect(),
        allocated: state.allocated.iter().map(swap).collect(),
        // Far below: states have a limit, and symbols are of states.
        symbols: u32::try_from(numbers.len()).unwrap_or(u32::MAX),
    }
}

fn renamed(of: &Linear, numbers: &FxHashMap<u32, u32>) -> Linear {
    let renamed = of.map(&mut |symbol| {
        Linear::symbol(match symbol {
            // One that is not met stands apart from those that are.
            Symbol::Any(number) => {
                Symbol::Any(numbers.get(number).copied().unwrap_or(u32::MAX - number))
            }
            Symbol::Address(key) => Symbol::Address(renamed_key(key, numbers).into()),
            Symbol::Function(name) => Symbol::Function(*name),
        })
    });
    renamed.unwrap_or_else(|| of.clone())
}

fn renamed_key(key: &Key, numbers: &FxHashMap<u32, u32>) -> Key {
    key.map(&mut |of| renamed(of, numbers))
}
