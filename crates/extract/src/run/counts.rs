//! How many units semaphores and pools have at the start, as far as the files say.
//!
//! Every file is searched for the functions and macros of the mapping's `counts`, in functions that
//! are not followed as well: what is initialised there, with which number. A variable outside has the
//! number that is given with its path; a field has the number that is given with a field of its name,
//! if all places that do so give the same one. Everything else has a number that is assumed, and
//! noted: one unit, two elements.

use std::collections::BTreeSet;

use crate::map::Mapping;
use crate::read::constant;
use crate::read::names::Name;
use crate::read::unit::Unit;
use crate::run::step::{Machine, Scope, Thing};
use crate::write::scenario::SLOTS;

/// Units of a semaphore that nothing initialises.
const UNITS: u32 = 1;

/// Elements of a pool that nothing initialises.
const ELEMENTS: u32 = 2;

/// Macros that stand for numbers through other macros.
const DEEPEST: usize = 16;

/// One place that initialises something.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Initial {
    /// What, as a path: `dev.sem`.
    of: String,
    /// Whether what is named is what is initialised, and not something that points to it.
    is_object: bool,
    /// With which number; `None`: it is no constant.
    number: Option<u32>,
    /// Where.
    at: String,
}

/// All places that initialise semaphores and pools.
#[derive(Debug, Default)]
pub struct Counts {
    all: Vec<Initial>,
}

/// What the files say about one object.
#[derive(Debug, PartialEq, Eq)]
enum Said<'a> {
    /// Nothing.
    Nothing,
    /// One number.
    One(u32),
    /// One number, but for all fields or pointers of that name; where the first is.
    Named(u32, &'a str),
    /// Something that is no number, or several; where the first is.
    Unclear(&'a str),
}

impl Counts {
    /// What the files say.
    #[must_use]
    pub fn of(unit: &Unit, mapping: &Mapping) -> Counts {
        let mut counts = Counts::default();
        for file in &unit.files {
            for (at, word) in words(&file.text) {
                let Some(initial) = mapping.counts.get(word) else {
                    continue;
                };
                let Some(args) = arguments(&file.text[at + word.len()..]) else {
                    continue;
                };
                let of = match initial.of {
                    Some(number) => args.get(number).copied(),
                    None => assigned(&file.text[..at]),
                };
                // `DECLARE_MUTEX(gate)` names it; `sema_init(gate, 1)` names what points to it.
                let is_macro = !word.contains(|c: char| c.is_ascii_lowercase());
                let is_object = is_macro || of.is_some_and(|of| of.starts_with('&'));
                let of = of.map(path);
                let number = match (initial.is, initial.count) {
                    (Some(number), _) => Some(number),
                    // A macro that may leave it out has one unit then.
                    (None, Some(number)) if number >= args.len() => Some(UNITS),
                    (None, Some(number)) => {
                        let value = number_of(unit, mapping, args[number], 0);
                        value.and_then(|value| u32::try_from(value).ok())
                    }
                    (None, None) => None,
                };
                let line = file.text[..at].lines().count().max(1);
                if let Some(of) = of.filter(|of| !of.is_empty()) {
                    let at = format!("{}:{line}", file.name);
                    counts.all.push(Initial {
                        of,
                        is_object,
                        number,
                        at,
                    });
                }
            }
        }
        counts
    }

    /// What is said of something with this name: of an object, or of what a pointer points to.
    fn said(&self, name: &str, is_object: bool) -> Said<'_> {
        let name = without_indices(name);
        let bare = name.split('@').next().unwrap_or(&name);
        let is = |of: &str| without_indices(of) == bare;
        let fits = |one: &&Initial| bare.contains('.') || one.is_object == is_object;
        let all = self.all.iter();
        let mut found: Vec<&Initial> = all.filter(|one| is(&one.of)).filter(fits).collect();
        // A path that begins at a variable of a function says nothing about another function.
        let is_exact = !found.is_empty() && is_object;
        if let (true, Some((_, field))) = (found.is_empty(), bare.rsplit_once('.')) {
            let has = |of: &str| without_indices(of).rsplit('.').next() == Some(field);
            found = self.all.iter().filter(|one| has(&one.of)).collect();
        }
        let Some(first) = found.first() else {
            return Said::Nothing;
        };
        match first.number {
            Some(number) if found.iter().all(|one| one.number == Some(number)) => match is_exact {
                true => Said::One(number),
                false => Said::Named(number, &first.at),
            },
            _ => Said::Unclear(&first.at),
        }
    }
}

