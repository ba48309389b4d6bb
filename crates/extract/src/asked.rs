//! Names that are given with options and that nothing has: an error that says so, with what is near.
//!
//! An option that is silently of no effect makes a verdict about something else than was asked for.

use std::collections::BTreeSet;

use crate::map::Mapping;
use crate::options::Options;
use crate::read::graph::reads;
use crate::read::instruction::{Expr, Instr, Place, Target};
use crate::read::names::Names;
use crate::read::slice::Slice;
use crate::read::unit::Unit;
use crate::refusal::{Kind, Refusal};

/// Names that are compared at most.
const COMPARED: usize = 20_000;

/// Names that a message lists.
const LISTED: usize = 12;

/// Checks what is known before the files are read through: functions.
///
/// # Errors
///
/// A name that nothing has.
pub fn functions(unit: &Unit, mapping: &Mapping, options: &Options) -> Result<(), Refusal> {
    let known = || unit.by_name.keys().map(String::as_str);
    for name in &options.inline {
        if !unit.by_name.contains_key(name) {
            return Err(nothing("--inline", name, "function", known()));
        }
    }
    for (number, function) in unit.functions.iter().enumerate() {
        let file = &unit.files[function.file];
        if !file.is_stub || function.is_private {
            continue;
        }
        let is_entry = options
            .entries
            .iter()
            .any(|entry| entry.function == function.name);
        let is_pointed_to = mapping.pointers.values().any(|to| *to == function.name);
        let named = |(other, read): (usize, &crate::read::unit::Read)| {
            let own = (other == function.file).then_some(&unit.functions[number].range);
            is_named(&read.text, &function.name, own)
        };
        if !is_entry && !is_pointed_to && !unit.files.iter().enumerate().any(named) {
            let mut words = BTreeSet::new();
            for read in unit.files.iter().filter(|read| !read.is_stub) {
                words.extend(crate::read::unit::called(read));
            }
            let known = words.iter().map(String::as_str);
            return Err(nothing(
                "--stub",
                &function.name,
                "call of a function",
                known,
            ));
        }
    }
    Ok(())
}

/// Checks names of fields, variables and pointers, once it is known which are on the way.
///
/// # Errors
///
/// A name that nothing has.
pub fn values(
    unit: &Unit,
    mapping: &Mapping,
    names: &Names,
    slice: &Slice,
    options: &Options,
) -> Result<(), Refusal> {
    if options.set.is_empty() && options.nonnull.is_empty() && options.resolve.is_empty() {
        return Ok(());
    }
    let mut outside: BTreeSet<&str> = BTreeSet::new();
    let mut local: BTreeSet<&str> = BTreeSet::new();
    let mut pointers: BTreeSet<&str> = BTreeSet::new();
    let mut called: BTreeSet<&str> = BTreeSet::new();
    for body in slice.bodies.values() {
        pointers.extend(body.code.resolved.iter().map(|(_, text, _)| text.as_str()));
        for instr in &body.code.instrs {
            let mut add = |place: &Place| match place {
                Place::Global(name) | Place::Field(_, name) => {
                    outside.insert(names.text(*name));
                }
                Place::Local(name) => {
                    local.insert(names.text(*name));
                }
                Place::Deref(_) => {}
            };
            reads(instr, &mut add);
            match instr {
                Instr::Assign(place, _) | Instr::Forget(place) => {
                    Expr::Address(Box::new(place.clone())).places(&mut add);
                }
                Instr::Call(call) => match &call.target {
                    Target::Field(name) | Target::Value(_, name) => {
                        pointers.insert(names.text(*name));
                    }
                    Target::Function(name) => {
                        let plain = names.text(*name).split('#').next();
                        called.extend(plain);
                    }
                },
                _ => {}
            }
        }
        local.extend(body.code.params.iter().map(|name| names.text(*name)));
    }
    local.retain(|name| !name.starts_with('%'));
    for name in options.set.keys() {
        if outside.contains(name.as_str()) {
            continue;
        }
        if local.contains(name.as_str()) {
            return Err(Refusal::new(
                Kind::Usage,
                format!(
                    "`--set {name}`: `{name}` is a variable of a function, which the function sets"
                ),
                "give the field or the variable outside functions that it comes from; for a parameter, start at a caller that gives the number",
            ));
        }
        return Err(nothing(
            "--set",
            name,
            "field or variable outside functions",
            outside,
        ));
    }
    for name in &options.nonnull {
        let part = last_part(name);
        if !outside.contains(part) && !local.contains(part) && !called.contains(part) {
            let known = outside.union(&local).copied().collect::<BTreeSet<_>>();
            let known = known.union(&called).copied();
            return Err(nothing(
                "--nonnull",
                part,
                "field, variable or function",
                known,
            ));
        }
    }
    for (name, to) in &options.resolve {
        if !pointers.contains(name.as_str()) {
            return Err(nothing(
                "--resolve",
                name,
                "pointer that is called",
                pointers,
            ));
        }
        let is_known = ["pure", "sleeps"].contains(&to.as_str())
            || mapping.speaks_of(to)
            || unit.by_name.contains_key(to);
        if !is_known {
            let known = unit.by_name.keys().map(String::as_str);
            let near = nearest(to, known);
            return Err(Refusal::new(
                Kind::Pointer,
                format!("`--resolve {name}={to}`: there is no function `{to}` in these files"),
                match near {
                    Some(near) => format!("did you mean `--resolve {name}={near}`?"),
                    None => format!("give the file with `{to}`, or name a function that is there"),
                },
            ));
        }
    }
    Ok(())
}

