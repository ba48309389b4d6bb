//! The arguments that exclude kinds of finding, without running tasks together.

use kmapcheck_equations::{
    Cores, Graph, Judged, LetsGo, judge, judge_the_patient, lets_go, possible,
};
use kmapcheck_local::{Broken, BrokenPremise, Locals};
use kmapcheck_machine::{Findings, Wanted};
use kmapcheck_scenario::{FindingKind, Program};

/// Kinds of finding that do not occur, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excluded {
    /// The kinds.
    pub kinds: Findings,
    /// Why.
    pub reason: Reason,
    /// Whether that rests on telling shared pages apart, which is not in the format of certificates.
    pub by_page: bool,
}

/// Why kinds of finding do not occur.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// No local state that a task can be in shows them, whatever the others do.
    Locals {
        /// How many local states there are.
        states: usize,
    },
    /// What is waited for is acquired in this order.
    Order(Vec<Wanted>),
    /// The core equations have no solution for any of these sets of things waited for.
    Equations(Vec<Vec<Wanted>>),
    /// Of what anybody may give, more has been given than taken, whenever tasks could be stuck on any of
    /// these sets of things waited for.
    NeverMissing(Vec<Vec<Wanted>>),
    /// Nobody gives back more than there can be, as what is given and taken says.
    NeverTooMuch,
    /// Whoever waits lets go of what others wait for, on every way.
    Drains,
    /// Whoever waits can go on to its end or to a wait for what is used up, or is stuck.
    Rests,
    /// No task program has a loop, so nobody waits for ever without being stuck.
    NoLoops,
    /// Every number of tasks at once was explored.
    EveryNumber {
        /// States of tasks that hold something.
        states: u64,
        /// Local states of tasks that hold nothing.
        crowd: u64,
    },
}

/// What the arguments know of a program.
#[derive(Debug)]
pub struct Reasons {
    /// What they exclude.
    pub excluded: Vec<Excluded>,
    /// The local states, unless a premise is broken.
    pub locals: Result<Locals, BrokenPremise>,
    /// The cores that the equations allow, if the local states are known.
    pub cores: Option<(Graph, Cores)>,
}

impl Reasons {
    /// Nothing, where there was no time for more.
    #[must_use]
    pub fn none() -> Reasons {
        Reasons {
            excluded: Vec::new(),
            locals: Err(BrokenPremise {
                what: Broken::Stopped,
                at: None,
            }),
            cores: None,
        }
    }

    /// All that can be said of a program.
    #[must_use]
    pub fn of(program: &Program) -> Reasons {
        let mut reasons = Reasons {
            excluded: Vec::new(),
            locals: Locals::of(program),
            cores: None,
        };
        let mut starved = Findings::of(FindingKind::Starved);
        if !program.has_loops() {
            reasons.exclude(std::mem::take(&mut starved), Reason::NoLoops);
        }
        let Ok(locals) = &reasons.locals else {
            return reasons;
        };
        let all: Findings = program.kinds_in_question().collect();
        let stuck = [FindingKind::Deadlock, FindingKind::TimeoutRescue];
        let stuck = all.intersection(stuck.into_iter().collect());
        let states = locals.states.len();
        let Judged {
            graph,
            flow,
            cores,
            by_page,
        } = judge(program, locals);
        let unseen = (all.minus(stuck)).minus(Findings::of(FindingKind::Starved));
        let local = unseen.minus(locals.possible());
        let never_refused = unseen.minus(possible(locals, flow.as_ref()));
        let lets_go = lets_go(program, locals, &cores);
        match nobody_is_stuck(&graph, &cores) {
            // Those who could give up included.
            Some(reason) => reasons.exclude_so(stuck, reason, by_page),
            None => {
                let patient = judge_the_patient(program, locals);
                let nobody = patient.and_then(|judged| {
                    let reason = nobody_is_stuck(&judged.graph, &judged.cores)?;
                    Some((reason, judged.by_page))
                });
                if let Some((reason, by_page)) = nobody {
                    reasons.exclude_so(Findings::of(FindingKind::Deadlock), reason, by_page);
                }
            }
        }
        if let Some(lets_go) = lets_go {
            let reason = match lets_go {
                LetsGo::Drains => Reason::Drains,
                LetsGo::Rests => Reason::Rests,
            };
            reasons.exclude_so(starved, reason, by_page);
        }
        reasons.exclude(local, Reason::Locals { states });
        reasons.exclude(never_refused, Reason::NeverTooMuch);
        reasons.cores = Some((graph, cores));
        reasons
    }

    pub(crate) fn exclude(&mut self, kinds: Findings, reason: Reason) {
        self.exclude_so(kinds, reason, false);
    }

    /// Excludes what is not excluded yet; `by_page` says whether shared pages had to be told apart.
    fn exclude_so(&mut self, kinds: Findings, reason: Reason, by_page: bool) {
        let kinds = kinds.minus(self.kinds());
        if !kinds.is_empty() {
            self.excluded.push(Excluded {
                kinds,
                reason,
                by_page,
            });
        }
    }

    /// All kinds that are excluded.
    #[must_use]
    pub fn kinds(&self) -> Findings {
        (self.excluded.iter()).fold(Findings::NONE, |all, excluded| all.union(excluded.kinds))
    }
}

/// Why no tasks are stuck, if so.
fn nobody_is_stuck(graph: &Graph, cores: &Cores) -> Option<Reason> {
    match (cores, graph.order()) {
        (Cores::Excluded(_), Some(order)) => Some(Reason::Order(order)),
        (Cores::Excluded(list), None) => {
            let mut sets: Vec<Vec<Wanted>> = list
                .iter()
                .map(|core| core.equations.awaited.clone())
                .collect();
            sets.dedup();
            Some(Reason::Equations(sets))
        }
        (Cores::NeverMissing(sets), _) => Some(Reason::NeverMissing(sets.clone())),
        (Cores::Possible(_) | Cores::Undecided(_), _) => None,
    }
}
