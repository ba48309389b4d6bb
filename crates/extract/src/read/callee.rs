//! What calls may do, as the mapping and the files say.

use crate::map::Mapping;
use crate::map::merge::Known;
use crate::read::instruction::{Call, Target};
use crate::read::names::Names;
use crate::read::unit::Unit;

/// What a call may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Callee {
    /// The mapping says what.
    Mapped(String),
    /// One of these functions.
    Bodies(Vec<usize>),
    /// Nothing of interest; whether it may sleep.
    Nothing(bool),
    /// Nobody knows: there is no body and no word of it.
    Unknown(String),
    /// Through a pointer that the mapping names, to a function that is not there.
    Missing(String, String),
    /// Through a pointer that nobody resolves.
    Pointer(String),
}

/// What a call may do, as the mapping and the files say.
#[must_use]
pub fn callee(unit: &Unit, mapping: &Mapping, names: &Names, call: &Call, file: usize) -> Callee {
    let (text, through) = match &call.target {
        Target::Function(name) => (names.text(*name), false),
        Target::Field(name) | Target::Value(_, name) => (names.text(*name), true),
    };
    if through {
        return match mapping.pointers.get(text).map(String::as_str) {
            Some("pure") => Callee::Nothing(false),
            Some("sleeps") => Callee::Nothing(true),
            Some(name) if mapping.speaks_of(name) => Callee::Mapped(name.to_owned()),
            Some(name) => match unit.resolve(name, None) {
                Some(body) => Callee::Bodies(vec![body]),
                None => Callee::Missing(text.to_owned(), name.to_owned()),
            },
            // What the files say of pointers is a choice of calls by then.
            None => Callee::Pointer(text.to_owned()),
        };
    }
    if let Some((_, number)) = text.split_once('#') {
        // A function by its number, as pointers are resolved.
        if let Some(body) = number.parse().ok().filter(|n| *n < unit.functions.len()) {
            return Callee::Bodies(vec![body]);
        }
    }
    // A stub was given to be taken.
    if let Some(body) = unit.stub(text) {
        return Callee::Bodies(vec![body]);
    }
    match mapping.speaks_of(text) {
        true => Callee::Mapped(text.to_owned()),
        false => match unit.resolve(text, Some(file)) {
            Some(body) => Callee::Bodies(vec![body]),
            None => Callee::Unknown(text.to_owned()),
        },
    }
}

/// Whether the mapping's word on a function is an operation, or makes it one to follow closely.
#[must_use]
pub fn is_operation(mapping: &Mapping, name: &str) -> bool {
    mapping.ops.contains_key(name)
        || mapping.refused.contains_key(name)
        || (mapping.known.get(name) == Some(&Known::UserCopy)
            && !mapping.user_copy.fault.is_empty())
}

/// Whether a function may sleep, as the mapping says.
#[must_use]
pub fn may_sleep(mapping: &Mapping, name: &str) -> bool {
    let known = mapping.known.get(name);
    known == Some(&Known::Sleeps)
        || known == Some(&Known::UserCopy)
        || mapping.sleeps_by_flags.contains_key(name)
        || mapping.ops.get(name).is_some_and(|does| {
            (does.all().iter()).any(|operation| {
                operation.sleeps
                    || [
                        "kmap",
                        "lock_page",
                        "alloc_page",
                        "wait_for_completion",
                        "mempool_alloc",
                    ]
                    .contains(&operation.op.as_str())
                    || (operation.op.starts_with("down") && !operation.is_try())
            })
        })
}

/// Whether sleep is forbidden from such an operation on.
#[must_use]
pub fn is_atomic(mapping: &Mapping, name: &str) -> bool {
    mapping.ops.get(name).is_some_and(|does| {
        let ops = ["spin_lock", "spin_trylock", "kmap_atomic", "forbid_sleep"];
        does.all()
            .iter()
            .any(|operation| ops.contains(&operation.op.as_str()))
    })
}

/// Whether a word in a region that cannot be read takes the path elsewhere.
#[must_use]
pub fn is_jump(word: &str) -> bool {
    ["goto", "return", "break", "continue"].contains(&word)
}
