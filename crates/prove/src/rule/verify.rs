//! Whether a certificate holds, found out in another way than it was made.
//!
//! The pairs are not computed from policies and places here; the machine is asked. For each two
//! things, a program of two operations is built that takes the one and asks for the other, with
//! whatever leftover it takes for the slot to lie where it is said to, and the machine says whether
//! that happens and whether it breaks the order or sleeps in atomic context. What no machine knows
//! is added by enumeration: how many slots a task has at once, and that reservations are made with
//! nothing in hand. The order of an argument by order is then held against every pair; the
//! refutations of an argument by equations are checked by `kmapcheck_linear::refutes`, for every
//! subset of things that the pairs connect in a circle, found by brute force. What the equations
//! say, [`equations`](super::equations) alone knows: that part is not independent.

use std::collections::BTreeSet;

use kmapcheck_limits::ask;
use kmapcheck_linear::refutes;
use kmapcheck_machine::{Map, Start, State, initial};
use kmapcheck_report::words::article;
use kmapcheck_scenario::{
    Bound, FindingKind, Node, Op, PageDecl, Patience, Program, Ref, ResourceKind, StaleIn, Target,
    Template, Variable,
};

use super::certificate::{
    Argument, CaseFact, FORMAT, Hypothesis, OrderEntry, PairFact, RuleCertificate, SeriesFact,
    entry, lock_facts, pair_fact, series_facts,
};
use super::discipline::{Discipline, Held, Pair, Thing};
use super::equations::{Slots, cases};

/// Things in circles whose every set can be looked at.
const MOST_IN_CIRCLES: usize = 20;

/// Checks a certificate against a model.
///
/// # Errors
///
/// What is wrong with it, in words.
pub fn verify_rule(certificate: &RuleCertificate, model: &Program) -> Result<(), String> {
    let require = |so: bool, what: &str| if so { Ok(()) } else { Err(what.to_owned()) };
    require(
        certificate.digest == certificate.clone().sealed().digest,
        "the digest does not match: something was changed after it was written",
    )?;
    let discipline = Discipline::of(model, certificate.pins);
    require(
        certificate.format == FORMAT,
        "it is not of a format known here",
    )?;
    require(
        certificate.model == model.model,
        "it is about another model",
    )?;
    require(
        !discipline.is_empty(),
        "the model declares no series and no lock of a rule",
    )?;
    require(certificate.pins != Some(0), "nobody takes a slot")?;
    require(
        certificate.series == series_facts(model),
        "the model's series are different",
    )?;
    require(
        certificate.locks == lock_facts(&discipline),
        "the locks of the model's rule are different",
    )?;
    require(
        certificate.locks.iter().all(|lock| lock.owned),
        "anybody may give back units of a semaphore",
    )?;
    require(
        certificate.hypotheses == Hypothesis::of(&discipline, certificate.slots),
        "its hypotheses are not those of the claim",
    )?;
    let more_than_kept = |series: &SeriesFact| series.slots.is_none_or(|n| n > series.for_holders);
    require(
        certificate.series.iter().all(more_than_kept),
        "a series keeps all its slots for holders",
    )?;
    let found = allowed(&discipline);
    let stated: BTreeSet<&PairFact> = certificate.pairs.iter().collect();
    require(
        stated.len() == certificate.pairs.len(),
        "a pair stands there twice",
    )?;
    if let Some(pair) = found.iter().find(|pair| !stated.contains(pair)) {
        return Err(format!(
            "the rule also allows to hold {} and ask for {}",
            shown(pair),
            pair.asked
        ));
    }
    if let Some(pair) = stated.iter().find(|pair| !found.contains(**pair)) {
        return Err(format!(
            "the rule does not allow to hold {} and ask for {}",
            shown(pair),
            pair.asked
        ));
    }
    match &certificate.argument {
        Argument::Order(order) => {
            require(
                certificate.slots == Slots::Any,
                "an argument by order is about all slots",
            )?;
            goes_forward(&discipline, order, &found)
        }
        Argument::Equations(facts) => refuted(&discipline, certificate.slots, facts, &found),
    }
}

fn shown(pair: &PairFact) -> String {
    match &pair.lies_in {
        Some(lies) => format!("{} slot in {lies}", article(&pair.held)),
        None => pair.held.clone(),
    }
}

/// Every pair goes from an earlier place of the order to a later one.
fn goes_forward(
    discipline: &Discipline<'_>,
    order: &[OrderEntry],
    pairs: &BTreeSet<PairFact>,
) -> Result<(), String> {
    let place = |name: &str, is_lock: bool| {
        (order
            .iter()
            .position(|entry| entry.name == name && entry.is_lock == is_lock))
        .ok_or_else(|| format!("{name} has no place in the order"))
    };
    if order.len() != discipline.things().len() {
        return Err("the order does not have everything once".into());
    }
    for thing in discipline.things() {
        place(discipline.name(thing), thing.is_lock())?;
    }
    for pair in pairs {
        ask();
        let from = match &pair.lies_in {
            Some(lies) => place(lies, false)?,
            None => place(&pair.held, true)?,
        };
        if from >= place(&pair.asked, pair.asked_is_lock)? {
            return Err(format!(
                "{} -> {} does not go forward",
                shown(pair),
                pair.asked
            ));
        }
    }
    Ok(())
}

