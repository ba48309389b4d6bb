//! The wait-for graph of a core: tasks, what they wait for, and who holds that.
//!
//! A *general resource graph* in Holt's sense: an edge from a task to each thing it waits for, and
//! from the thing to each task that holds some of it, or that could still give some of it (a
//! completion, say). Which of the holders it takes is part of the waiting edge ([`Need`]): any one
//! (slots), all of them (a writer and its readers), or enough for so many units. Only in a graph
//! where every need is `All` is a cycle the same as a deadlock; in general the core is a *knot*,
//! every task of it reaches only the core.
//!
//! The graph is built as a petgraph [`DiGraph`] and handed on as plain data, [`WaitForGraph`], for
//! reports. More than [`MOST_ALIKE`] alike tasks become one node with a count.

use kmapcheck_limits::ask;
use kmapcheck_machine::{Name, Resource, Standing, Wait, acceptable_series, resolve};
use kmapcheck_scenario::{Bound, Op, Ref, ResourceKind};
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::EdgeRef;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::alike::Groups;
use crate::holdings::{Blockers, How, Leaks, holdings};
use crate::names::{kind_word, resource_kind, task_label, thing_name};
use crate::stuck::Scene;

/// More alike tasks than this are shown as one node.
pub const MOST_ALIKE: usize = 16;

/// Tasks, what they wait for, and who holds it.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct WaitForGraph {
    /// Tasks and things, tasks first.
    pub nodes: Vec<Node>,
    /// Who waits for what, and who holds it.
    pub edges: Vec<Edge>,
}

/// A task, or something that is waited for.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Node {
    /// Unique in the graph, such as `task:mremap#1` or `series:PAGETABLE`.
    pub id: String,
    /// What it is.
    pub kind: NodeKind,
    /// What people call it.
    pub label: String,
    /// How many alike tasks the node stands for; 1 for everything else.
    pub count: u32,
    /// How many slots, units, elements or CPUs there are, for what is counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capacity: Option<u32>,
    /// How much of it is lost: held by tasks that have ended.
    #[serde(skip_serializing_if = "is_zero")]
    pub leaked: u32,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_zero(n: &u32) -> bool {
    *n == 0
}

/// The kinds of [`Node`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum NodeKind {
    /// A task, or alike ones.
    Task,
    /// The slots of a series.
    Series,
    /// A spinlock.
    Spinlock,
    /// A reader-writer semaphore.
    Rwsem,
    /// A counting semaphore.
    Semaphore,
    /// The lock of a page.
    PageLock,
    /// A mempool.
    Mempool,
    /// A completion.
    Completion,
    /// The free pages.
    Freelist,
    /// The CPUs.
    Cpus,
}

/// An edge of a [`WaitForGraph`].
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Edge {
    /// Id of a node.
    pub from: String,
    /// Id of a node.
    pub to: String,
    /// What it says.
    #[serde(flatten)]
    pub link: Link,
}

/// What an edge says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
#[must_use]
pub fn wait_for_graph(scene: &Scene<'_>, core: &[usize]) -> DiGraph<Node, Link> {
    graph_of(
        scene,
        &Groups::of(scene),
        &Leaks::of(scene),
        &Blockers::of(scene, core),
        core,
    )
}

/// The same, where what it takes is known already.
pub(crate) fn graph_of(
    scene: &Scene<'_>,
    groups: &Groups,
    leaks: &Leaks,
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
    let mut builder = Builder {
        scene,
        leaks,
        graph: DiGraph::new(),
        things: FxHashMap::default(),
        ids: FxHashSet::default(),
    };
    let tasks: Vec<NodeIndex> = blocks.iter().map(|block| builder.task(block)).collect();
    for (block, &node) in blocks.iter().zip(&tasks) {
        ask();
        for &thing in blockers.of_task(block[0]) {
            let thing_node = builder.thing(thing);
            let link = Link::WaitsFor {
                count: size(block),
                need: need(scene, block[0], thing),
            };
            builder.graph.add_edge(node, thing_node, link);
        }
    }
    for (block, &node) in blocks.iter().zip(&tasks) {
        ask();
        for holding in holdings(scene, block[0]) {
            let Some(&thing) = builder.things.get(&holding.thing) else {
                continue;
            };
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
            builder.graph.add_edge(thing, node, link);
        }
    }
    for block in &blocks {
        let Standing::Waits(waiting) = scene.parties[block[0]].standing else {
            continue;
        };
        let Some(wait) = waiting.wait else { continue };
        let Some(&thing) = builder.things.get(&Resource::awaited(block[0], wait)) else {
            continue;
        };
        for (giver, &node) in blocks.iter().zip(&tasks) {
            ask();
            if builder.graph.find_edge(thing, node).is_none()
                && could_give(scene, block[0], giver[0], wait)
            {
                builder
                    .graph
                    .add_edge(thing, node, Link::GivenBy { count: size(giver) });
            }
        }
    }
    builder.graph
}

fn size(block: &[usize]) -> u32 {
    u32::try_from(block.len()).expect("a template has a 32-bit number of instances")
}

