//! Writing a proof down so that somebody else can check it.

use kmapcheck_equations::digraph::in_order;
use kmapcheck_limits::ask;
use kmapcheck_linear::{Answer, Node, Refutation, solve};
use kmapcheck_local::Locals;
use kmapcheck_machine::Wanted;
use kmapcheck_scenario::{FindingKind, Op, Patience, Program};
use kmapcheck_verify::{
    By, Certificate, Closed, Counting, FORMAT, Flow, Give, Inequality, Kind, Local, NotThere, Set,
    System, flow_systems, keeps, kinds, open_pools, problem, ranks_to_drain, ranks_to_rest,
    systems, wanted,
};

use crate::reasons::{Excluded, Reason, Reasons};

/// Pivots for each system of inequalities.
const BUDGET: u64 = 50_000;

/// The certificate of what was excluded for a program, which was read from `scenario` and loaded on
/// `model` if that is not its own.
///
/// # Errors
///
/// In a sentence, if there is nothing to certify, or no certificate for how it was found.
pub fn certificate(
    program: &Program,
    reasons: &Reasons,
    scenario: &str,
    model: Option<&str>,
) -> Result<Certificate, String> {
    let Ok(locals) = &reasons.locals else {
        return Err(
            "no certificate is written: it would rest on the local states of the tasks, and these \
             are not known"
                .to_owned(),
        );
    };
    let closed = closed(program, locals)?;
    let kinds = kinds(program, &closed)?;
    let mut certificate = Certificate {
        format: FORMAT.to_owned(),
        scenario: scenario.to_owned(),
        model: model.map(str::to_owned),
        excluded: Vec::new(),
        locals: closed.written(),
        waiting: kinds.iter().map(|kind| kind.written(program)).collect(),
        order: Vec::new(),
        sets: Vec::new(),
        flow: None,
        ranks: Vec::new(),
        digest: String::new(),
    };
    let has_selects = program.has_op(|op| op == Op::Select);
    let not_all = "what the prover knows of where tasks come to could not be found once more";
    for excluded in &reasons.excluded {
        let by = match &excluded.reason {
            // Not in the format: a select that counts with one of its first operations, that who can
            // give up is in no deadlock, and who has which shared page mapped.
            Reason::Order(_) | Reason::Equations(_) | Reason::NeverMissing(_)
                if has_selects || is_of_the_patient(program, excluded) =>
            {
                continue;
            }
            _ if excluded.by_page => continue,
            Reason::Drains | Reason::Rests if has_selects => continue,
            Reason::Locals { .. } => By::Locals,
            Reason::Order(_) => By::Order,
            Reason::Equations(_) => By::Equations,
            Reason::NeverMissing(_) => By::Flow,
            Reason::NeverTooMuch => By::NeverRefused,
            Reason::Drains => By::Drains,
            Reason::Rests => By::Rests,
            Reason::NoLoops => By::NoLoops,
            // It was explored; who doubts it explores it again.
            Reason::EveryNumber { .. } => continue,
        };
        match by {
            By::Order => certificate.order = order(program, &kinds),
            By::Equations => {
                let systems = systems(program, &closed, &kinds)
                    .ok_or("too much is waited for in circles for a certificate")?;
                certificate.sets = systems.map(refuted).collect::<Result<_, _>>()?;
            }
            By::Flow | By::NeverRefused => {
                let (mut counting, flow) = counting(program, &closed)?;
                if by == By::Flow {
                    let systems = flow_systems(&flow, &closed)?;
                    counting.sets = systems.map(refuted).collect::<Result<_, _>>()?;
                }
                // One of the two has the sets.
                if certificate.flow.is_none() || by == By::Flow {
                    certificate.flow = Some(counting);
                }
            }
            By::Drains => certificate.ranks = ranks_to_drain(program, &closed).ok_or(not_all)?,
            By::Rests => certificate.ranks = ranks_to_rest(program, &closed).ok_or(not_all)?,
            By::Locals | By::NoLoops => {}
        }
        certificate.excluded.push(NotThere {
            kinds: excluded
                .kinds
                .iter()
                .map(|kind| kind.name().to_owned())
                .collect(),
            by,
        });
    }
    if certificate.excluded.is_empty() {
        return Err("nothing was proved that a certificate could show".to_owned());
    }
    certificate.digest = certificate.digest_of();
    Ok(certificate)
}

/// The local states, gone through by the checker's own code.
///
/// # Errors
///
/// A sentence, if the two do not agree on what they are.
pub fn closed(program: &Program, locals: &Locals) -> Result<Closed, String> {
    let local = |local: &kmapcheck_local::LocalState| Local {
        task: local.task.clone(),
        pages: local.pages.clone(),
    };
    let list: Vec<Local> = locals.states.iter().map(local).collect();
    Closed::of_list(program, &list)
}

