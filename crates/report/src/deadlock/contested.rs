//! What the core of a deadlock waits for, and who holds it.

use kmapcheck_machine::{Resource, ResourceState, Standing, State, TaskId};
use kmapcheck_scenario::{Bound, Program, ResourceKind};
use kmapcheck_stuck::deadlock::Deadlock;
use kmapcheck_stuck::holdings::{How, Leaks, holdings};
use kmapcheck_stuck::scene::Scene;

use crate::deadlock::names::task_names;
use crate::describe;
use crate::ledger::Lost;
use crate::names::{Names, Who};
use crate::report::Contested;
use crate::words::plural;

/// Collects what the tasks of `core` wait for, in the order of the tasks.
pub(crate) fn of_core(
    program: &Program,
    names: &Names,
    state: &State,
    deadlock: &Deadlock<'_>,
    lost: &[Lost],
) -> Vec<Contested> {
    let contest = Contest {
        program,
        names,
        state,
        scene: &deadlock.scene,
        leaks: &deadlock.leaks,
        deadlock: Some(deadlock),
        lost,
    };
    contest.of(&deadlock.core)
}

/// What a task that starves waits for.
pub(crate) fn of_starving(
    program: &Program,
    names: &Names,
    state: &State,
    scene: &Scene<'_>,
    task: TaskId,
    lost: &[Lost],
) -> Vec<Contested> {
    let contest = Contest {
        program,
        names,
        state,
        scene,
        leaks: &Leaks::of(scene),
        deadlock: None,
        lost,
    };
    contest.of(&[task])
}

struct Contest<'a> {
    program: &'a Program,
    names: &'a Names,
    state: &'a State,
    scene: &'a Scene<'a>,
    leaks: &'a Leaks,
    /// Whose core waits; nothing where a task starves.
    deadlock: Option<&'a Deadlock<'a>>,
    lost: &'a [Lost],
}

