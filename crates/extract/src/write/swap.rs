//! Shared locks and pages that may change places.
//!
//! If `--share` makes the locks of two parameters those of all tasks, one task may come with the
//! first as another one's second. What is shared so and of one kind, in structures of which there is
//! no telling them apart, is written in every order: a task chooses one at its start, before anything
//! else is done, so every task may have any of them.

use std::collections::{BTreeMap, BTreeSet};

use crate::read::names::{Name, Names};
use crate::run::step::{Scope, Thing};
use crate::write::structure::{Program, Step};

/// Structures whose locks are written in every order: six orders.
const MOST: usize = 3;

/// Other names for names.
pub type Renaming = BTreeMap<Name, Name>;

/// The orders of a task.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Orders {
    /// Every order, that of the text first; empty: there is one only.
    pub all: Vec<Renaming>,
    /// Those that may change places, where there are too many.
    pub many: Vec<Name>,
}

/// The labels of a program.
#[must_use]
pub fn used(program: &Program) -> BTreeSet<u32> {
    let mut used = BTreeSet::new();
    let mut todo: Vec<&Step> = program.blocks.iter().flatten().collect();
    while let Some(step) = todo.pop() {
        match step {
            Step::Op(label) => {
                used.insert(*label);
            }
            Step::Try(label, yes, no) => {
                used.insert(*label);
                todo.extend(yes.iter().chain(no));
            }
            Step::Choose(branches) => todo.extend(branches.iter().flatten()),
            _ => {}
        }
    }
    used
}

/// The orders of what a task mentions.
#[must_use]
pub fn orders(mentioned: &BTreeSet<Name>, things: &BTreeMap<Name, Thing>, names: &Names) -> Orders {
    // What is shared so, by the structure that it is in and what it is there.
    let mut parts: BTreeMap<&str, BTreeMap<(&str, String), Name>> = BTreeMap::new();
    for name in mentioned {
        let Some(thing) = things
            .get(name)
            .filter(|thing| thing.scope() == Scope::Given)
        else {
            continue;
        };
        if thing.is_pool() {
            continue;
        }
        let text = names.text(*name);
        let (structure, field) = text.rsplit_once('.').map_or((text, ""), |parts| parts);
        let kind = match thing {
            Thing::Lock(kind, _) => *kind,
            thing => thing.word(),
        };
        // `lock_2` is the second of that name.
        let field = field
            .trim_end_matches(|c: char| c.is_ascii_digit())
            .trim_end_matches('_');
        let of = parts.entry(structure_of(structure, text)).or_default();
        of.insert((kind, field.to_owned()), *name);
    }
    let structures: Vec<&str> = parts.keys().copied().collect();
    let alike = |a: &str, b: &str| parts[a].keys().any(|part| parts[b].contains_key(part));
    let may_swap = |a: &&str| structures.iter().any(|b| a != b && alike(a, b));
    let structures: Vec<&str> = structures.iter().filter(|a| may_swap(a)).copied().collect();
    if structures.len() > MOST {
        let many = structures.iter().flat_map(|of| parts[of].values().copied());
        return Orders {
            all: Vec::new(),
            many: many.collect(),
        };
    }
    let mut all: Vec<Renaming> = Vec::new();
    for order in permutations(structures.len()) {
        let mut renaming = Renaming::new();
        for (from, to) in order.iter().enumerate() {
            for (part, name) in &parts[structures[from]] {
                if let Some(other) = parts[structures[*to]]
                    .get(part)
                    .filter(|other| *other != name)
                {
                    renaming.insert(*name, *other);
                }
            }
        }
        // Two that would become one are no order.
        let targets: BTreeSet<&Name> = renaming.values().collect();
        let keys: BTreeSet<&Name> = renaming.keys().collect();
        if targets == keys && !all.contains(&renaming) {
            all.push(renaming);
        }
    }
    if all.len() < 2 {
        all.clear();
    }
    Orders {
        all,
        many: Vec::new(),
    }
}

/// The structure that something is in; where a name has a number at its end, it is one of its own.
fn structure_of<'t>(structure: &'t str, text: &'t str) -> &'t str {
    let numbered = text.rsplit_once('_').is_some_and(|(_, number)| {
        !number.is_empty() && number.chars().all(|c| c.is_ascii_digit())
    });
    if numbered { text } else { structure }
}

/// All orders of so many things, the one that changes nothing first.
fn permutations(count: usize) -> Vec<Vec<usize>> {
    let mut all = vec![Vec::new()];
    for _ in 0..count {
        all = (all.into_iter())
            .flat_map(|order: Vec<usize>| {
                let free = (0..count)
                    .filter(|n| !order.contains(n))
                    .collect::<Vec<_>>();
                free.into_iter()
                    .map(move |n| [order.as_slice(), &[n]].concat())
            })
            .collect();
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(shared: &[(&str, &'static str)]) -> (usize, usize) {
        let mut names = Names::default();
        let mut things = BTreeMap::new();
        for (text, kind) in shared {
            things.insert(names.name(text), Thing::Lock(kind, Scope::Given));
        }
        let all = things.keys().copied().collect();
        let orders = orders(&all, &things, &names);
        (orders.all.len(), orders.many.len())
    }

    #[test]
    fn what_may_change_places() {
        assert_eq!(of(&[("a", "semaphore"), ("b", "semaphore")]), (2, 0));
        assert_eq!(of(&[("a", "semaphore"), ("b", "spin")]), (0, 0));
        assert_eq!(
            of(&[("a.x", "spin"), ("b.x", "spin"), ("c.x", "spin")]),
            (6, 0)
        );
        assert_eq!(of(&[("a.x", "spin"), ("a.y", "spin")]), (0, 0));
        assert_eq!(
            of(&[
                ("a.x", "spin"),
                ("a.y", "spin"),
                ("b.x", "spin"),
                ("b.y", "spin")
            ]),
            (2, 0)
        );
        assert_eq!(of(&[("d.x", "spin"), ("d.x_2", "spin")]), (2, 0));
        let many = [("a", "spin"), ("b", "spin"), ("c", "spin"), ("d", "spin")];
        assert_eq!(of(&many), (0, 4));
        assert_eq!(of(&[("l[i]", "spin"), ("l[j]", "spin")]), (2, 0));
    }
}