/// Every circle has its cases, and each of them is refuted.
fn refuted(
    discipline: &Discipline<'_>,
    slots: Slots,
    facts: &[CaseFact],
    pairs: &BTreeSet<PairFact>,
) -> Result<(), String> {
    let own = cases(discipline, &discipline.pairs(), slots).ok_or("there are too many circles")?;
    let things = discipline.things();
    let named = |thing: Thing| {
        (
            discipline.name(thing).to_owned(),
            matches!(thing, Thing::Lock(_)),
        )
    };
    let names: Vec<(String, bool)> = things.iter().map(|&thing| named(thing)).collect();
    for circle in circles(&names, pairs)? {
        ask();
        let set: Vec<Thing> = circle.iter().map(|&i| things[i]).collect();
        if !own.iter().any(|case| case.awaited == set) {
            let names: Vec<&(String, bool)> = circle.iter().map(|&i| &names[i]).collect();
            return Err(format!("nothing is said of {names:?}"));
        }
    }
    if own.len() != facts.len() {
        return Err("it has more or fewer cases than there are".into());
    }
    for (case, fact) in own.iter().zip(facts) {
        let awaited: Vec<(String, bool)> = case.awaited.iter().map(|&thing| named(thing)).collect();
        let stated: Vec<(String, bool)> = fact
            .awaited
            .iter()
            .map(|entry| (entry.name.clone(), entry.is_lock))
            .collect();
        let groups: Vec<_> = (case.groups.iter())
            .map(|&(thing, way)| (entry(discipline, thing), way))
            .collect();
        if awaited != stated || groups != fact.groups || case.problem != fact.problem {
            return Err(format!("the equations about {awaited:?} are others"));
        }
        if !refutes(&fact.problem, &fact.refutation) {
            return Err(format!("the equations about {awaited:?} are not refuted"));
        }
    }
    Ok(())
}

/// Every set of names, by their positions, in which each leads to each by paths of pairs among them.
///
/// # Errors
///
/// If there are too many to look at every set.
fn circles(
    names: &[(String, bool)],
    pairs: &BTreeSet<PairFact>,
) -> Result<Vec<Vec<usize>>, String> {
    // What no path leads back to is in no circle.
    let leads = leads_to(names, pairs);
    let round: Vec<usize> = (0..names.len()).filter(|&i| leads[i][i]).collect();
    if round.len() > MOST_IN_CIRCLES {
        return Err(format!(
            "{} series and locks are in circles; of at most {MOST_IN_CIRCLES} every set can be looked at",
            round.len()
        ));
    }
    let sets = (1u32..1 << round.len()).map(|set| -> Vec<usize> {
        let chosen = (0..round.len()).filter(|i| set >> i & 1 == 1);
        chosen.map(|i| round[i]).collect()
    });
    let in_a_circle = |set: &Vec<usize>| {
        let names: Vec<(String, bool)> = set.iter().map(|&i| names[i].clone()).collect();
        leads_to(&names, pairs).iter().flatten().all(|&leads| leads)
    };
    Ok(sets.filter(in_a_circle).collect())
}

/// Which name leads to which, by paths of pairs among them: transitive closure by brute force.
fn leads_to(names: &[(String, bool)], pairs: &BTreeSet<PairFact>) -> Vec<Vec<bool>> {
    let n = names.len();
    let mut leads = vec![vec![false; n]; n];
    for pair in pairs {
        let from = match &pair.lies_in {
            Some(lies) => (lies.clone(), false),
            None => (pair.held.clone(), true),
        };
        let to = (pair.asked.clone(), pair.asked_is_lock);
        let find = |name| names.iter().position(|known| *known == name);
        if let (Some(from), Some(to)) = (find(from), find(to)) {
            leads[from][to] = true;
        }
    }
    for middle in 0..n {
        for from in 0..n {
            ask();
            for to in 0..n {
                leads[from][to] |= leads[from][middle] && leads[middle][to];
            }
        }
    }
    leads
}

/// All that the machine lets a task hold while it asks for something, without breaking the rule.
fn allowed(discipline: &Discipline<'_>) -> BTreeSet<PairFact> {
    let model = discipline.program;
    let series = model.series.len();
    let fact = |held, asked| pair_fact(discipline, Pair { held, asked });
    let mut found = BTreeSet::new();
    for asks in discipline.things() {
        for asked in 0..series {
            for lies in 0..series {
                ask();
                let held = Held::slot(asked, lies);
                let rationed = asks == Thing::Series(asked) && discipline.pins == Some(1);
                let reserves_late =
                    matches!(asks, Thing::Lock(lock) if model.resources[lock].follows.is_some());
                if !rationed && !reserves_late && machine_allows(model, held, asks) {
                    found.insert(fact(held, asks));
                }
            }
        }
        for &lock in &discipline.locks {
            let held = Held::from(Thing::Lock(lock));
            let again = asks == held.lies && model.resources[lock].follows.is_some();
            if !again && machine_allows(model, held, asks) {
                found.insert(fact(held, asks));
            }
        }
    }
    found
}

