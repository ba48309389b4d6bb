//! The wait-for graph of a core: tasks, what they wait for, and who holds that.
//!
//! A *general resource graph* in Holt's sense: an edge from a task to each thing it waits for, and
//! from the thing to each task that holds some of it, or that could still give some of it (a
//! completion, say). Which of the holders it takes is part of the waiting edge ([`Need`]): any one
//! (slots), all of them (a writer and its readers), or enough for *n* units. Only in a graph where
//! every need is `All` is a cycle the same as a deadlock; in general the core is a *knot*, every
//! task of it reaches only the core.
//!
//! More than `MOST_ALIKE` alike tasks become one node.

use kmapcheck_limits::ask;
use kmapcheck_machine::{Name, Resource, Wait, acceptable_series, resolve};
use kmapcheck_scenario::{Op, Ref, ResourceKind};
use petgraph::graph::{DiGraph, NodeIndex};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::alike::Groups;
use crate::holdings::{Blockers, How, holdings};
use crate::scene::Scene;

/// More alike tasks than this are shown as one node.
pub(crate) const MOST_ALIKE: usize = 16;

/// A task, or something that is waited for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    /// A task, or many alike ones.
    Tasks(Vec<usize>),
    /// What is waited for.
    Resource(Resource),
}

/// What an edge says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Link {
    /// The task waits for the thing.
    WaitsFor {
        /// How many tasks do.
        count: u32,
        /// Which of its holders would have to give.
        need: Need,
    },
    /// The thing is held by the task.
    HeldBy {
        /// How much of it, by all tasks of the node together.
        count: u32,
        /// In which way.
        how: How,
    },
    /// The thing is held by nobody, but the task could still give it, could it go on.
    GivenBy {
        /// How many tasks could.
        count: u32,
    },
}

/// How many of the holders of a thing have to give before a waiting task can go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Need {
    /// Any one of them.
    Any,
    /// All of them.
    All,
    /// Enough for so many units.
    Units(u32),
}

/// The wait-for graph of a set of tasks that is stuck on itself, such as a core.
pub(crate) fn graph_of(
    scene: &Scene<'_>,
    groups: &Groups,
    blockers: &Blockers,
    core: &[usize],
) -> DiGraph<Node, Link> {
    let mut blocks: Vec<Vec<usize>> = groups
        .split(core)
        .into_iter()
        .flat_map(|alike| {
            if alike.len() > MOST_ALIKE {
                vec![alike]
            } else {
                alike.into_iter().map(|i| vec![i]).collect()
            }
        })
        .collect();
    blocks.sort_unstable();
    let mut graph = DiGraph::new();
    let mut things: FxHashMap<Resource, NodeIndex> = FxHashMap::default();
    let tasks: Vec<NodeIndex> = (blocks.iter())
        .map(|block| graph.add_node(Node::Tasks(block.clone())))
        .collect();
    for (block, &node) in blocks.iter().zip(&tasks) {
        ask();
        for &thing in blockers.of_task(block[0]) {
            let thing_node =
                *(things.entry(thing)).or_insert_with(|| graph.add_node(Node::Resource(thing)));
            let link = Link::WaitsFor {
                count: size(block),
                need: need(scene, block[0], thing),
            };
            graph.add_edge(node, thing_node, link);
        }
    }
    let mut queues = Queues::default();
    // Petgraph looks for an edge among all those of a node, and a thing may have thousands.
    let mut linked: FxHashSet<(NodeIndex, NodeIndex)> = FxHashSet::default();
    for (block, &node) in blocks.iter().zip(&tasks) {
        ask();
        for holding in holdings(scene, block[0]) {
            let Some(&thing) = things.get(&holding.thing) else {
                continue;
            };
            if holding.how == How::Queues
                && !queues.stands_in_the_way(scene, core, block[0], holding.thing)
            {
                continue;
            }
            // Alike tasks share the very same mappings.
            let of_each = if holding.how == How::SharesPins {
                1
            } else {
                size(block)
            };
            let link = Link::HeldBy {
                count: holding.n * of_each,
                how: holding.how,
            };
            graph.add_edge(thing, node, link);
            linked.insert((thing, node));
        }
    }
    // Who could give depends on who waits only where that is the same task. So of those who wait alike
    // the first asks all, the second the first, and each itself.
    let mut waiters: FxHashMap<(NodeIndex, Wait), Vec<usize>> = FxHashMap::default();
    for (waiter, block) in blocks.iter().enumerate() {
        for wait in scene.alternatives(block[0]) {
            let thing = Resource::of_wait(block[0], wait);
            let Some(&thing) = thing.and_then(|thing| things.get(&thing)) else {
                continue;
            };
            let before = waiters.entry((thing, anywhere(wait))).or_default();
            let asked: Vec<usize> = match before[..] {
                [] => (0..blocks.len()).collect(),
                [first] => vec![first, waiter],
                _ => vec![waiter],
            };
            // A select may wait for it in two ways.
            if before.last() != Some(&waiter) {
                before.push(waiter);
            }
            for giver in asked {
                ask();
                let (giver, node) = (&blocks[giver], tasks[giver]);
                if !linked.contains(&(thing, node)) && could_give(scene, block[0], giver[0], wait) {
                    graph.add_edge(thing, node, Link::GivenBy { count: size(giver) });
                    linked.insert((thing, node));
                }
            }
        }
    }
    graph
}

