//! Whether a certificate holds.

use std::collections::BTreeMap;

use kmapcheck_limits::ask;
use kmapcheck_linear::refutes;
use kmapcheck_machine::{Findings, Wanted};
use kmapcheck_scenario::{Bound, FindingKind, Program};

use crate::bounds::fewest_slots;
use crate::certificate::{By, Certificate, Counting, FORMAT, Inequality, Set};
use crate::closed::Closed;
use crate::flow::Flow;
use crate::kinds::{Kind, is_given, kinds};
use crate::names::{read, wanted};
use crate::observed::Observed;
use crate::ranks::{everybody_drains, everybody_rests, is_missing_only_if_held};
use crate::sets::keeps;
use crate::states::Places;
use crate::systems::{System, flow_systems, problem, systems};

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
    is_about_its_claims(certificate)?;
    let closed = Closed::of_written(program, &certificate.locals)?;
    if closed.written() != certificate.locals {
        return Err("what can happen in the local states is not as it is listed".into());
    }
    let subject = Subject {
        certificate,
        program,
        kinds: kinds(program, &closed)?,
        closed,
    };
    let written = subject.kinds.iter().map(|kind| kind.written(program));
    if !written.eq(certificate.waiting.iter().cloned()) {
        return Err("the kinds of waiting task are not those of the scenario".into());
    }
    subject.holds()
}

/// Nothing is claimed twice or not at all, and what no claim rests on is not there: it would not be
/// looked at.
fn is_about_its_claims(certificate: &Certificate) -> Result<(), String> {
    let rests_on = |by| certificate.rests_on(by);
    if certificate.excluded.is_empty() {
        return Err("it excludes nothing".into());
    }
    if (certificate.excluded.iter()).any(|excluded| excluded.kinds.is_empty()) {
        return Err("an argument excludes nothing".into());
    }
    if !certificate.order.is_empty() && !rests_on(By::Order) {
        return Err("there is an order, and no claim that rests on it".into());
    }
    if !certificate.sets.is_empty() && !rests_on(By::Equations) {
        return Err("there are inequalities, and no claim that rests on them".into());
    }
    if certificate.flow.is_some() && !rests_on(By::Flow) && !rests_on(By::NeverRefused) {
        return Err("steps are counted, and no claim rests on that".into());
    }
    if certificate
        .flow
        .as_ref()
        .is_some_and(|flow| !flow.sets.is_empty())
        && !rests_on(By::Flow)
    {
        return Err("there are inequalities, and no claim that rests on them".into());
    }
    match (rests_on(By::Drains), rests_on(By::Rests)) {
        (false, false) if !certificate.ranks.is_empty() => {
            Err("there are ranks, and no claim that rests on them".into())
        }
        (true, true) => Err("there is one list of ranks, and two arguments rest on it".into()),
        _ => Ok(()),
    }
}

/// A certificate with what was found anew.
struct Subject<'a> {
    certificate: &'a Certificate,
    program: &'a Program,
    closed: Closed,
    kinds: Vec<Kind>,
}

