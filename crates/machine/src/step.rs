//! Steps: what a task can do next, and what becomes of it.
//!
//! [`steps`] lists the successors of one task; an empty list means that the task waits (or has
//! ended). The operations themselves are in `ops`; this module adds what they have in
//! common: the findings of a call, the end of a task, and CPUs.

use std::mem;

use kmapcheck_scenario::{FindingKind, NodeId, Op, Patience, Program, Ref, SeriesId, Target};

use crate::ops::{self, Done};
use crate::state::{Held, Map, Name, PageId, Shared, State, Task};
use crate::{Effect, Findings};

/// One thing that a task can do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Successor {
    /// The task afterwards.
    pub task: Task,
    /// The shared part afterwards.
    pub shared: Shared,
    /// What it does to other tasks.
    pub broadcast: Broadcast,
    /// What the step did, for reports.
    pub effect: Effect,
    /// What it did to the task's CPU, for reports.
    pub cpu: CpuChange,
    /// What is wrong with it.
    pub findings: Findings,
    /// What the task still held when it ended with this step; `None` if nothing.
    pub lost: Option<Box<Lost>>,
    /// The operation: for a select the first one of the branch that was taken, else the one that the
    /// task was at.
    pub node: NodeId,
    /// The branch of a select that was taken, from 0.
    pub branch: Option<usize>,
}

/// What a task holds when it ends: nobody gives it back any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lost {
    /// Its maps, in the order taken.
    pub maps: Vec<Map>,
    /// Its locks and units, as in [`Task::held`].
    pub held: Vec<Held>,
    /// The pages it has locked, in the order taken.
    pub page_locks: Vec<PageId>,
}

/// What a step does to the tasks that do not take it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct Broadcast {
    /// All stale mappings of this series are gone, from pages in the table as from pages outside.
    pub flushed: Option<SeriesId>,
    /// This page was freed: every name bound to it dangles.
    pub freed: Option<PageId>,
    /// Somebody left the queue of a fair semaphore: those behind him move up.
    pub left: Option<LeftQueue>,
}

/// That somebody left the queue of a fair semaphore, with units or without.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LeftQueue {
    /// The shared semaphore.
    pub pool: usize,
    /// The place that he had.
    pub place: u32,
}

/// What a step does to the CPU of its task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum CpuChange {
    /// The task keeps what it had.
    #[default]
    Kept,
    /// It takes a CPU.
    Taken,
    /// It gives its CPU up.
    GivenUp,
    /// It takes a CPU for this step only.
    TakenAndGivenUp,
}

/// The successors of `task`, in a fixed order; none if it waits or has ended.
///
/// `task` and `shared` must belong together: the page numbers of the task index the page table.
/// The table may leave pages out that neither the task nor a shared name refers to and that are
/// not free; [`Shared::usage`] counts them all the same.
#[must_use]
pub fn steps(program: &Program, task: &Task, shared: &Shared) -> Vec<Successor> {
    let Some(at) = task.at else { return Vec::new() };
    if needs_cpu(program, task, shared) {
        return Vec::new();
    }
    let findings = call_findings(program, task, shared, at);
    let mut successors = Vec::new();
    for done in ops::perform(program, task, shared, at) {
        let mut done = done;
        done.findings = done.findings.union(findings);
        let nodes = &program.templates[task.template].nodes;
        let target = done.branch.map(|branch| nodes[done.node].next[branch]);
        if let Some(target) = target {
            arrive(program, &mut done, target);
        }
        with_cpu(program, task, done, target, at, &mut successors);
    }
    if successors.is_empty() {
        waiting_step(program, task, shared, at, findings, &mut successors);
        give_up(program, task, shared, at, findings, &mut successors);
    }
    successors
}

/// The step of a task whose operation cannot go on and may be given up.
fn give_up(
    program: &Program,
    task: &Task,
    shared: &Shared,
    at: NodeId,
    findings: Findings,
    successors: &mut Vec<Successor>,
) {
    let node = &program.templates[task.template].nodes[at];
    if node.patience != Patience::GivesUp {
        return;
    }
    let target = *node.next.last().expect("who gives up goes on elsewhere");
    let mut done = ops::give_up(program, task, shared, at);
    done.findings = findings;
    arrive(program, &mut done, target);
    with_cpu(program, task, done, Some(target), at, successors);
}

