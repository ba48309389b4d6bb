//! Which object is meant: its name, whether all tasks mean the same one, and whether two are one.
//!
//! An object is what its address is. An address that begins at a variable outside of functions and
//! has nothing unknown in it is the same object for all tasks, and is named by its path (`dev.lock`,
//! `locks[2]`), however it is reached: no two objects have one path, and none has two. An address
//! that is read from a variable outside is taken to be the same for all tasks as well, and that is
//! said. Every other address is each task's own, or shared if that is asked for.
//!
//! **Whether two are one.** Fields of different names, and different variables, never are. Fields of
//! one name are one if the structures are, elements of one array if the indices are, and of anything
//! else it is not known. What is not known is asked where it is about indices, or about a value that a
//! loop was let change, and both answers are followed; otherwise it is assumed that there are two, by name ([`Machine::distinct_from`]).

use std::collections::BTreeSet;

use crate::assumed::Assumptions;
use crate::read::names::Name;
use crate::run::evaluate::solved;
use crate::run::state::{Fact, Hold, Relation, State};
use crate::run::step::{Machine, Scope, Thing};
use crate::run::value::{Key, Linear, Symbol};
use crate::run::widen::was_forgotten;

/// Pointers behind pointers in a name.
const DEEPEST: usize = 6;

/// A name of an object, and who means the same one by it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    /// The name.
    pub text: String,
    /// Where the address begins.
    pub scope: Scope,
}

/// When two addresses are one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Meet {
    /// Never.
    Never,
    /// If this is 0; whether it is about indices of one array.
    If(Linear, bool),
}

/// When two different addresses are one.
#[must_use]
pub fn meet(a: &Linear, b: &Linear) -> Meet {
    if let (Some(Symbol::Address(x)), Some(Symbol::Address(y))) = (a.sole(), b.sole()) {
        return match (&**x, &**y) {
            (Key::Field(x, n), Key::Field(y, m)) if n == m => meet(x, y),
            (Key::Deref(_), _) | (_, Key::Deref(_)) => unknown(a, b, false),
            // The first field of a structure is where the structure is.
            (Key::Field(x, _), _) if begins_at(x, b) => unknown(a, b, false),
            (_, Key::Field(y, _)) if begins_at(y, a) => unknown(a, b, false),
            _ => Meet::Never,
        };
    }
    match (within(a), within(b)) {
        (Some((x, i)), Some((y, j))) if x == y => unknown(&i, &j, true),
        (Some((x, _)), Some((y, _))) => {
            let of = |key: &Key| Linear::symbol(Symbol::Address(key.clone().into()));
            match meet(&of(x), &of(y)) {
                Meet::Never => Meet::Never,
                Meet::If(..) => unknown(a, b, false),
            }
        }
        _ => {
            let shares = (a.terms.iter()).any(|term| term.1 == 1 && b.terms.contains(term));
            unknown(a, b, shares)
        }
    }
}

/// Whether an address is that of something, or of a field in it.
fn begins_at(inner: &Linear, outer: &Linear) -> bool {
    let mut at = inner;
    loop {
        if at == outer {
            return true;
        }
        match at.sole() {
            Some(Symbol::Address(key)) => match &**key {
                Key::Field(base, _) => at = base,
                _ => return false,
            },
            _ => return false,
        }
    }
}

fn unknown(a: &Linear, b: &Linear, indices: bool) -> Meet {
    match a.plus(b, -1) {
        Some(difference) if difference.number().is_some_and(|n| n != 0) => Meet::Never,
        Some(difference) => Meet::If(difference, indices),
        // Too large to be said: it is not known.
        None => Meet::If(a.clone(), false),
    }
}

/// The variable or field that an address begins at, and how far from it.
fn within(of: &Linear) -> Option<(&Key, Linear)> {
    let mut keys = of.terms.iter().filter_map(|(symbol, factor)| match symbol {
        Symbol::Address(key) => Some((key, *factor)),
        _ => None,
    });
    let (key, factor) = keys.next()?;
    if factor != 1 || keys.next().is_some() {
        return None;
    }
    let rest = of.plus(&Linear::symbol(Symbol::Address(key.clone())), -1)?;
    Some((key, rest))
}

