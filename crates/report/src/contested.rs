//! What the core of a deadlock waits for, and who holds it.

use kmapcheck_machine::{Map, PageId, Resource, ResourceState, Standing, State, TaskId};
use kmapcheck_scenario::{Op, Program, ResourceKind, SeriesId};
use kmapcheck_stuck::Deadlock;

use crate::describe;
use crate::ledger::{Ledger, Thing};
use crate::names::{Names, Who};
use crate::report::Contested;
use crate::words::{list, plural};

/// Collects what the tasks of `core` wait for, in the order of the tasks.
pub(crate) fn of_core(
    program: &Program,
    names: &Names,
    state: &State,
    ledger: &Ledger,
    deadlock: &Deadlock,
) -> Vec<Contested> {
    let mut wanted: Vec<(Resource, Vec<TaskId>)> = Vec::new();
    for &task in &deadlock.core {
        let Standing::Waits(waiting) = state.standing(program, task) else {
            continue;
        };
        for what in waiting.resources(task) {
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

struct Scene<'a> {
    program: &'a Program,
    names: &'a Names,
    state: &'a State,
    ledger: &'a Ledger,
    deadlock: &'a Deadlock,
}

impl Scene<'_> {
    fn describe(&self, what: Resource, waiters: &[TaskId]) -> Contested {
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
            is_series: matches!(what, Resource::Series(_)),
            state: self.standing(what, first),
            waited_for_by: names(waiters),
            held_by: names(&holders),
            holders: who(&holders),
            giving: if self.kind(what, first) == Some(ResourceKind::Completion) {
                "complete it"
            } else {
                "give it"
            },
            could_be_given_by: names(&givers),
            givers: who(&givers),
        }
    }

    fn holds(&self, task: TaskId, what: Resource) -> bool {
        if what == Resource::Cpus {
            return self.state.tasks[task].on_cpu;
        }
        self.ledger.of(task).any(|entry| match (what, entry.thing) {
            (Resource::Series(series), Thing::Map(Map::Pin { lies, .. })) => lies == series,
            (what, Thing::Held(held)) => Resource::of(task, held.what) == what,
            (Resource::PageLock(page), Thing::PageLock(locked)) => locked == page,
            _ => false,
        })
    }

    /// The kind of a lock, pool or completion.
    fn kind(&self, what: Resource, waiter: TaskId) -> Option<ResourceKind> {
        let template = self.state.tasks[waiter].template;
        Some(self.program.resource(template, what.declared()?).kind)
    }

    /// Tasks of the core that do not hold it but could still give it, if they were not stuck.
    fn givers(&self, what: Resource, waiter: TaskId) -> Vec<TaskId> {
        let line = self
            .deadlock
            .sentences
            .iter()
            .find(|line| line.tasks.contains(&waiter));
        let givers = line.into_iter().flat_map(|line| &line.held_by);
        givers
            .filter(|holder| holder.how.is_none() && holder.thing == what)
            .flat_map(|holder| holder.tasks.iter().copied())
            .collect()
    }

    fn name(&self, what: Resource, waiter: TaskId) -> String {
        match what {
            Resource::Series(series) => self.program.series[series].name.clone(),
            Resource::Shared(_) | Resource::Own { .. } => {
                let template = self.state.tasks[waiter].template;
                let name = |what| describe::resource(self.program, template, what);
                what.declared().map_or_else(String::new, name)
            }
            Resource::PageLock(_) => {
                let task = &self.state.tasks[waiter];
                let name = describe::op_of(self.program, task).and_then(Op::page);
                describe::page_lock(self.program, task.template, name)
            }
            Resource::FreePages => describe::MEMORY.to_owned(),
            Resource::Cpus => plural(
                self.program.cpus.map_or(1, |cpus| u64::from(cpus.count)),
                "CPU",
            ),
        }
    }

    fn standing(&self, what: Resource, waiter: TaskId) -> String {
        match what {
            Resource::Series(series) => {
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
            Resource::Shared(index) => {
                self.declared(what, waiter, self.state.shared.resources[index])
            }
            Resource::Own { task, index } => {
                self.declared(what, waiter, self.state.tasks[task].resources[index])
            }
            Resource::PageLock(_) => "taken".to_owned(),
            Resource::FreePages => "no page is free".to_owned(),
            Resource::Cpus => "none is free".to_owned(),
        }
    }

    /// How a lock, pool or completion stands.
    fn declared(&self, what: Resource, waiter: TaskId, state: ResourceState) -> String {
        let kind = self.kind(what, waiter);
        let mut said = kind.map_or_else(String::new, |kind| resource_state(kind, state));
        let ahead = self.queued(what);
        if !ahead.is_empty() {
            let verb = if ahead.len() == 1 { "waits" } else { "wait" };
            said.push_str(&format!(", {} {verb} ahead of new readers", list(&ahead)));
        }
        said
    }

    /// Writers that have announced themselves and so hold new readers back.
    fn queued(&self, what: Resource) -> Vec<String> {
        let queued = |task: &TaskId| {
            let at = &self.state.tasks[*task];
            at.queued
                && matches!(describe::op_of(self.program, at), Some(Op::DownWrite { lock }) if Resource::of(*task, lock) == what)
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
