//! Starvation: a task that waits, is in no stuck set now or later, and yet on no continuation ever
//! takes a step.
//!
//! Decided on the finished state graph. Its points are pairs of a state and a waiting task; edges
//! follow the steps of the *other* tasks. A point is saved if the task can move or give up there, if it
//! is stuck there for ever (then it is a deadlock's business) or waits idly, or if some edge leads to a
//! saved point: a least
//! fixpoint, computed backwards. A waiting task in a point that is not saved starves: on no
//! continuation does it move, and on none is it ever stuck.
//!
//! Without loops nothing starves: every run ends, and a task that still waits when nobody moves is
//! stuck. So the analysis is done only where some task program loops.

use kmapcheck_engine::Stopped;
use kmapcheck_limits::ask;
use kmapcheck_machine::{Map, Mode, ResourceState, Standing, State, Task};
use kmapcheck_scenario::{Op, Program};

use crate::capacity;

/// Edges between points.
#[derive(Debug)]
pub(crate) struct Graph {
    edges: Vec<(u32, u32)>,
    /// So many points and so many edges can be numbered.
    most: u32,
    /// Whether there are more.
    is_full: bool,
}

/// How the task of a point stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stand {
    /// It can move or give up, has ended, is stuck, or waits idly.
    Fine,
    /// It waits and is not stuck.
    Waits,
}

impl Stand {
    /// How a task stands that is `stuck` for ever or not; `can_step` says whether it has a step.
    pub(crate) fn of(standing: Standing, stuck: bool, can_step: impl FnOnce() -> bool) -> Stand {
        let Standing::Waits(waiting) = standing else {
            return Stand::Fine;
        };
        // Who lacks a CPU to give up with may starve.
        if stuck || waiting.is_idle() || (waiting.gives_up() && can_step()) {
            Stand::Fine
        } else {
            Stand::Waits
        }
    }
}

impl Graph {
    pub(crate) fn new() -> Graph {
        Graph::of_most(u32::MAX)
    }

    fn of_most(most: u32) -> Graph {
        Graph {
            edges: Vec::new(),
            most,
            is_full: false,
        }
    }

    /// Whether nobody can tell any more: edges that do not fit are left out.
    pub(crate) fn full(&self) -> Option<Stopped> {
        (self.is_full).then(|| capacity::full("ways from one waiting task to the next", self.most))
    }

    pub(crate) fn edge(&mut self, from: usize, to: usize) {
        let number = |point| u32::try_from(point).ok().filter(|&point| point < self.most);
        match (number(from), number(to)) {
            (Some(from), Some(to)) if self.edges.len() < self.most as usize => {
                self.edges.push((from, to));
            }
            _ => self.is_full = true,
        }
    }
}

/// The first point whose task starves.
///
/// # Errors
///
/// If there are more points or edges than can be numbered.
pub(crate) fn first(graph: &Graph, stands: &[Stand]) -> Result<Option<usize>, Stopped> {
    let starving = starving(graph, stands)?;
    Ok(starving.iter().position(|&starves| starves))
}