impl Machine<'_> {
    /// The path of the object at an address; `None`: it has none.
    #[must_use]
    pub fn path(&self, state: &State, of: &Linear) -> Option<Path> {
        self.path_of(state, of, 0)
    }

    fn path_of(&self, state: &State, of: &Linear, deep: usize) -> Option<Path> {
        if deep > DEEPEST {
            return None;
        }
        if let Some((key, rest)) = within(of) {
            let path = self.kept_at(state, key, deep)?;
            let is_array = matches!(key, Key::Global(name) if self.is_array(*name));
            return match rest.number() {
                Some(0) if !is_array => Some(path),
                Some(index) => Some(path.and(&format!("[{index}]"))),
                // Which element it is differs from task to task.
                None => {
                    let index = self.index(state, &rest)?;
                    let path = path.and(&format!("[{index}]"));
                    Some(Path {
                        scope: Scope::Own,
                        ..path
                    })
                }
            };
        }
        let [(symbol @ Symbol::Any(_), 1)] = of.terms.as_slice() else {
            return None;
        };
        let path = self.pointer(state, &Linear::symbol(symbol.clone()), deep)?;
        match of.constant {
            0 => Some(path),
            index => Some(path.and(&format!("[{index}]"))),
        }
    }

    fn kept_at(&self, state: &State, key: &Key, deep: usize) -> Option<Path> {
        match key {
            Key::Global(name) => {
                let text = self.names.text(*name).to_owned();
                let scope = if self.is_own(&text) {
                    Scope::Own
                } else {
                    Scope::Object
                };
                Some(Path { text, scope })
            }
            Key::Local(_, name) => Some(Path {
                text: plain_local(self.names.text(*name))?,
                scope: Scope::Own,
            }),
            Key::Field(base, name) => {
                let path = self.path_of(state, base, deep + 1)?;
                Some(path.and(&format!(".{}", self.names.text(*name))))
            }
            _ => None,
        }
    }

    /// The path of what a pointer points to: of the place that it is kept at. One that all tasks
    /// know comes first.
    fn pointer(&self, state: &State, of: &Linear, deep: usize) -> Option<Path> {
        let mut own = None;
        for (key, value) in state.store.iter() {
            if value != of {
                continue;
            }
            let path = match key {
                Key::Local(0, name) => {
                    let entry = state.frames.first()?.function;
                    let is_param = self.slice.bodies[&entry].code.params.contains(name);
                    let text = plain_local(self.names.text(*name)).filter(|_| is_param);
                    text.map(|text| Path {
                        text,
                        scope: Scope::Own,
                    })
                }
                Key::Global(name) if self.is_array(*name) => self
                    .kept_at(state, key, deep + 1)
                    .map(|path| path.and("[0]")),
                Key::Global(_) | Key::Field(..) => self.kept_at(state, key, deep + 1),
                Key::Deref(at) => self.path_of(state, at, deep + 1),
                _ => None,
            };
            match path {
                Some(path) if path.scope != Scope::Own => {
                    return Some(Path {
                        scope: Scope::Pointer,
                        ..path
                    });
                }
                path => own = own.or(path),
            }
        }
        own
    }

    /// How the text calls an index.
    fn index(&self, state: &State, rest: &Linear) -> Option<String> {
        let symbol = Linear::symbol(rest.terms.first()?.0.clone());
        let name = state.store.iter().find_map(|(key, value)| match key {
            Key::Local(_, name) if *value == symbol => plain_local(self.names.text(*name)),
            _ => None,
        })?;
        match (rest.terms.as_slice(), rest.constant) {
            ([(_, 1)], 0) => Some(name),
            ([(_, 1)], n) => Some(format!("{name}{n:+}")),
            _ => None,
        }
    }

    fn is_array(&self, name: Name) -> bool {
        self.unit.outside.is_array(self.names.text(name))
    }

    /// What a pointer outside of functions points to, if it is initialised and nothing else sets it.
    pub fn points_at_first(&mut self, name: Name) -> Option<Linear> {
        let text = self.names.text(name).split('@').next()?.to_owned();
        let (value, file) = self.unit.outside.points_to(&text)?;
        let is_address = value.starts_with('&');
        let mut parts = value.trim_start_matches('&').trim().split('.');
        // `a[2]` is two further than `a`.
        let indexed = |part: &str| match part.split_once('[') {
            None => Some((part.to_owned(), 0)),
            Some((name, index)) => {
                let index = index.strip_suffix(']')?.trim().parse().ok()?;
                Some((name.trim().to_owned(), index))
            }
        };
        let start = parts.next()?;
        let (first, index) = indexed(start)?;
        // An element of what is no array lies where a pointer points to.
        if (!is_address || start.contains('[')) && !self.unit.outside.is_array(&first) {
            return None;
        }
        let file_name = &self.unit.files[file].name;
        let first = self.unit.outside.qualified(&first, file, file_name);
        let key = Key::Global(self.names.name(&first));
        let at = |key: Key, index| {
            Linear::symbol(Symbol::Address(key.into())).plus(&Linear::of(index), 1)
        };
        let mut address = at(key, index)?;
        for part in parts {
            // An element of an array in a structure: nothing says that the field is one.
            let (field, index) = indexed(part)?;
            if part.contains('[') || index != 0 {
                return None;
            }
            address = at(Key::Field(address, self.names.name(&field)), 0)?;
        }
        self.unchanged();
        Some(address)
    }

    /// Whether each task has a variable of that name of its own.
    pub fn is_own(&self, text: &str) -> bool {
        self.unit.outside.is_own(text) || self.mapping.own.contains(text)
    }

    /// Asks whether this is one with something that is held, if that is about indices, or about what
    /// was forgotten.
    pub fn ask_apart(&mut self, state: &State, of: &Linear, release: &'static str) {
        for hold in state.held.iter().filter(|hold| is_alike(hold, release)) {
            if hold.of == *of {
                return;
            }
        }
        for hold in state.held.iter().filter(|hold| is_alike(hold, release)) {
            if let Meet::If(difference, indices) = meet(of, &hold.of)
                && (indices || was_forgotten(state, of) || was_forgotten(state, &hold.of))
                && self.ask_if_zero(state, &difference)
            {
                return;
            }
        }
    }

    /// Asks whether something is 0, unless that is known; whether it is asked now.
    pub fn ask_if_zero(&mut self, state: &State, difference: &Linear) -> bool {
        let fact = |relation, of: &Linear| Fact {
            relation,
            of: of.clone(),
        };
        let same = fact(Relation::Zero, difference);
        if self.is_known_apart(state, difference) || solved(state, difference).is_none() {
            return false;
        }
        // If they cannot be two, only their expressions differ: then they are let be equal.
        let can_be = self.facts.possible(state, &same);
        if can_be {
            self.split = Some(same);
        }
        can_be
    }

    /// Whether two addresses are those of members of unions in one structure.
    fn is_union(&self, a: &Linear, b: &Linear) -> bool {
        let member = |of: &Linear| match of.sole() {
            Some(Symbol::Address(key)) => match &**key {
                Key::Field(base, name) => {
                    let text = self.names.text(*name);
                    self.unit
                        .outside
                        .unions
                        .contains(text)
                        .then(|| base.clone())
                }
                _ => None,
            },
            _ => None,
        };
        member(a).is_some_and(|base| member(b) == Some(base))
    }

    /// Whether facts say that a difference is not 0.
    fn is_known_apart(&mut self, state: &State, difference: &Linear) -> bool {
        let known = |of: Option<Linear>| {
            of.is_some_and(|of| {
                state.facts.contains(&Fact {
                    relation: Relation::NotZero,
                    of,
                })
            })
        };
        let zero = Fact {
            relation: Relation::Zero,
            of: difference.clone(),
        };
        known(Some(difference.clone()))
            || known(difference.times(-1))
            || !self.facts.possible(state, &zero)
    }

    /// Notes that what is shared under a name that is not its own is nothing else that is shared.
    pub fn note_pairs(&mut self, mentioned: &BTreeSet<Name>) {
        let shared: Vec<(Name, Thing)> = (mentioned.iter())
            .filter_map(|name| Some((*name, self.things.get(name)?.clone())))
            .filter(|(_, thing)| thing.scope() != Scope::Own)
            .collect();
        for (name, thing) in &shared {
            let text = self.names.text(*name);
            let is_object = thing.scope() == Scope::Object;
            let others: Vec<String> = (shared.iter())
                .filter(|(other, of)| {
                    // Two variables are two; what begins one, or shares a union with it, may be one.
                    !is_object
                        || of.scope() == Scope::Object
                            && self.overlap(text, self.names.text(*other))
                })
                .filter(|(other, of)| {
                    other != name && of.within(Scope::Own) == thing.within(Scope::Own)
                })
                .map(|(other, _)| self.names.text(*other))
                .filter(|other| is_object || is_part_alike(text, other))
                .map(|other| format!("`{other}`"))
                .collect();
            if !others.is_empty() {
                let text = format!("`{text}` is none of {}", others.join(", "));
                let at = self.at();
                self.assumptions.note("distinct-pointers", at, text, None);
            }
        }
    }

    /// Whether one path is that of a part of another, or both are members of unions in one structure.
    fn overlap(&self, a: &str, b: &str) -> bool {
        let unions = &self.unit.outside.unions;
        let (Some((x, n)), Some((y, m))) = (a.rsplit_once('.'), b.rsplit_once('.')) else {
            return is_part_of(a, b);
        };
        x == y && unions.contains(n) && unions.contains(m) || is_part_of(a, b)
    }

    /// Notes that many shared locks are in the same order for all tasks.
    pub fn note_order(&mut self, many: &[Name]) {
        let names: Vec<String> = (many.iter())
            .map(|name| format!("`{}`", self.names.text(*name)))
            .collect();
        let text = format!(
            "{} do not change places from task to task",
            names.join(", ")
        );
        let at = self.at();
        let change = "share at most three of them at once with `--share`";
        self.assumptions
            .note("lock-order", at, text, Some(change.to_owned()));
    }

    /// Notes that something is none of what is held; where `--maybe-equal` names the two, both
    /// answers are followed instead.
    pub fn distinct_from(&mut self, state: &State, of: &Linear, name: Name, release: &'static str) {
        for hold in state.held.iter().filter(|hold| is_alike(hold, release)) {
            let difference = match meet(of, &hold.of) {
                Meet::If(difference, _) => difference,
                Meet::Never if self.is_union(of, &hold.of) => match of.plus(&hold.of, -1) {
                    Some(difference) => difference,
                    None => continue,
                },
                Meet::Never => continue,
            };
            if hold.of == *of || self.is_known_apart(state, &difference) {
                continue;
            }
            let (a, b) = (self.names.text(name), self.names.text(hold.name));
            let (a, b) = if a <= b { (a, b) } else { (b, a) };
            let (a, b) = (a.to_owned(), b.to_owned());
            let equal = &self.options.equal;
            if (equal.contains(&(a.clone(), b.clone())) || equal.contains(&(b.clone(), a.clone())))
                && self.ask_if_zero(state, &difference)
            {
                return;
            }
            let at = self.at();
            note_distinct(&mut self.assumptions, at, &a, &b);
        }
    }
}

