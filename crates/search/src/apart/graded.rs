//! Programs whose states come up in one level only.
//!
//! If, in each task program, all ways from the start to a node have the same number of steps (its
//! *rank*; the end is a node too), then every state lies exactly as many steps from the start as
//! the ranks of its tasks' positions add up to, on whatever way. So a successor of a state of level
//! *n* is in level *n* + 1 and in no other, and to find out whether it is new only that level need
//! be looked through. This is the sweep-line method with the strictest of progress measures
//! (Christensen, Kristensen and Mailund, *A Sweep-Line Method for State Space Exploration*, TACAS
//! 2001): the index of the visited set stays as small as a level, and in the cache.
//!
//! Straight-line programs are graded, and those whose branches are equally long. Loops are not;
//! nor are CPUs, and those who queue for a fair lock, which take steps in place. [`Ranks::advances`]
//! checks the premise on every step that is worked out.

use kmapcheck_machine::{Task, instances};
use kmapcheck_scenario::{Node, NodeId, Op, Program, Ref, ResourceKind, Target, Template};

/// The ranks of the nodes of each template that has instances; the end comes last.
pub(crate) struct Ranks {
    templates: Vec<Vec<Option<u32>>>,
}

impl Ranks {
    /// The ranks, or `None` if the program is not graded.
    pub(crate) fn of(program: &Program) -> Option<Ranks> {
        if program.cpus.is_some() {
            return None;
        }
        let rank = |template: &Template| {
            if instances(template.count) == 0 {
                Some(Vec::new())
            } else {
                ranks(program, template)
            }
        };
        let templates = program.templates.iter().map(rank).collect::<Option<_>>()?;
        Some(Ranks { templates })
    }

    fn rank(&self, task: &Task) -> Option<u32> {
        let ranks = &self.templates[task.template];
        let end = ranks.len().checked_sub(1)?;
        ranks[task.at.unwrap_or(end)]
    }

    /// Whether a step takes its task exactly one rank on, as the argument has it.
    pub(crate) fn advances(&self, before: &Task, after: &Task) -> bool {
        match (self.rank(before), self.rank(after)) {
            (Some(before), Some(after)) => after == before + 1,
            _ => false,
        }
    }
}

fn ranks(program: &Program, template: &Template) -> Option<Vec<Option<u32>>> {
    let end = template.nodes.len();
    let place = |node: Option<NodeId>| node.unwrap_or(end);
    let mut ranks: Vec<Option<u32>> = vec![None; end + 1];
    ranks[place(template.entry.node)] = Some(0);
    let mut work = vec![(place(template.entry.node), 0)];
    let next = |node: &Node| -> Vec<Target> {
        // A select and the first operation of its branch are one step.
        let arms: Vec<NodeId> = node.arms().collect();
        let behind = arms.iter().flat_map(|&first| &template.nodes[first].next);
        behind.chain(&node.next[arms.len()..]).copied().collect()
    };
    while let Some((node, rank)) = work.pop() {
        let Some(node) = template.nodes.get(node) else {
            continue;
        };
        if announces(program, template, node.op) {
            return None;
        }
        for target in next(node) {
            let known = &mut ranks[place(target.node)];
            match *known {
                None => {
                    *known = Some(rank + 1);
                    work.push((place(target.node), rank + 1));
                }
                Some(other) if other == rank + 1 => {}
                Some(_) => return None,
            }
        }
    }
    Some(ranks)
}

/// Whether the operation may take a step without leaving its node.
fn announces(program: &Program, template: &Template, op: Op) -> bool {
    let kind = |lock: Ref| match lock {
        Ref::Shared(i) => program.resources[i].kind,
        Ref::Own(i) => template.resources[i].kind,
    };
    match op {
        Op::DownWrite { lock } => matches!(kind(lock), ResourceKind::Rwsem { fair: true }),
        Op::Down { pool, .. } => kind(pool).has_queue(),
        _ => false,
    }
}
