//! The decision: proved, refuted, or neither.

use kmapcheck_linear::{Answer, solve};

use kmapcheck_scenario::Program;

use super::candidates;
use super::certificate::{
    Argument, CaseFact, FORMAT, Hypothesis, RuleCertificate, entry, lock_facts, pair_fact,
    series_facts,
};
use super::discipline::{Discipline, Pair};
use super::equations::{Slots, cases};
use super::refute::{self, Refuted};
use super::scenario::Place;

/// Pivots for each case of the equations.
const BUDGET: u64 = 50_000;

/// What to decide.
#[derive(Debug, Clone)]
pub struct Options {
    /// At most so many slots of a series at once for a task; `None`: any number.
    pub pins: Option<u32>,
    /// Where a refuting scenario would stand, and how it names the model.
    pub place: Place,
}

/// The answer.
#[derive(Debug, Clone)]
pub enum Decision {
    /// Every program that keeps the rule goes without deadlock.
    Sufficient(Box<RuleCertificate>),
    /// A program that keeps it deadlocks.
    NotSufficient(Box<Refuted>),
    /// Neither was found.
    Undecided(Undecided),
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undecided {
    /// In words.
    pub why: String,
    /// Programs that were looked at.
    pub tried: u64,
    /// Those that the arithmetic allowed, and the search was run on.
    pub searched: u64,
}

/// Decides whether the rule of a model is sufficient.
#[must_use]
pub fn decide(program: &Program, options: &Options) -> Decision {
    let discipline = Discipline::of(program, options.pins);
    let pairs = discipline.pairs();
    if discipline.is_empty() {
        return Decision::Undecided(Undecided {
            why: "the model declares no series, and no lock in an order, so there is no rule; \
                  the series that a scenario declares are judged with it: `kmapcheck check SCENARIO`"
                .into(),
            tried: 0,
            searched: 0,
        });
    }
    if let Some(series) = discipline.gives_nobody_a_slot() {
        return Decision::Undecided(Undecided {
            why: format!(
                "{} keeps all its slots for holders, so nobody is given a first one; \
                 give it more `slots` than its `for_holders`",
                program.series[series].name
            ),
            tried: 0,
            searched: 0,
        });
    }
    let lent = (discipline.locks.iter()).find(|&&lock| !discipline.is_owned(lock));
    if lent.is_none()
        && let Some(certificate) = prove(&discipline, &pairs)
    {
        return Decision::Sufficient(Box::new(certificate));
    }
    let found = candidates::each(&discipline, &pairs, |program| {
        refute::confirm(&discipline, program, &options.place)
    });
    match (found.confirmed, lent) {
        (Some(refuted), _) => Decision::NotSufficient(Box::new(refuted)),
        (None, Some(&lock)) => Decision::Undecided(Undecided {
            why: format!(
                "anybody may give back units of {}, and nothing says who does",
                program.resources[lock].name
            ),
            tried: found.tried,
            searched: found.searched,
        }),
        (None, None) => Decision::Undecided(Undecided {
            why: "there is no proof, and no small program that deadlocks was found".into(),
            tried: found.tried,
            searched: found.searched,
        }),
    }
}

/// A proof, by order or by equations.
fn prove(discipline: &Discipline<'_>, pairs: &[Pair]) -> Option<RuleCertificate> {
    if let Some(order) = discipline.order(pairs) {
        let order = order.into_iter().map(|thing| entry(discipline, thing));
        return Some(certificate(
            discipline,
            pairs,
            Slots::Any,
            Argument::Order(order.collect()),
        ));
    }
    [Slots::Any, Slots::AsInTheModel]
        .into_iter()
        .find_map(|slots| {
            let facts = refute_cases(discipline, pairs, slots)?;
            Some(certificate(
                discipline,
                pairs,
                slots,
                Argument::Equations(facts),
            ))
        })
}

/// All cases of the equations with their refutations; `None`: some case has none.
#[must_use]
pub fn refute_cases(
    discipline: &Discipline<'_>,
    pairs: &[Pair],
    slots: Slots,
) -> Option<Vec<CaseFact>> {
    let cases = cases(discipline, pairs, slots)?;
    let refuted = cases
        .into_iter()
        .map(|case| match solve(&case.problem, BUDGET) {
            Answer::Infeasible(refutation) => Some(CaseFact {
                awaited: case
                    .awaited
                    .iter()
                    .map(|&thing| entry(discipline, thing))
                    .collect(),
                groups: (case.groups.iter())
                    .map(|&(thing, way)| (entry(discipline, thing), way))
                    .collect(),
                problem: case.problem,
                refutation,
            }),
            Answer::Feasible(_) | Answer::Unknown(_) => None,
        });
    refuted.collect()
}

fn certificate(
    discipline: &Discipline<'_>,
    pairs: &[Pair],
    slots: Slots,
    argument: Argument,
) -> RuleCertificate {
    RuleCertificate {
        format: FORMAT.to_owned(),
        model: discipline.program.model.clone(),
        read_from: None,
        series: series_facts(discipline.program),
        locks: lock_facts(discipline),
        pins: discipline.pins,
        slots,
        hypotheses: Hypothesis::of(discipline, slots),
        pairs: pairs
            .iter()
            .map(|&pair| pair_fact(discipline, pair))
            .collect(),
        argument,
        digest: String::new(),
    }
    .sealed()
}
