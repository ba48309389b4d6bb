//! What the core of a deadlock waits for, and who holds it.

use kmapcheck_machine::{Map, PageId, ResourceState, Standing, State, TaskId, Wait};
use kmapcheck_scenario::{Op, Program, Ref, ResourceKind, SeriesId};
use kmapcheck_waitgraph::Deadlock;
use kmapcheck_waitgraph::thing::Thing as Awaited;

use crate::describe;
use crate::ledger::{Ledger, Thing};
use crate::names::{Names, Who};
use crate::report::Contested;
use crate::words::{list, plural};

/// Something that tasks wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Slot(SeriesId),
    /// A lock, pool or completion; with the task if it is the task's own.
    Resource(Ref, Option<TaskId>),
    PageLock(PageId),
    Memory,
    Cpu,
}

/// Collects what the tasks of `core` wait for, in the order of the tasks.
pub(crate) fn of_core(
    program: &Program,
    names: &Names,
    state: &State,
    ledger: &Ledger,
    deadlock: &Deadlock,
) -> Vec<Contested> {
    let mut wanted: Vec<(Wanted, Vec<TaskId>)> = Vec::new();
    for &task in &deadlock.core {
        let Standing::Waits(waiting) = state.standing(program, task) else {
            continue;
        };
        let wait = waiting.wait.map(|wait| match wait {
            Wait::Slot { series, .. } => Wanted::Slot(series),
            Wait::Spin(what) | Wait::Read(what) | Wait::Write(what) | Wait::Completion(what) => {
                own(what, task)
            }
            Wait::Units(what, _) => own(what, task),
            Wait::PageLock(page) => Wanted::PageLock(page),
            Wait::Memory => Wanted::Memory,
        });
        for what in wait.into_iter().chain(waiting.cpu.then_some(Wanted::Cpu)) {
            match wanted.iter_mut().find(|(known, _)| *known == what) {
                Some((_, waiters)) => waiters.push(task),
                None => wanted.push((what, vec![task])),
            }
        }
    }
    let scene = Scene {
        program,
        names,
        state,
        ledger,
        deadlock,
    };
    wanted
        .into_iter()
        .map(|(what, waiters)| scene.describe(what, &waiters))
        .collect()
}

fn own(what: Ref, task: TaskId) -> Wanted {
    Wanted::Resource(what, matches!(what, Ref::Own(_)).then_some(task))
}

struct Scene<'a> {
    program: &'a Program,
    names: &'a Names,
    state: &'a State,
    ledger: &'a Ledger,
    deadlock: &'a Deadlock,
}