/// What is wrong with the call that `task` waits in: a call that has to wait is made, and judged,
/// in the first state in which it waits. Empty for a task that does not wait, or that waits for a
/// CPU to make the call with.
#[must_use]
pub fn waiting_findings(program: &Program, task: &Task, shared: &Shared) -> Findings {
    match task.at {
        Some(at)
            if !needs_cpu(program, task, shared) && ops::is_blocked(program, task, shared, at) =>
        {
            call_findings(program, task, shared, at)
        }
        _ => Findings::NONE,
    }
}

/// Whether the task has no CPU and none is to be had.
#[must_use]
pub fn needs_cpu(program: &Program, task: &Task, shared: &Shared) -> bool {
    program
        .cpus
        .is_some_and(|cpus| !task.on_cpu && shared.busy_cpus >= cpus.count)
}

/// Findings of calling the operation, whatever it then does.
fn call_findings(program: &Program, task: &Task, shared: &Shared, at: NodeId) -> Findings {
    let nodes = &program.templates[task.template].nodes;
    let mut findings = Findings::NONE;
    if nodes[at].op.may_sleep() && task.is_atomic() {
        findings.insert(FindingKind::SleepInAtomic);
    }
    // A select is a call of all its first operations together.
    let breaks_order = |at: NodeId| ops::breaks_order(program, task, shared, nodes[at].op);
    if program.templates[task.template].calls(at).any(breaks_order) {
        findings.insert(FindingKind::OrderViolation);
    }
    findings
}

/// Moves the task to its next node, or ends it there.
fn arrive(program: &Program, done: &mut Done, target: Target) {
    done.task.at = target.node;
    if target.node.is_none() {
        end(program, done);
    }
}

/// Ends the task: what it still holds is lost.
fn end(program: &Program, done: &mut Done) {
    let task = &mut done.task;
    if !task.maps.is_empty() {
        done.findings.insert(FindingKind::SlotLeak);
    }
    if !task.held.is_empty() || !task.page_locks.is_empty() {
        done.findings.insert(FindingKind::LockLeak);
    }
    let pages: Vec<PageId> = task
        .maps
        .iter()
        .map(|map: &Map| map.page())
        .chain(task.page_locks.iter().copied())
        .collect();
    for page in pages {
        ops::drop_holder(&mut done.shared, page);
    }
    let lost = Lost {
        maps: mem::take(&mut task.maps),
        held: mem::take(&mut task.held),
        page_locks: mem::take(&mut task.page_locks),
    };
    let nothing = lost.maps.is_empty() && lost.held.is_empty() && lost.page_locks.is_empty();
    done.lost = (!nothing).then(|| Box::new(lost));
    task.names.clear();
    task.resources.clear();
    debug_assert!(program.templates.len() > task.template);
}

/// Adds the successors of a carried out operation, told apart by who has the CPU afterwards.
///
/// Giving the CPU up is never forced on a task that could as well be preempted later: whatever
/// happens between the two moments happens as well with the CPU given up at once.
fn with_cpu(
    program: &Program,
    before: &Task,
    done: Done,
    target: Option<Target>,
    at: NodeId,
    successors: &mut Vec<Successor>,
) {
    let node = &program.templates[before.template].nodes[at];
    let branch = node.arms().position(|first| first == done.node);
    let mut push = |done: Done, keep: bool| {
        let Done {
            mut task,
            mut shared,
            effect,
            findings,
            broadcast,
            lost,
            node,
            ..
        } = done;
        let mut cpu = CpuChange::Kept;
        if program.cpus.is_some() {
            cpu = match (before.on_cpu, keep) {
                (true, true) => CpuChange::Kept,
                (true, false) => CpuChange::GivenUp,
                (false, true) => CpuChange::Taken,
                (false, false) => CpuChange::TakenAndGivenUp,
            };
            shared.busy_cpus -= u32::from(before.on_cpu);
            shared.busy_cpus += u32::from(keep);
            task.on_cpu = keep;
        }
        successors.push(Successor {
            task,
            shared,
            broadcast,
            effect,
            cpu,
            findings,
            lost,
            node,
            branch,
        });
    };
    let Some(cpus) = program.cpus else {
        return push(done, false);
    };
    let ended = done.task.at.is_none();
    let atomic = done.task.is_atomic();
    let sleeps = node.op == Op::MightSleep;
    let yields = !cpus.preemptible && !atomic && target.is_some_and(|target| target.round);
    let may_lose = sleeps || (cpus.preemptible && !atomic);
    if ended || yields {
        push(done, false);
    } else if may_lose {
        push(done.clone(), true);
        push(done, false);
    } else {
        push(done, true);
    }
}

