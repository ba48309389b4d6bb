//! How often each step of the task programs has been taken: their *state equation*.
//!
//! A completion, a free page, or a unit that anybody may give back can be missing though nobody holds
//! it. Then it counts how much has been given and taken until now. A task program is a graph of
//! *points*: the operations that a task can stand at, and its end. In every state of a run, with one
//! unknown for each step of each program (how many times tasks have taken it),
//!
//! - for each point: the tasks that have come there, less those that have gone on, stand there;
//! - for each such thing: what there was at first, and what the steps have given and taken since, is
//!   what there is now: not less than nothing, and of units not more than there are.
//!
//! These are linear. T. Murata (*Petri Nets: Properties, Analysis and Applications*, Proceedings of
//! the IEEE 77(4), 1989) has them for Petri nets, where each task program is a state machine.
//!
//! **What is stuck on such a thing.** Let K be the greatest stuck set of a state, and let a task of K
//! wait for *r*. Whoever lives and is not in K can never again give *r*, from where it stands on: else
//! the wait could be met. Those of K who still can give *r* keep it from the others as a holder keeps a
//! lock. So in the graph of the [core equations](crate) there is an edge *r -> r'* for each of them that
//! waits for *r'*; and in a component E that no edge leaves, whoever can still give something of E
//! waits for something of E. Beside the core, then, all tasks stand at points from which none of this
//! can be given, and there is less of *r* than is asked for at once.
//!
//! If every run ends (without loops, CPUs and waits that give up), there is a last state, in which
//! nobody moves, whoever was stuck still is, and everybody else has ended or is stuck too. Then it is
//! enough to look at last states.
//!
//! **Who waits idly.** Let I be the greatest stuck set of idle waiters: a good end. Others are
//! deadlocked if they are in K and not in I. Take the graph of what these wait for, with edges from
//! those who keep something and are not in I. In its component E as above, whoever can still give
//! something of E waits for something of E, or is in I, and so stands at an idle wait for something of
//! which there is too little. Not all who wait for something of E do so idly: with I they would be a
//! stuck set of idle waiters, and so be in I. (An idle select may be no part of that set: one of its other
//! operations may be kept from it by tasks outside it. So it counts as one that does not wait idly.) Where
//! idle waiters hold what others wait for, they are taken to wait like all others.
//!
//! **Gives that are refused.** Nobody can give back more units than there are: the operation is skipped
//! then, which is an error. If in no state before the first such give one is due, none ever is
//! ([`possible`]); this is one more system of inequalities. Of other pools it is only known that a
//! give gave all or nothing.
//!
//! Cost: an unknown for each step and a row for each point that tasks may stand at; other points are
//! taken out beforehand.

mod idle;
mod steps;
mod system;
mod ways;

use kmapcheck_limits::ask;
use kmapcheck_linear::{Answer, Constraint, Problem, solve};
use kmapcheck_local::{Found, Locals};
use kmapcheck_machine::{Abilities, Findings, Given, Wanted};
use kmapcheck_scenario::{FindingKind, NodeId, Op, Patience, Program};

use crate::equations::Equations;
use crate::graph::Graph;
use idle::{Idle, is_idle, is_select};
use steps::{Counted, Counter, Point, Step, counter_of, counters, given, stands, steps, taken};
use system::System;

pub use ways::{Taken, Way};

/// Pivots for each system of inequalities.
const BUDGET: u64 = 20_000;

/// More steps than this are too many unknowns.
const MAX_STEPS: usize = 600;

/// The state equation of a program.
#[derive(Debug)]
pub struct Flow<'a> {
    program: &'a Program,
    abilities: Abilities,
    counters: Vec<Counter>,
    steps: Vec<Step>,
    /// For each kind of waiting task of the graph, where such tasks stand.
    stands: Vec<Vec<NodeId>>,
    idle: Idle,
    /// Whether every run goes on to a state in which nobody moves.
    ends: bool,
}

