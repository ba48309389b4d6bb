//! The answer for programs.

use kmapcheck_scenario::Program;
use serde_json::{Value, json};

use super::decide::Decision;
use super::discipline::{Discipline, Held, Thing};
use super::sizes::{HoldersRow, ReservationRow};
use super::text::because;

/// The answer as JSON.
#[must_use]
pub fn render(
    program: &Program,
    pins: Option<u32>,
    decision: &Decision,
    holders: &[HoldersRow],
    reservations: &[ReservationRow],
) -> Value {
    let discipline = Discipline::of(program, pins);
    let pairs = discipline.pairs().into_iter().map(|pair| {
        let lies_in = match pair.held {
            Held::Slot { lies, .. } => Some(discipline.name(Thing::Series(lies))),
            Held::Lock(_) => None,
        };
        json!({
            "held": discipline.name(pair.held.judged()),
            "lies_in": lies_in,
            "asked": discipline.name(pair.asked),
            "because": because(&discipline, pair),
        })
    });
    let mut answer = json!({
        "model": program.model,
        "verdict": match decision {
            Decision::Sufficient(_) => "sufficient",
            Decision::NotSufficient(_) => "not-sufficient",
            Decision::Undecided(_) => "not-decided",
        },
        "pins": pins,
        "pairs": pairs.collect::<Vec<_>>(),
    });
    match decision {
        Decision::Sufficient(certificate) => {
            let words = certificate.hypotheses.iter().map(|h| h.words(pins));
            answer["hypotheses"] = json!(words.collect::<Vec<_>>());
            answer["certificate"] = json!(certificate);
        }
        Decision::NotSufficient(refuted) => {
            let findings = refuted.findings.iter().map(|kind| kind.name());
            answer["refutation"] = json!({
                "about": refuted.about,
                "tasks": refuted.tasks,
                "findings": findings.collect::<Vec<_>>(),
                "states": refuted.states,
                "scenario": refuted.scenario,
            });
        }
        Decision::Undecided(undecided) => {
            answer["undecided"] = json!({
                "why": undecided.why,
                "tried": undecided.tried,
                "searched": undecided.searched,
            });
        }
    }
    answer["for_holders"] = json!(
        (holders.iter())
            .map(|row| json!({
                "series": program.series[row.series].name,
                "slots": row.slots,
                "pins": row.pins,
                "least": row.least,
                "least_without_reuse": row.least_without_reuse,
            }))
            .collect::<Vec<_>>()
    );
    answer["reservations"] = json!(
        (reservations.iter())
            .map(|row| json!({
                "series": program.series[row.series].name,
                "pins": row.pins,
                "works": row.works,
            }))
            .collect::<Vec<_>>()
    );
    answer
}
