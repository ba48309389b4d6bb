//! In which order a report has its findings: what causes another comes before it.
//!
//! A misuse may be what a deadlock comes from, never the other way round: the cause has happened
//! when the effect shows. So findings are sorted by the earliest step at which each is known to
//! show, in its own trace or on the way to another finding. Whatever a trace shows on the way to a
//! finding therefore comes before that finding. Of those that first show at the same step, what a
//! task did comes before what tasks come to by it: a leak before the deadlock that it closes.

use kmapcheck_scenario::FindingKind;

use crate::report::Finding;

/// Sorts the findings of a report.
pub(crate) fn causes_first(findings: &mut [Finding]) {
    let traces: Vec<(FindingKind, usize)> = (findings.iter())
        .flat_map(|finding| {
            let on_the_way = (finding.trace.iter().zip(1..))
                .flat_map(|(step, number)| step.findings.iter().map(move |&kind| (kind, number)));
            on_the_way.chain([(finding.kind, finding.trace.len())])
        })
        .collect();
    let first = |kind: FindingKind| {
        let steps = traces.iter().filter(|&&(shown, _)| shown == kind);
        steps.map(|&(_, step)| step).min()
    };
    findings.sort_by_key(|finding| (first(finding.kind), is_a_state(finding.kind), finding.kind));
}

/// Whether the finding is a state that tasks have come to, not something that one of them did.
fn is_a_state(kind: FindingKind) -> bool {
    matches!(
        kind,
        FindingKind::Deadlock | FindingKind::TimeoutRescue | FindingKind::Starved
    )
}
