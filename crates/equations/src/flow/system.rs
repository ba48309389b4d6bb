//! The inequalities of tasks that come to points and go on from there.

use kmapcheck_limits::ask;
use kmapcheck_linear::{Constraint, Problem};
use kmapcheck_scenario::Bound;

use super::Flow;
use super::steps::{Counter, Point, Step};

/// The inequalities, and which unknowns say how often steps are taken.
pub(super) struct System {
    pub problem: Problem,
    /// Steps, the unknowns from `first` on.
    pub steps: Vec<Step>,
    pub first: usize,
    /// How many tasks of each program there are.
    pub instances: Vec<Instances>,
}

/// How many tasks of a program there are.
#[derive(Debug, Clone, Copy)]
pub(super) enum Instances {
    /// So many.
    Given(u32),
    /// Any number: this unknown.
    Unknown(usize),
}

impl System {
    /// Adds the rows of tasks that come to points and go on from there. Those in `standing` are in the
    /// unknowns already, each with where it stands; others stand where they `may`. Points at which nobody
    /// stands are taken out if it `is_contracted`.
    pub fn new(
        flow: &Flow<'_>,
        problem: Problem,
        standing: &[(Point, usize)],
        may: impl Fn(Point) -> bool,
        is_contracted: bool,
    ) -> System {
        let starts: Vec<Point> = (flow.program.templates.iter().enumerate())
            .map(|(id, template)| (id, template.entry.node))
            .collect();
        let is_kept = |point: Point| {
            !is_contracted
                || may(point)
                || starts.contains(&point)
                || standing.iter().any(|&(at, _)| at == point)
        };
        let mut system = System {
            steps: contracted(flow.steps.clone(), is_kept),
            first: problem.variables,
            problem,
            instances: Vec::new(),
        };
        system.problem.variables += system.steps.len();
        let mut points: Vec<Point> = (system.steps.iter())
            .flat_map(|step| [step.from, step.to])
            .chain(starts.iter().copied())
            .chain(standing.iter().map(|&(at, _)| at))
            .collect();
        points.sort_unstable();
        points.dedup();
        for template in &flow.program.templates {
            let instances = match template.count {
                Bound::Exactly(n) => Instances::Given(n),
                Bound::Any => {
                    let unknown = system.problem.variables;
                    system.problem.variables += 1;
                    system.require(Constraint::at_least([(unknown, 1)], 1));
                    Instances::Unknown(unknown)
                }
            };
            system.instances.push(instances);
        }
        for point in points {
            ask();
            // Come, less gone, less those of the core: those who stand there beside it.
            let (mut sum, mut there) = (system.come_and_gone(point), 0);
            sum.extend(
                standing
                    .iter()
                    .filter(|(at, _)| *at == point)
                    .map(|&(_, of)| (of, -1)),
            );
            if starts[point.0] == point {
                match system.instances[point.0] {
                    Instances::Given(n) => there = i64::from(n),
                    Instances::Unknown(unknown) => sum.push((unknown, 1)),
                }
            }
            system.require(Constraint::at_least(sum.clone(), -there));
            if !may(point) {
                system.require(Constraint::at_most(sum, -there));
            }
        }
        system
    }

    /// How many tasks have come to a point by steps, less those that have gone on.
    fn come_and_gone(&self, point: Point) -> Vec<(usize, i64)> {
        let steps = self.steps.iter().enumerate();
        let sign = |step: &Step| i64::from(step.to == point) - i64::from(step.from == point);
        steps
            .map(|(i, step)| (self.first + i, sign(step)))
            .filter(|&(_, sign)| sign != 0)
            .collect()
    }

    /// What the steps have given of a counter, and taken: at least, or at most.
    pub fn sum(&self, counter: usize, most: bool) -> Vec<(usize, i64)> {
        let of = |step: &Step| {
            if most {
                step.most[counter]
            } else {
                step.least[counter]
            }
        };
        let steps = self.steps.iter().enumerate();
        steps
            .map(|(i, step)| (self.first + i, of(step)))
            .filter(|&(_, n)| n != 0)
            .collect()
    }

    /// Requires of each counter that no less than nothing is left, and no more than there can be.
    pub fn bound_counters(&mut self, counters: &[Counter]) {
        for (i, counter) in counters.iter().enumerate() {
            let start = i64::from(counter.start);
            self.require(Constraint::at_least(self.sum(i, true), -start));
            if let Some(most) = counter.most {
                self.require(Constraint::at_most(
                    self.sum(i, false),
                    i64::from(most) - start,
                ));
            }
        }
    }

    pub fn require(&mut self, constraint: Constraint) {
        self.problem.constraints.push(constraint);
    }
}

/// Steps in which points that are not kept are taken out where that makes no more of them: whoever
/// comes there has gone on.
fn contracted(mut steps: Vec<Step>, is_kept: impl Fn(Point) -> bool) -> Vec<Step> {
    loop {
        ask();
        let mut points: Vec<Point> = steps.iter().map(|step| step.from).collect();
        points.sort_unstable();
        points.dedup();
        let point = points
            .into_iter()
            .filter(|&point| !is_kept(point))
            .find(|&point| {
                let come = steps.iter().filter(|step| step.to == point).count();
                let go = steps.iter().filter(|step| step.from == point).count();
                let stays = |step: &Step| step.from == point && step.to == point;
                !steps.iter().any(stays) && come * go <= come + go
            });
        let Some(point) = point else { return steps };
        let (come, rest): (Vec<Step>, Vec<Step>) =
            steps.into_iter().partition(|step| step.to == point);
        let (go, rest): (Vec<Step>, Vec<Step>) =
            rest.into_iter().partition(|step| step.from == point);
        steps = rest;
        let add = |a: &[i64], b: &[i64]| a.iter().zip(b).map(|(a, b)| a + b).collect();
        for one in &come {
            for other in &go {
                let step = Step {
                    from: one.from,
                    to: other.to,
                    least: add(&one.least, &other.least),
                    most: add(&one.most, &other.most),
                };
                let changes =
                    step.from != step.to || step.least.iter().chain(&step.most).any(|&n| n != 0);
                if changes && !steps.contains(&step) {
                    steps.push(step);
                }
            }
        }
    }
}
