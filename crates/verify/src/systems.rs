//! The systems of inequalities that have to be refuted: one for each set of things that tasks can
//! be stuck on, and each case.
//!
//! This is the definition of what a certificate by equations consists of. Whoever writes one and
//! the checker both take it from here; where a refutation comes from is not known here.

use std::collections::BTreeSet;
use std::rc::Rc;

use kmapcheck_limits::ask;
use kmapcheck_linear::Problem;
use kmapcheck_machine::Wanted;
use kmapcheck_scenario::{NodeId, Program, TemplateId};

use crate::cases::{Case, cases, holders_bounded};
use crate::certificate::Inequality;
use crate::closed::Closed;
use crate::counted::{Counted, can_still_give};
use crate::flow::{Flow, Idle, is_uncounted};
use crate::inequalities::{Inequalities, Subject, open_series};
use crate::kinds::{Kind, is_given, standing};
use crate::names::{counted, wanted};
use crate::sets::{keeps, knotted};

/// What tasks would satisfy that are stuck on a set of things, in one case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct System {
    /// The things.
    pub awaited: Vec<String>,
    /// The case, in words.
    pub case: Vec<String>,
    /// The kinds of waiting task that can be among them, by number: how many of each is unknown.
    pub unknowns: Vec<usize>,
    /// Where steps are counted, at which operation such tasks stand.
    pub at: Vec<NodeId>,
    /// How many unknowns there are in all.
    pub variables: usize,
    pub(crate) assumed: Case,
    pub(crate) follows: Inequalities,
}

impl System {
    /// All that follows.
    #[must_use]
    pub fn inequalities(&self) -> Vec<Inequality> {
        let Inequalities {
            of_stuck_tasks,
            of_any_tasks,
        } = &self.follows;
        [of_stuck_tasks.as_slice(), of_any_tasks].concat()
    }
}

/// All of them; `None`: too much is waited for in circles.
///
/// Each comes out as an error, a sentence, if one of its bounds is not what the semantics says.
#[must_use]
pub fn systems<'a>(
    program: &'a Program,
    closed: &'a Closed,
    kinds: &'a [Kind],
) -> Option<impl Iterator<Item = Result<System, String>> + 'a> {
    let holders_bounded = Rc::new(holders_bounded(program, closed));
    let of_set = move |awaited: Vec<Wanted>| {
        let members: Vec<usize> = (0..kinds.len())
            .filter(|&i| {
                awaited.contains(&kinds[i].waits_for)
                    && awaited.iter().any(|&thing| keeps(&kinds[i], thing))
            })
            .collect();
        let of_them: Vec<&Kind> = members.iter().map(|&i| &kinds[i]).collect();
        let cases = cases(program, &holders_bounded, &of_them);
        let holders_bounded = Rc::clone(&holders_bounded);
        cases.into_iter().map(move |case| {
            let unknowns: Vec<usize> = (members.iter().copied())
                .filter(|&i| case.allows(&kinds[i]))
                .collect();
            let subject = Subject {
                program,
                holders_bounded: &holders_bounded,
                kinds,
                unknowns: &unknowns,
                case: &case,
            };
            Ok(System {
                follows: subject.inequalities(&awaited)?,
                awaited: named(program, &awaited),
                case: case.written(program),
                variables: unknowns.len() + open_series(program).len(),
                unknowns,
                at: Vec::new(),
                assumed: case,
            })
        })
    };
    let sets = knotted(program, kinds, &|kind, thing| keeps(&kinds[kind], thing))?;
    Some(sets.into_iter().flat_map(of_set))
}

