//! The sentences: who holds what and waits for what, in plain English.

use kmapcheck_machine::{Resource, Wait};
use kmapcheck_scenario::{Bound, ResourceKind, Series};
use kmapcheck_stuck::class::Class;
use kmapcheck_stuck::deadlock::Deadlock;
use kmapcheck_stuck::graph::could_give;
use kmapcheck_stuck::holdings::{Holding, How, holdings};

use super::names::{task_names, thing_name};
use crate::describe::lock_of_page;
use crate::slots;
use crate::words::list;

/// How many kinds of members a summary spells out.
const MOST_CLAUSES: usize = 6;

/// What a task waits for, in words.
enum Awaited {
    /// A thing, to be said after `for`: `another`.
    Resource(String),
    /// What it is going to do with a thing that was named before: `to read it`.
    Deed(&'static str),
}

/// The core in one line.
pub(crate) fn summary(deadlock: &Deadlock<'_>) -> String {
    Words(deadlock).summary()
}

struct Words<'a>(&'a Deadlock<'a>);

impl Words<'_> {
    fn summary(&self) -> String {
        let class = self.0.class;
        let things = self.0.blockers.things();
        let several = things
            .iter()
            .filter(|&&thing| self.0.scene.resource_kind(thing).is_some())
            .count()
            > 1;
        let mut parts: Vec<String> = self
            .0
            .blocks
            .iter()
            .take(MOST_CLAUSES)
            .map(|block| self.clause(block, &things))
            .collect();
        let more: usize = self.0.blocks.iter().skip(MOST_CLAUSES).map(Vec::len).sum();
        if more > 0 {
            parts.push(format!(
                "{more} more {} part in it",
                if more == 1 {
                    "task takes"
                } else {
                    "tasks take"
                }
            ));
        }
        for &thing in &things {
            parts.extend(self.lost(thing));
            parts.extend(self.shortage(thing, class, several));
        }
        parts.extend(self.rescue());
        parts.join("; ")
    }

    /// Who can give up, where that alone ends the wait.
    fn rescue(&self) -> Option<String> {
        if !self.0.scene.patient {
            return None;
        }
        let able: Vec<usize> = (self.0.core.iter().copied())
            .filter(|&task| self.0.gives_up(task))
            .collect();
        let verb = if able.len() == 1 { "gives" } else { "give" };
        let who = task_names(self.0.scene.program, &able);
        Some(format!("this ends only if {who} {verb} up"))
    }

    /// `mremap#1 and mremap#2 each pin a PAGETABLE slot and wait for another`.
    fn clause(&self, block: &[usize], things: &[Resource]) -> String {
        let (first, many) = (block[0], block.len() > 1);
        let mut held = holdings(&self.0.scene, first);
        held.retain(|holding| things.contains(&holding.thing) && holding.how != How::Queues);
        let awaited = self.0.blockers.of_task(first);
        // A lock that its waiter holds itself is better told after the wait.
        let own = |holding: &Holding| awaited.contains(&holding.thing) && self.is_mutex(holding);
        let itself = held.iter().any(own);
        held.retain(|holding| !own(holding));
        let mut text = task_names(self.0.scene.program, block);
        if !held.is_empty() {
            text += if many { " each " } else { " " };
            text += &list(&self.holding_phrases(&held, many));
            text += " and";
        }
        let on_spinlock =
            |&thing: &Resource| matches!(self.0.wait(first, thing), Some(Wait::Spin(_)));
        let spins = awaited.iter().any(on_spinlock)
            && held.iter().any(|holding| holding.how == How::Occupies);
        text += match (spins, many) {
            (true, false) => " spins on ",
            (true, true) => " spin on ",
            (false, false) => " waits ",
            (false, true) => " wait ",
        };
        let waits: Vec<String> = awaited
            .iter()
            .map(|&thing| match self.awaited(first, thing, &held) {
                Awaited::Resource(text) if !spins => format!("for {text}"),
                Awaited::Resource(text) => text,
                Awaited::Deed(text) => text.to_owned(),
            })
            .collect();
        text += &match self.0.scene.alternatives(first).len() {
            ..2 => list(&waits),
            // Of what a select waits for any one would do.
            _ => waits.join(" or "),
        };
        text += &self.behind(first);
        match (itself, many) {
            (true, false) => text += ", which it holds itself",
            (true, true) => text += ", which each holds itself",
            (false, _) => {}
        }
        text
    }

