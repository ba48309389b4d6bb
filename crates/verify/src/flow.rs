//! The inequalities that count how often steps are taken: the *state equation* of the task programs.
//!
//! Written down from docs/proofs.md and the certified local states. A task stands at an operation or
//! at its end: a *point*. The unknowns are how many of the stuck tasks stand where, and how often each
//! step from point to point was taken, steps apart that give or take differently. Then
//!
//! - at each point there are as many tasks as began there or came, less those that went on: the stuck
//!   tasks that stand there and perhaps others;
//! - of all that is counted there is what there was at first, and what the steps have given since and
//!   not taken: not less than nothing, not more than there can be.
//!
//! That is so of any tasks. If the stuck tasks are those that wait for something of a set of things, as
//! the argument has it,
//!
//! - others stand nowhere from where they could still give something of it; unless they are among those
//!   who wait idly for what is missing;
//! - of each of these things there is less than is asked for at once;
//! - where nothing goes on for ever and nobody gives up, there is a last state, and it is enough to look
//!   at that: others stand at their ends, or where tasks wait.
//!
//! A give that would make more than there can be is refused and gives nothing: a step of its own. Of a
//! pool to which none is ever refused there is no such step.

use std::collections::{BTreeMap, BTreeSet};

use kmapcheck_limits::ask;
use kmapcheck_machine::Wanted;
use kmapcheck_scenario::{Bound, FindingKind, NodeId, Op, Patience, Program, TemplateId};

use crate::certificate::{Inequality, Taken};
use crate::closed::Closed;
use crate::counted::{Change, Counted, can_still_give, counted};
use crate::inequalities::Inequalities;
use crate::kinds::{Kind, is_given};
use crate::names;
use crate::sets::keeps;

/// More steps than this are too many unknowns.
const MOST_STEPS: usize = 2_000;

/// More things than this are not waited for idly.
const MOST_IDLE: usize = 6;

/// Where a task stands: at an operation, or at its end.
type Point = (TemplateId, Option<NodeId>);

/// Steps that lead from one point to another and give and take the same.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Step {
    pub task: TemplateId,
    pub from: NodeId,
    pub to: Option<NodeId>,
    pub change: Change,
}

impl Step {
    /// Whether nothing that is counted here comes of it.
    pub(crate) fn is_idle(&self) -> bool {
        self.to == Some(self.from) && self.change.is_empty()
    }
}

/// The state equation of a program.
#[derive(Debug)]
pub struct Flow<'a> {
    pub(crate) program: &'a Program,
    pub(crate) counted: Vec<Counted>,
    /// One unknown each.
    pub(crate) steps: Vec<Step>,
    /// Pools to which no give is ever refused.
    never_refused: Vec<Counted>,
    /// Operations at which tasks can wait.
    waits: BTreeSet<(TemplateId, NodeId)>,
    /// Whether every run goes on to a state in which nobody moves.
    pub(crate) ends: bool,
}

