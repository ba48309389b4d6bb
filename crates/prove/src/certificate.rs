//! Writing a proof down so that somebody else can check it.

use kmapcheck_equations::digraph::in_order;
use kmapcheck_limits::ask;
use kmapcheck_linear::{Answer, solve};
use kmapcheck_local::Locals;
use kmapcheck_machine::Wanted;
use kmapcheck_scenario::{FindingKind, Patience, Program};
use kmapcheck_verify::{
    By, Certificate, FORMAT, Kind, NotThere, Set, System, keeps, kinds, problem, systems, wanted,
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
    let known = kinds(program, locals);
    let stuck_is_certified = known.is_some();
    let kinds = known.unwrap_or_default();
    let mut certificate = Certificate {
        format: FORMAT.to_owned(),
        scenario: scenario.to_owned(),
        model: model.map(str::to_owned),
        excluded: Vec::new(),
        locals: locals.states.len(),
        waiting: kinds.iter().map(|kind| kind.written(program)).collect(),
        order: Vec::new(),
        sets: Vec::new(),
        digest: String::new(),
    };
    for excluded in &reasons.excluded {
        let by = match &excluded.reason {
            // Not in the format: a select that counts with one of its first operations, and that who can
            // give up is in no deadlock.
            Reason::Order(_) | Reason::Equations(_)
                if !stuck_is_certified || is_of_the_patient(program, excluded) =>
            {
                continue;
            }
            Reason::Locals { .. } => By::Locals,
            Reason::Order(_) => By::Order,
            Reason::Equations(_) => By::Equations,
            Reason::Drains => By::Drains,
            Reason::NoLoops => By::NoLoops,
            // It was explored; who doubts it explores it again. What is given and taken is not in the
            // format.
            Reason::EveryNumber { .. }
            | Reason::NeverMissing(_)
            | Reason::NeverTooMuch
            | Reason::Rests => continue,
        };
        match by {
            By::Order => certificate.order = order(program, &kinds),
            By::Equations => {
                certificate.sets = sets(program, locals, &kinds)?;
            }
            By::Locals | By::Drains | By::NoLoops => {}
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

/// Every system of inequalities, refuted.
fn sets(program: &Program, locals: &Locals, kinds: &[Kind]) -> Result<Vec<Set>, String> {
    let systems = systems(program, locals, kinds)
        .ok_or("too much is waited for in circles for a certificate")?;
    let refuted = |system: Result<System, String>| {
        let system = system?;
        let inequalities = system.inequalities();
        let problem = problem(program, system.unknowns.len(), &inequalities);
        let Answer::Infeasible(refutation) = solve(&problem, BUDGET) else {
            return Err("the inequalities could not be refuted once more".to_owned());
        };
        Ok(Set {
            awaited: system.awaited,
            case: system.case,
            unknowns: system.unknowns,
            inequalities,
            refutation,
        })
    };
    systems.map(refuted).collect()
}