impl Contest<'_> {
    /// What these tasks wait for, in their order.
    fn of(&self, tasks: &[TaskId]) -> Vec<Contested> {
        let (program, state) = (self.program, self.state);
        let mut wanted: Vec<(Resource, Vec<TaskId>)> = Vec::new();
        for &task in tasks {
            let Standing::Waits(waiting) = state.standing(program, task) else {
                continue;
            };
            for what in waiting.resources(program, state, task) {
                match wanted.iter_mut().find(|(known, _)| *known == what) {
                    Some((_, waiters)) => waiters.push(task),
                    None => wanted.push((what, vec![task])),
                }
            }
        }
        wanted
            .into_iter()
            .map(|(what, waiters)| self.describe(what, &waiters))
            .collect()
    }

    fn describe(&self, what: Resource, waiters: &[TaskId]) -> Contested {
        let holders: Vec<TaskId> = (0..self.state.tasks.len())
            .filter(|&task| self.holds(task, what))
            .collect();
        let first = waiters.first().copied().unwrap_or_default();
        let names = |tasks: &[TaskId]| tasks.iter().map(|&task| self.names.name(task)).collect();
        let who = |tasks: &[TaskId]| -> Vec<Who> {
            tasks.iter().map(|&task| self.names.who(task)).collect()
        };
        // Of what is waited for, a CPU is nobody's to give.
        let givers = self
            .deadlock
            .map_or_else(Vec::new, |deadlock| deadlock.givers(first, what));
        let mut losers: Vec<TaskId> = (self.lost.iter())
            .filter(|lost| lost.thing == what)
            .map(|lost| lost.task)
            .collect();
        losers.dedup();
        Contested {
            resource: self.name(what, first),
            is_series: matches!(what, Resource::Series(_)),
            state: self.standing(what),
            waited_for_by: names(waiters),
            held_by: names(&holders),
            holders: who(&holders),
            lost_by: names(&losers),
            losers: who(&losers),
            is_deadlocked: self.deadlock.is_some(),
            giving: if self.scene.resource_kind(what) == Some(ResourceKind::Completion) {
                "complete it"
            } else {
                "give it"
            },
            could_be_given_by: names(&givers),
            givers: who(&givers),
        }
    }

    fn holds(&self, task: TaskId, what: Resource) -> bool {
        (holdings(self.scene, task).iter())
            .any(|held| held.thing == what && held.how != How::Queues)
    }

    fn name(&self, what: Resource, waiter: TaskId) -> String {
        match what {
            Resource::Series(series) => self.program.series[series].name.clone(),
            Resource::Shared(_) | Resource::Own { .. } => {
                let template = self.state.tasks[waiter].template;
                let name = |what| describe::resource(self.program, template, what);
                what.declared().map_or_else(String::new, name)
            }
            Resource::PageLock(page) => {
                let name = describe::page_waited_for(self.program, self.state, waiter, page);
                describe::page_lock(self.program, self.state.tasks[waiter].template, name)
            }
            Resource::FreePages => describe::MEMORY.to_owned(),
            Resource::Cpus => plural(
                self.program.cpus.map_or(1, |cpus| u64::from(cpus.count)),
                "CPU",
            ),
        }
    }

    fn standing(&self, what: Resource) -> String {
        match what {
            Resource::Series(series) => {
                let mut said = describe::usage(self.program, self.state, series);
                let held = match self.program.series[series].has_units() {
                    true => "held",
                    false => "pinned",
                };
                match self.leaks.slots[series] {
                    0 => {}
                    _ if self.program.series[series].slots == Bound::Exactly(1) => {
                        said.push_str(&format!(", {held} by nobody who lives"));
                    }
                    lost => said.push_str(&format!(", {lost} of them {held} by nobody who lives")),
                }
                let kept = self.program.series[series].for_holders;
                if kept > 0 {
                    said.push_str(&format!(", the last {kept} kept for holders"));
                }
                said
            }
            Resource::Shared(index) => self.declared(what, self.state.shared.resources[index]),
            Resource::Own { task, index } => {
                self.declared(what, self.state.tasks[task].resources[index])
            }
            Resource::PageLock(_) => "taken".to_owned(),
            Resource::FreePages => "no page is free".to_owned(),
            Resource::Cpus => "none is free".to_owned(),
        }
    }

    /// How a lock, pool or completion stands.
    fn declared(&self, what: Resource, state: ResourceState) -> String {
        let kind = self.scene.resource_kind(what);
        let mut said = kind.map_or_else(String::new, |kind| resource_state(kind, state));
        let queued = self.queued(what);
        if queued.is_empty() {
            return said;
        }
        let one = queued.len() == 1;
        // There may be thousands.
        let who = task_names(self.program, &queued);
        said.push_str(&match (kind.is_some_and(ResourceKind::has_queue), one) {
            (true, true) => format!(", {who} queues"),
            (true, false) => format!(", {who} queue in this order"),
            (false, true) => format!(", {who} waits ahead of new readers"),
            (false, false) => format!(", {who} wait ahead of new readers"),
        });
        said
    }

    /// Writers that have announced themselves and so hold new readers back; or who queues for units,
    /// the first one first.
    fn queued(&self, what: Resource) -> Vec<TaskId> {
        let queued = |&task: &TaskId| {
            (holdings(self.scene, task).iter())
                .any(|held| held.thing == what && held.how == How::Queues)
        };
        let mut tasks: Vec<TaskId> = (0..self.state.tasks.len()).filter(queued).collect();
        tasks.sort_by_key(|&task| self.state.tasks[task].queued);
        tasks
    }
}

fn resource_state(kind: ResourceKind, state: ResourceState) -> String {
    match (kind, state) {
        (
            ResourceKind::Semaphore { units, .. } | ResourceKind::Mempool { units, .. },
            ResourceState::Units { free, .. },
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
