//! A trace, walked on the machine: its steps in words, and who holds what at its end.

use kmapcheck_limits::ask;
use kmapcheck_machine::{
    ReplayError, State, Successor, TaskId, Trace, TraceStep, waiting_findings,
};
use kmapcheck_scenario::{Bound, FindingKind, Program};

use crate::describe;
use crate::ledger::{Entry, Ledger};
use crate::names::Names;
use crate::place::Place;
use crate::report::{SlotUsage, Step};
use crate::summary::Moment;

/// A walked trace.
pub(crate) struct Walk {
    steps: Vec<Step>,
    /// Who holds what after the last step.
    pub ledger: Ledger,
    /// The state after the last step.
    pub last: State,
    /// The last step, and the ledger before it.
    final_step: Option<(TaskId, Successor, Ledger)>,
}

impl Walk {
    /// Runs the trace on the machine.
    pub(crate) fn take(
        program: &Program,
        names: &Names,
        trace: &Trace,
    ) -> Result<Walk, ReplayError> {
        let nothing_yet = Trace {
            start: trace.start.clone(),
            steps: Vec::new(),
        };
        let start = kmapcheck_machine::run(program, &nothing_yet, |_, _, _, _| {})?;
        let mut ledger = Ledger::new(&start);
        let mut steps = Vec::with_capacity(trace.steps.len());
        let mut final_step = None;
        let count = trace.steps.len();
        let mut used = vec![false; program.series.len()];
        note_used(&mut used, &start);
        let last = kmapcheck_machine::run(
            program,
            trace,
            |i, TraceStep { task, .. }, successor, state| {
                ask();
                let before = (i + 1 == count).then(|| ledger.clone());
                let node = ledger.before(task).at;
                ledger.record(program, i + 1, task, successor, state);
                note_used(&mut used, state);
                steps.push(step(
                    program,
                    names,
                    &ledger,
                    task,
                    node.unwrap_or_default(),
                    successor,
                    state,
                ));
                final_step = before.map(|ledger| (task, successor.clone(), ledger));
            },
        )?;
        for step in &mut steps {
            let mut used = used.iter();
            step.slots.retain(|_| used.next().copied().unwrap_or(false));
        }
        Ok(Walk {
            steps,
            ledger,
            last,
            final_step,
        })
    }

    /// The task that a finding of this kind is about and a sentence; `None` if the trace does not
    /// end with such a finding.
    pub(crate) fn tell(
        &self,
        program: &Program,
        names: &Names,
        kind: FindingKind,
        can_sleep: Option<bool>,
    ) -> Option<(TaskId, String)> {
        if let Some((task, done, before)) = self
            .final_step
            .as_ref()
            .filter(|(_, done, _)| done.findings.contains(kind))
        {
            let lost: &[Entry] = self.ledger.lost_by(*task);
            let moment = Moment {
                program,
                names,
                ledger: before,
                task: *task,
                done: Some(done),
                lost,
            };
            return Some((*task, moment.summary(kind, can_sleep)));
        }
        let waits = |task: &TaskId| {
            waiting_findings(program, &self.last.tasks[*task], &self.last.shared).contains(kind)
        };
        let task = (0..self.last.tasks.len()).find(waits)?;
        let moment = Moment {
            program,
            names,
            ledger: &self.ledger,
            task,
            done: None,
            lost: &[],
        };
        Some((task, moment.summary(kind, can_sleep)))
    }

    pub(crate) fn into_steps(self) -> Vec<Step> {
        self.steps
    }
}

fn note_used(used: &mut [bool], state: &State) {
    for (used, usage) in used.iter_mut().zip(&state.shared.usage) {
        *used |= usage.in_use > 0 || usage.stale > 0;
    }
}

fn step(
    program: &Program,
    names: &Names,
    ledger: &Ledger,
    task: TaskId,
    node: usize,
    successor: &Successor,
    state: &State,
) -> Step {
    let template = successor.task.template;
    let origin = &program.origins[program.templates[template].nodes[node].origin];
    let location = origin.location();
    Step {
        task: names.name(task),
        op: origin.text().to_owned(),
        written: (origin.written() != origin.text()).then(|| origin.written().to_owned()),
        source: program.show_location(location),
        block: program.block_of(origin).map(str::to_owned),
        at: origin.at().map(str::to_owned),
        note: origin.note().map(str::to_owned),
        effect: describe::effect(program, successor),
        findings: successor.findings.iter().collect(),
        holds: ledger
            .of(task)
            .map(|entry| describe::holding(program, template, entry))
            .collect(),
        slots: program
            .series
            .iter()
            .zip(&state.shared.usage)
            .map(|(series, usage)| SlotUsage {
                series: series.name.clone(),
                in_use: usage.in_use,
                stale: usage.stale,
                of: match series.slots {
                    Bound::Exactly(slots) => Some(slots),
                    Bound::Any => None,
                },
            })
            .collect(),
        who: names.who(task),
        node,
        place: Place::in_program(program, location),
        thing: describe::thing(
            program,
            template,
            program.templates[template].nodes[node].op,
        ),
        plain: describe::is_plain(successor),
    }
}
