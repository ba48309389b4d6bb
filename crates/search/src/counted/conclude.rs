//! What an exploration says in the end: findings with their traces, and coverage.

use kmapcheck_engine::{Candidates, Coverage, Finding, Outcome};
use kmapcheck_machine::{Abilities, State, Trace, initial, run, steps, waiting_findings};
use kmapcheck_scenario::{FindingKind, Program};
use kmapcheck_stuck::stuck_sets::stuck_kinds;

use super::explore::{End, Explorer, Run};
use super::{few, unfold};
use crate::reduce::Reductions;

impl Explorer<'_> {
    /// The reductions by which this search differs from the default one, if it does.
    fn left_out(&self) -> Option<Vec<&'static str>> {
        (self.reductions != Reductions::COUNTED).then(|| self.reductions.names())
    }

    pub(super) fn outcome(mut self, end: End, starved: Option<Run>) -> Outcome {
        let program = self.table.program();
        let End {
            stopped,
            depth,
            exhaustive,
        } = end;
        let mut findings = Vec::new();
        for (kind, trace) in std::mem::take(&mut self.aimed) {
            let mut finding = Finding::of(kind, trace);
            if kind == FindingKind::Starved {
                let last = run(program, &finding.trace, |_, _, _, _| {});
                finding.starved = last.ok().and_then(|last| few::starving(program, &last));
            }
            findings.push(finding);
        }
        if let Some(run) = starved {
            let (trace, task) = unfold::trace(&mut self, &run);
            findings.push(Finding {
                starved: task,
                ..Finding::of(FindingKind::Starved, trace)
            });
        }
        let coverage = Coverage {
            states: self.visited.len() as u64,
            transitions: self.transitions,
            depth,
            exhaustive,
            never_executed: if exhaustive {
                kmapcheck_engine::never_executed(program, &self.executed)
            } else {
                Vec::new()
            },
            rests: Some(self.rests.seen()),
            open: (self.possible.flatten())
                .filter(|_| stopped.is_some())
                .map(|possible| self.candidates.news(possible)),
            stored_bytes: None,
            reductions: self.left_out(),
            fingerprint_bits: self.visited.fingerprint_bits(),
        };
        let found = std::mem::replace(&mut self.candidates, Candidates::new()).into_found();
        for (kind, run) in found {
            let can_sleep = match (kind, run.node) {
                (FindingKind::SleepInAtomic, Some(node)) => kmapcheck_engine::can_sleep(
                    program,
                    node,
                    self.sleeps_at.contains(&node),
                    // Whether a call ever waits depends on the order of steps.
                    exhaustive && self.chooser.is_none(),
                ),
                _ => None,
            };
            let (mut trace, _) = unfold::trace(&mut self, &run);
            if self.chooser.is_some() && kind != FindingKind::SleepInAtomic {
                cut(program, &self.abilities, kind, &mut trace);
            }
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

/// Ends a trace where it first shows the finding: in states that were passed through nobody looked.
fn cut(program: &Program, abilities: &Abilities, kind: FindingKind, trace: &mut Trace) {
    let shows = |state: &State| match kind {
        FindingKind::Deadlock | FindingKind::TimeoutRescue => {
            stuck_kinds(program, abilities, state).contains(kind)
        }
        kind => (state.tasks.iter())
            .any(|task| waiting_findings(program, task, &state.shared).contains(kind)),
    };
    let mut state = initial(program, &trace.start);
    for i in 0..trace.steps.len() {
        if shows(&state) {
            trace.steps.truncate(i);
            return;
        }
        let step = trace.steps[i];
        let successors = steps(program, &state.tasks[step.task], &state.shared);
        let successor = &successors[step.choice];
        if successor.findings.contains(kind) {
            trace.steps.truncate(i + 1);
            return;
        }
        state.advance(program, step.task, successor);
    }
}