/// The step of a task that cannot go on and has, or could have, a CPU: it goes to sleep and gives
/// the CPU up, or takes one to spin on.
fn waiting_step(
    program: &Program,
    task: &Task,
    shared: &Shared,
    at: NodeId,
    findings: Findings,
    successors: &mut Vec<Successor>,
) {
    let spins = matches!(
        program.templates[task.template].nodes[at].op,
        Op::SpinLock { .. }
    );
    if program.cpus.is_none() || spins == task.on_cpu {
        return;
    }
    let mut next = (task.clone(), shared.clone());
    next.0.on_cpu = spins;
    next.1.busy_cpus = if spins {
        shared.busy_cpus + 1
    } else {
        shared.busy_cpus - 1
    };
    successors.push(Successor {
        task: next.0,
        shared: next.1,
        broadcast: Broadcast::default(),
        effect: if spins { Effect::Spins } else { Effect::Sleeps },
        cpu: if spins {
            CpuChange::Taken
        } else {
            CpuChange::GivenUp
        },
        findings,
        lost: None,
        node: at,
        branch: None,
    });
}

impl Broadcast {
    /// Does to `other`, a task that did not take the step, what the step does to it. Its pages in
    /// the table are the table's business.
    pub fn apply_to(self, program: &Program, other: &mut Task) {
        if let Some(freed) = self.freed {
            ops::dangle(other, freed);
        }
        if let Some(left) = self.left {
            left.apply_to(program, other);
        }
    }
}

impl LeftQueue {
    /// Moves up a task that queued behind.
    fn apply_to(self, program: &Program, other: &mut Task) {
        other.queued = self.place_after(program, other).or(other.queued);
    }

    /// The new place of a task that queued behind; `None` if it did not.
    #[must_use]
    pub fn place_after(self, program: &Program, other: &Task) -> Option<u32> {
        let place = other.queued.filter(|&place| place > self.place)?;
        let op = program.templates[other.template].nodes[other.at?].op;
        (op.resource() == Some(Ref::Shared(self.pool))).then_some(place - 1)
    }
}

impl State {
    /// The successors of `task` with the states they lead to.
    #[must_use]
    pub fn successors(&self, program: &Program, task: usize) -> Vec<(Successor, State)> {
        steps(program, &self.tasks[task], &self.shared)
            .into_iter()
            .map(|successor| {
                let next = self.after(program, task, &successor);
                (successor, next)
            })
            .collect()
    }

    /// The state after `successor` of `task`.
    #[must_use]
    pub fn after(&self, program: &Program, task: usize, successor: &Successor) -> State {
        let mut next = self.clone();
        next.advance(program, task, successor);
        next
    }

    /// Becomes the state after `successor` of `task`.
    pub fn advance(&mut self, program: &Program, task: usize, successor: &Successor) {
        // No page has two names: an allocation gives a page one, and only pages on the freelist,
        // which have none, are allocated. So when its name is gone nobody has it by name; but what
        // the task held without a name may be another's by now.
        let (mut unnamed, mut let_go) = (Vec::new(), Vec::new());
        let before = &self.tasks[task];
        before.for_each_page(|page| {
            if !successor.task.refers_to(page) {
                if before.names.contains(&Name::Page(page)) {
                    unnamed.push(page);
                } else {
                    let_go.push(page);
                }
            }
        });
        let names = self.shared.names.iter().zip(&successor.shared.names);
        for (before, _) in names.filter(|(before, after)| before != after) {
            match *before {
                Name::Page(page) => unnamed.push(page),
                Name::Dangling(Some(page)) => let_go.push(page),
                _ => {}
            }
        }
        if successor.task.at.is_none() && matches!(successor.effect, Effect::Allocated { .. }) {
            // What its last step allocates has never had a name that lasted, unless all tasks know it.
            let taken = self.shared.pages.taken_by(&successor.shared.pages);
            if !successor.shared.names.contains(&Name::Page(taken)) {
                unnamed.push(taken);
            }
        }
        self.shared.clone_from(&successor.shared);
        self.tasks[task].clone_from(&successor.task);
        let Broadcast {
            flushed,
            freed,
            left,
        } = successor.broadcast;
        if let Some(left) = left {
            for other in &mut self.tasks {
                left.apply_to(program, other);
            }
        }
        unnamed.extend(freed);
        if flushed.is_some() {
            unnamed.extend(self.shared.pages.free().map(|(page, _)| page));
        }
        self.forget_after(unnamed, let_go, program);
    }
}
