//! What tasks could be stuck on, and the inequalities that such tasks satisfy, found anew.

use kmapcheck_limits::ask;
use kmapcheck_locals::Locals;
use kmapcheck_machine::Name;
use kmapcheck_scenario::{Bound, Op, Program, Ref, ResourceKind, SeriesId};

use crate::certificate::Inequality;
use crate::waiting::{Kind, keepers};

/// Whether a task of that kind holds something that keeps `thing` from being had.
#[must_use]
pub fn keeps(kind: &Kind, thing: &str) -> bool {
    keepers(thing)
        .iter()
        .any(|keeper| kind.holds.contains_key(keeper))
}

/// The sets of things such that from each a chain of *held by one who waits for* leads to each,
/// itself included. By brute force: all subsets of what is waited for. `None`: there are too many.
#[must_use]
pub fn knotted(kinds: &[Kind]) -> Option<Vec<Vec<String>>> {
    let mut things: Vec<&str> = kinds.iter().map(|kind| kind.waits_for.as_str()).collect();
    things.sort_unstable();
    things.dedup();
    // Things that no chain leads back to are in no set.
    things.retain({
        let all = things.clone();
        move |thing| reachable(kinds, thing, &all).contains(thing)
    });
    if things.len() > 16 {
        return None;
    }
    let mut found = Vec::new();
    for bits in 1u32..1 << things.len() {
        ask();
        let set: Vec<&str> = (0..things.len())
            .filter(|i| bits >> i & 1 == 1)
            .map(|i| things[i])
            .collect();
        let tied = |thing: &&str| reachable(kinds, thing, &set).len() == set.len();
        if set.iter().all(tied) {
            found.push(set.into_iter().map(str::to_owned).collect());
        }
    }
    Some(found)
}

/// What a chain within the set leads to.
fn reachable<'a>(kinds: &'a [Kind], from: &str, set: &[&'a str]) -> Vec<&'a str> {
    let (mut found, mut work): (Vec<&str>, Vec<&str>) = (Vec::new(), Vec::new());
    let next = |thing: &str| -> Vec<&'a str> {
        (kinds.iter())
            .filter(|kind| keeps(kind, thing))
            .map(|kind| kind.waits_for.as_str())
            .filter(|thing| set.contains(thing))
            .collect()
    };
    work.extend(next(from));
    while let Some(thing) = work.pop() {
        ask();
        if !found.contains(&thing) {
            found.push(thing);
            work.extend(next(thing));
        }
    }
    found
}

/// The cases to be told apart for those kinds: of each rwsem that some hold for reading and others
/// for writing, nobody holds it in one of the two ways.
#[must_use]
pub fn cases(kinds: &[&Kind]) -> Vec<Vec<String>> {
    let held = |how: &str| {
        let mut locks: Vec<&str> = (kinds.iter())
            .flat_map(|kind| kind.holds.keys())
            .filter_map(|key| key.strip_prefix(how))
            .collect();
        locks.sort_unstable();
        locks.dedup();
        locks
    };
    let (readers, writers) = (held("read "), held("write "));
    let mut cases = vec![Vec::new()];
    for lock in readers.into_iter().filter(|lock| writers.contains(lock)) {
        cases = (cases.iter())
            .flat_map(|case: &Vec<String>| {
                ["write ", "read "].map(|how| {
                    let more = format!("{how}{lock}");
                    case.iter().cloned().chain([more]).collect()
                })
            })
            .collect();
    }
    cases
}

/// The slots of a series, or the unknown that stands for them.
enum Size {
    Number(i64),
    Unknown(usize),
}

