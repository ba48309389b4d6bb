//! What a task can do next: the operation at which it is, the beginning of a wait, giving up, and what
//! CPUs add to it. What each operation does is in `pages` and `locks`.

use std::collections::BTreeSet;

use kmapcheck_machine::Effect;
use kmapcheck_scenario::{FindingKind, Op, Patience, Ref, Target};

use crate::form::{Held, Numbers, counted, map_renumbered};
use crate::state::{Map, Name, Way, World};

/// An operation done. The task has not moved on yet.
#[derive(Clone)]
pub struct Done<'a> {
    pub world: World<'a>,
    /// Which of the targets it goes on to; `None`: it stays.
    pub way: Option<usize>,
    pub findings: BTreeSet<FindingKind>,
    pub effect: Effect,
    pub flushed: Option<usize>,
    pub freed: Option<usize>,
    pub left: Option<(usize, u32)>,
}

impl<'a> Done<'a> {
    pub fn new(world: World<'a>, effect: Effect) -> Done<'a> {
        Done {
            world,
            way: Some(0),
            findings: BTreeSet::new(),
            effect,
            flushed: None,
            freed: None,
            left: None,
        }
    }
}

/// All that is said of a step beside the state that it leads to. Pages are numbered as in the form of
/// the state before.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Said {
    pub node: usize,
    pub branch: Option<usize>,
    pub findings: BTreeSet<FindingKind>,
    pub effect: String,
    pub cpu: &'static str,
    pub lost: Option<(Vec<Map>, Vec<Held>, Vec<usize>)>,
    pub flushed: Option<usize>,
    pub freed: Option<usize>,
    pub left: Option<(usize, u32)>,
}

/// What a task has when it ends: maps, what it holds, and locked pages.
type Had = (Vec<Map>, Vec<(Ref, Way)>, Vec<usize>);

pub struct Step<'a> {
    pub world: World<'a>,
    pub said: Said,
}

/// Whether the operation may sleep, whatever it then does.
pub fn may_sleep(op: Op) -> bool {
    matches!(
        op,
        Op::Kmap { .. }
            | Op::Down { .. }
            | Op::DownRead { .. }
            | Op::DownWrite { .. }
            | Op::LockPage { .. }
            | Op::WaitForCompletion { .. }
            | Op::AllocPage { .. }
            | Op::MightSleep
            | Op::Select
    )
}

impl<'a> World<'a> {
    pub fn patience(&self, task: usize, at: usize) -> Patience {
        self.program.templates[self.tasks[task].template].nodes[at].patience
    }

