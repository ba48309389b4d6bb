//! Idle waits in which tasks can come to rest: a good end, behind which a lost request can hide.
//!
//! An engine that looked has seen tasks at rest in some of them. If it visited every state, there
//! are no others; else no run is known to end in the others, nor that none does.

use kmapcheck_engine::Outcome;
use kmapcheck_machine::instances;
use kmapcheck_scenario::{Bound, OriginId, Patience, Program, TemplateId};

use crate::describe;
use crate::place::Place;
use crate::report::IdleWait;

/// The idle waits of a program in which tasks come to rest, or may, in program order. `None`: it has
/// no idle waits.
pub(crate) fn idle_waits(program: &Program, outcome: &Outcome) -> Option<Vec<IdleWait>> {
    if !program.has_patience(Patience::Idle) {
        return None;
    }
    let coverage = &outcome.coverage;
    let seen = coverage.rests.as_deref();
    let knows_all = coverage.exhaustive && seen.is_some();
    let mut told: Vec<(TemplateId, OriginId)> = Vec::new();
    let mut waits = Vec::new();
    for (id, template) in program.templates.iter().enumerate() {
        let runs = template.count == Bound::Any || instances(template.count) > 0;
        let idle = (template.nodes.iter().enumerate())
            .filter(|(_, node)| runs && node.patience == Patience::Idle);
        for (at, node) in idle {
            let wait = (id, node.origin);
            let is_seen = seen.is_some_and(|seen| seen.contains(&wait));
            let things: Vec<String> = (template.calls(at))
                .filter_map(|call| describe::awaited(program, id, template.nodes[call].op))
                .collect();
            if told.contains(&wait) || !is_seen && knows_all || things.is_empty() {
                continue;
            }
            told.push(wait);
            let origin = &program.origins[node.origin];
            waits.push(IdleWait {
                task: template.name.clone(),
                op: origin.text().to_owned(),
                waits_for: things.join(" or "),
                source: program.show_location(origin.location()),
                at: origin.at().map(str::to_owned),
                seen: is_seen,
                place: Place::in_program(program, origin.location()),
            });
        }
    }
    Some(waits)
}