/// Whether deadlock alone is excluded, and no rescue by a time-out.
fn is_of_the_patient(program: &Program, excluded: &Excluded) -> bool {
    program.has_patience(Patience::GivesUp) && !excluded.kinds.contains(FindingKind::TimeoutRescue)
}

/// What is waited for, everything before what is waited for while it is held. Where there is a circle
/// there is no order, and nobody asks for one.
fn order(program: &Program, kinds: &[Kind]) -> Vec<String> {
    let mut things: Vec<Wanted> = kinds.iter().map(|kind| kind.waits_for).collect();
    things.sort_by_cached_key(|&thing| wanted(program, thing));
    things.dedup();
    let edges = kinds.iter().flat_map(|kind| {
        ask();
        let to = things.iter().position(|&thing| thing == kind.waits_for);
        let from = (0..things.len()).filter(|&from| keeps(kind, things[from]));
        from.zip(to.into_iter().cycle())
    });
    let order = in_order(things.len(), edges);
    order
        .into_iter()
        .map(|i| wanted(program, things[i]))
        .collect()
}

/// How often steps are taken, and the pools to which no give is refused: as many as can be shown.
///
/// # Errors
///
/// A sentence, if the checker does not know what it should.
pub fn counting<'a>(program: &'a Program, closed: &Closed) -> Result<(Counting, Flow<'a>), String> {
    let mut pools = open_pools(program);
    loop {
        let flow = Flow::of(program, closed, &pools)?;
        let mut gives = Vec::new();
        let mut refused = None;
        for (pool, task, at, inequalities) in flow.gives() {
            match solved(1 + flow.unknowns(), &inequalities) {
                Some((inequalities, refutation)) => gives.push(Give {
                    task,
                    at,
                    inequalities,
                    refutation,
                }),
                None => {
                    refused = Some(pool);
                    break;
                }
            }
        }
        match refused {
            // Without it, what the others rest on is less.
            Some(pool) => pools.retain(|other| *other != pool),
            None => {
                let counting = Counting {
                    steps: flow.taken(),
                    never_refused: pools,
                    gives,
                    sets: Vec::new(),
                };
                return Ok((counting, flow));
            }
        }
    }
}

/// A system of inequalities, refuted.
fn refuted(system: Result<System, String>) -> Result<Set, String> {
    let system = system?;
    let (inequalities, refutation) = solved(system.variables, &system.inequalities())
        .ok_or("the inequalities could not be refuted once more")?;
    Ok(Set {
        awaited: system.awaited,
        case: system.case,
        unknowns: system.unknowns,
        at: system.at,
        inequalities,
        refutation,
    })
}

/// The inequalities that are needed, and that they have no solution.
fn solved(variables: usize, inequalities: &[Inequality]) -> Option<(Vec<Inequality>, Refutation)> {
    let Answer::Infeasible(refutation) = solve(&problem(variables, inequalities), BUDGET) else {
        return None;
    };
    Some(needed(inequalities, refutation))
}

/// A refutation with the inequalities that it uses, and no others.
fn needed(
    inequalities: &[Inequality],
    mut refutation: Refutation,
) -> (Vec<Inequality>, Refutation) {
    let mut used = vec![false; inequalities.len()];
    let weights = |node: &mut Node| match node {
        Node::Leaf { weights } | Node::Cut { weights, .. } => std::mem::take(weights),
        Node::Branch { .. } => Vec::new(),
    };
    let mut all: Vec<Vec<(usize, u64)>> = refutation.nodes.iter_mut().map(weights).collect();
    for &(position, _) in all.iter().flatten() {
        if let Some(used) = used.get_mut(position) {
            *used = true;
        }
    }
    let before: Vec<usize> = (0..=used.len())
        .map(|end| used[..end].iter().filter(|&&used| used).count())
        .collect();
    let kept = before[used.len()];
    for (position, _) in all.iter_mut().flatten() {
        // Behind the inequalities stand those that the refutation adds.
        *position = match used.get(*position) {
            Some(_) => before[*position],
            None => *position - used.len() + kept,
        };
    }
    for (node, new) in refutation.nodes.iter_mut().zip(all) {
        if let Node::Leaf { weights } | Node::Cut { weights, .. } = node {
            *weights = new;
        }
    }
    let inequalities = inequalities.iter().zip(used).filter(|(_, used)| *used);
    (
        inequalities.map(|(one, _)| one.clone()).collect(),
        refutation,
    )
}