    /// `, behind a and b in the queue`.
    fn behind(&self, task: usize) -> String {
        let parties = &self.0.scene.parties;
        let place = |other: usize| parties[other].task.queued;
        let turn = |other: usize| {
            let mut waits = self.0.scene.alternatives(other).into_iter();
            waits.find_map(|wait| match wait {
                Wait::Turn { pool, .. } => Some(Resource::of(other, pool)),
                _ => None,
            })
        };
        let Some(queue) = turn(task) else {
            return String::new();
        };
        let mut before: Vec<usize> = (0..parties.len())
            .filter(|&other| place(other) < place(task) && turn(other) == Some(queue))
            .collect();
        before.sort_unstable();
        match before.as_slice() {
            [] => String::new(),
            before => format!(
                ", behind {} in the queue",
                task_names(self.0.scene.program, before)
            ),
        }
    }

    /// Whether what is held is a lock that only one can hold.
    fn is_mutex(&self, holding: &Holding) -> bool {
        match holding.how {
            How::Locks => true,
            How::Took => matches!(
                self.0.scene.resource_kind(holding.thing),
                Some(ResourceKind::Semaphore { units: 1, .. })
            ),
            _ => false,
        }
    }

    fn holding_phrases(&self, held: &[Holding], many: bool) -> Vec<String> {
        let mut phrases: Vec<String> = Vec::new();
        let mut last_verb = "";
        for &holding in held {
            let verb = match (holding.how, many) {
                (How::Pins | How::SharesPins, many) => match holding.thing {
                    Resource::Series(series) => slots::pins(self.series(series), many),
                    _ => unreachable!("only slots are pinned"),
                },
                (How::Occupies, false) => "occupies",
                (How::Occupies, true) => "occupy",
                (_, false) => "holds",
                (_, true) => "hold",
            };
            let what = self.held(holding);
            phrases.push(if verb == last_verb {
                what
            } else {
                format!("{verb} {what}")
            });
            last_verb = verb;
        }
        phrases
    }

    /// What each task holds: `a PAGETABLE slot`.
    fn held(&self, holding: Holding) -> String {
        let Holding { thing, how, n } = holding;
        let name = self.name(thing);
        match (thing, how) {
            (Resource::Series(series), How::SharesPins) => {
                let before = if n == 1 {
                    "a shared".to_owned()
                } else {
                    format!("{n} shared")
                };
                slots::some(&before, self.series(series), n)
            }
            (Resource::Series(series), _) => {
                let series = self.series(series);
                match (n, series.slots) {
                    (1, Bound::Exactly(1)) => slots::some("the only", series, n),
                    (2, Bound::Exactly(2)) => slots::some("both", series, n),
                    (n, Bound::Exactly(slots)) if n == slots => {
                        slots::some(&format!("all {n}"), series, n)
                    }
                    (1, _) => slots::a_slot(series),
                    _ => slots::slots(series, n),
                }
            }
            (_, How::Reads) => format!("{name} for reading"),
            (_, How::Writes) => format!("{name} for writing"),
            (_, How::Queues) => format!("a writer's place in the queue of {name}"),
            (_, How::Took) => self.units(thing, n),
            (Resource::Cpus, _) => "a CPU".to_owned(),
            _ => name,
        }
    }

    /// So many units of a semaphore, or elements of a mempool.
    fn units(&self, thing: Resource, n: u32) -> String {
        let name = self.name(thing);
        match (self.0.scene.resource_kind(thing), n) {
            (Some(ResourceKind::Semaphore { units: 1, .. }), _) => name,
            (Some(ResourceKind::Mempool { .. }), 1) => format!("an element of {name}"),
            (Some(ResourceKind::Mempool { .. }), n) => format!("{n} elements of {name}"),
            (_, 1) => format!("a unit of {name}"),
            (_, n) => format!("{n} units of {name}"),
        }
    }