/// For each point, whether its task starves.
///
/// # Errors
///
/// If there are more points or edges than can be numbered.
pub(crate) fn starving(graph: &Graph, stands: &[Stand]) -> Result<Vec<bool>, Stopped> {
    if let Some(full) = graph.full() {
        return Err(full);
    }
    if !stands.contains(&Stand::Waits) {
        return Ok(vec![false; stands.len()]);
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
    // A point beyond all numbers has no edge to it: nobody is saved by way of it.
    let mut work: Vec<u32> = (0..=u32::MAX)
        .zip(&saved)
        .filter_map(|(point, &saved)| saved.then_some(point))
        .collect();
    while let Some(point) = work.pop() {
        ask();
        let range = starts[point as usize] as usize..starts[point as usize + 1] as usize;
        for &from in &predecessors[range] {
            if !saved[from as usize] {
                saved[from as usize] = true;
                work.push(from);
            }
        }
    }
    Ok(saved.iter().map(|&saved| !saved).collect())
}

/// What counters stay within unless they grow without bound.
///
/// Without loops nothing does. With loops, a completion may be completed ahead of its waiters as
/// often as there are `complete` operations, and 64 times more; and a task may have as many maps,
/// read locks and page locks that use up nothing bounded as its program has operations. Beyond
/// that some loop must have added to the counter round after round.
#[derive(Debug)]
pub(crate) struct Bounds {
    completion: u32,
}

impl Bounds {
    /// The bounds, or `None` if no program loops.
    pub(crate) fn of(program: &Program) -> Option<Bounds> {
        if !program.has_loops() {
            return None;
        }
        let completes = program.templates.iter().map(|template| {
            let n = template
                .nodes
                .iter()
                .filter(|node| matches!(node.op, Op::Complete { .. }))
                .count();
            n as u64 * u64::from(kmapcheck_machine::instances(template.count))
        });
        // Such a counter ends at `u32::MAX`, which is beyond any bound: it never sticks there.
        let bound = completes.sum::<u64>() + 64;
        Some(Bounds {
            completion: u32::try_from(bound).map_or(u32::MAX - 1, |bound| bound.min(u32::MAX - 1)),
        })
    }

    /// A counter of the state that is beyond its bound, in words.
    pub(crate) fn exceeded(&self, program: &Program, state: &State) -> Option<String> {
        (state.tasks.iter())
            .find_map(|task| self.exceeded_by_task(program, task))
            .or_else(|| self.exceeded_by_completion(program, &state.shared.resources))
    }

    /// A completion of the shared part that is beyond its bound.
    pub(crate) fn exceeded_by_completion(
        &self,
        program: &Program,
        resources: &[ResourceState],
    ) -> Option<String> {
        let name = &program.resources[self.completion_beyond(resources)?].name;
        Some(format!(
            "completion `{name}` is completed without end, faster than anybody waits for it"
        ))
    }

    fn completion_beyond(&self, resources: &[ResourceState]) -> Option<usize> {
        resources.iter().position(
            |state| matches!(state, ResourceState::Completion { done } if *done > self.completion),
        )
    }

    /// Something that a task has taken more often than its program has operations to take it,
    /// without using up anything that is bounded.
    pub(crate) fn exceeded_by_task(&self, program: &Program, task: &Task) -> Option<String> {
        let template = &program.templates[task.template];
        let (name, limit) = (&template.name, template.nodes.len());
        if task.maps.len() > limit && uncharged_maps(program, task) > limit {
            return Some(format!("task `{name}` maps without end and does not unmap"));
        }
        if task
            .held
            .iter()
            .any(|held| held.mode == Mode::Read && held.n as usize > limit)
        {
            return Some(format!(
                "task `{name}` takes a read lock without end and does not give it back"
            ));
        }
        if task.page_locks.len() > limit {
            return Some(format!(
                "task `{name}` locks pages without end and does not unlock them"
            ));
        }
        let name = &template.resources[self.completion_beyond(&task.resources)?].name;
        Some(format!(
            "completion `{name}` is completed without end, and nobody waits for it"
        ))
    }
}

/// The maps of a task that take no slot of their own.
fn uncharged_maps(program: &Program, task: &Task) -> usize {
    let reentrant = |i: usize, page: usize, lies: usize| {
        program.series[lies].reuse.keeps_mappings()
            && (task.maps[..i].iter()).any(
                |map| matches!(*map, Map::Pin { page: p, lies: l, .. } if (p, l) == (page, lies)),
            )
    };
    (task.maps.iter().enumerate())
        .filter(|&(i, map)| match *map {
            Map::Pin { page, lies, .. } => reentrant(i, page, lies),
            _ => true,
        })
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_waiting_point_is_saved_by_any_way_to_a_moving_one() {
        // 0 waits -> 1 waits -> 2 moves; 3 waits and goes round for ever.
        let mut graph = Graph::new();
        graph.edge(0, 1);
        graph.edge(1, 0);
        graph.edge(1, 2);
        graph.edge(3, 3);
        let stands = [Stand::Waits, Stand::Waits, Stand::Fine, Stand::Waits];
        assert_eq!(first(&graph, &stands), Ok(Some(3)));
        assert_eq!(
            first(
                &graph,
                &stands[..3]
                    .iter()
                    .copied()
                    .chain([Stand::Fine])
                    .collect::<Vec<_>>()
            ),
            Ok(None)
        );
    }

    /// The only way by which 0 is saved does not fit: that nobody saves it is not known.
    #[test]
    fn ways_that_cannot_be_numbered_are_said() {
        let stands = [Stand::Waits, Stand::Waits, Stand::Fine];
        let graph = |most| {
            let mut graph = Graph::of_most(most);
            graph.edge(1, 2);
            graph.edge(1, 1);
            graph.edge(0, 2);
            graph
        };
        assert_eq!(first(&graph(3), &stands), Ok(None));
        let what = "ways from one waiting task to the next";
        assert_eq!(first(&graph(2), &stands), Err(capacity::full(what, 2)));
    }
}
