//! What an exploration says in the end: findings with their traces, and coverage.

use kmapcheck_machine::{Coverage, Finding, Outcome};
use kmapcheck_scenario::FindingKind;

use super::explore::{End, Explorer, Run};
use super::unfold;
use crate::candidates::Candidates;

impl Explorer<'_> {
    pub(super) fn outcome(mut self, end: End, starved: Option<Run>) -> Outcome {
        let program = self.table.program();
        let End {
            stopped,
            depth,
            exhaustive,
        } = end;
        let mut findings = Vec::new();
        for (kind, trace) in std::mem::take(&mut self.aimed) {
            findings.push(Finding {
                kind,
                trace,
                can_sleep: None,
                starved: None,
            });
        }
        if let Some(run) = starved {
            let (trace, task) = unfold::trace(&mut self, &run);
            findings.push(Finding {
                kind: FindingKind::Starved,
                trace,
                can_sleep: None,
                starved: task,
            });
        }
        let coverage = Coverage {
            states: self.visited.len() as u64,
            transitions: self.transitions,
            depth,
            exhaustive,
            never_executed: if exhaustive {
                crate::reference::never_executed(program, &self.executed)
            } else {
                Vec::new()
            },
            stored_bytes: None,
        };
        let found = std::mem::replace(&mut self.candidates, Candidates::new()).into_found();
        for (kind, run) in found {
            let can_sleep = match (kind, run.node) {
                (FindingKind::SleepInAtomic, Some(node)) => crate::reference::can_sleep(
                    program,
                    node,
                    self.sleeps_at.contains(&node),
                    exhaustive,
                ),
                _ => None,
            };
            let (trace, _) = unfold::trace(&mut self, &run);
            findings.push(Finding {
                kind,
                trace,
                can_sleep,
                starved: None,
            });
        }
        findings.sort_by_key(|finding| finding.kind);
        Outcome {
            engine: crate::Engine::Search.name(),
            findings,
            stopped,
            coverage,
        }
    }
}