/// Checks series, which mapping files name.
///
/// # Errors
///
/// A series that nothing has.
pub fn series(mapping: &Mapping, options: &Options) -> Result<(), Refusal> {
    // A model has series of its own, which are checked with it.
    if options.model.is_some() || mapping.model.is_some() {
        return Ok(());
    }
    let does = mapping.ops.values().flat_map(|does| does.all());
    let of = does.filter_map(|operation| operation.series.as_deref());
    let mut known: BTreeSet<&str> = of.chain(mapping.series.as_deref()).collect();
    let fault = serde_json::to_string(&mapping.user_copy.fault).unwrap_or_default();
    for name in options.slots.keys() {
        // What a fault does is written as steps, which name series as text.
        if fault.contains(&format!("\"{name}\"")) {
            known.insert(name);
        }
        if !known.contains(name.as_str()) {
            return Err(nothing(
                "--slots",
                name,
                "series in the mapping files",
                known,
            ));
        }
    }
    Ok(())
}

/// Checks locks, once all are known.
///
/// # Errors
///
/// A lock that nothing has.
pub fn locks<'a>(
    options: &Options,
    known: impl IntoIterator<Item = &'a str>,
) -> Result<(), Refusal> {
    let known: BTreeSet<&str> = known.into_iter().collect();
    for name in &options.share {
        if name != "all" && !known.contains(name.as_str()) {
            return Err(nothing(
                "--share",
                name,
                "lock, page or completion in the scenario",
                known,
            ));
        }
    }
    Ok(())
}

/// `b` of `a->b` and `a.b`.
#[must_use]
pub fn last_part(expression: &str) -> &str {
    expression.rsplit(['.', '>']).next().unwrap_or(expression)
}

fn nothing<'a>(
    option: &str,
    name: &str,
    what: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Refusal {
    let known: Vec<&str> = known.into_iter().collect();
    let help = match nearest(name, known.iter().copied()) {
        Some(near) => format!("did you mean `{option} {near}`?"),
        None if known.is_empty() => {
            format!("leave `{option} {name}` out: there is no {what} at all")
        }
        None => {
            let list: Vec<String> = known
                .iter()
                .take(LISTED)
                .map(|name| format!("`{name}`"))
                .collect();
            let more = match known.len() - list.len() {
                0 => String::new(),
                n => format!(" and {n} more"),
            };
            format!("there are {}{more}", list.join(", "))
        }
    };
    let said = format!("`{option} {name}`: there is no {what} of the name `{name}`");
    Refusal::new(Kind::Usage, said, help)
}

/// The nearest name, if one is near enough: a third of its letters may be wrong.
#[must_use]
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    (known.into_iter().take(COMPARED))
        .map(|other| (distance(name, other), other))
        .filter(|(distance, other)| *distance <= 2.max(other.len() / 3) && *distance < name.len())
        .min()
        .map(|(_, other)| other)
}

/// How many letters differ.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().take(80).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().take(80).enumerate() {
        let mut before = i;
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let changed = before + usize::from(x != *y);
            before = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(before + 1);
        }
    }
    row[b.len()]
}

/// Whether a word is in the text, elsewhere than in its own definition.
pub(crate) fn is_named(text: &str, name: &str, own: Option<&std::ops::Range<usize>>) -> bool {
    let word = |byte: Option<u8>| byte.is_some_and(crate::read::macros::is_word);
    let bytes = text.as_bytes();
    text.match_indices(name).any(|(at, _)| {
        let before = at.checked_sub(1).map(|before| bytes[before]);
        !word(before)
            && !word(bytes.get(at + name.len()).copied())
            && own.is_none_or(|own| !own.contains(&at))
    })
}