impl Subject<'_> {
    fn holds(&self) -> Result<(), String> {
        let rests_on = |by| self.certificate.rests_on(by);
        let flow = self.flow()?;
        let by_holding = rests_on(By::Order) || rests_on(By::Equations);
        if by_holding || rests_on(By::Flow) {
            self.nobody_is_stuck(flow.as_ref())?;
        } else if let Some(flow) = &flow {
            // What is said of any tasks is held against runs in any case.
            self.observed(Some(flow))?;
        }
        if rests_on(By::Drains) {
            if !by_holding && !is_missing_only_if_held(self.program) {
                return Err(
                    "that everybody lets go says nothing unless what is missing is held".into(),
                );
            }
            everybody_drains(self.program, &self.closed, &self.certificate.ranks)?;
        }
        if rests_on(By::Rests) {
            everybody_rests(self.program, &self.closed, &self.certificate.ranks)?;
        }
        for excluded in &self.certificate.excluded {
            let allowed = self.excluded_by(excluded.by, flow.as_ref());
            for kind in &excluded.kinds {
                if !allowed.iter().any(|allowed| allowed.name() == kind) {
                    return Err(format!("`{kind}` is not excluded by that argument"));
                }
            }
        }
        Ok(())
    }

    /// What an argument that holds excludes.
    fn excluded_by(&self, by: By, flow: Option<&Flow<'_>>) -> Findings {
        let stuck = [FindingKind::Deadlock, FindingKind::TimeoutRescue];
        let starved = Findings::of(FindingKind::Starved);
        match by {
            // Those who could give up are among the kinds of waiting task.
            By::Order | By::Equations | By::Flow => stuck.into_iter().collect(),
            By::Drains | By::Rests => starved,
            By::NoLoops if !self.program.has_loops() => starved,
            By::NoLoops => Findings::NONE,
            By::Locals | By::NeverRefused => {
                let flow = flow.filter(|_| by == By::NeverRefused);
                let is_so = |&(kind, task, at): &(FindingKind, usize, usize)| {
                    !flow.is_some_and(|flow| flow.never_shows(kind, task, at))
                };
                let shown = self.closed.shown().filter(is_so);
                let shown: Findings = shown.map(|(kind, ..)| kind).collect();
                let local = Findings::ALL.minus(stuck.into_iter().collect());
                local.minus(starved).minus(shown)
            }
        }
    }

    /// The state equation, if something rests on it: with the pools to which no give is refused, which
    /// is shown first.
    fn flow(&self) -> Result<Option<Flow<'_>>, String> {
        let rests_on = |by| self.certificate.rests_on(by);
        let Some(counting) = &self.certificate.flow else {
            return match rests_on(By::Flow) || rests_on(By::NeverRefused) {
                true => Err("a claim rests on counting steps, and none is counted".into()),
                false => Ok(None),
            };
        };
        let flow = Flow::of(self.program, &self.closed, &counting.never_refused)?;
        if flow.taken() != counting.steps {
            return Err("the steps are not those of the local states".into());
        }
        no_give_is_refused(&flow, counting)?;
        Ok(Some(flow))
    }

    fn observed(&self, flow: Option<&Flow<'_>>) -> Result<Observed, String> {
        let places = Places::of(self.program, &self.certificate.locals);
        let is_listed = |local: &_| places.place(local).is_some();
        Observed::of(self.program, &self.kinds, flow, &is_listed)
    }

    fn nobody_is_stuck(&self, flow: Option<&Flow<'_>>) -> Result<(), String> {
        let (certificate, program) = (self.certificate, self.program);
        let rests_on = |by| certificate.rests_on(by);
        if self.closed.leaks() {
            return Err("a task can end with what others wait for".into());
        }
        let is_given = |kind: &Kind| is_given(kind.waits_for);
        if (rests_on(By::Order) || rests_on(By::Equations)) && self.kinds.iter().any(is_given) {
            return Err("some task waits for what nobody need hold for it to be missing".into());
        }
        // The arguments rest on the kinds: they are held against runs.
        let observed = self.observed(flow)?;
        for kind in &self.kinds {
            missing_only_if_held(program, kind.waits_for)?;
        }
        if rests_on(By::Order) {
            goes_forward(&certificate.order, program, &self.kinds)?;
        }
        if rests_on(By::Equations) {
            let systems = systems(program, &self.closed, &self.kinds)
                .ok_or("too much is waited for in circles")?;
            no_solutions(&certificate.sets, program, systems, &observed)?;
        }
        if let (true, Some(flow), Some(counting)) = (rests_on(By::Flow), flow, &certificate.flow) {
            let systems = flow_systems(flow, &self.closed)?;
            no_solutions(&counting.sets, program, systems, &observed)?;
        }
        Ok(())
    }
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
    systems: impl Iterator<Item = Result<System, String>>,
    observed: &Observed,
) -> Result<(), String> {
    let mut stated: BTreeMap<(&[String], &[String]), &Set> = BTreeMap::new();
    for set in sets {
        // What is said twice is said by the first.
        stated.entry((&set.awaited, &set.case)).or_insert(set);
    }
    for system in systems {
        ask();
        let system = system?;
        observed.agrees_with(program, &system)?;
        let awaited = &system.awaited;
        let set = (stated.get(&(awaited.as_slice(), system.case.as_slice())))
            .ok_or_else(|| format!("nothing is said about tasks stuck on {awaited:?}"))?;
        if set.unknowns != system.unknowns || set.at != system.at {
            return Err(format!("the unknowns for {awaited:?} are others"));
        }
        let follows = system.inequalities();
        if !all_follow(&set.inequalities, &follows) {
            return Err(format!("an inequality for {awaited:?} does not follow"));
        }
        let problem = problem(system.variables, &set.inequalities);
        if !refutes(&problem, &set.refutation) {
            return Err(format!("the refutation for {awaited:?} does not hold"));
        }
    }
    Ok(())
}

fn all_follow(stated: &[Inequality], follows: &[Inequality]) -> bool {
    let follows: std::collections::BTreeSet<&Inequality> = follows.iter().collect();
    stated.iter().all(|inequality| follows.contains(inequality))
}

/// For each operation that gives to a pool to which no give is to be refused: that no task is about to
/// give more than there can be, as long as none was refused. So none ever is the first.
fn no_give_is_refused(flow: &Flow<'_>, counting: &Counting) -> Result<(), String> {
    let gives = flow.gives();
    if gives.len() != counting.gives.len() {
        return Err("not each give to pools to which none is refused is looked at".into());
    }
    for ((_, task, at, follows), stated) in gives.into_iter().zip(&counting.gives) {
        ask();
        let name = &flow.program.templates[task].name;
        if (stated.task, stated.at) != (task, at) {
            return Err(format!("a give by {name} is not looked at"));
        }
        if !all_follow(&stated.inequalities, &follows) {
            return Err(format!(
                "an inequality about a give by {name} does not follow"
            ));
        }
        let problem = problem(1 + flow.unknowns(), &stated.inequalities);
        if !refutes(&problem, &stated.refutation) {
            return Err(format!("a give by {name} may be refused"));
        }
    }
    Ok(())
}