impl Scene<'_> {
    fn describe(&self, what: Wanted, waiters: &[TaskId]) -> Contested {
        let holders: Vec<TaskId> = (0..self.state.tasks.len())
            .filter(|&task| self.holds(task, what))
            .collect();
        let first = waiters.first().copied().unwrap_or_default();
        let names = |tasks: &[TaskId]| tasks.iter().map(|&task| self.names.name(task)).collect();
        let who = |tasks: &[TaskId]| -> Vec<Who> {
            tasks.iter().map(|&task| self.names.who(task)).collect()
        };
        let givers = self.givers(what, first);
        Contested {
            resource: self.name(what, first),
            is_series: matches!(what, Wanted::Slot(_)),
            state: self.standing(what, first),
            waited_for_by: names(waiters),
            held_by: names(&holders),
            holders: who(&holders),
            giving: if self.is_completion(what, first) {
                "complete it"
            } else {
                "give it"
            },
            could_be_given_by: names(&givers),
            givers: who(&givers),
        }
    }

    fn holds(&self, task: TaskId, what: Wanted) -> bool {
        if what == Wanted::Cpu {
            return self.state.tasks[task].on_cpu;
        }
        self.ledger.of(task).any(|entry| match (what, entry.thing) {
            (Wanted::Slot(series), Thing::Map(Map::Pin { lies, .. })) => lies == series,
            (Wanted::Resource(what, owner), Thing::Held(held)) => {
                held.what == what && owner.is_none_or(|owner| owner == task)
            }
            (Wanted::PageLock(page), Thing::PageLock(locked)) => locked == page,
            _ => false,
        })
    }

    fn is_completion(&self, what: Wanted, waiter: TaskId) -> bool {
        let Wanted::Resource(what, _) = what else {
            return false;
        };
        self.program
            .resource(self.state.tasks[waiter].template, what)
            .kind
            == ResourceKind::Completion
    }

    /// Tasks of the core that do not hold it but could still give it, if they were not stuck.
    fn givers(&self, what: Wanted, waiter: TaskId) -> Vec<TaskId> {
        let same = |thing: Awaited| match (what, thing) {
            (Wanted::Slot(a), Awaited::Series(b)) => a == b,
            (Wanted::Resource(Ref::Shared(a), _), Awaited::Shared(b)) => a == b,
            (Wanted::PageLock(a), Awaited::PageLock(b)) => a == b,
            (Wanted::Memory, Awaited::Freelist) => true,
            _ => false,
        };
        let line = self
            .deadlock
            .sentences
            .iter()
            .find(|line| line.tasks.contains(&waiter));
        let givers = line.into_iter().flat_map(|line| &line.held_by);
        givers
            .filter(|holder| holder.how.is_none() && same(holder.thing))
            .flat_map(|holder| holder.tasks.iter().copied())
            .collect()
    }

    fn name(&self, what: Wanted, waiter: TaskId) -> String {
        match what {
            Wanted::Slot(series) => self.program.series[series].name.clone(),
            Wanted::Resource(what, _) => {
                describe::resource(self.program, self.state.tasks[waiter].template, what)
            }
            Wanted::PageLock(_) => {
                let task = &self.state.tasks[waiter];
                let name = describe::op_of(self.program, task).and_then(Op::page);
                describe::page_lock(self.program, task.template, name)
            }
            Wanted::Memory => describe::MEMORY.to_owned(),
            Wanted::Cpu => plural(
                self.program.cpus.map_or(1, |cpus| u64::from(cpus.count)),
                "CPU",
            ),
        }
    }

    fn standing(&self, what: Wanted, waiter: TaskId) -> String {
        match what {
            Wanted::Slot(series) => {
                let mut said = describe::usage(self.program, self.state, series);
                let lost = self.lost(series);
                if lost > 0 {
                    said.push_str(&format!(", {lost} of them pinned by nobody who lives"));
                }
                let kept = self.program.series[series].for_holders;
                if kept > 0 {
                    said.push_str(&format!(", the last {kept} kept for holders"));
                }
                said
            }
            Wanted::Resource(what, owner) => {
                let kind = self
                    .program
                    .resource(self.state.tasks[waiter].template, what)
                    .kind;
                let resource = match (what, owner) {
                    (Ref::Shared(i), _) => self.state.shared.resources[i],
                    (Ref::Own(i), task) => self.state.tasks[task.unwrap_or(waiter)].resources[i],
                };
                let mut said = resource_state(kind, resource);
                let ahead = self.queued(what);
                if !ahead.is_empty() {
                    let verb = if ahead.len() == 1 { "waits" } else { "wait" };
                    said.push_str(&format!(", {} {verb} ahead of new readers", list(&ahead)));
                }
                said
            }
            Wanted::PageLock(_) => "taken".to_owned(),
            Wanted::Memory => "no page is free".to_owned(),
            Wanted::Cpu => "none is free".to_owned(),
        }
    }

    /// Writers that have announced themselves and so hold new readers back.
    fn queued(&self, what: Ref) -> Vec<String> {
        let queued = |task: &TaskId| {
            let at = &self.state.tasks[*task];
            at.queued
                && matches!(describe::op_of(self.program, at), Some(Op::DownWrite { lock }) if lock == what)
        };
        (0..self.state.tasks.len())
            .filter(queued)
            .map(|task| self.names.name(task))
            .collect()
    }

    /// Slots of a series that nobody who lives has a pin in.
    fn lost(&self, series: SeriesId) -> u32 {
        let shared = self.program.series[series].reuse.keeps_mappings();
        let mut pins: Vec<PageId> = Vec::new();
        for task in 0..self.state.tasks.len() {
            pins.extend(self.ledger.of(task).filter_map(|entry| match entry.thing {
                Thing::Map(Map::Pin { page, lies, .. }) if lies == series => Some(page),
                _ => None,
            }));
        }
        if shared {
            pins.sort_unstable();
            pins.dedup();
        }
        let pinned = u32::try_from(pins.len()).expect("pins are fewer than 2^32");
        self.state.shared.usage[series]
            .in_use
            // No more are pinned than are in use.
            .saturating_sub(pinned)
    }
}

fn resource_state(kind: ResourceKind, state: ResourceState) -> String {
    match (kind, state) {
        (
            ResourceKind::Semaphore { units, .. } | ResourceKind::Mempool { units, .. },
            ResourceState::Units { free },
        ) => {
            if units == 1 {
                "taken".to_owned()
            } else {
                format!("{free} of {units} left")
            }
        }
        (_, ResourceState::Rwsem { writer: true, .. }) => "taken for writing".to_owned(),
        (_, ResourceState::Rwsem { readers: 0, .. }) => "not taken".to_owned(),
        (_, ResourceState::Rwsem { .. }) => "taken for reading".to_owned(),
        (_, ResourceState::Completion { .. }) => "not completed".to_owned(),
        _ => "taken".to_owned(),
    }
}
