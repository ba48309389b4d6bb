//! The answer for programs.

use kmapcheck_prove::rule::certificate::{RuleCertificate, pair_fact};
use kmapcheck_prove::rule::decide::Decision;
use kmapcheck_prove::rule::discipline::Discipline;
use kmapcheck_prove::rule::sizes::{HoldersRow, ReservationRow};
use kmapcheck_scenario::Program;
use serde::Serialize;

use super::text::because;

/// Whether the rule of a model is sufficient.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RuleReport {
    /// The model.
    pub model: String,
    /// The order that the model states, first to last; empty: it states none.
    pub order: Vec<String>,
    /// The answer.
    pub verdict: Verdict,
    /// At most so many slots of a series at once for a task; null: any number.
    pub pins: Option<u32>,
    /// All that the rule allows to hold while asking for something.
    pub pairs: Vec<AllowedPair>,
    /// Of a sufficient rule: what is taken for granted of programs that keep it, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hypotheses: Option<Vec<String>>,
    /// Of a sufficient rule: the proof, as `--certificate` writes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate: Option<RuleCertificate>,
    /// Of a rule that is not sufficient: the program that keeps it and deadlocks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refutation: Option<Counterexample>,
    /// Where neither was found: why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub undecided: Option<NotDecided>,
    /// For series that keep slots for holders, each by itself: how many have to be kept.
    pub for_holders: Vec<ForHolders>,
    /// For series whose slots are reserved, each by itself: for how many at once that does.
    pub reservations: Vec<Reservation>,
}

/// Whether a rule is sufficient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// No program that keeps it deadlocks.
    Sufficient,
    /// Some program that keeps it does.
    NotSufficient,
    /// Neither was found.
    NotDecided,
}

/// What may be held while something is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AllowedPair {
    /// The lock held, or the series in which a slot held was asked for.
    pub held: String,
    /// The series in which the slot lies; null: it is a lock.
    pub lies_in: Option<String>,
    /// The series or lock asked for.
    pub asked: String,
    /// Why the rule allows it.
    pub because: String,
}

/// A program that keeps the rule and deadlocks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Counterexample {
    /// What it does, in a sentence.
    pub about: String,
    /// How many tasks it has.
    pub tasks: usize,
    /// What the search finds in it, and nothing else.
    pub findings: Vec<&'static str>,
    /// The states that the search visited.
    pub states: u64,
    /// The text of the scenario, as `--write` writes it.
    pub scenario: String,
}

/// Why there is neither a proof nor a program that deadlocks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NotDecided {
    /// In words.
    pub why: String,
    /// Programs that were looked at.
    pub tried: u64,
    /// Those of them that the search was run on.
    pub searched: u64,
}

/// How many slots of a series have to be kept for holders.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ForHolders {
    /// The series.
    pub series: String,
    /// Its slots.
    pub slots: u32,
    /// At most so many at once for a task.
    pub pins: u32,
    /// So many have to be kept; null: no number will do.
    pub least: Option<u32>,
    /// The same with `"reuse": "none"`.
    pub least_without_reuse: Option<u32>,
}

/// Whether reserving the slots of a series is enough.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reservation {
    /// The series.
    pub series: String,
    /// At most so many at once for a task.
    pub pins: u32,
    /// Whether that is enough.
    pub works: bool,
}

/// The answer as an object.
#[must_use]
pub fn report(
    program: &Program,
    pins: Option<u32>,
    decision: &Decision,
    holders: &[HoldersRow],
    reservations: &[ReservationRow],
) -> RuleReport {
    let discipline = Discipline::of(program, pins);
    let pairs = discipline.pairs().into_iter().map(|pair| {
        let fact = pair_fact(&discipline, pair);
        AllowedPair {
            held: fact.held,
            lies_in: fact.lies_in,
            asked: fact.asked,
            because: because(&discipline, pair),
        }
    });
    let series = |id: usize| program.series[id].name.clone();
    let mut report = RuleReport {
        model: program.model.clone(),
        order: (discipline.stated_order().into_iter())
            .map(|thing| discipline.name(thing).to_owned())
            .collect(),
        verdict: Verdict::NotDecided,
        pins,
        pairs: pairs.collect(),
        hypotheses: None,
        certificate: None,
        refutation: None,
        undecided: None,
        for_holders: (holders.iter())
            .map(|row| ForHolders {
                series: series(row.series),
                slots: row.slots,
                pins: row.pins,
                least: row.least,
                least_without_reuse: row.least_without_reuse,
            })
            .collect(),
        reservations: (reservations.iter())
            .map(|row| Reservation {
                series: series(row.series),
                pins: row.pins,
                works: row.works,
            })
            .collect(),
    };
    match decision {
        Decision::Sufficient(certificate) => {
            let words = certificate.hypotheses.iter().map(|h| h.words(pins));
            report.verdict = Verdict::Sufficient;
            report.hypotheses = Some(words.collect());
            report.certificate = Some((**certificate).clone());
        }
        Decision::NotSufficient(refuted) => {
            report.verdict = Verdict::NotSufficient;
            report.refutation = Some(Counterexample {
                about: refuted.about.clone(),
                tasks: refuted.tasks,
                findings: refuted.findings.iter().map(|kind| kind.name()).collect(),
                states: refuted.states,
                scenario: refuted.scenario.clone(),
            });
        }
        Decision::Undecided(undecided) => {
            report.undecided = Some(NotDecided {
                why: undecided.why.clone(),
                tried: undecided.tried,
                searched: undecided.searched,
            });
        }
    }
    report
}