    /// What a task waits for, said after what is `held`: `another`.
    fn awaited(&self, task: usize, thing: Resource, held: &[Holding]) -> Awaited {
        let name = self.name(thing);
        let holding = held.iter().find(|holding| holding.thing == thing);
        let only = held.len() == 1;
        Awaited::Resource(match (thing, self.0.wait(task, thing)) {
            (Resource::Cpus, _) => "a CPU".to_owned(),
            (Resource::FreePages, _) => "a free page".to_owned(),
            (Resource::Series(series), _) => match holding {
                Some(_) if only => "another".to_owned(),
                Some(_) => slots::some("another", self.series(series), 1),
                None => slots::a_slot(self.series(series)),
            },
            (_, Some(Wait::Read(_))) => match holding {
                Some(Holding {
                    how: How::Reads, ..
                }) if only => return Awaited::Deed("to read it again"),
                Some(_) if only => return Awaited::Deed("to read it"),
                _ => format!("{name} to read"),
            },
            (_, Some(Wait::Write(_))) => match holding {
                Some(Holding {
                    how: How::Writes, ..
                }) if only => return Awaited::Deed("to write it again"),
                Some(_) if only => return Awaited::Deed("to write it"),
                _ => format!("{name} to write"),
            },
            (_, Some(Wait::Units(_, n) | Wait::Turn { n, .. })) => match holding {
                Some(_) if only && n == 1 => "another".to_owned(),
                Some(_) if only => format!("{n} more"),
                _ => self.units(thing, n),
            },
            _ => name,
        })
    }

    /// What nobody alive holds, and yet is not free.
    fn lost(&self, thing: Resource) -> Option<String> {
        let name = self.name(thing);
        match thing {
            Resource::Series(series) => {
                let declared = self.series(series);
                let slots = match declared.slots {
                    Bound::Exactly(slots) => slots,
                    Bound::Any => return None,
                };
                let leaked = self.0.leaks.slots[series];
                let without = slots::not_given_back(declared, leaked > 1);
                let of = |n: u32| slots::some(&format!("{n} of the {slots}"), declared, slots);
                match leaked {
                    0 => None,
                    1 if slots == 1 => Some(format!(
                        "{} is leaked: its last holder ended without {without}",
                        slots::some("the only", declared, 1)
                    )),
                    1 => Some(format!(
                        "{} is leaked: its last holder ended without {without}",
                        of(1)
                    )),
                    n => Some(format!(
                        "{} are leaked: their last holders ended without {without}",
                        of(n)
                    )),
                }
            }
            Resource::Shared(index) if self.0.leaks.resources[index] > 0 => {
                let lost = match self.0.scene.program.resources[index].kind {
                    ResourceKind::Semaphore { .. } | ResourceKind::Mempool { .. } => {
                        self.units(thing, self.0.leaks.resources[index])
                    }
                    _ => name,
                };
                Some(match self.0.leaks.resources[index] {
                    1 => format!("{lost} was never given back by a task that has ended"),
                    _ => format!("{lost} were never given back; who held them has ended"),
                })
            }
            Resource::PageLock(page) => {
                let alive = self
                    .0
                    .scene
                    .parties
                    .iter()
                    .any(|party| party.task.page_locks.contains(&page));
                (!alive).then(|| format!("{name} was never given back by a task that has ended"))
            }
            _ => None,
        }
    }

