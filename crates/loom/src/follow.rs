//! Follows the log of an execution on the machine.
//!
//! The machine may take a step in several ways; the log says what the allocator did. All machine
//! states that fit the log so far are kept, and there must always be one. Consecutive executions
//! have most of their logs in common, so what fits a prefix is kept with it.

use std::fmt;
use std::rc::Rc;

use kmapcheck_machine::{
    Findings, Standing, Start, State, Trace, TraceStep, initial, waiting_findings,
};
use kmapcheck_scenario::Program;

use crate::recorder::{Event, What};

/// The allocator did something that the machine cannot do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disagreement {
    /// What, in words.
    pub what: String,
    /// The part of the execution that the machine can follow.
    pub trace: Trace,
    /// What the tasks did on the allocator, up to and with what the machine cannot do.
    pub log: Vec<Event>,
}

impl Disagreement {
    /// The log in words, a line for each event.
    #[must_use]
    pub fn lines(&self, program: &Program) -> Vec<String> {
        let templates = crate::kernel::Layout::of(program).templates;
        self.log
            .iter()
            .map(|event| {
                let template = templates.get(event.task).copied().unwrap_or_default();
                let node = &program.templates[template].nodes[event.node];
                let what = match &event.what {
                    What::Step { effect, .. } => format!("{effect:?}"),
                    What::Waits { .. } => "goes to sleep".to_owned(),
                    What::Bug(what) => format!("BUG: {what}"),
                };
                let name = kmapcheck_machine::task_name(program, event.task);
                format!("{name}: {}: {what}", program.origins[node.origin].text())
            })
            .collect()
    }
}

impl fmt::Display for Disagreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the allocator and the machine disagree: {}", self.what)
    }
}

impl std::error::Error for Disagreement {}

/// A machine state that fits a log, and how it was come to.
pub(crate) struct Fit {
    pub(crate) state: Rc<State>,
    parent: usize,
    step: Option<TraceStep>,
}

/// The states that fit a prefix of the log.
struct Level {
    event: Event,
    fits: Vec<Fit>,
}

/// Follows logs that begin in the same initial state.
pub(crate) struct Follower<'a> {
    program: &'a Program,
    start: Start,
    first: Vec<Fit>,
    levels: Vec<Level>,
}

impl<'a> Follower<'a> {
    pub(crate) fn new(program: &'a Program, start: Start) -> Self {
        let first = Fit {
            state: Rc::new(initial(program, &start)),
            parent: 0,
            step: None,
        };
        Follower {
            program,
            start,
            first: vec![first],
            levels: Vec::new(),
        }
    }

    pub(crate) fn start(&self) -> &Start {
        &self.start
    }

    /// Follows a log; returns how many events it has in common with the one before.
    pub(crate) fn follow(&mut self, events: &[Event]) -> Result<usize, Disagreement> {
        let common = self
            .levels
            .iter()
            .zip(events)
            .take_while(|(level, event)| level.event == **event)
            .count();
        self.levels.truncate(common);
        for (i, event) in events.iter().enumerate().skip(common) {
            let mut fits: Vec<Fit> = Vec::new();
            for (parent, fit) in self.fits(i).iter().enumerate() {
                for (step, state) in self.fitting(&fit.state, event) {
                    if !fits.iter().any(|known| known.state == state) {
                        fits.push(Fit {
                            state,
                            parent,
                            step,
                        });
                    }
                }
            }
            if fits.is_empty() {
                return Err(self.disagreement(self.words(i, event), &events[..=i]));
            }
            self.levels.push(Level {
                event: event.clone(),
                fits,
            });
        }
        Ok(common)
    }

    /// The states after so many events.
    pub(crate) fn fits(&self, events: usize) -> &[Fit] {
        match events {
            0 => &self.first,
            n => &self.levels[n - 1].fits,
        }
    }

    /// The trace to one of the states after so many events.
    pub(crate) fn trace(&self, events: usize, mut fit: usize) -> Trace {
        let mut steps = Vec::new();
        for n in (1..=events).rev() {
            let here = &self.levels[n - 1].fits[fit];
            steps.extend(here.step);
            fit = here.parent;
        }
        steps.reverse();
        Trace {
            start: self.start.clone(),
            steps,
        }
    }

    /// The index, one event earlier, of the state that one after so many events was come to from.
    pub(crate) fn parent(&self, events: usize, fit: usize) -> usize {
        self.levels[events - 1].fits[fit].parent
    }

    pub(crate) fn disagreement(&self, what: String, log: &[Event]) -> Disagreement {
        Disagreement {
            what,
            trace: self.trace(self.levels.len(), 0),
            log: log.to_vec(),
        }
    }

    /// The machine states that a state leads to by what the event says.
    fn fitting(&self, state: &Rc<State>, event: &Event) -> Vec<(Option<TraceStep>, Rc<State>)> {
        let task = &state.tasks[event.task];
        if task.at != Some(event.node) {
            return Vec::new();
        }
        match &event.what {
            What::Step {
                branch,
                effect,
                findings,
            } => {
                let node = &self.program.templates[task.template].nodes[event.node];
                let next = branch.map_or(task.at, |branch| node.next[branch].node);
                kmapcheck_machine::steps(self.program, task, &state.shared)
                    .into_iter()
                    .enumerate()
                    .filter(|(_, successor)| {
                        successor.effect == *effect
                            && successor.findings == *findings
                            && successor.task.at == next
                    })
                    .map(|(choice, successor)| {
                        let next = state.after(self.program, event.task, &successor);
                        (
                            Some(TraceStep {
                                task: event.task,
                                choice,
                            }),
                            Rc::new(next),
                        )
                    })
                    .collect()
            }
            What::Waits { findings } => {
                let waits = matches!(state.standing(self.program, event.task), Standing::Waits(_))
                    && waiting_findings(self.program, task, &state.shared) == *findings;
                if waits {
                    vec![(None, Rc::clone(state))]
                } else {
                    Vec::new()
                }
            }
            What::Bug(_) => Vec::new(),
        }
    }

    /// What the machine cannot do, in words.
    fn words(&self, i: usize, event: &Event) -> String {
        let state = &self.fits(i)[0].state;
        let task = &state.tasks[event.task];
        let node = &self.program.templates[task.template].nodes[event.node];
        let call = format!(
            "{}: {}",
            kmapcheck_machine::task_name(self.program, event.task),
            self.program.origins[node.origin].text()
        );
        let named = |findings: Findings| {
            let names: Vec<&str> = findings.iter().map(|kind| kind.name()).collect();
            if names.is_empty() {
                "no finding".to_owned()
            } else {
                names.join(", ")
            }
        };
        match &event.what {
            What::Step {
                effect, findings, ..
            } => {
                let possible: Vec<String> =
                    kmapcheck_machine::steps(self.program, task, &state.shared)
                        .iter()
                        .map(|step| format!("{:?} with {}", step.effect, named(step.findings)))
                        .collect();
                let possible = if possible.is_empty() {
                    "it waits".to_owned()
                } else {
                    possible.join(", or ")
                };
                format!(
                    "{call}: the allocator did {effect:?} with {}; on the machine {possible}",
                    named(*findings)
                )
            }
            What::Waits { .. } => {
                format!("{call}: goes to sleep, though on the machine it need not")
            }
            What::Bug(what) => format!("{call}: {what}"),
        }
    }
}
