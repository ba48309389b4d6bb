//! What is seen on the way: findings of states and steps, coverage, counters without bound.

use kmapcheck_machine::{Findings, Standing};
use kmapcheck_scenario::{FindingKind, TemplateId};
use kmapcheck_stuck::stuck_sets::deadlocked_together;

use super::{CountedStep, Explorer, Run};
use crate::capacity::next_number;
use crate::counted::packed::Counts;
use crate::counted::table::Row;

impl Explorer<'_> {
    /// Findings and coverage of a step.
    pub(in crate::counted) fn note_step(
        &mut self,
        state: u32,
        step: CountedStep,
        row: Row,
        depth: u64,
    ) {
        let Some((template, at)) = self.note_executed(step.local, row) else {
            return;
        };
        for kind in self.candidates.news(row.findings).iter() {
            let node = Some((template, at));
            self.candidates.offer(kind, depth + 1, 0, || Run {
                state,
                last: Some(step),
                node,
                starving: None,
            });
        }
    }

    /// Coverage of a step by a task in that local state; where it is.
    pub(super) fn note_executed(&mut self, local: u32, row: Row) -> Option<(TemplateId, usize)> {
        let task = self.table.local(local).task();
        let (template, at) = (task.template, task.at?);
        let nodes = &self.table.program().templates[template].nodes;
        for node in [at, row.node as usize] {
            self.executed.insert((template, nodes[node].origin));
        }
        Some((template, at))
    }

    /// Findings of a new state.
    pub(in crate::counted) fn note_state(&mut self, number: u32, state: &Counts, depth: u64) {
        let (mut waits, mut may_rest) = (false, false);
        for &(local, _) in &state.tasks {
            let entry = self.table.entry(local, state.world);
            if let Standing::Waits(waiting) = entry.standing {
                waits = true;
                may_rest |= waiting.is_idle() && self.rests.would_be_news(self.node_of(local));
            }
            if !entry.waiting.is_empty() {
                self.note_waiting(number, local, entry.waiting, depth);
            }
        }
        let wanted = self.candidates.news(self.stuck_kinds);
        if may_rest || waits && !wanted.is_empty() {
            let stuck = self.stuck(state);
            for (&(local, _), _) in (state.tasks.iter().zip(&stuck.resting)).filter(|(_, r)| **r) {
                let node = self.node_of(local);
                self.rests.note(node);
            }
            let counts = |this: &mut Self| match this.split {
                Some(split) => {
                    this.judged(state, |scene| deadlocked_together(scene, |id| id < split))
                }
                None => true,
            };
            let kinds = stuck.kinds().intersection(wanted);
            let kinds = match kinds.is_empty() || counts(self) {
                true => kinds,
                false => Findings::NONE,
            };
            for kind in kinds.iter() {
                let rank = self.class_rank(state, kind);
                self.candidates.offer(kind, depth, rank, || Run {
                    state: number,
                    last: None,
                    node: None,
                    starving: None,
                });
            }
        }
    }

    /// Where a task that waits in that local state is.
    pub(crate) fn node_of(&self, local: u32) -> (TemplateId, usize) {
        let task = self.table.local(local).task();
        (
            task.template,
            task.at.expect("who waits is at an operation"),
        )
    }

    pub(super) fn note_waiting(&mut self, state: u32, local: u32, waiting: Findings, depth: u64) {
        let task = self.table.local(local).task();
        let Some(at) = task.at else { return };
        let node = (task.template, at);
        if waiting.contains(FindingKind::SleepInAtomic) {
            self.sleeps_at.insert(node);
        }
        for kind in self.candidates.news(waiting).iter() {
            self.candidates.offer(kind, depth, 0, || Run {
                state,
                last: None,
                node: Some(node),
                starving: None,
            });
        }
    }

    /// A counter that can grow without bound, among the local states and worlds not yet looked at.
    pub(crate) fn unbounded(&mut self) -> Option<String> {
        let bounds = self.bounds.as_ref()?;
        let program = self.table.program();
        let (locals, worlds) = self.bounded;
        self.bounded = (self.table.locals(), self.table.worlds());
        (locals..self.bounded.0)
            .find_map(|i| bounds.exceeded_by_task(program, self.table.local(next_number(i)).task()))
            .or_else(|| {
                (worlds..self.bounded.1).find_map(|i| {
                    bounds.exceeded_by_completion(
                        program,
                        self.table.world(next_number(i)).resources(),
                    )
                })
            })
    }
}