/// All of them where it is counted how often steps are taken.
///
/// # Errors
///
/// A sentence, if too much is waited for in circles or idly, if something is waited for that may be
/// missing for another reason, or if a bound is not what the semantics says.
pub fn flow_systems<'a>(
    flow: &'a Flow<'a>,
    closed: &'a Closed,
) -> Result<impl Iterator<Item = Result<System, String>> + 'a, String> {
    let program = flow.program;
    let standing = standing(program, closed)?;
    if standing.iter().any(|(kind, _)| is_uncounted(flow, kind)) {
        return Err("some task waits for what may be missing though it is not counted".into());
    }
    let idle = Idle::of(flow, &standing);
    let idly = idle.sets()?;
    let kinds: Vec<Kind> = standing.iter().map(|(kind, _)| kind.clone()).collect();
    let sets =
        sets_with_gives(flow, &standing, &kinds).ok_or("too much is waited for in circles")?;
    let holders_bounded = holders_bounded(program, closed);
    let stuck = Rc::new(Stuck {
        flow,
        standing,
        kinds,
        holders_bounded,
        idle,
    });
    // One at a time: there may be many, and each is large.
    Ok((sets.into_iter()).flat_map(move |awaited| {
        let members: Vec<usize> = (0..stuck.kinds.len())
            .filter(|&i| awaited.contains(&stuck.kinds[i].waits_for))
            .collect();
        let of_them: Vec<&Kind> = members.iter().map(|&i| &stuck.kinds[i]).collect();
        let cases = cases(program, &stuck.holders_bounded, &of_them);
        let (stuck, idly) = (Rc::clone(&stuck), idly.clone());
        let of_case = move |case: Case| idly.clone().into_iter().map(move |i| (case.clone(), i));
        (cases.into_iter().flat_map(of_case))
            .map(move |(case, idly)| stuck.system(&awaited, &members, &case, &idly))
    }))
}

/// What the systems that count steps are made of.
struct Stuck<'a> {
    flow: &'a Flow<'a>,
    standing: Vec<(Kind, BTreeSet<NodeId>)>,
    kinds: Vec<Kind>,
    holders_bounded: Vec<bool>,
    idle: Idle,
}

impl Stuck<'_> {
    fn system(
        &self,
        awaited: &[Wanted],
        members: &[usize],
        case: &Case,
        idly: &[Counted],
    ) -> Result<System, String> {
        ask();
        let program = self.flow.program;
        let (mut unknowns, mut at) = (Vec::new(), Vec::new());
        let mut points: Vec<(TemplateId, Option<NodeId>)> = Vec::new();
        for &i in members.iter().filter(|&&i| case.allows(&self.kinds[i])) {
            for &node in &self.standing[i].1 {
                unknowns.push(i);
                at.push(node);
                points.push((self.kinds[i].template, Some(node)));
            }
        }
        let subject = Subject {
            program,
            holders_bounded: &self.holders_bounded,
            kinds: &self.kinds,
            unknowns: &unknowns,
            case,
        };
        let mut follows = subject.inequalities(awaited)?;
        let first = unknowns.len() + open_series(program).len();
        let idle = &self.idle;
        (self.flow).of_stuck(awaited, &points, first, idle, idly, &mut follows);
        let mut words = case.written(program);
        let idly = idly.iter().map(|&what| counted(program, what));
        words.extend(idly.map(|what| format!("{what} is waited for idly")));
        Ok(System {
            awaited: named(program, awaited),
            case: words,
            variables: first + self.flow.unknowns(),
            unknowns,
            at,
            assumed: case.clone(),
            follows,
        })
    }
}

/// Every set of things that tasks can be stuck on: who can still give something keeps it from the
/// others as well; and each such thing may be one that nobody is left to give.
fn sets_with_gives(
    flow: &Flow<'_>,
    standing: &[(Kind, BTreeSet<NodeId>)],
    kinds: &[Kind],
) -> Option<Vec<Vec<Wanted>>> {
    let mut given: Vec<Wanted> = kinds.iter().map(|kind| kind.waits_for).collect();
    given.retain(|&thing| is_given(thing));
    given.sort_unstable();
    given.dedup();
    let can: Vec<Vec<Vec<bool>>> = (given.iter())
        .map(|&thing| {
            let what: Vec<Counted> = flow.counts(thing).into_iter().collect();
            can_still_give(flow.program, &what)
        })
        .collect();
    let keeps = |kind: usize, thing: Wanted| {
        let (of, nodes) = &standing[kind];
        let gives = given
            .iter()
            .position(|&other| other == thing)
            .is_some_and(|i| nodes.iter().any(|&node| can[i][of.template][node]));
        gives || keeps(of, thing)
    };
    let mut sets: Vec<Vec<Wanted>> = given.iter().map(|&thing| vec![thing]).collect();
    for set in knotted(flow.program, kinds, &keeps)? {
        if !sets.contains(&set) {
            sets.push(set);
        }
    }
    Some(sets)
}

fn named(program: &Program, things: &[Wanted]) -> Vec<String> {
    things.iter().map(|&thing| wanted(program, thing)).collect()
}

/// Some inequalities as a problem with so many unknowns.
#[must_use]
pub fn problem(variables: usize, inequalities: &[Inequality]) -> Problem {
    Problem {
        variables,
        constraints: inequalities.iter().map(Inequality::constraint).collect(),
    }
}
