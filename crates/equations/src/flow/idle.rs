//! Who waits idly, and for what.

use kmapcheck_machine::Wanted;
use kmapcheck_scenario::{NodeId, Op, Patience, Program};

use super::steps::{Counter, Point, counter_of};
use crate::graph::Graph;

/// Whether a task that waits there waits idly.
pub(super) fn is_idle(program: &Program, (template, node): Point) -> bool {
    node.is_some_and(|node| program.templates[template].nodes[node].patience == Patience::Idle)
}

/// Whether a task that waits there waits in a select.
pub(super) fn is_select(program: &Program, (template, node): Point) -> bool {
    node.is_some_and(|node| program.templates[template].nodes[node].op == Op::Select)
}

/// Who waits idly, and for what.
#[derive(Debug)]
pub(super) struct Idle {
    /// Whether they count as they are: else they are taken to wait like all others.
    pub counts: bool,
    /// Points of idle waits, each with what is waited for there, if that is counted.
    points: Vec<(Point, Option<usize>)>,
}

impl Idle {
    /// Those of a program. If some of them hold what others may lack, they are taken to wait like all
    /// others.
    pub fn of(
        program: &Program,
        graph: &Graph,
        stands: &[Vec<NodeId>],
        counters: &[Counter],
    ) -> Idle {
        let mut idle = Idle {
            counts: true,
            points: Vec::new(),
        };
        for (kind, nodes) in graph.kinds.iter().zip(stands) {
            for &node in nodes {
                let point = (kind.template, Some(node));
                if is_idle(program, point) {
                    let keeps =
                        |need: &Wanted| kind.holdings.iter().any(|(held, _)| held.keeps(*need));
                    idle.counts &= !graph.needs.iter().any(keeps);
                    let known = (point, counter_of(program, counters, kind.need));
                    if !idle.points.contains(&known) {
                        idle.points.push(known);
                    }
                }
            }
        }
        idle.counts &= !idle.points.is_empty();
        if !idle.counts {
            idle.points.clear();
        }
        idle
    }

    /// Every set of counters that idle waiters may be waiting for; `None`: too many.
    pub fn subsets(&self) -> Option<Vec<Vec<usize>>> {
        const MOST: usize = 6;
        let mut counters: Vec<usize> = self
            .points
            .iter()
            .filter_map(|&(_, counter)| counter)
            .collect();
        counters.sort_unstable();
        counters.dedup();
        let subset = |set: u32| {
            let chosen = counters
                .iter()
                .enumerate()
                .filter(|(i, _)| set >> i & 1 == 1);
            chosen.map(|(_, &counter)| counter).collect()
        };
        (counters.len() <= MOST).then(|| (0u32..1 << counters.len()).map(subset).collect())
    }

    /// Whether somebody may wait idly there, if what is waited for so is not counted or among these.
    pub fn may_stand(&self, point: Point, waited: &[usize]) -> bool {
        let counted =
            |counter: Option<usize>| counter.is_none_or(|counter| waited.contains(&counter));
        self.points
            .iter()
            .any(|&(at, counter)| at == point && counted(counter))
    }
}