    fn targets(&self, task: usize, at: usize) -> &'a [Target] {
        &self.program.templates[self.tasks[task].template].nodes[at].next
    }

    /// The first operations of the branches of a select.
    pub fn branches(&self, task: usize, at: usize) -> Vec<usize> {
        let targets = self.targets(task, at);
        // Where it gives up, what follows then comes last.
        let branches = match self.patience(task, at) {
            Patience::GivesUp => &targets[..targets.len() - 1],
            Patience::Endless | Patience::Idle => targets,
        };
        let first = branches.iter().map(|target| target.node);
        first
            .map(|node| node.expect("a branch has an operation"))
            .collect()
    }

    /// The ways in which the operation can go on now: with the node of what is done, and the branch.
    pub fn goes_on(&self, task: usize, at: usize) -> Vec<(usize, Option<usize>, Done<'a>)> {
        if self.op(task, at) != Op::Select {
            let ways = self.operation(task, at).into_iter();
            return ways.map(|done| (at, None, done)).collect();
        }
        let mut ways = Vec::new();
        for (branch, first) in self.branches(task, at).into_iter().enumerate() {
            for done in self.operation(task, first) {
                ways.push((first, Some(branch), done));
            }
        }
        ways
    }

    /// Everything that the task can do next.
    pub fn steps(&self, task: usize) -> Vec<Step<'a>> {
        let Some(at) = self.tasks[task].at else {
            return Vec::new();
        };
        if self.lacks_cpu(task) {
            return Vec::new();
        }
        let mut steps = Vec::new();
        let ways = self.goes_on(task, at);
        let can_go_on = !ways.is_empty();
        for (node, branch, mut done) in ways {
            done.findings.extend(self.wrong_with_call(task, at));
            self.finish(task, node, branch, done, &mut steps);
        }
        if can_go_on {
            return steps;
        }
        if let Some(mut begun) = self.begins_to_wait(task, at) {
            begun.findings.extend(self.wrong_with_call(task, at));
            self.finish(task, at, None, begun, &mut steps);
            return steps;
        }
        if self.patience(task, at) == Patience::GivesUp {
            let mut given_up = self.given_up(task, at);
            given_up.findings.extend(self.wrong_with_call(task, at));
            self.finish(task, at, None, given_up, &mut steps);
        }
        if self.program.cpus.is_some() {
            let spins = matches!(self.op(task, at), Op::SpinLock { .. });
            let has_cpu = self.tasks[task].on_cpu;
            // Who spins on a CPU stays as he is, and so does who sleeps.
            if spins != has_cpu {
                let mut world = self.clone();
                world.tasks[task].on_cpu = spins;
                let effect = if spins { Effect::Spins } else { Effect::Sleeps };
                let done = Done {
                    way: None,
                    findings: self.wrong_with_call(task, at),
                    ..Done::new(world.clone(), effect)
                };
                steps.push(self.told(task, at, None, done, world, None));
            }
        }
        steps
    }

    fn given_up(&self, task: usize, at: usize) -> Done<'a> {
        let mut world = self.clone();
        let mut left = None;
        let mut place = None;
        let thing = self.queues.iter().find(|(_, queue)| queue.contains(&task));
        if let Some((&thing, _)) = thing {
            if matches!(self.op(task, at), Op::Down { .. }) {
                place = self.place(task);
                left = match thing {
                    (None, pool) => place.map(|place| (pool, place)),
                    (Some(_), _) => None,
                };
            }
            world.leave_queue(thing, task);
        }
        Done {
            way: Some(self.targets(task, at).len() - 1),
            left,
            ..Done::new(world, Effect::GaveUp { place })
        }
    }

    /// What is wrong with calling the operation at a node, whatever it then does.
    pub fn wrong_with_call(&self, task: usize, at: usize) -> BTreeSet<FindingKind> {
        let mut wrong = BTreeSet::new();
        if may_sleep(self.op(task, at)) && self.is_atomic(task) {
            wrong.insert(FindingKind::SleepInAtomic);
        }
        let calls = match self.op(task, at) {
            Op::Select => self.branches(task, at),
            _ => vec![at],
        };
        for call in calls {
            if let Some(asked) = self.asks_for(task, call)
                && self.ranks_held(task).iter().any(|&held| held >= asked)
            {
                wrong.insert(FindingKind::OrderViolation);
            }
        }
        wrong
    }

    fn asks_for(&self, task: usize, at: usize) -> Option<usize> {
        let template = self.tasks[task].template;
        match self.op(task, at) {
            op @ Op::Kmap { page, series } => {
                let Name::Bound(page) = self.name(task, page) else {
                    // It is skipped, and cannot wait.
                    return None;
                };
                // It can take what the task itself pins, and cannot wait.
                let pinned = self.mappings_for(task, op).into_iter().any(|(page, series)| {
                    self.tasks[task].maps.iter().any(|map| {
                        matches!(map, Map::Pin { page: p, lies, .. } if (*p, *lies) == (page, series))
                    })
                });
                (self.pages[page].highmem && !pinned).then_some(self.program.series[series].rank)?
            }
            Op::SpinLock { lock: what }
            | Op::Down { pool: what, .. }
            | Op::DownRead { lock: what }
            | Op::DownWrite { lock: what } => self.program.resource(template, what).rank,
            _ => None,
        }
    }

    fn ranks_held(&self, task: usize) -> Vec<usize> {
        let template = self.tasks[task].template;
        let task = &self.tasks[task];
        let pinned = task.maps.iter().filter_map(|map| match *map {
            Map::Pin { asked, .. } => self.program.series[asked].rank,
            Map::Low { .. } | Map::Atomic { .. } | Map::Local { .. } => None,
        });
        let held = task.held.iter();
        let held = held.filter_map(|&(what, _)| self.program.resource(template, what).rank);
        pinned.chain(held).collect()
    }

    /// The task goes on to where the operation leads, and may end there; then it may lose its CPU.
    fn finish(
        &self,
        task: usize,
        node: usize,
        branch: Option<usize>,
        done: Done<'a>,
        steps: &mut Vec<Step<'a>>,
    ) {
        let mut done = done;
        let target = done.way.map(|way| self.targets(task, node)[way]);
        let mut world = done.world.clone();
        world.tasks[task].on_cpu = self.program.cpus.is_some();
        let mut lost = None;
        if let Some(target) = target {
            world.tasks[task].at = target.node;
            if target.node.is_none() {
                world.tasks[task].on_cpu = false;
                let ended = &world.tasks[task];
                if !ended.maps.is_empty() {
                    done.findings.insert(FindingKind::SlotLeak);
                }
                if !ended.held.is_empty() || !ended.page_locks.is_empty() {
                    done.findings.insert(FindingKind::LockLeak);
                }
                if !ended.maps.is_empty() || !ended.held.is_empty() || !ended.page_locks.is_empty()
                {
                    let maps = ended.maps.clone();
                    lost = Some((maps, ended.held.clone(), ended.page_locks.clone()));
                }
            }
        }
        world.forget();
        let has_cpu = world.tasks[task].on_cpu;
        let preemptible = self.program.cpus.is_some_and(|cpus| cpus.preemptible);
        let is_round = target.is_some_and(|target| target.round);
        // It keeps its CPU until it gets to the end of a round.
        let loses_it = has_cpu && !preemptible && is_round && !world.is_atomic(task);
        let may_lose_it =
            self.op(task, node) == Op::MightSleep || (preemptible && !world.is_atomic(task));
        if has_cpu && (loses_it || may_lose_it) {
            let mut without = world.clone();
            without.tasks[task].on_cpu = false;
            steps.push(self.told(task, node, branch, done.clone(), without, lost.clone()));
        }
        if loses_it {
            return;
        }
        steps.push(self.told(task, node, branch, done, world, lost));
    }

    fn told(
        &self,
        task: usize,
        node: usize,
        branch: Option<usize>,
        done: Done<'a>,
        world: World<'a>,
        lost: Option<Had>,
    ) -> Step<'a> {
        let cpu = match (self.tasks[task].on_cpu, world.tasks[task].on_cpu) {
            _ if self.program.cpus.is_none() => "Kept",
            (true, true) => "Kept",
            (false, true) => "Taken",
            (true, false) => "GivenUp",
            (false, false) => "TakenAndGivenUp",
        };
        let numbers: Numbers = self.numbers();
        let lost = lost.map(|(maps, held, locks)| {
            (
                maps.into_iter()
                    .map(|map| map_renumbered(map, &numbers))
                    .collect(),
                counted(&held),
                locks.iter().map(|page| numbers[page]).collect(),
            )
        });
        Step {
            world,
            said: Said {
                node,
                branch,
                findings: done.findings,
                effect: format!("{:?}", done.effect),
                cpu,
                lost,
                flushed: done.flushed,
                freed: done.freed.map(|page| numbers[&page]),
                left: done.left,
            },
        }
    }
}