fn note_distinct(assumptions: &mut Assumptions, at: String, a: &str, b: &str) {
    let text = format!("`{a}` and `{b}` are two, never one");
    let change = format!("--maybe-equal {a}={b}");
    assumptions.note("distinct-pointers", at, text, Some(change));
}

fn is_part_of(a: &str, b: &str) -> bool {
    let part = |inner: &str, outer: &str| {
        inner
            .strip_prefix(outer)
            .is_some_and(|rest| rest.starts_with('.'))
    };
    part(a, b) || part(b, a)
}

/// Whether two paths may be of one object: the same field of two structures, or no field at all.
fn is_part_alike(a: &str, b: &str) -> bool {
    match (a.rsplit_once('.'), b.rsplit_once('.')) {
        (Some((_, a)), Some((_, b))) => {
            let plain = |text: &str| {
                text.trim_end_matches(|c: char| c.is_ascii_digit() || c == '_')
                    .to_owned()
            };
            plain(a) == plain(b)
        }
        _ => true,
    }
}

/// Whether what is given back so is of the kind of what is held.
fn is_alike(hold: &Hold, release: &str) -> bool {
    let kind = |release: &str| match release {
        "kunmap" | "kunmap_any" | "kunmap_atomic" | "kunmap_local" => 0,
        "unlock_page" => 1,
        "spin_unlock" => 2,
        "up" => 3,
        "up_read" | "up_write" => 4,
        "mempool_free" => 5,
        "allow_sleep" | "leave" => 6,
        _ => 7,
    };
    kind(hold.release) == kind(release)
}

/// The name of a variable as the text has it; `None`: it is none of the text's.
fn plain_local(text: &str) -> Option<String> {
    let text = text.split('#').next().unwrap_or(text);
    (!text.is_empty() && !text.starts_with('%')).then(|| text.to_owned())
}

impl Path {
    fn and(self, more: &str) -> Path {
        Path {
            text: self.text + more,
            ..self
        }
    }
}