/// Which holders of `thing` would have to give for `task` to get it.
fn need(scene: &Scene<'_>, task: usize, thing: Resource) -> Need {
    let Standing::Waits(waiting) = scene.parties[task].standing else {
        return Need::Any;
    };
    match (thing, waiting.wait) {
        (Resource::Series(_) | Resource::FreePages | Resource::Cpus, _) => Need::Any,
        (_, Some(Wait::Completion(_))) => Need::Any,
        (_, Some(Wait::Units(..))) if is_unowned(resource_kind(scene, thing)) => Need::Any,
        (_, Some(Wait::Units(_, n))) => Need::Units(n),
        _ => Need::All,
    }
}

fn is_unowned(kind: Option<ResourceKind>) -> bool {
    kind.is_some_and(|kind| !kind.is_owned())
}

/// Whether what `waiter` waits for is something that `giver` does not hold and yet could give with
/// an operation that it can still reach.
pub(crate) fn could_give(scene: &Scene<'_>, waiter: usize, giver: usize, wait: Wait) -> bool {
    let task = scene.parties[giver].task;
    let own = waiter == giver;
    let can = |gives: &dyn Fn(Op) -> bool| scene.abilities.task_can(task, gives);
    match wait {
        Wait::Completion(what) if own || matches!(what, Ref::Shared(_)) => {
            can(&|op| op == Op::Complete { completion: what })
        }
        Wait::Units(what, _) if own || matches!(what, Ref::Shared(_)) => {
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

struct Builder<'a> {
    scene: &'a Scene<'a>,
    leaks: &'a Leaks,
    graph: DiGraph<Node, Link>,
    things: FxHashMap<Resource, NodeIndex>,
    ids: FxHashSet<String>,
}

impl Builder<'_> {
    fn task(&mut self, block: &[usize]) -> NodeIndex {
        let label = task_label(self.scene.program, block);
        let node = Node {
            id: self.id(format!("task:{label}")),
            kind: NodeKind::Task,
            label,
            count: size(block),
            capacity: None,
            leaked: 0,
        };
        self.graph.add_node(node)
    }

    fn thing(&mut self, thing: Resource) -> NodeIndex {
        if let Some(&node) = self.things.get(&thing) {
            return node;
        }
        let scene = self.scene;
        let (name, owner) = thing_name(scene, thing);
        let owner = owner.map(|task| task_label(scene.program, &[task]));
        let own = owner
            .as_ref()
            .map_or(String::new(), |task| format!("@{task}"));
        let of_owner = owner
            .as_ref()
            .map_or(String::new(), |task| format!(" of {task}"));
        let mut leaked = 0;
        let (kind, id, label, capacity) = match thing {
            Resource::Series(series) => {
                leaked = self.leaks.slots[series];
                let slots = match scene.program.series[series].slots {
                    Bound::Exactly(slots) => Some(slots),
                    Bound::Any => None,
                };
                (NodeKind::Series, format!("series:{name}"), name, slots)
            }
            Resource::PageLock(_) => (
                NodeKind::PageLock,
                format!("page:{name}{own}"),
                format!("lock of page {name}{of_owner}"),
                None,
            ),
            Resource::FreePages => (
                NodeKind::Freelist,
                "freelist".to_owned(),
                name,
                scene.program.free_pages,
            ),
            Resource::Cpus => (
                NodeKind::Cpus,
                "cpus".to_owned(),
                name,
                scene.program.cpus.map(|cpus| cpus.count),
            ),
            Resource::Shared(_) | Resource::Own { .. } => {
                if let Resource::Shared(index) = thing {
                    leaked = self.leaks.resources[index];
                }
                let kind = resource_kind(scene, thing);
                let (node_kind, prefix, capacity) = match kind {
                    Some(ResourceKind::Spinlock) | None => (NodeKind::Spinlock, "lock", None),
                    Some(ResourceKind::Rwsem { .. }) => (NodeKind::Rwsem, "lock", None),
                    Some(ResourceKind::Semaphore { units, .. }) => {
                        (NodeKind::Semaphore, "lock", Some(units))
                    }
                    Some(ResourceKind::Mempool { units, .. }) => {
                        (NodeKind::Mempool, "mempool", Some(units))
                    }
                    Some(ResourceKind::Completion) => (NodeKind::Completion, "completion", None),
                };
                let word = kind.map_or("lock", kind_word);
                (
                    node_kind,
                    format!("{prefix}:{name}{own}"),
                    format!("{word} {name}{of_owner}"),
                    capacity,
                )
            }
        };
        let id = self.id(id);
        let node = self.graph.add_node(Node {
            id,
            kind,
            label,
            count: 1,
            capacity,
            leaked,
        });
        self.things.insert(thing, node);
        node
    }

    /// Two pages may go by the same name, one after the other.
    fn id(&mut self, id: String) -> String {
        let mut unique = id.clone();
        let mut n = 1;
        while !self.ids.insert(unique.clone()) {
            n += 1;
            unique = format!("{id}~{n}");
        }
        unique
    }
}

impl From<&DiGraph<Node, Link>> for WaitForGraph {
    fn from(graph: &DiGraph<Node, Link>) -> Self {
        WaitForGraph {
            nodes: graph.node_weights().cloned().collect(),
            edges: graph
                .edge_references()
                .map(|edge| Edge {
                    from: graph[edge.source()].id.clone(),
                    to: graph[edge.target()].id.clone(),
                    link: *edge.weight(),
                })
                .collect(),
        }
    }
}
