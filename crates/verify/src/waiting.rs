//! Who waits for what while holding what, found anew from the local states.

use std::collections::BTreeMap;

use kmapcheck_limits::ask;
use kmapcheck_local::{Holding, LocalState, Locals};
use kmapcheck_machine::{Mode, Wait, Waiting};
use kmapcheck_scenario::{Program, Ref};
use serde::{Deserialize, Serialize};

/// Tasks of one program that wait for the same while holding the same. Everything goes by name:
/// `slot DEFAULT`, `spin mm.lock`, `read mmap_sem`, `units 2 of pool`, `page lock p`, `cpu`. The
/// first word says what it is; whatever stands behind is a name, which may contain anything.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kind {
    /// The task program.
    pub task: String,
    /// What they wait for.
    pub waits_for: String,
    /// What each holds, and how much of it.
    pub holds: BTreeMap<String, u32>,
    /// The series in which each has a pin.
    pub pins_in: Vec<String>,
}

/// Every kind of waiting task, sorted; `None` if some task waits for what nobody need hold for it
/// to be missing.
#[must_use]
pub fn kinds(program: &Program, locals: &Locals) -> Option<Vec<Kind>> {
    let mut found = Vec::new();
    for waiter in &locals.waiters {
        let local = &locals.states[waiter.local as usize];
        ask();
        found.extend(kinds_of(program, local, waiter.waiting)?);
    }
    found.sort();
    found.dedup();
    Some(found)
}

/// The kinds that a waiting task is of, one for each thing that it waits for; `None` if nobody need
/// hold one of these for it to be missing.
pub(crate) fn kinds_of(
    program: &Program,
    local: &LocalState,
    waiting: Waiting,
) -> Option<Vec<Kind>> {
    let mut needs = Vec::new();
    if waiting.cpu {
        needs.push("cpu".to_owned());
    }
    if let Some(wait) = waiting.wait {
        needs.push(need(program, local, wait)?);
    }
    let pins = (0..program.series.len()).filter(|&series| local.task.pins_in(series));
    let pins_in: Vec<String> = pins
        .map(|series| program.series[series].name.clone())
        .collect();
    let kind = |waits_for| Kind {
        task: program.templates[local.task.template].name.clone(),
        waits_for,
        holds: holds(program, local),
        pins_in: pins_in.clone(),
    };
    Some(needs.into_iter().map(kind).collect())
}

fn need(program: &Program, local: &LocalState, wait: Wait) -> Option<String> {
    let name = |what: Ref| match what {
        Ref::Shared(i) => Some(&program.resources[i].name),
        // Its own: nobody else could give it.
        Ref::Own(_) => None,
    };
    Some(match wait {
        Wait::Slot { series, .. } => {
            let who = if local.task.pins_in(series) {
                "next slot"
            } else {
                "slot"
            };
            format!("{who} {}", program.series[series].name)
        }
        Wait::Spin(lock) => format!("spin {}", name(lock)?),
        Wait::Read(lock) => format!("read {}", name(lock)?),
        Wait::Write(lock) => format!("write {}", name(lock)?),
        Wait::Units(pool, n) => {
            let owned = program.resource(local.task.template, pool).kind.is_owned();
            format!("units {n} of {}", name(pool).filter(|_| owned)?)
        }
        Wait::PageLock(page) => format!("page lock {}", program.pages.get(page)?.name),
        Wait::Completion(_) | Wait::Memory => return None,
    })
}

fn holds(program: &Program, local: &LocalState) -> BTreeMap<String, u32> {
    let mut found = BTreeMap::new();
    for (holding, n) in local.holdings(program) {
        let name = |what: Ref| program.resource(local.task.template, what).name.clone();
        let own = |what: Ref| matches!(what, Ref::Own(_));
        let key = match holding {
            Holding::Slots(series) => format!("slot {}", program.series[series].name),
            Holding::JointSlots(series) => format!("shared slot {}", program.series[series].name),
            Holding::Held(what, _) | Holding::Queued(what) if own(what) => continue,
            Holding::Held(what, Mode::Spin) => format!("spin {}", name(what)),
            Holding::Held(what, Mode::Read) => format!("read {}", name(what)),
            Holding::Held(what, Mode::Write) => format!("write {}", name(what)),
            Holding::Held(what, Mode::Units) => format!("unit {}", name(what)),
            Holding::Queued(what) => format!("queued {}", name(what)),
            Holding::PageLock(page) => format!("page lock {}", program.pages[page].name),
            Holding::Cpu => "cpu".to_owned(),
        };
        *found.entry(key).or_insert(0) += n;
    }
    found
}

/// What holding, of those with names, keeps something from being had.
#[must_use]
pub(crate) fn keepers(waits_for: &str) -> Vec<String> {
    if let Some(series) = waits_for.strip_prefix("next slot ") {
        return vec![format!("slot {series}"), format!("shared slot {series}")];
    }
    if let Some(series) = waits_for.strip_prefix("slot ") {
        return vec![format!("slot {series}"), format!("shared slot {series}")];
    }
    if let Some(lock) = waits_for.strip_prefix("read ") {
        return vec![format!("write {lock}"), format!("queued {lock}")];
    }
    if let Some(lock) = waits_for.strip_prefix("write ") {
        return vec![format!("read {lock}"), format!("write {lock}")];
    }
    match waits_for
        .strip_prefix("units ")
        .and_then(|rest| rest.split_once(" of "))
    {
        Some((_, pool)) => vec![format!("unit {pool}")],
        None => vec![waits_for.to_owned()],
    }
}

#[cfg(test)]
mod tests {
    use super::keepers;

    #[test]
    fn names_may_contain_anything() {
        assert_eq!(keepers("spin a units of x"), ["spin a units of x"]);
        assert_eq!(keepers("spin units 2 of x"), ["spin units 2 of x"]);
        assert_eq!(keepers("units 2 of a of b"), ["unit a of b"]);
        assert_eq!(
            keepers("slot slot A"),
            ["slot slot A", "shared slot slot A"]
        );
        assert_eq!(keepers("read write x"), ["write write x", "queued write x"]);
    }
}
