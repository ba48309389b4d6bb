//! Whether a certificate holds.

use kmapcheck_limits::ask;
use kmapcheck_linear::refutes;
use kmapcheck_local::Locals;
use kmapcheck_machine::{Findings, Wanted};
use kmapcheck_scenario::{Bound, FindingKind, Program};

use crate::bounds::fewest_slots;
use crate::certificate::{By, Certificate, FORMAT, Inequality, Set};
use crate::drains::everybody_drains;
use crate::kinds::{Kind, kinds};
use crate::names::{read, wanted};
use crate::observed::Observed;
use crate::sets::keeps;
use crate::systems::{problem, systems};

/// Checks a certificate against the program it is about.
///
/// # Errors
///
/// The first thing that is wrong with it, in a sentence.
pub fn verify(certificate: &Certificate, program: &Program) -> Result<(), String> {
    if certificate.format != FORMAT {
        return Err(format!(
            "its format is `{}`, not `{FORMAT}`: another version wrote it",
            certificate.format
        ));
    }
    if certificate.digest != certificate.digest_of() {
        return Err("the digest does not match: something was changed after it was written".into());
    }
    let locals =
        Locals::of(program).map_err(|broken| format!("no proof is possible: {}", broken.what))?;
    if certificate.locals != locals.states.len() {
        return Err(format!("there are {} local states", locals.states.len()));
    }
    if certificate.excluded.is_empty() {
        return Err("it excludes nothing".into());
    }
    if (certificate.excluded.iter()).any(|excluded| excluded.kinds.is_empty()) {
        return Err("an argument excludes nothing".into());
    }
    // What no claim rests on would not be looked at.
    if !certificate.order.is_empty() && !certificate.rests_on(By::Order) {
        return Err("there is an order, and no claim that rests on it".into());
    }
    if !certificate.sets.is_empty() && !certificate.rests_on(By::Equations) {
        return Err("there are inequalities, and no claim that rests on them".into());
    }
    let kinds = kinds(program, &locals);
    let written = kinds.iter().flatten().map(|kind| kind.written(program));
    if !written.eq(certificate.waiting.iter().cloned()) {
        return Err("the kinds of waiting task are not those of the scenario".into());
    }
    let deadlock = certificate.rests_on(By::Order) || certificate.rests_on(By::Equations);
    if deadlock {
        let kinds =
            kinds.ok_or("some task waits for what nobody need hold for it to be missing")?;
        no_deadlock(certificate, program, &locals, &kinds)?;
    }
    for excluded in &certificate.excluded {
        let allowed = match excluded.by {
            By::Locals => {
                let all: Findings = FindingKind::ALL.into_iter().collect();
                let global = [
                    FindingKind::Deadlock,
                    FindingKind::TimeoutRescue,
                    FindingKind::Starved,
                ]
                .into_iter()
                .collect();
                all.minus(global).minus(locals.possible())
            }
            // Those who could give up are among the kinds of waiting task.
            By::Order | By::Equations => [FindingKind::Deadlock, FindingKind::TimeoutRescue]
                .into_iter()
                .collect(),
            By::NoLoops if !program.has_loops() => Findings::of(FindingKind::Starved),
            By::Drains if deadlock && everybody_drains(program, &locals) => {
                Findings::of(FindingKind::Starved)
            }
            By::NoLoops | By::Drains => Findings::NONE,
        };
        for kind in &excluded.kinds {
            if !allowed.iter().any(|allowed| allowed.name() == kind) {
                return Err(format!("`{kind}` is not excluded by that argument"));
            }
        }
    }
    Ok(())
}

fn no_deadlock(
    certificate: &Certificate,
    program: &Program,
    locals: &Locals,
    kinds: &[Kind],
) -> Result<(), String> {
    if locals.leak().is_some() {
        return Err("a task can end with what others wait for".into());
    }
    // Both arguments rest on the kinds: they are held against runs.
    let observed = Observed::of(program, kinds)?;
    for kind in kinds {
        missing_only_if_held(program, kind.waits_for)?;
    }
    if certificate.rests_on(By::Order) {
        goes_forward(&certificate.order, program, kinds)?;
    }
    if certificate.rests_on(By::Equations) {
        no_solutions(&certificate.sets, program, locals, kinds, &observed)?;
    }
    Ok(())
}

/// A series that keeps all its slots for holders would be missing though nobody holds any.
fn missing_only_if_held(program: &Program, thing: Wanted) -> Result<(), String> {
    let Wanted::Slot {
        series: id,
        holder: false,
    } = thing
    else {
        return Ok(());
    };
    let declared = &program.series[id];
    let fewest = match declared.slots {
        Bound::Exactly(slots) => u64::from(slots),
        Bound::Any => fewest_slots(program, id),
    };
    if fewest > u64::from(declared.for_holders) {
        return Ok(());
    }
    Err(format!(
        "{} can be kept from everybody: it may have {}, and keeps {} for holders",
        declared.name, fewest, declared.for_holders
    ))
}

fn goes_forward(order: &[String], program: &Program, kinds: &[Kind]) -> Result<(), String> {
    // What the program does not have, nobody waits for, and nobody is kept from it.
    let things: Vec<Option<Wanted>> = order.iter().map(|text| read(program, text)).collect();
    for kind in kinds {
        let waits_for = || wanted(program, kind.waits_for);
        let asked = (things
            .iter()
            .position(|&thing| thing == Some(kind.waits_for)))
        .ok_or_else(|| format!("`{}` has no place in the order", waits_for()))?;
        for (held, thing) in things.iter().enumerate() {
            ask();
            if thing.is_some_and(|thing| keeps(kind, thing)) && held >= asked {
                return Err(format!(
                    "{} holds `{}` while it waits for `{}`, which comes no later",
                    program.templates[kind.template].name,
                    order[held],
                    waits_for()
                ));
            }
        }
    }
    Ok(())
}

fn no_solutions(
    sets: &[Set],
    program: &Program,
    locals: &Locals,
    kinds: &[Kind],
    observed: &Observed,
) -> Result<(), String> {
    let systems = systems(program, locals, kinds).ok_or("too much is waited for in circles")?;
    for system in systems {
        ask();
        let system = system?;
        observed.agrees_with(program, &system)?;
        let awaited = &system.awaited;
        let set = (sets.iter())
            .find(|set| set.awaited == *awaited && set.case == system.case)
            .ok_or_else(|| format!("nothing is said about tasks stuck on {awaited:?}"))?;
        if set.unknowns != system.unknowns {
            return Err(format!("the unknowns for {awaited:?} are others"));
        }
        let inequalities = system.inequalities();
        let follows = |inequality: &Inequality| inequalities.contains(inequality);
        if !set.inequalities.iter().all(follows) {
            return Err(format!("an inequality for {awaited:?} does not follow"));
        }
        let problem = problem(program, set.unknowns.len(), &set.inequalities);
        if !refutes(&problem, &set.refutation) {
            return Err(format!("the refutation for {awaited:?} does not hold"));
        }
    }
    Ok(())
}