impl<'a> Flow<'a> {
    /// The state equation of a program, if something in it is given and taken by anybody and it is
    /// not too large.
    #[must_use]
    pub fn of(program: &'a Program, locals: &Locals, graph: &Graph) -> Option<Flow<'a>> {
        let counters = counters(program);
        let steps = steps(program, locals, &counters);
        let is_for_all = |counter: &Counter| counter.what.is_for_all(program);
        if !counters.iter().any(is_for_all) || steps.len() > MAX_STEPS {
            return None;
        }
        let stands = stands(program, locals, graph);
        let idle = Idle::of(program, graph, &stands, &counters);
        let mut flow = Flow {
            program,
            abilities: Abilities::of(program),
            counters,
            steps,
            stands,
            idle,
            ends: !program.has_loops()
                && program.cpus.is_none()
                && !program.has_patience(Patience::GivesUp),
        };
        flow.find_exact();
        Some(flow)
    }

    /// Whether that is counted here.
    #[must_use]
    pub fn counts(&self, need: Wanted) -> bool {
        self.counter(need).is_some()
    }

    fn counter(&self, need: Wanted) -> Option<usize> {
        counter_of(self.program, &self.counters, need)
    }

    /// The kinds of finding that local states show, but for gives that are refused where none ever is.
    fn possible(&self, locals: &Locals) -> Findings {
        let is_exact = |what: Counted| {
            let known = self.counters.iter().find(|counter| counter.what == what);
            known.is_some_and(|counter| counter.exact)
        };
        let of = |found: &Found| {
            let template = locals.states[found.local as usize].task.template;
            let op = self.program.templates[template].nodes[found.node].op;
            // There is nothing else that can be wrong with giving what anybody may give.
            let excluded = match (op, given(op)) {
                (Op::Up { .. }, Some((what, _)))
                    if is_exact(what) && what.is_for_all(self.program) =>
                {
                    FindingKind::Misuse
                }
                _ => return found.findings,
            };
            found.findings.minus(Findings::of(excluded))
        };
        (locals.found.iter()).fold(Findings::NONE, |all, found| all.union(of(found)))
    }

    /// The graph with the edges of those who can still give something.
    #[must_use]
    pub fn with_edges(&self, graph: &Graph) -> Graph {
        let mut graph = graph.clone();
        for (i, kind) in graph.kinds.iter().enumerate() {
            let to =
                (graph.needs.binary_search(&kind.need)).expect("the needs are those of the kinds");
            for (from, &need) in graph.needs.iter().enumerate() {
                ask();
                if self.kind_gives(&graph, i, &[need]) {
                    graph.edges.push((from, to));
                }
            }
        }
        graph.edges.sort_unstable();
        graph.edges.dedup();
        graph
    }

    /// Whether tasks of that kind can still give some of that.
    fn kind_gives(&self, graph: &Graph, kind: usize, needs: &[Wanted]) -> bool {
        let template = graph.kinds[kind].template;
        self.stands[kind]
            .iter()
            .any(|&node| self.gives((template, Some(node)), needs))
    }

    /// Whether a task at that point can still give some of that.
    fn gives(&self, (template, node): Point, needs: &[Wanted]) -> bool {
        let wanted = |op: Op| {
            let wanted = given(op).and_then(|(what, _)| what.wanted(self.program));
            wanted.is_some_and(|need| needs.contains(&need) && self.counts(need))
        };
        node.is_some_and(|node| self.abilities.can(template, node, wanted))
    }

    /// Whether tasks can be stuck on what these equations are about, as far as these inequalities and
    /// those of the state equation go; `None`: that was not found out.
    #[must_use]
    pub fn allows(&self, graph: &Graph, equations: &Equations) -> Option<bool> {
        let mut allowed = false;
        for waited in self.idle.subsets()? {
            ask();
            let system = self.system(graph, equations, &waited, true);
            match solve(&system.problem, BUDGET) {
                Answer::Infeasible(_) => {}
                Answer::Feasible(_) => allowed = true,
                Answer::Unknown(_) => return None,
            }
        }
        Some(allowed)
    }
}

/// The kinds of finding that local states show, as far as the state equation, if there is one, leaves them.
#[must_use]
pub fn possible(locals: &Locals, flow: Option<&Flow<'_>>) -> Findings {
    flow.map_or_else(|| locals.possible(), |flow| flow.possible(locals))
}

/// What anybody may give, of what all tasks share, that an operation gives, and that it takes.
pub(crate) fn given_and_taken(program: &Program, op: Op) -> (Option<Given>, Option<Given>) {
    let of = |counted: Option<(Counted, u32)>| match counted?.0.wanted(program)? {
        Wanted::Given(given) => Some(given),
        _ => None,
    };
    (of(given(op)), of(taken(op)))
}

impl Flow<'_> {
    /// The inequalities of tasks that are stuck on what `equations` are about, while idle waiters stand
    /// at waits for what is in `waited`; of last states only if they are to `prove` something, and then
    /// without the points at which nobody stands.
    fn system(
        &self,
        graph: &Graph,
        equations: &Equations,
        waited: &[usize],
        prove: bool,
    ) -> System {
        let mut problem = equations.problem.clone();
        let mut standing: Vec<(Point, usize)> = Vec::new();
        for (unknown, &kind) in equations.kinds.iter().enumerate() {
            let template = graph.kinds[kind].template;
            match self.stands[kind].as_slice() {
                [node] => standing.push(((template, Some(*node)), unknown)),
                nodes => {
                    // Each of them stands at one of these.
                    let first = problem.variables;
                    problem.variables += nodes.len();
                    let mut sum: Vec<(usize, i64)> =
                        (0..nodes.len()).map(|i| (first + i, 1)).collect();
                    sum.push((unknown, -1));
                    problem
                        .constraints
                        .push(Constraint::at_least(sum.clone(), 0));
                    problem.constraints.push(Constraint::at_most(sum, 0));
                    let at = nodes.iter().enumerate();
                    standing.extend(at.map(|(i, &node)| ((template, Some(node)), first + i)));
                }
            }
        }
        let mut missing: Vec<usize> = equations
            .awaited
            .iter()
            .filter_map(|&need| self.counter(need))
            .collect();
        missing.extend(waited);
        let may = |point: Point| {
            self.idle.may_stand(point, waited)
                || (!self.gives(point, &equations.awaited)
                    && (!(prove && self.ends) || self.is_last(point)))
        };
        let mut system = System::new(self, problem, &standing, may, prove);
        if self.idle.counts {
            // An idle select may be stuck on something else as well that only others of K keep.
            let may_be_awake =
                |point| !is_idle(self.program, point) || is_select(self.program, point);
            let awake = (standing.iter())
                .filter(|(point, _)| may_be_awake(*point))
                .map(|&(_, unknown)| (unknown, 1));
            let awake: Vec<(usize, i64)> = awake.collect();
            system.require(Constraint::at_least(awake, 1));
        }
        system.bound_counters(&self.counters);
        for &counter in &missing {
            let Counter { start, asked, .. } = self.counters[counter];
            let few = i64::from(asked) - 1 - i64::from(start);
            system.require(Constraint::at_most(system.sum(counter, false), few));
        }
        system
    }