    /// Why there is none left of a thing, where the clauses do not say it.
    fn shortage(&self, thing: Resource, class: Class, several: bool) -> Option<String> {
        match thing {
            Resource::Series(series) => self.slot_shortage(thing, series, class),
            Resource::Cpus => self.0.scene.program.cpus.map(|cpus| match cpus.count {
                1 => "the only CPU is occupied".to_owned(),
                n => format!("all {n} CPUs are occupied"),
            }),
            Resource::FreePages => Some(self.nobody_could(thing, "free one")),
            _ => match self.0.scene.resource_kind(thing)? {
                ResourceKind::Completion if several => Some(self.nobody_could(
                    thing,
                    &format!("complete {}", thing_name(&self.0.scene, thing).0),
                )),
                ResourceKind::Completion => Some(self.nobody_could(thing, "complete it")),
                ResourceKind::Semaphore { owned: false, .. }
                | ResourceKind::Mempool { owned: false, .. } => {
                    let what = if several {
                        self.units(thing, 1)
                    } else {
                        "any".to_owned()
                    };
                    Some(self.nobody_could(thing, &format!("give back {what}")))
                }
                ResourceKind::Mempool { units, .. } if several && units > 1 => {
                    Some(format!("all {units} of {} are taken", self.name(thing)))
                }
                ResourceKind::Mempool { units: 1, .. } => Some("there is only one".to_owned()),
                ResourceKind::Mempool { units, .. } => Some(format!("all {units} are taken")),
                _ => None,
            },
        }
    }

    fn slot_shortage(&self, thing: Resource, series: usize, class: Class) -> Option<String> {
        let declared = &self.0.scene.program.series[series];
        let Bound::Exactly(slots) = declared.slots else {
            return None;
        };
        let in_use = self.0.scene.shared.usage[series].in_use;
        if declared.for_holders > 0 && in_use < slots {
            let pin = slots::pins(declared, true);
            return Some(match declared.for_holders {
                1 => format!(
                    "{} is kept for tasks that {pin} one",
                    slots::some("the last", declared, 1)
                ),
                n => format!(
                    "{} are kept for tasks that {pin} one",
                    slots::some(&format!("the last {n}"), declared, n)
                ),
            });
        }
        // One task that pins them all says so in its clause.
        let said = self
            .0
            .blocks
            .iter()
            .flat_map(|block| holdings(&self.0.scene, block[0]))
            .any(|holding| {
                holding.thing == thing && holding.n == slots && holding.how == How::Pins
            });
        if said || self.0.leaks.slots[series] > 0 {
            return None;
        }
        Some(match (slots, class) {
            (1, Class::SlotExhaustion) => "the only one is held".to_owned(),
            (1, _) => format!("{} is held", slots::some("the only", declared, 1)),
            (_, Class::SlotExhaustion) => format!("all {slots} are held"),
            _ => {
                let all = slots::some(&format!("all {slots}"), declared, slots);
                format!("{all} are held")
            }
        })
    }

    /// Who could still give what is waited for: nobody, or only members of the core.
    fn nobody_could(&self, thing: Resource, give: &str) -> String {
        let mut waiters: Vec<usize> = Vec::new();
        let mut could: Vec<usize> = Vec::new();
        for block in &self.0.blocks {
            let Some(wait) = self.0.wait(block[0], thing) else {
                continue;
            };
            waiters.extend(block);
            for giver in self
                .0
                .blocks
                .iter()
                .filter(|giver| could_give(&self.0.scene, block[0], giver[0], wait))
            {
                could.extend(giver);
            }
        }
        could.sort_unstable();
        could.dedup();
        waiters.sort_unstable();
        if could.is_empty() {
            format!("nobody is left who could {give}")
        } else if could == waiters {
            format!("nobody else is left who could {give}")
        } else {
            format!(
                "only {} could {give}",
                task_names(self.0.scene.program, &could)
            )
        }
    }

    fn series(&self, series: usize) -> &Series {
        &self.0.scene.program.series[series]
    }

    /// What to call a thing; series by their bare name.
    fn name(&self, thing: Resource) -> String {
        let (name, owner) = thing_name(&self.0.scene, thing);
        match (thing, self.0.scene.resource_kind(thing)) {
            (Resource::PageLock(_), _) if owner.is_some() => format!("its {}", lock_of_page(&name)),
            (Resource::PageLock(_), _) => format!("the {}", lock_of_page(&name)),
            (_, Some(kind)) if owner.is_some() => format!("its own {} {name}", kind.word()),
            (_, Some(kind)) => format!("{} {name}", kind.word()),
            _ => name,
        }
    }
}
