//! Where to look for tasks that are stuck: how many times each step is to be taken.
//!
//! A solution of the inequalities names steps, each with how many times it is taken. If a run takes them
//! in some order, it ends where tasks may be stuck. Whether there is such an order, and whether they
//! are, only the run shows: nothing rests on these numbers.

use kmapcheck_linear::{Answer, Minimum, Problem, minimise, solve};
use kmapcheck_scenario::{NodeId, TemplateId};

use super::steps::Step;
use super::system::{Instances, System};
use super::{BUDGET, Flow};
use crate::equations::{Equations, Sizes};
use crate::exclude::sets_with_gives;
use crate::graph::Graph;

/// More sets than this are not looked at.
const MOST: usize = 16;

/// A way to be stuck, as far as the arithmetic goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    /// Which steps are taken how many times.
    pub steps: Vec<Taken>,
    /// How many tasks of each program there are then.
    pub tasks: Vec<u64>,
}

/// A step of a task program, and how many times tasks take it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// The task program.
    pub template: TemplateId,
    /// Where the tasks stand.
    pub from: NodeId,
    /// Where they come to; `None`: to their end.
    pub to: Option<NodeId>,
    /// How many times.
    pub times: u64,
}

impl Flow<'_> {
    /// Ways to be stuck, as far as the arithmetic goes, those with the fewest steps first.
    #[must_use]
    pub fn ways(&self, sizes: &Sizes<'_>, graph: &Graph) -> Vec<Way> {
        let graph = &self.with_edges(graph);
        let (Some(sets), Some(subsets)) = (sets_with_gives(graph, self), self.idle.subsets())
        else {
            return Vec::new();
        };
        let mut ways: Vec<Way> = Vec::new();
        for awaited in sets.into_iter().take(MOST) {
            for equations in Equations::of_all_who_wait(sizes, graph, &awaited) {
                for waited in &subsets {
                    let way = self.way(graph, &equations, waited);
                    ways.extend(way.filter(|way| !ways.contains(way)));
                }
            }
        }
        ways.sort_by_key(Way::length);
        ways
    }

    /// Whether the inequalities that are true of every state hold in one to which tasks have come by these
    /// steps; `None`: the steps do not say what was given and taken. For the tests; all numbers must be
    /// given.
    #[must_use]
    pub fn holds_after(&self, taken: &[Taken]) -> Option<bool> {
        let mut system = System::new(self, Problem::default(), &[], |_| true, false);
        system.bound_counters(&self.counters);
        let mut values = vec![0; system.steps.len()];
        for taken in taken {
            let is_it = |step: &Step| {
                step.from == (taken.template, Some(taken.from))
                    && step.to == (taken.template, taken.to)
            };
            let mut same = (0..values.len()).filter(|&i| is_it(&system.steps[i]));
            let step = same.next()?;
            if same.next().is_some() {
                return None;
            }
            values[step] += i64::try_from(taken.times).expect("runs are shorter");
        }
        Some(system.problem.satisfied_by(&values))
    }

    fn way(&self, graph: &Graph, equations: &Equations, waited: &[usize]) -> Option<Way> {
        let system = self.system(graph, equations, waited, false);
        let steps = system.first..system.first + system.steps.len();
        let sum: Vec<(usize, i64)> = steps.clone().map(|step| (step, 1)).collect();
        let values = match minimise(&system.problem, &sum, BUDGET) {
            Minimum::Least { at, .. } => at,
            _ => match solve(&system.problem, BUDGET) {
                Answer::Feasible(values) => values,
                Answer::Infeasible(_) | Answer::Unknown(_) => return None,
            },
        };
        let natural = |n: i64| u64::try_from(n).expect("solutions have no negative values");
        let taken = system.steps.iter().zip(&values[steps]);
        let taken = taken.filter_map(|(step, &times)| {
            (times > 0).then_some(Taken {
                template: step.from.0,
                from: step.from.1?,
                to: step.to.1,
                times: natural(times),
            })
        });
        let tasks = system.instances.iter().map(|instances| match *instances {
            Instances::Given(n) => u64::from(n),
            Instances::Unknown(of) => natural(values[of]),
        });
        Some(Way {
            steps: taken.collect(),
            tasks: tasks.collect(),
        })
    }
}

impl Way {
    /// How many steps there are in all.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.steps.iter().map(|taken| taken.times).sum()
    }
}
