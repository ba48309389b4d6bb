//! How a certificate writes things down: by name, since it is read beside the scenario. Nothing but
//! this module knows how that looks.
//!
//! The first words say what a thing is; whatever stands behind is a name, which may contain
//! anything. So different things are written differently, and what is written is told apart.

use kmapcheck_machine::{Given, Mode, Wanted};
use kmapcheck_scenario::{Program, Ref, ResourceKind, TemplateId};

use crate::bounds::Range;
use crate::cases::Case;
use crate::certificate::Waiters;
use crate::counted::Counted;
use crate::kinds::Kind;
use crate::local::Thing;

/// What is waited for: `slot DEFAULT`, `spin mm.lock`, `units 2 of pool`, `page lock p`, `cpu`.
#[must_use]
pub fn wanted(program: &Program, wanted: Wanted) -> String {
    let lock = |lock: usize| &program.resources[lock].name;
    match wanted {
        Wanted::Slot { series, holder } => {
            let who = if holder { "next slot" } else { "slot" };
            format!("{who} {}", program.series[series].name)
        }
        Wanted::Spin(i) => format!("spin {}", lock(i)),
        Wanted::Read(i) => format!("read {}", lock(i)),
        Wanted::Write(i) => format!("write {}", lock(i)),
        Wanted::Units(pool, n) => format!("units {n} of {}", lock(pool)),
        Wanted::PageLock(page) => format!("page lock {}", program.pages[page].name),
        Wanted::Cpu => "cpu".to_owned(),
        Wanted::Given(Given::Completion(what)) => format!("completion {}", lock(what)),
        Wanted::Given(Given::Unowned(pool)) => format!("given {}", lock(pool)),
        Wanted::Given(Given::Memory) => "free page".to_owned(),
        Wanted::Given(Given::Own) => "something of its own".to_owned(),
        Wanted::Given(Given::AnyOf) => "one of several".to_owned(),
        Wanted::Given(Given::Turn) => "a turn".to_owned(),
    }
}

/// The thing that is written so; `None`: the program has none.
pub(crate) fn read(program: &Program, text: &str) -> Option<Wanted> {
    let series = |name: &str| program.series.iter().position(|series| series.name == name);
    let lock = |name: &str| program.resources.iter().position(|lock| lock.name == name);
    let page = |name: &str| program.pages.iter().position(|page| page.name == name);
    let slot = |holder| move |series| Wanted::Slot { series, holder };
    let after = |words: &str| text.strip_prefix(words);
    let units = || {
        let (n, pool) = after("units ")?.split_once(" of ")?;
        Some(Wanted::Units(lock(pool)?, n.parse().ok()?))
    };
    let found = (after("next slot ").and_then(series).map(slot(true)))
        .or_else(|| after("slot ").and_then(series).map(slot(false)))
        .or_else(|| after("spin ").and_then(lock).map(Wanted::Spin))
        .or_else(|| after("read ").and_then(lock).map(Wanted::Read))
        .or_else(|| after("write ").and_then(lock).map(Wanted::Write))
        .or_else(|| after("page lock ").and_then(page).map(Wanted::PageLock))
        .or_else(units)
        .or_else(|| (text == "cpu").then_some(Wanted::Cpu))?;
    // `units 02 of pool` is another text.
    (wanted(program, found) == text).then_some(found)
}

/// What is held, by a task of that program.
pub(crate) fn thing(program: &Program, template: TemplateId, thing: Thing) -> String {
    match thing {
        Thing::Slot(series) => format!("slot {}", program.series[series].name),
        Thing::SharedSlot(series) => format!("shared slot {}", program.series[series].name),
        Thing::Held(what, mode) => held(program, template, what, mode),
        Thing::Queued(what) => {
            let whose = whose(what);
            format!("{whose}queued {}", program.resource(template, what).name)
        }
        Thing::PageLock(page) => format!("page lock {}", program.pages[page].name),
        Thing::Cpu => "cpu".to_owned(),
    }
}

/// A lock or unit that is held, by a task of that program.
pub(crate) fn held(program: &Program, template: TemplateId, what: Ref, mode: Mode) -> String {
    let mode = match mode {
        Mode::Spin => "spin",
        Mode::Read => "read",
        Mode::Write => "write",
        Mode::Units => "unit",
    };
    let whose = whose(what);
    format!("{whose}{mode} {}", program.resource(template, what).name)
}

fn whose(what: Ref) -> &'static str {
    match what {
        Ref::Shared(_) => "",
        Ref::Own(_) => "own ",
    }
}

/// What is counted.
pub(crate) fn counted(program: &Program, what: Counted) -> String {
    match what {
        Counted::Resource(i) => {
            let what = match program.resources[i].kind {
                ResourceKind::Spinlock => "spin",
                ResourceKind::Completion => "completion",
                _ => "units of",
            };
            format!("{what} {}", program.resources[i].name)
        }
        Counted::PageLock(page) => format!("page lock {}", program.pages[page].name),
        Counted::Memory => "free page".to_owned(),
    }
}

impl Kind {
    /// As a certificate has it.
    #[must_use]
    pub fn written(&self, program: &Program) -> Waiters {
        let series = |&series: &usize| program.series[series].name.clone();
        Waiters {
            task: program.templates[self.template].name.clone(),
            waits_for: wanted(program, self.waits_for),
            holds: (self.holds.iter())
                .map(|(&held, &n)| (thing(program, self.template, held), n))
                .collect(),
            pins_in: self.pins_in.iter().map(series).collect(),
        }
    }
}

impl Case {
    /// As a certificate has it.
    pub(crate) fn written(&self, program: &Program) -> Vec<String> {
        let locks = (self.nobody_holds.iter())
            .map(|&held| format!("nobody holds {}", thing(program, 0, held)));
        let ranges = self.ranges.iter().map(|&(series, range)| {
            let declared = &program.series[series];
            let relation = if range == Range::AllKept { "<=" } else { ">" };
            let (name, kept) = (&declared.name, declared.for_holders);
            format!("slots of {name} {relation} {kept}")
        });
        locks.chain(ranges).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::*;

    #[test]
    fn names_may_contain_anything() {
        let names = [
            "a units of x",
            "units 2 of x",
            "a of b",
            "b",
            "slot A",
            "write x",
            "x",
        ];
        let locks = names.map(|name| (name.to_owned(), json!("rwsem")));
        let program = kmapcheck_testing::load(&json!({
            "name": "s",
            "model": { "name": "m", "series": { "slot A": { "slots": 1, "reuse": "none" },
                                                "A": { "slots": 1, "reuse": "none" } } },
            "locks": serde_json::Map::from_iter(locks),
            "tasks": [{ "name": "t", "program": [] }],
        }));
        let slots =
            (0..2).flat_map(|series| [false, true].map(|holder| Wanted::Slot { series, holder }));
        let locks = (0..names.len()).flat_map(|i| {
            [
                Wanted::Spin(i),
                Wanted::Read(i),
                Wanted::Write(i),
                Wanted::Units(i, 2),
            ]
        });
        let all: Vec<Wanted> = slots.chain(locks).chain([Wanted::Cpu]).collect();
        let written: BTreeSet<String> = all.iter().map(|&one| wanted(&program, one)).collect();
        assert_eq!(written.len(), all.len());
        for one in all {
            assert_eq!(read(&program, &wanted(&program, one)), Some(one));
        }
        for other in [
            "slot C",
            "units 02 of x",
            "units x",
            "queued x",
            "unit x",
            "shared slot A",
        ] {
            assert_eq!(read(&program, other), None, "{other}");
        }
    }
}