/// The same wait, wherever in the queue.
fn anywhere(wait: Wait) -> Wait {
    match wait {
        Wait::Turn { pool, n, .. } => Wait::Turn { pool, n, place: 0 },
        wait => wait,
    }
}

/// In which way a party waits for that thing; `None` if it does not, or only for a CPU.
pub(crate) fn wait_for(scene: &Scene<'_>, i: usize, thing: Resource) -> Option<Wait> {
    let mut waits = scene.alternatives(i).into_iter();
    waits.find(|&wait| Resource::of_wait(i, wait) == Some(thing))
}

/// The last place of a core's tasks in each queue, once it is known; `None` if nobody queues.
#[derive(Default)]
struct Queues {
    last: FxHashMap<Resource, Option<u32>>,
}

impl Queues {
    /// Whether somebody of the core waits for this task to leave the queue: a writer holds back all who
    /// want to read; of those who want units, a task those behind it.
    fn stands_in_the_way(
        &mut self,
        scene: &Scene<'_>,
        core: &[usize],
        task: usize,
        lock: Resource,
    ) -> bool {
        let kind = scene.resource_kind(lock);
        if !kind.is_some_and(ResourceKind::has_queue) {
            return true;
        }
        let last = *self.last.entry(lock).or_insert_with(|| {
            let queue = core
                .iter()
                .filter(|&&other| wait_for(scene, other, lock).is_some());
            queue
                .filter_map(|&other| scene.parties[other].task.queued)
                .max()
        });
        last > scene.parties[task].task.queued
    }
}

fn size(block: &[usize]) -> u32 {
    u32::try_from(block.len()).expect("a template has a 32-bit number of instances")
}

/// Which holders of `thing` would have to give for `task` to get it.
fn need(scene: &Scene<'_>, task: usize, thing: Resource) -> Need {
    match (thing, wait_for(scene, task, thing)) {
        (Resource::Series(_) | Resource::FreePages | Resource::Cpus, _) => Need::Any,
        (_, Some(Wait::Completion(_))) => Need::Any,
        (_, Some(Wait::Units(..))) if is_unowned(scene.resource_kind(thing)) => Need::Any,
        (_, Some(Wait::Units(_, n) | Wait::Turn { n, .. })) => Need::Units(n),
        _ => Need::All,
    }
}

fn is_unowned(kind: Option<ResourceKind>) -> bool {
    kind.is_some_and(|kind| !kind.is_owned())
}

/// Whether what `waiter` waits for is something that `giver` does not hold and yet could give with
/// an operation that it can still reach. `wait` is one of the waiter's alternatives.
#[must_use]
pub fn could_give(scene: &Scene<'_>, waiter: usize, giver: usize, wait: Wait) -> bool {
    let task = scene.parties[giver].task;
    let own = waiter == giver;
    let can = |gives: &dyn Fn(Op) -> bool| scene.abilities.task_can(task, gives);
    match wait {
        Wait::Completion(what) if own || matches!(what, Ref::Shared(_)) => {
            can(&|op| op == Op::Complete { completion: what })
        }
        Wait::Units(what, _) | Wait::Turn { pool: what, .. }
            if own || matches!(what, Ref::Shared(_)) =>
        {
            is_unowned(Some(scene.program.resource(task.template, what).kind))
                && can(&|op| matches!(op, Op::Up { pool, .. } if pool == what))
        }
        Wait::Memory => can(&|op| matches!(op, Op::FreePage { .. })),
        Wait::Slot { series, page } if !own => can(&|op| match op {
            Op::Kmap {
                page: name,
                series: asked,
            }
            | Op::TryKmap {
                page: name,
                series: asked,
                ..
            } => {
                resolve(task, scene.shared, name) == Name::Page(page)
                    && acceptable_series(scene.program, series).any(|would_do| would_do == asked)
            }
            _ => false,
        }),
        _ => false,
    }
}
