//! Starvation: a task that waits, is in no stuck set now or later, and yet on no continuation ever
//! takes a step.
//!
//! Decided on the finished state graph. Its points are pairs of a state and a waiting task; edges
//! follow the steps of the *other* tasks. A point is saved if the task can move there or is stuck
//! there (then it is a deadlock's business), or if some edge leads to a saved point: a least
//! fixpoint, computed backwards. A waiting task in a point that is not saved starves: on no
//! continuation does it move, and on none is it ever stuck.
//!
//! Without loops nothing starves: every run ends, and a task that still waits when nobody moves is
//! stuck. So the analysis is done only where some task program loops.

use kmapcheck_machine::{Map, Mode, ResourceState, State, Task};
use kmapcheck_scenario::{Op, Program};

/// Edges between points.
#[derive(Debug, Default)]
pub(crate) struct Graph {
    edges: Vec<(u32, u32)>,
}

/// How the task of a point stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stand {
    /// It can move, has ended, or is stuck.
    Fine,
    /// It waits and is not stuck.
    Waits,
}

impl Graph {
    pub(crate) fn edge(&mut self, from: usize, to: usize) {
        let number = |point| u32::try_from(point).unwrap_or(u32::MAX);
        self.edges.push((number(from), number(to)));
    }
}

/// The first point whose task starves.
pub(crate) fn first(graph: &Graph, stands: &[Stand]) -> Option<usize> {
    if !stands.contains(&Stand::Waits) {
        return None;
    }
    let mut saved: Vec<bool> = stands.iter().map(|&stand| stand == Stand::Fine).collect();
    // Predecessors in compressed form: those of point p are at starts[p]..starts[p + 1].
    let mut starts = vec![0u32; stands.len() + 1];
    for &(_, to) in &graph.edges {
        starts[to as usize + 1] += 1;
    }
    for i in 1..starts.len() {
        starts[i] += starts[i - 1];
    }
    let mut fill = starts.clone();
    let mut predecessors = vec![0u32; graph.edges.len()];
    for &(from, to) in &graph.edges {
        predecessors[fill[to as usize] as usize] = from;
        fill[to as usize] += 1;
    }
    let mut work: Vec<u32> = (0..stands.len() as u32)
        .filter(|&point| saved[point as usize])
        .collect();
    while let Some(point) = work.pop() {
        let range = starts[point as usize] as usize..starts[point as usize + 1] as usize;
        for &from in &predecessors[range] {
            if !saved[from as usize] {
                saved[from as usize] = true;
                work.push(from);
            }
        }
    }
    saved.iter().position(|&saved| !saved)
}

/// A counter of the state that has passed what the programs could reach without going round a
/// loop for ever, in words.
pub(crate) fn unbounded(program: &Program, state: &State) -> Option<String> {
    state
        .tasks
        .iter()
        .find_map(|task| unbounded_task(program, task))
        .or_else(|| unbounded_completion(program, &state.shared.resources))
}

/// How often a completion may be completed ahead of its waiters before that counts as unbounded:
/// every `complete` of every task once, and as often again as 64.
fn completion_limit(program: &Program) -> u32 {
    let completes: u32 = program
        .templates
        .iter()
        .map(|template| {
            let n = template
                .nodes
                .iter()
                .filter(|node| matches!(node.op, Op::Complete { .. }))
                .count();
            u32::try_from(n)
                .unwrap_or(u32::MAX)
                .saturating_mul(kmapcheck_machine::instances(template.count))
        })
        .fold(0, u32::saturating_add);
    completes.saturating_add(64)
}

/// A completion of the shared part that grew beyond its limit.
pub(crate) fn unbounded_completion(
    program: &Program,
    resources: &[ResourceState],
) -> Option<String> {
    let limit = completion_limit(program);
    let i = resources
        .iter()
        .position(|state| matches!(state, ResourceState::Completion { done } if *done > limit))?;
    Some(format!(
        "completion `{}` is completed without end, faster than anybody waits for it",
        program.resources[i].name
    ))
}

/// A task that took more maps or read locks than its program has operations to take them, without
/// using up anything that is bounded.
pub(crate) fn unbounded_task(program: &Program, task: &Task) -> Option<String> {
    let template = &program.templates[task.template];
    let limit = template.nodes.len();
    let free_of_charge = task
        .maps
        .iter()
        .enumerate()
        .filter(|&(i, map)| match *map {
            Map::Pin { page, lies, .. } => task.maps[..i]
                .iter()
                .any(|earlier| matches!(*earlier, Map::Pin { page: p, lies: l, .. } if (p, l) == (page, lies)))
                && program.series[lies].reuse.keeps_mappings(),
            _ => true,
        })
        .count();
    if free_of_charge > limit {
        return Some(format!(
            "task `{}` maps without end and does not unmap",
            template.name
        ));
    }
    let reads = task
        .held
        .iter()
        .any(|held| held.mode == Mode::Read && held.n as usize > limit);
    if reads {
        return Some(format!(
            "task `{}` takes a read lock without end and does not give it back",
            template.name
        ));
    }
    let limit = completion_limit(program);
    let i = task
        .resources
        .iter()
        .position(|state| matches!(state, ResourceState::Completion { done } if *done > limit))?;
    Some(format!(
        "completion `{}` is completed without end, and nobody waits for it",
        template.resources[i].name
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_waiting_point_is_saved_by_any_way_to_a_moving_one() {
        // 0 waits -> 1 waits -> 2 moves; 3 waits and goes round for ever.
        let mut graph = Graph::default();
        graph.edge(0, 1);
        graph.edge(1, 0);
        graph.edge(1, 2);
        graph.edge(3, 3);
        let stands = [Stand::Waits, Stand::Waits, Stand::Fine, Stand::Waits];
        assert_eq!(first(&graph, &stands), Some(3));
        assert_eq!(
            first(
                &graph,
                &stands[..3]
                    .iter()
                    .copied()
                    .chain([Stand::Fine])
                    .collect::<Vec<_>>()
            ),
            None
        );
    }
}