/// Whether a task can come to hold the one, and then call for the other with nothing wrong in it.
fn machine_allows(model: &Program, held: Held, asks: Thing) -> bool {
    let leftover = match held.lies {
        Thing::Series(lies) if held.asked != held.lies => {
            if !model.series[lies].reuse.keeps_mappings() {
                return false;
            }
            vec![lies]
        }
        _ => Vec::new(),
    };
    let take = |thing: Thing, page: usize| match thing {
        Thing::Series(series) => Op::Kmap {
            page: Ref::Own(page),
            series,
        },
        Thing::Lock(lock) => {
            let kind = model.resources[lock].kind;
            let lock = Ref::Shared(lock);
            match kind {
                ResourceKind::Spinlock => Op::SpinLock { lock },
                ResourceKind::Rwsem { .. } => Op::DownRead { lock },
                ResourceKind::Semaphore { .. }
                | ResourceKind::Mempool { .. }
                | ResourceKind::Completion => Op::Down { pool: lock, n: 1 },
            }
        }
    };
    let ops = [take(held.asked, 0), take(asks, 1)];
    let program = two_operations(model, ops, leftover);
    let start = initial(&program, &Start::default());
    for (first, then) in start.successors(&program, 0) {
        let wrong = |findings: kmapcheck_machine::Findings| {
            findings.contains(FindingKind::OrderViolation)
                || findings.contains(FindingKind::SleepInAtomic)
        };
        if wrong(first.findings) || !holds(&then, held) {
            continue;
        }
        let waiting = kmapcheck_machine::waiting_findings(&program, &then.tasks[0], &then.shared);
        let second = then.successors(&program, 0);
        if !wrong(waiting) && !second.iter().any(|(step, _)| wrong(step.findings)) {
            return true;
        }
    }
    false
}

/// Whether the task has just that.
fn holds(state: &State, held: Held) -> bool {
    let task = &state.tasks[0];
    match held.lies {
        Thing::Series(_) => matches!(task.maps[..],
            [Map::Pin { asked, lies, .. }] if Held::slot(asked, lies) == held),
        Thing::Lock(lock) => (task.held.iter()).any(|held| held.what == Ref::Shared(lock)),
    }
}

/// A program of one task that does two things, with one page mapped at the start as `leftover` says.
fn two_operations(model: &Program, ops: [Op; 2], leftover: Vec<usize>) -> Program {
    let mut program = model.clone();
    for series in &mut program.series {
        // Numbers of a file are small: there are greater ones.
        series.slots = Bound::Exactly(series.for_holders.saturating_add(3));
    }
    for resource in &mut program.resources {
        if let ResourceKind::Semaphore { units, .. } = &mut resource.kind {
            *units = (*units).max(3);
        }
    }
    let page = |name: &str, stale_in| Variable {
        name: name.to_owned(),
        page: Some(PageDecl {
            name: name.to_owned(),
            highmem: true,
            stale_in,
        }),
    };
    let go = |node| Target { node, round: false };
    let node = |op, next| Node {
        op,
        next: vec![go(next)],
        patience: Patience::Endless,
        origin: 0,
    };
    program.templates = vec![Template {
        name: "task".into(),
        count: Bound::Exactly(1),
        vars: vec![
            page("first", StaleIn::Exactly(leftover)),
            page("second", StaleIn::Exactly(Vec::new())),
        ],
        resources: Vec::new(),
        nodes: vec![node(ops[0], Some(1)), node(ops[1], None)],
        entry: go(Some(0)),
    }];
    program
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slot(held: usize, asked: usize) -> PairFact {
        PairFact {
            held: held.to_string(),
            lies_in: Some(held.to_string()),
            asked: asked.to_string(),
            asked_is_lock: false,
        }
    }

    /// Of thirty series, the last three ask for one another in two circles.
    #[test]
    fn circles_are_found_wherever_they_are() {
        let names: Vec<(String, bool)> = (0..30).map(|i| (i.to_string(), false)).collect();
        let order = (1..30).map(|i| slot(i - 1, i));
        let pairs: BTreeSet<PairFact> = order.chain([slot(29, 28), slot(28, 27)]).collect();
        assert_eq!(
            circles(&names, &pairs),
            Ok(vec![vec![27, 28], vec![28, 29], vec![27, 28, 29]])
        );
        let all: BTreeSet<PairFact> = pairs.iter().cloned().chain([slot(29, 0)]).collect();
        assert!(circles(&names, &all).is_err_and(|said| said.starts_with("30 series")));
    }
}
