//! The wait-for graph of a deadlock, as reports show it: every node and edge by its name.

use kmapcheck_machine::Resource;
use kmapcheck_scenario::{Bound, ResourceKind};
use kmapcheck_stuck::deadlock::Deadlock;
use kmapcheck_stuck::graph::{self, Link};
use rustc_hash::FxHashSet;

use super::names::{task_label, thing_name};
use crate::describe::lock_of_page;
use crate::ledger::Lost;

/// Tasks, what they wait for, and who holds it.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize)]
pub struct WaitForGraph {
    /// Tasks and things, tasks first.
    pub nodes: Vec<Node>,
    /// Who waits for what, and who holds it.
    pub edges: Vec<Edge>,
}

/// A task, or something that is waited for.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
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
    /// Whether it is a task that a time-out or a signal may free from its wait.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub gives_up: bool,
    /// Whether it is a task that has ended without giving back what others wait for.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub ended: bool,
    /// What one of it is called, of a series: a slot, or of a pool a unit.
    #[serde(skip)]
    pub one: &'static str,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_zero(n: &u32) -> bool {
    *n == 0
}

/// The kinds of [`Node`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
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
pub struct Edge {
    /// Id of a node.
    pub from: String,
    /// Id of a node.
    pub to: String,
    /// What it says.
    #[serde(flatten)]
    pub link: Link,
}

impl WaitForGraph {
    /// The graph of a deadlock's core, with the tasks that have `lost` some of what it waits for: those
    /// have ended.
    #[must_use]
    pub(crate) fn of(deadlock: &Deadlock<'_>, lost: &[Lost]) -> WaitForGraph {
        let graph = deadlock.graph();
        let mut builder = Builder {
            deadlock,
            ids: FxHashSet::default(),
        };
        let mut nodes: Vec<Node> = (graph.node_weights())
            .map(|node| match node {
                graph::Node::Tasks(tasks) => builder.tasks(tasks),
                graph::Node::Resource(thing) => builder.thing(*thing),
            })
            .collect();
        let edges = graph.raw_edges().iter().map(|edge| Edge {
            from: nodes[edge.source().index()].id.clone(),
            to: nodes[edge.target().index()].id.clone(),
            link: edge.weight,
        });
        let mut edges: Vec<Edge> = edges.collect();
        let mut things: Vec<(Resource, String)> = Vec::new();
        for (node, shown) in graph.node_weights().zip(&nodes) {
            if let graph::Node::Resource(thing) = node {
                things.push((*thing, shown.id.clone()));
            }
        }
        let is_of_core = |lost: &&Lost| things.iter().any(|(thing, _)| *thing == lost.thing);
        let lost: Vec<&Lost> = lost.iter().filter(is_of_core).collect();
        for (i, group) in lost.chunk_by(|a, b| a.task == b.task).enumerate() {
            // So many are enough to see how it came.
            if i == MOST_ENDED {
                break;
            }
            let node = builder.ended(group[0].task);
            for lost in group {
                let thing = things.iter().find(|(thing, _)| *thing == lost.thing);
                let (_, from) = thing.expect("only those of the core are here");
                edges.push(Edge {
                    from: from.clone(),
                    to: node.id.clone(),
                    link: Link::HeldBy {
                        count: lost.n,
                        how: lost.how,
                    },
                });
            }
            nodes.push(node);
        }
        WaitForGraph { nodes, edges }
    }
}

/// More tasks than this that have ended with what others need are not in the graph.
const MOST_ENDED: usize = 8;

struct Builder<'a> {
    deadlock: &'a Deadlock<'a>,
    ids: FxHashSet<String>,
}

impl Builder<'_> {
    fn tasks(&mut self, tasks: &[usize]) -> Node {
        let label = task_label(self.deadlock.scene.program, tasks);
        Node {
            id: self.id(format!("task:{label}")),
            kind: NodeKind::Task,
            label,
            count: u32::try_from(tasks.len()).expect("tasks are fewer than 2^32"),
            capacity: None,
            leaked: 0,
            gives_up: self.deadlock.gives_up(tasks[0]),
            ended: false,
            one: "",
        }
    }

    /// A task that has ended.
    fn ended(&mut self, task: usize) -> Node {
        let label = task_label(self.deadlock.scene.program, &[task]);
        Node {
            id: self.id(format!("task:{label}")),
            kind: NodeKind::Task,
            label: format!("{label}, ended"),
            count: 1,
            capacity: None,
            leaked: 0,
            gives_up: false,
            ended: true,
            one: "",
        }
    }

    fn thing(&mut self, thing: Resource) -> Node {
        let (scene, leaks) = (&self.deadlock.scene, &self.deadlock.leaks);
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
                leaked = leaks.slots[series];
                let slots = match scene.program.series[series].slots {
                    Bound::Exactly(slots) => Some(slots),
                    Bound::Any => None,
                };
                (NodeKind::Series, format!("series:{name}"), name, slots)
            }
            Resource::PageLock(_) => (
                NodeKind::PageLock,
                format!("page:{name}{own}"),
                format!("{}{of_owner}", lock_of_page(&name)),
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
                    leaked = leaks.resources[index];
                }
                let kind = scene.resource_kind(thing);
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
                let word = kind.map_or("lock", ResourceKind::word);
                (
                    node_kind,
                    format!("{prefix}:{name}{own}"),
                    format!("{word} {name}{of_owner}"),
                    capacity,
                )
            }
        };
        let id = self.id(id);
        Node {
            id,
            kind,
            label,
            count: 1,
            capacity,
            leaked,
            gives_up: false,
            ended: false,
            one: match thing {
                Resource::Series(series) => scene.program.series[series].one(),
                _ => "",
            },
        }
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