impl Machine<'_> {
    /// Settles how many units a semaphore or pool has; `units` is what its operation says.
    pub fn size(&mut self, name: Name, thing: &Thing, units: Option<u32>) {
        let (default, what) = match thing {
            Thing::Lock("semaphore", _) => (UNITS, "units"),
            Thing::Pool(_) => (ELEMENTS, "elements"),
            _ => return,
        };
        let text = self.names.text(name).to_owned();
        let change = Some(format!("--units {text}=N"));
        if let Some(number) = self.options.units.get(&text).copied() {
            self.sizes.insert(name, number);
            let (text, at) = (
                format!("`{text}` has {number} {what} at the start"),
                self.at(),
            );
            return self.assumptions.note("set", at, text, change);
        }
        if let Some(units) = units {
            self.sizes.insert(name, units);
            return;
        }
        let is_object = thing.scope() == Scope::Object;
        let (number, why) = match self.counts.said(&text, is_object) {
            Said::Named(number, at) => (number, format!(", as {at} says")),
            Said::One(number) => {
                self.sizes.insert(name, number);
                if number > 0 {
                    return;
                }
                (
                    0,
                    format!("; it never has more than {}", crate::write::scenario::MOST),
                )
            }
            Said::Nothing => (default, ": no file says how many".to_owned()),
            Said::Unclear(at) => (
                default,
                format!(": what initialises it at {at} is no one number"),
            ),
        };
        self.sizes.insert(name, number);
        let (text, at) = (
            format!("`{text}` has {number} {what} at the start{why}"),
            self.at(),
        );
        self.assumptions.note("count", at, text, change);
    }

    /// Notes how many slots a series has that nobody sizes.
    pub fn note_slots(&mut self, labels: &BTreeSet<u32>) {
        let has_model = self.options.model.is_some() || self.mapping.model.is_some();
        for number in labels {
            let label = self.labels.label(*number).clone();
            if label.op == "alloc_page" {
                self.here = (label.file, label.line, label.function);
                let text = "there are as many free pages as anybody asks for".to_owned();
                let change = "add \"free_pages\": N to the scenario".to_owned();
                let at = self.at();
                (self.assumptions).note("count", at, text, Some(change));
            }
            if let Some(("series", series)) = &label.with
                && !has_model
                && !self.options.slots.contains_key(series)
            {
                self.here = (label.file, label.line, label.function);
                let text = format!("`{series}` has {SLOTS} slots");
                let (at, change) = (self.at(), format!("--slots {series}=N"));
                self.assumptions.note("count", at, text, Some(change));
            }
        }
    }
}

/// The value of a constant expression.
fn number_of(unit: &Unit, mapping: &Mapping, text: &str, deep: usize) -> Option<i64> {
    if deep > DEEPEST {
        return None;
    }
    let lookup = |name: &str| {
        let known = mapping.constants.get(name).or(unit.enumerators.get(name));
        known.copied().or_else(|| {
            let known = unit
                .macros
                .get(name)
                .filter(|known| known.params.is_none())?;
            number_of(unit, mapping, &known.body, deep + 1)
        })
    };
    constant::value(text, &lookup, &|_| false)
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// Every word of a text, with its place.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + text[at..].find(is_word)?;
        let end = start
            + text[start..]
                .find(|c| !is_word(c))
                .unwrap_or(text.len() - start);
        at = end;
        Some((start, &text[start..end]))
    })
}

/// The arguments in brackets at the start of a text.
fn arguments(text: &str) -> Option<Vec<&str>> {
    let inside = text.trim_start().strip_prefix('(')?;
    let (mut args, mut from, mut depth) = (Vec::new(), 0, 0u32);
    for (at, c) in inside.char_indices() {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' if depth > 0 => depth -= 1,
            ',' if depth == 0 => {
                args.push(inside[from..at].trim());
                from = at + 1;
            }
            ')' => {
                args.push(inside[from..at].trim());
                return Some(args);
            }
            ';' => return None,
            _ => {}
        }
    }
    None
}

/// What is assigned to where a text ends in `=`.
fn assigned(text: &str) -> Option<&str> {
    let text = text.trim_end().strip_suffix('=')?.trim_end();
    let is_path = |c: char| is_word(c) || ".->[]".contains(c);
    // If nothing else stands before it, it is the whole text.
    let start = text.rfind(|c| !is_path(c)).map_or(0, |at| at + 1);
    Some(&text[start..])
}

/// A path as names have it.
fn path(text: &str) -> String {
    let text: String = text.split_whitespace().collect();
    text.trim_start_matches(['&', '*', '('])
        .trim_end_matches(')')
        .replace("->", ".")
}

fn without_indices(text: &str) -> String {
    let mut depth = 0u32;
    text.chars()
        .filter(|c| {
            match c {
                '[' => depth += 1,
                // A bracket too many closes nothing.
                ']' => depth = depth.saturating_sub(1),
                _ => return depth == 0,
            }
            false
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said() {
        let one = |of: &str, number| Initial {
            of: path(of),
            is_object: of.starts_with('&'),
            number,
            at: "a.c:1".to_owned(),
        };
        let counts = Counts {
            all: vec![
                one("&gate", Some(3)),
                one("&dev->sem", Some(0)),
                one("&other->sem", Some(0)),
                one("&x->two", Some(1)),
                one("&y->two", Some(2)),
                one("&sems[i]", Some(4)),
                one("z", None),
            ],
        };
        let named = |number| Said::Named(number, "a.c:1");
        let unclear = Said::Unclear("a.c:1");
        assert_eq!(counts.said("gate@a.c", true), Said::One(3));
        assert_eq!(counts.said("gate", false), Said::Nothing);
        assert_eq!(counts.said("d.bus.sem", true), named(0));
        assert_eq!(counts.said("x.two", true), Said::One(1));
        assert_eq!(counts.said("x.two", false), named(1));
        assert_eq!(counts.said("q.two", false), unclear);
        assert_eq!(counts.said("sems[2]", true), Said::One(4));
        assert_eq!(counts.said("z", false), unclear);
        assert_eq!(counts.said("z", true), Said::Nothing);
        assert_eq!(counts.said("sem", true), Said::Nothing);
    }

    #[test]
    fn what_is_found_in_text() {
        assert_eq!(
            arguments(" (&a->b, f(1, 2), (3))"),
            Some(vec!["&a->b", "f(1, 2)", "(3)"])
        );
        assert_eq!(arguments("(a; b)"), None);
        assert_eq!(assigned("x; mempool_t *d->pool ="), Some("d->pool"));
        assert_eq!(assigned("return "), None);
    }
}