    /// Whether a task may stand there when nobody moves: it has ended, or waits.
    fn is_last(&self, (template, node): Point) -> bool {
        node.is_none_or(|node| {
            let op = self.program.templates[template].nodes[node].op;
            op.waits_asleep() || matches!(op, Op::SpinLock { .. })
        })
    }

    /// Finds the pools to which no give is ever refused. Until the first such give, every give has given
    /// all it says; of pools where that cannot be shown, it gave all or nothing.
    fn find_exact(&mut self) {
        loop {
            let refused = (0..self.counters.len())
                .find(|&i| self.counters[i].exact && self.may_be_refused(i));
            let Some(counter) = refused else { return };
            self.counters[counter].exact = false;
            for step in &mut self.steps {
                step.least[counter] = step.least[counter].min(0);
            }
        }
    }

    /// Whether, as far as the arithmetic goes, a task can be about to give more than there can be.
    fn may_be_refused(&self, counter: usize) -> bool {
        let Counter {
            what,
            start,
            most: Some(most),
            ..
        } = self.counters[counter]
        else {
            return false;
        };
        if !what.is_for_all(self.program) {
            return false;
        }
        (self.program.templates.iter().enumerate()).any(|(id, template)| {
            template.nodes.iter().enumerate().any(|(node, declared)| {
                let Some((_, n)) = given(declared.op).filter(|&(given, _)| given == what) else {
                    return false;
                };
                let point = (id, Some(node));
                let problem = Problem {
                    variables: 1,
                    ..Problem::default()
                };
                // One task about to give stands there; the first unknown is how many of them.
                let mut system = System::new(self, problem, &[(point, 0)], |_| true, true);
                system.require(Constraint::at_least([(0, 1)], 1));
                system.bound_counters(&self.counters);
                let too_many = i64::from(most) + 1 - i64::from(n) - i64::from(start);
                system.require(Constraint::at_least(system.sum(counter, true), too_many));
                !matches!(solve(&system.problem, BUDGET), Answer::Infeasible(_))
            })
        })
    }
}
