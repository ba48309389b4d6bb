//! All that a proof consists of, for who wants to check it without trusting who found it.

use kmapcheck_linear::{Problem, Refutation};
use kmapcheck_scenario::{Bound, Program, ResourceKind, Reuse};
use serde::{Deserialize, Serialize};

use super::discipline::{Discipline, Pair, Thing};
use super::equations::{Slots, Way};

/// What [`RuleCertificate::format`] says.
pub const FORMAT: &str = "kmapcheck-rule-certificate-1";

/// A proof that the rule of a model is sufficient.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleCertificate {
    /// [`FORMAT`].
    pub format: String,
    /// The model's name.
    pub model: String,
    /// The file that the model was read from: as seen from the certificate, or from where the
    /// prover ran. Left out of a model that goes by its name. It only says where to look: what is
    /// found there is held against all the rest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_from: Option<String>,
    /// Its series.
    pub series: Vec<SeriesFact>,
    /// The locks that the rule speaks of.
    pub locks: Vec<LockFact>,
    /// At most so many slots of a series at once for a task, as asked for; null: any number.
    pub pins: Option<u32>,
    /// Of which numbers of slots the claim is.
    pub slots: Slots,
    /// What the claim takes for granted of programs.
    pub hypotheses: Vec<Hypothesis>,
    /// All that the rule allows to hold while asking for something.
    pub pairs: Vec<PairFact>,
    /// Why nothing can deadlock.
    pub argument: Argument,
    /// SHA-256 of all the above as JSON without spaces: shows that something was changed.
    pub digest: String,
}

impl RuleCertificate {
    /// What is proved, and of which programs: a sentence, and a line for each hypothesis.
    #[must_use]
    pub fn claim(&self) -> String {
        let (model, slots) = (&self.model, self.slots.words());
        let hypotheses = self.list_of_hypotheses();
        format!(
            "the rule of {model} is sufficient, for any number of tasks and {slots}, if\n{}",
            hypotheses.trim_end()
        )
    }

    /// What a program has to keep to, a line each.
    #[must_use]
    pub fn list_of_hypotheses(&self) -> String {
        let line = |hypothesis: &Hypothesis| format!("  - {}\n", hypothesis.words(self.pins));
        self.hypotheses.iter().map(line).collect()
    }

    /// With the digest that belongs to it.
    #[must_use]
    pub fn sealed(self) -> RuleCertificate {
        let bare = RuleCertificate {
            digest: String::new(),
            ..self
        };
        RuleCertificate {
            digest: kmapcheck_verify::digest(&bare),
            ..bare
        }
    }
}

/// A series, as the proof takes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeriesFact {
    /// Its name.
    pub name: String,
    /// Its slots; null: any number.
    pub slots: Option<u32>,
    /// `any`, `own` or `none`.
    pub reuse: String,
    /// So many last slots are kept for holders.
    pub for_holders: u32,
    /// Place in the order; null: none.
    pub rank: Option<usize>,
}

/// A lock, as the proof takes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockFact {
    /// Its name.
    pub name: String,
    /// `spin`, `semaphore` or `rwsem`.
    pub kind: String,
    /// Units of a semaphore, unless they are the slots of a series.
    pub units: Option<u32>,
    /// The series whose slots it reserves.
    pub slots_of: Option<String>,
    /// Whether only who took it gives it back.
    pub owned: bool,
    /// Place in the order; null: none.
    pub rank: Option<usize>,
}

/// A pair, by names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PairFact {
    /// The lock held, or the series in which a slot held was asked for.
    pub held: String,
    /// The series in which the slot lies; null: it is a lock.
    pub lies_in: Option<String>,
    /// The series or lock asked for.
    pub asked: String,
    /// Whether what is asked for is a lock.
    pub asked_is_lock: bool,
}

/// Why nothing can deadlock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Argument {
    /// Every pair goes forward in this order.
    Order(Vec<OrderEntry>),
    /// For every set of things that could be waited for in a circle, no tasks satisfy what those
    /// that are stuck on one another would have to.
    Equations(Vec<CaseFact>),
}

/// A place in the order of [`Argument::Order`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrderEntry {
    /// The series or lock.
    pub name: String,
    /// Which of the two.
    pub is_lock: bool,
}

/// One case of the equations, refuted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseFact {
    /// What would be waited for.
    pub awaited: Vec<OrderEntry>,
    /// In which ways they are waited for, in the order of the unknowns.
    pub groups: Vec<(OrderEntry, Way)>,
    /// The inequalities.
    pub problem: Problem,
    /// That they have no solution.
    pub refutation: Refutation,
}

/// What a program that keeps the rule is taken to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Hypothesis {
    /// It has no order violation.
    AsksInOrder,
    /// The locks that the order names are what the model says that they are.
    LocksOfTheModel,
    /// Every task that is given what it asks for goes on, and in the end gives back all it holds.
    GivesBack,
    /// It waits only for slots and for the locks of the rule.
    WaitsForNothingElse,
    /// It calls nothing that may sleep in atomic context.
    SleepsInNoAtomicContext,
    /// It uses no page after freeing it, and frees none that somebody has mapped.
    UsesNoFreedPage,
    /// A task that can run is run in the end: CPUs are no resource.
    RunsOnceItCan,
    /// A task has at most so many slots of one series at once.
    FewPins,
    /// Series have more slots than they keep for holders.
    MoreSlotsThanKept,
    /// Series have the numbers of slots that the model gives.
    SlotsOfTheModel,
    /// Who asks for anything while it has a slot, or has units, has reserved all its slots before.
    Reserves,
}