impl<'a> Flow<'a> {
    /// The state equation, where no give to these pools is refused.
    ///
    /// # Errors
    ///
    /// A sentence, if one of them is no pool to which anybody gives, or if there are too many steps.
    pub fn of(
        program: &'a Program,
        closed: &Closed,
        never_refused: &[String],
    ) -> Result<Flow<'a>, String> {
        let counted = counted(program);
        let pools: Vec<Counted> = pools(program, &counted);
        let named = |name: &String| {
            let pool = pools
                .iter()
                .find(|&&pool| names::counted(program, pool) == *name);
            pool.copied()
                .ok_or_else(|| format!("`{name}` is no pool to which anybody may give"))
        };
        let never_refused: Vec<Counted> =
            never_refused.iter().map(named).collect::<Result<_, _>>()?;
        if never_refused.windows(2).any(|two| two[0] >= two[1]) {
            return Err("the pools to which no give is refused are not in their order".into());
        }
        let mut steps: BTreeSet<Step> = BTreeSet::new();
        let mut waits = BTreeSet::new();
        for (local, account) in closed.states.iter().zip(&closed.accounts) {
            ask();
            let Some(from) = local.task.at else { continue };
            let task = local.task.template;
            if !account.waits.is_empty() {
                waits.insert((task, from));
            }
            let op = program.templates[task].nodes[from].op;
            let gives_all =
                (never_refused.iter()).find_map(|&pool| Some((pool, pool.given_by(program, op)?)));
            for (to, effect) in account.situations.iter().flatten() {
                let is_refused = gives_all.is_some_and(|given| !effect.change.contains(&given));
                let step = Step {
                    task,
                    from,
                    to: closed.states[*to].task.at,
                    change: effect.change.clone(),
                };
                if !step.is_idle() && !is_refused {
                    steps.insert(step);
                }
            }
        }
        if steps.len() > MOST_STEPS {
            return Err("there are too many steps to be counted".into());
        }
        let gives_up = |t: &kmapcheck_scenario::Template| {
            t.nodes
                .iter()
                .any(|node| node.patience == Patience::GivesUp)
        };
        let ends = program.cpus.is_none()
            && !program
                .templates
                .iter()
                .any(|t| t.has_loops() || gives_up(t));
        Ok(Flow {
            program,
            counted,
            steps: steps.into_iter().collect(),
            never_refused,
            waits,
            ends,
        })
    }

    /// Whether idle waiters count as what they are.
    #[cfg(test)]
    pub(crate) fn counts_idle(&self, closed: &Closed) -> bool {
        let standing = crate::kinds::standing(self.program, closed);
        let idle = Idle::of(self, &standing.expect("waits are what they seem"));
        !idle.points.is_empty()
    }

    /// As a certificate has the steps.
    #[must_use]
    pub fn taken(&self) -> Vec<Taken> {
        let name = |&(what, n): &(Counted, i64)| (names::counted(self.program, what), n);
        (self.steps.iter())
            .map(|step| Taken {
                task: step.task,
                from: step.from,
                to: step.to,
                gives: step.change.iter().map(name).collect(),
            })
            .collect()
    }

    /// The task programs of which there is any number, in order: an unknown each.
    pub(crate) fn open_programs(&self) -> Vec<TemplateId> {
        (0..self.program.templates.len())
            .filter(|&id| self.program.templates[id].count == Bound::Any)
            .collect()
    }

    /// How many unknowns there are beside those before the first step.
    #[must_use]
    pub fn unknowns(&self) -> usize {
        self.steps.len() + self.open_programs().len()
    }

    /// What is counted of something that is waited for.
    pub(crate) fn counts(&self, wanted: Wanted) -> Option<Counted> {
        Counted::of(self.program, wanted).filter(|what| self.counted.contains(what))
    }

    /// What follows for tasks that stand somewhere, an unknown each; the unknowns of the steps come from
    /// `first` on. Others stand where they `may`.
    fn points(
        &self,
        standing: &[Point],
        first: usize,
        may: &dyn Fn(Point) -> bool,
    ) -> Inequalities {
        let program = self.program;
        let mut found = Inequalities::default();
        let open = self.open_programs();
        let instances = |id: TemplateId| {
            let position = open.iter().position(|&other| other == id);
            position.map(|position| first + self.steps.len() + position)
        };
        // Of each point, the others there: who came and began there, less who went on and is stuck.
        let mut points: BTreeMap<Point, (Vec<(usize, i64)>, i64)> = BTreeMap::new();
        for (unknown, &point) in standing.iter().enumerate() {
            points.entry(point).or_default().0.push((unknown, -1));
        }
        for (i, step) in self.steps.iter().enumerate() {
            ask();
            let (from, to) = ((step.task, Some(step.from)), (step.task, step.to));
            if from != to {
                points.entry(from).or_default().0.push((first + i, -1));
                points.entry(to).or_default().0.push((first + i, 1));
            }
        }
        for (id, template) in program.templates.iter().enumerate() {
            let (others, begun) = points.entry((id, template.entry.node)).or_default();
            match template.count {
                Bound::Exactly(n) => *begun = i64::from(n),
                Bound::Any => others.extend(instances(id).map(|unknown| (unknown, 1))),
            }
            if let Some(unknown) = instances(id) {
                found.of_any_tasks.push(at_least(vec![(unknown, 1)], 1));
            }
        }
        for (point, (others, begun)) in points {
            // There are not less than none of them.
            found.of_any_tasks.push(at_least(others.clone(), -begun));
            if !may(point) {
                found.of_stuck_tasks.push(at_most(others, -begun));
            }
        }
        for &what in &self.counted {
            let sum = self.sum(what, first);
            let at_first = what.at_first(program);
            if sum.is_empty() {
                continue;
            }
            found.of_any_tasks.push(at_least(sum.clone(), -at_first));
            if let Some(most) = what.most(program) {
                found.of_any_tasks.push(at_most(sum, most - at_first));
            }
        }
        found
    }

    /// How much more there is of it than at first.
    fn sum(&self, what: Counted, first: usize) -> Vec<(usize, i64)> {
        let of = |step: &Step| {
            let change = step.change.iter().find(|&&(other, _)| other == what);
            change.map(|&(_, n)| n)
        };
        (self.steps.iter().enumerate())
            .filter_map(|(i, step)| Some((first + i, of(step)?)))
            .collect()
    }

    /// Adds what follows for tasks that are stuck on `awaited`, the kinds of which are the unknowns,
    /// each at the point where it stands, while the things in `idly` are waited for idly.
    pub(crate) fn of_stuck(
        &self,
        awaited: &[Wanted],
        standing: &[Point],
        first: usize,
        idle: &Idle,
        idly: &[Counted],
        found: &mut Inequalities,
    ) {
        let program = self.program;
        let mut missing: Vec<Counted> = awaited
            .iter()
            .filter_map(|&wanted| self.counts(wanted))
            .collect();
        let gives = can_still_give(program, &missing);
        let may = |(id, at): Point| {
            let Some(node) = at else { return true };
            let waits = !self.ends || self.waits.contains(&(id, node));
            idle.may_stand((id, node), idly) || (waits && !gives[id][node])
        };
        let mut points = self.points(standing, first, &may);
        found.of_any_tasks.append(&mut points.of_any_tasks);
        found.of_stuck_tasks.append(&mut points.of_stuck_tasks);
        missing.extend(idly);
        missing.sort_unstable();
        missing.dedup();
        for what in missing {
            let few = what.asked_at_once(program) - 1 - what.at_first(program);
            found
                .of_stuck_tasks
                .push(at_most(self.sum(what, first), few));
        }
        if !idle.points.is_empty() {
            // Some of them do not wait idly: else all would be in a stuck set of idle waiters.
            let awake = (standing.iter().enumerate())
                .filter(|&(_, &(id, at))| !at.is_some_and(|at| is_idle(program, (id, at))))
                .map(|(unknown, _)| (unknown, 1));
            found.of_stuck_tasks.push(at_least(awake.collect(), 1));
        }
    }

    /// Every operation that gives to a pool to which no give is refused: the pool, the task program and
    /// the operation; with what follows if a task stands there (the first unknown says how many) and
    /// there would be more than there can be.
    #[must_use]
    pub fn gives(&self) -> Vec<(String, TemplateId, NodeId, Vec<Inequality>)> {
        let mut found = Vec::new();
        for (id, template) in self.program.templates.iter().enumerate() {
            for (node, declared) in template.nodes.iter().enumerate() {
                for &pool in &self.never_refused {
                    if let Some(n) = pool.given_by(self.program, declared.op) {
                        let [stuck, any] = self.give((id, node), pool, n);
                        let pool = names::counted(self.program, pool);
                        found.push((pool, id, node, [stuck, any].concat()));
                    }
                }
            }
        }
        found
    }

    fn give(
        &self,
        (id, node): (TemplateId, NodeId),
        pool: Counted,
        n: i64,
    ) -> [Vec<Inequality>; 2] {
        let mut points = self.points(&[(id, Some(node))], 1, &|_| true);
        points.of_stuck_tasks.push(at_least(vec![(0, 1)], 1));
        // Of what there may be any number of, no give is too much: that bound is never reached.
        let most = pool.most(self.program).unwrap_or(i64::MAX);
        let room = most.saturating_sub(n) - pool.at_first(self.program);
        (points.of_stuck_tasks).push(at_least(self.sum(pool, 1), room.saturating_add(1)));
        [points.of_stuck_tasks, points.of_any_tasks]
    }

    /// Whether that is wrong only with gives that are refused, where none ever is.
    pub(crate) fn never_shows(&self, kind: FindingKind, task: TemplateId, at: NodeId) -> bool {
        let op = self.program.templates[task].nodes[at].op;
        // There is nothing else that can be wrong with giving back what nobody owns.
        kind == FindingKind::Misuse
            && matches!(op, Op::Up { .. })
            && (self.never_refused.iter()).any(|pool| pool.given_by(self.program, op).is_some())
    }
}