/// Everything that tasks satisfy which are stuck on `awaited`, those `unknowns` being all kinds
/// there are among them.
#[must_use]
pub fn inequalities(
    program: &Program,
    locals: &Locals,
    kinds: &[Kind],
    unknowns: &[usize],
    awaited: &[String],
) -> Vec<Inequality> {
    let open: Vec<SeriesId> = (0..program.series.len())
        .filter(|&series| program.series[series].slots == Bound::Any)
        .collect();
    let slots = |series: SeriesId| match program.series[series].slots {
        Bound::Exactly(slots) => Size::Number(i64::from(slots)),
        Bound::Any => {
            let position = open.iter().position(|&s| s == series).unwrap_or(0);
            Size::Unknown(unknowns.len() + position)
        }
    };
    let sum = |of: &dyn Fn(&Kind) -> i64| -> Vec<(usize, i64)> {
        (unknowns.iter().enumerate())
            .map(|(variable, &kind)| (variable, of(&kinds[kind])))
            .filter(|&(_, coefficient)| coefficient != 0)
            .collect()
    };
    let mut found = Vec::new();
    let mut state = |mut terms: Vec<(usize, i64)>, at_least: bool, size: Size, less: i64| {
        let bound = match size {
            Size::Number(number) => number - less,
            Size::Unknown(unknown) => {
                terms.push((unknown, -1));
                -less
            }
        };
        found.push(Inequality {
            terms,
            at_least,
            bound,
        });
    };
    for (i, &series) in open.iter().enumerate() {
        let least = Size::Number(i64::from(program.least_slots(series)));
        state(vec![(unknowns.len() + i, 1)], true, least, 0);
    }
    for thing in awaited {
        state(
            sum(&|kind| i64::from(kind.waits_for == *thing)),
            true,
            Size::Number(1),
            0,
        );
        let amount = |kind: &Kind| -> i64 {
            keepers(thing)
                .iter()
                .filter_map(|key| kind.holds.get(key))
                .map(|&n| i64::from(n))
                .sum()
        };
        let (size, less) = missing_at(program, thing, &slots);
        state(sum(&amount), true, size, less);
    }
    let holding = |key: String| sum(&|kind| kind.holds.get(&key).map_or(0, |&n| i64::from(n)));
    for (id, series) in program.series.iter().enumerate() {
        state(
            holding(format!("slot {}", series.name)),
            false,
            slots(id),
            0,
        );
        if series.for_holders > 0 && never_first_by_reuse(program, locals, id) {
            let holders = sum(&|kind| i64::from(kind.pins_in.contains(&series.name)));
            state(holders, false, slots(id), i64::from(series.for_holders));
        }
    }
    for resource in &program.resources {
        let name = &resource.name;
        let (key, size) = match (resource.kind, resource.follows) {
            (ResourceKind::Spinlock, _) => (format!("spin {name}"), Size::Number(1)),
            (ResourceKind::Rwsem { .. }, _) => (format!("write {name}"), Size::Number(1)),
            (ResourceKind::Semaphore { owned: true, .. }, Some(series)) => {
                (format!("unit {name}"), slots(series))
            }
            (
                ResourceKind::Semaphore { owned: true, units }
                | ResourceKind::Mempool { owned: true, units },
                None,
            ) => (format!("unit {name}"), Size::Number(i64::from(units))),
            _ => continue,
        };
        state(holding(key), false, size, 0);
    }
    for page in &program.pages {
        ask();
        state(
            holding(format!("page lock {}", page.name)),
            false,
            Size::Number(1),
            0,
        );
    }
    if let Some(cpus) = program.cpus {
        state(
            holding("cpu".to_owned()),
            false,
            Size::Number(i64::from(cpus.count)),
            0,
        );
    }
    for template in &program.templates {
        if let Bound::Exactly(count) = template.count {
            let of_it = sum(&|kind| i64::from(kind.task == template.name));
            state(of_it, false, Size::Number(i64::from(count)), 0);
        }
    }
    found
}

/// How much of it must be held for it to be missing: a size, less a number.
fn missing_at(program: &Program, thing: &str, slots: &dyn Fn(SeriesId) -> Size) -> (Size, i64) {
    let series = |name: &str| program.series.iter().position(|series| series.name == name);
    if let Some(id) = thing.strip_prefix("next slot ").and_then(series) {
        return (slots(id), 0);
    }
    if let Some(id) = thing.strip_prefix("slot ").and_then(series) {
        return (slots(id), i64::from(program.series[id].for_holders));
    }
    if let Some((n, pool)) = (thing.strip_prefix("units ")).and_then(|rest| rest.split_once(" of "))
        && let Some(resource) = program.resources.iter().find(|r| r.name == pool)
    {
        let n: i64 = n.parse().unwrap_or(i64::MAX);
        return match (resource.kind, resource.follows) {
            (_, Some(series)) => (slots(series), n - 1),
            (ResourceKind::Semaphore { units, .. } | ResourceKind::Mempool { units, .. }, None) => {
                (Size::Number(i64::from(units)), n - 1)
            }
            _ => (Size::Number(0), 0),
        };
    }
    if let (true, Some(cpus)) = (thing == "cpu", program.cpus) {
        return (Size::Number(i64::from(cpus.count)), 0);
    }
    (Size::Number(1), 0)
}

/// Whether no task gets its first pin in the series through a mapping that is already there.
fn never_first_by_reuse(program: &Program, locals: &Locals, series: SeriesId) -> bool {
    !locals.states.iter().any(|local| {
        let Some(
            Op::Kmap {
                page,
                series: asked,
            }
            | Op::TryKmap {
                page,
                series: asked,
                ..
            },
        ) = local.op(program)
        else {
            return false;
        };
        let accepts = kmapcheck_machine::acceptable_series(program, asked).any(|s| s == series);
        let mapped = match page {
            Ref::Shared(_) => true,
            Ref::Own(name) => match local.task.names.get(name) {
                Some(&Name::Page(page)) => match page.checked_sub(program.pages.len()) {
                    Some(own) => local.pages.get(own).is_none_or(|p| p.count[series] != 0),
                    None => true,
                },
                _ => false,
            },
        };
        accepts && mapped && !local.pins_in(series)
    })
}