impl Hypothesis {
    /// The hypotheses of a claim.
    #[must_use]
    pub fn of(discipline: &Discipline<'_>, slots: Slots) -> Vec<Hypothesis> {
        let ranked = (discipline.things().into_iter()).any(|t| discipline.rank(t).is_some());
        let keeps = discipline.program.series.iter().any(|s| s.for_holders > 0);
        let mut found = Vec::new();
        found.extend(ranked.then_some(Hypothesis::AsksInOrder));
        let locks = discipline.things().into_iter().any(Thing::is_lock);
        found.extend(locks.then_some(Hypothesis::LocksOfTheModel));
        found.extend(
            discipline
                .has_reservations()
                .then_some(Hypothesis::Reserves),
        );
        found.extend(discipline.pins.map(|_| Hypothesis::FewPins));
        found.extend([
            Hypothesis::GivesBack,
            Hypothesis::WaitsForNothingElse,
            Hypothesis::SleepsInNoAtomicContext,
            Hypothesis::UsesNoFreedPage,
            Hypothesis::RunsOnceItCan,
        ]);
        found.extend(match slots {
            Slots::AsInTheModel => Some(Hypothesis::SlotsOfTheModel),
            Slots::Any => keeps.then_some(Hypothesis::MoreSlotsThanKept),
        });
        found
    }

    /// In words.
    #[must_use]
    pub fn words(self, pins: Option<u32>) -> String {
        match self {
            Hypothesis::AsksInOrder => "each task asks only for things later in the order than all it holds (no order-violation)".into(),
            Hypothesis::LocksOfTheModel => "the locks of the rule are what the model says; of one that it only names, that it is a semaphore of one unit, given back by who took it".into(),
            Hypothesis::GivesBack => "each task, once it gets what it asks for, goes on and in the end gives back all it holds (no slot-leak, no lock-leak, no endless loop with something in hand)".into(),
            Hypothesis::WaitsForNothingElse => "while it holds something, it waits for slots of the model's series and the locks of the rule only; whatever else it waits for comes in the end (page locks, memory, mempools, completions, locks that the order does not name)".into(),
            Hypothesis::SleepsInNoAtomicContext => "it calls nothing that may sleep under a spinlock or an atomic map (no sleep-in-atomic)".into(),
            Hypothesis::UsesNoFreedPage => "pages may be private or shared, freed and allocated again, with whatever leftovers; but none is used after it is freed, or freed while mapped".into(),
            Hypothesis::RunsOnceItCan => "a task that can run is run in the end: CPUs are not counted".into(),
            Hypothesis::FewPins => match pins {
                Some(1) => "a task has at most one slot of a series at once, as asked for".into(),
                Some(n) => format!("a task has at most {n} slots of one series at once, as asked for"),
                None => "a task has few slots of one series at once: how many is not said".into(),
            },
            Hypothesis::MoreSlotsThanKept => "a series has more slots than it keeps for holders".into(),
            Hypothesis::SlotsOfTheModel => "the series have the numbers of slots that the model gives".into(),
            Hypothesis::Reserves => "a task reserves all the slots that it will have at once, of one series in one call and with no slot in hand; only who takes a single slot, and asks for nothing while it has it, reserves nothing".into(),
        }
    }
}

/// The series of a model as facts.
#[must_use]
pub fn series_facts(program: &Program) -> Vec<SeriesFact> {
    let facts = program.series.iter().map(|series| SeriesFact {
        name: series.name.clone(),
        slots: match series.slots {
            Bound::Exactly(slots) => Some(slots),
            Bound::Any => None,
        },
        reuse: match series.reuse {
            Reuse::Any => "any",
            Reuse::Own => "own",
            Reuse::None => "none",
        }
        .to_owned(),
        for_holders: series.for_holders,
        rank: series.rank,
    });
    facts.collect()
}

/// The locks of a rule as facts.
#[must_use]
pub fn lock_facts(discipline: &Discipline<'_>) -> Vec<LockFact> {
    let facts = discipline.locks.iter().map(|&lock| {
        let resource = &discipline.program.resources[lock];
        let slots_of = resource.follows;
        let (kind, units) = match resource.kind {
            ResourceKind::Spinlock => ("spin", None),
            ResourceKind::Rwsem { .. } => ("rwsem", None),
            ResourceKind::Semaphore { units, .. } => {
                ("semaphore", slots_of.is_none().then_some(units))
            }
            ResourceKind::Mempool { .. } | ResourceKind::Completion => ("other", None),
        };
        LockFact {
            name: resource.name.clone(),
            kind: kind.to_owned(),
            units,
            slots_of: slots_of.map(|series| discipline.program.series[series].name.clone()),
            owned: discipline.is_owned(lock),
            rank: resource.rank,
        }
    });
    facts.collect()
}

/// A pair by names.
#[must_use]
pub fn pair_fact(discipline: &Discipline<'_>, pair: Pair) -> PairFact {
    let lies = pair.held.lies;
    PairFact {
        held: discipline.name(pair.held.asked).to_owned(),
        lies_in: (!lies.is_lock()).then(|| discipline.name(lies).to_owned()),
        asked: discipline.name(pair.asked).to_owned(),
        asked_is_lock: pair.asked.is_lock(),
    }
}

/// A thing by name.
#[must_use]
pub fn entry(discipline: &Discipline<'_>, thing: Thing) -> OrderEntry {
    OrderEntry {
        name: discipline.name(thing).to_owned(),
        is_lock: thing.is_lock(),
    }
}