/// The names of the pools to which anybody may give, as a certificate has them.
#[must_use]
pub fn open_pools(program: &Program) -> Vec<String> {
    let pools = pools(program, &counted(program));
    pools
        .iter()
        .map(|&pool| names::counted(program, pool))
        .collect()
}

fn pools(program: &Program, counted: &[Counted]) -> Vec<Counted> {
    let is_open = |&&what: &&Counted| match what {
        Counted::Resource(i) => {
            !program.resources[i].kind.is_owned() && what.most(program).is_some()
        }
        _ => false,
    };
    counted.iter().filter(is_open).copied().collect()
}

/// Who waits idly, and for what.
#[derive(Debug, Default)]
pub(crate) struct Idle {
    /// Idle waits with what is waited for there, if that is counted. None, if idle waiters are taken to
    /// wait like all others.
    points: Vec<((TemplateId, NodeId), Option<Counted>)>,
}

fn is_idle(program: &Program, (id, node): (TemplateId, NodeId)) -> bool {
    program.templates[id].nodes[node].patience == Patience::Idle
}

impl Idle {
    /// Those of a program. If some of them hold what others wait for, they are taken to wait like all
    /// others.
    pub(crate) fn of(flow: &Flow<'_>, kinds: &[(Kind, BTreeSet<NodeId>)]) -> Idle {
        let mut points = Vec::new();
        for (kind, nodes) in kinds {
            for &node in nodes {
                let point = (kind.template, node);
                if !is_idle(flow.program, point) {
                    continue;
                }
                if kinds.iter().any(|(other, _)| keeps(kind, other.waits_for)) {
                    return Idle::default();
                }
                points.push((point, flow.counts(kind.waits_for)));
            }
        }
        Idle { points }
    }

    fn may_stand(&self, point: (TemplateId, NodeId), idly: &[Counted]) -> bool {
        (self.points.iter())
            .any(|&(at, what)| at == point && what.is_none_or(|what| idly.contains(&what)))
    }

    /// Every set of things that may be waited for idly.
    ///
    /// # Errors
    ///
    /// A sentence, if there are too many.
    pub(crate) fn sets(&self) -> Result<Vec<Vec<Counted>>, String> {
        let mut things: Vec<Counted> = self.points.iter().filter_map(|&(_, what)| what).collect();
        things.sort_unstable();
        things.dedup();
        if things.len() > MOST_IDLE {
            return Err("too much is waited for idly".into());
        }
        let subset = |bits: u32| {
            let chosen = (0..things.len()).filter(|i| bits >> i & 1 == 1);
            chosen.map(|i| things[i]).collect()
        };
        Ok((0..1 << things.len()).map(subset).collect())
    }
}

/// Whether some of what is waited for is missing for a reason that nothing here counts.
pub(crate) fn is_uncounted(flow: &Flow<'_>, kind: &Kind) -> bool {
    is_given(kind.waits_for) && flow.counts(kind.waits_for).is_none()
}

fn at_least(terms: Vec<(usize, i64)>, bound: i64) -> Inequality {
    Inequality {
        terms,
        at_least: true,
        bound,
    }
}

fn at_most(terms: Vec<(usize, i64)>, bound: i64) -> Inequality {
    Inequality {
        terms,
        at_least: false,
        bound,
    }
}
