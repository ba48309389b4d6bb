//! From an engine's outcome to a report: every trace is run again on the machine.
//!
//! A trace that the machine does not follow, or that does not show what it is said to show, is a
//! fault of this program, never a finding.

use std::time::Duration;

use kmapcheck_engine::Outcome;
use kmapcheck_limits::ask;
use kmapcheck_machine::{Abilities, ReplayError, Standing as Stands, State, TaskId, Trace};
use kmapcheck_scenario::{FindingKind, OriginId, Program};
use kmapcheck_stuck::deadlock::Deadlock;
use kmapcheck_stuck::scene::scene;

use crate::causes_first::causes_first;
use crate::coverage;
use crate::deadlock::{WaitForGraph, of_core, of_starving, summary};
use crate::names::Names;
use crate::place::Place;
use crate::report::{Finding, Holding, Report, Standing, StartMapping, StuckSet, TaskAtEnd};
use crate::walk::Walk;
use crate::{describe, rests, summary as summaries};

/// Answers for a trace and a core: the first step after which no continuation saves the core (0:
/// lost from the start), or `None` if that is not known.
pub type PointOfNoReturn<'a> = dyn Fn(&Trace, &[TaskId]) -> Option<usize> + 'a;

/// A fault of this program: what an engine says does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The machine does not follow a trace.
    #[error("the trace to the {} does not replay: {error}", kind.name())]
    Replay {
        /// The finding.
        kind: FindingKind,
        /// Where it fails.
        error: ReplayError,
    },
    /// A trace does not show its finding.
    #[error("the trace to the {} does not show it", kind.name())]
    NotShown {
        /// The finding.
        kind: FindingKind,
    },
}

impl Report {
    /// The report of an outcome.
    ///
    /// # Errors
    ///
    /// If a trace does not replay, or does not show its finding.
    pub fn build(
        program: &Program,
        outcome: &Outcome,
        elapsed: Duration,
        point_of_no_return: &PointOfNoReturn<'_>,
    ) -> Result<Report, Fault> {
        let builder = Builder {
            program,
            names: Names::of(program),
            abilities: Abilities::of(program),
            point_of_no_return,
        };
        let mut findings = outcome
            .findings
            .iter()
            .map(|finding| builder.finding(finding))
            .collect::<Result<Vec<_>, _>>()?;
        causes_first(&mut findings);
        Ok(Report {
            findings,
            remarks: coverage::remarks(program, outcome),
            ..Report::bare(program, outcome, elapsed)
        })
    }

    /// The report without findings.
    pub(crate) fn bare(program: &Program, outcome: &Outcome, elapsed: Duration) -> Report {
        Report {
            scenario: program.name.clone(),
            file: program.files.first().cloned().unwrap_or_default(),
            model: program.model.clone(),
            verdict: outcome.verdict(),
            findings: Vec::new(),
            expected: program.expect.clone(),
            as_expected: as_expected(program, outcome),
            stopped: coverage::stopped(program, outcome),
            coverage: coverage::coverage(program, outcome),
            idle_waits: rests::idle_waits(program, outcome),
            proof: None,
            remarks: Vec::new(),
            assumed: program.assumed.clone(),
            elapsed_ms: (elapsed.as_secs_f64() * 1e6).round() / 1e3,
        }
    }
}

impl Finding {
    /// A finding of which only the run is told.
    pub(crate) fn bare(found: &kmapcheck_engine::Finding) -> Finding {
        Finding {
            kind: found.kind,
            class: None,
            level: found.kind.level(),
            summary: String::new(),
            can_sleep: found.can_sleep,
            start: None,
            trace: Vec::new(),
            tasks: Vec::new(),
            core: Vec::new(),
            stuck: Vec::new(),
            contested: Vec::new(),
            point_of_no_return: None,
            wait_for: None,
            run: found.trace.clone(),
            starves: found.starved,
            stuck_set: None,
        }
    }
}

/// Whether exactly the expected kinds were found. A run cut short can say no, never yes.
fn as_expected(program: &Program, outcome: &Outcome) -> Option<bool> {
    let expected = program.expect.as_ref()?;
    let found = |kind: &FindingKind| outcome.finding(*kind).is_some();
    if outcome
        .findings
        .iter()
        .any(|finding| !expected.contains(&finding.kind))
    {
        return Some(false);
    }
    match &outcome.stopped {
        Some(_) => None,
        None => Some(expected.iter().all(found)),
    }
}

struct Builder<'a> {
    program: &'a Program,
    names: Names,
    abilities: Abilities,
    point_of_no_return: &'a PointOfNoReturn<'a>,
}

impl Builder<'_> {
    fn finding(&self, found: &kmapcheck_engine::Finding) -> Result<Finding, Fault> {
        let kind = found.kind;
        let walk = Walk::take(self.program, &self.names, &found.trace)
            .map_err(|error| Fault::Replay { kind, error })?;
        let not_shown = Fault::NotShown { kind };
        let mut finding = Finding {
            start: self.start(&found.trace),
            ..Finding::bare(found)
        };
        let mut taking_part: Vec<TaskId> = found.trace.steps.iter().map(|step| step.task).collect();
        match kind {
            FindingKind::Deadlock | FindingKind::TimeoutRescue => {
                let deadlock = Deadlock::of(self.program, &self.abilities, &walk.last, kind)
                    .ok_or(not_shown)?;
                taking_part.extend(&deadlock.core);
                if kind == FindingKind::Deadlock {
                    finding.point_of_no_return =
                        (self.point_of_no_return)(&found.trace, &deadlock.to_save());
                }
                self.tell_deadlock(&mut finding, &walk, deadlock);
            }
            FindingKind::Starved => {
                // A saved trace may name a task that there is not.
                let waits = |task: &TaskId| {
                    *task < walk.last.tasks.len()
                        && matches!(walk.last.standing(self.program, *task), Stands::Waits(_))
                };
                let task = found.starved.filter(waits).ok_or(not_shown)?;
                taking_part.push(task);
                finding.summary = summaries::starved(self.program, &self.names, &walk.last, task);
                let scene = scene(self.program, &self.abilities, &walk.last);
                let lost = walk.ledger.lost();
                finding.contested =
                    of_starving(self.program, &self.names, &walk.last, &scene, task, &lost);
            }
            _ => {
                let (task, said) = walk
                    .tell(self.program, &self.names, kind, found.can_sleep)
                    .ok_or(not_shown)?;
                taking_part.push(task);
                finding.summary = said;
            }
        }
        ask();
        taking_part.sort_unstable();
        taking_part.dedup();
        finding.tasks = taking_part
            .iter()
            .map(|&task| self.at_end(&walk, task))
            .collect();
        finding.trace = walk.into_steps();
        Ok(finding)
    }

    fn tell_deadlock(&self, finding: &mut Finding, walk: &Walk, deadlock: Deadlock<'_>) {
        let lost = walk.ledger.lost();
        finding.class = Some(deadlock.class.name().to_owned());
        finding.contested = of_core(self.program, &self.names, &walk.last, &deadlock, &lost);
        finding.core = deadlock
            .core
            .iter()
            .map(|&task| self.names.name(task))
            .collect();
        finding.stuck = deadlock
            .stuck
            .iter()
            .map(|&task| self.names.name(task))
            .collect();
        finding.summary = summary(&deadlock);
        finding.wait_for = Some(WaitForGraph::of(&deadlock, &lost));
        finding.stuck_set = Some(StuckSet {
            gives: deadlock.gives(),
            core: deadlock.core,
            all: deadlock.stuck,
        });
    }

    fn at_end(&self, walk: &Walk, task: TaskId) -> TaskAtEnd {
        ask();
        let state: &State = &walk.last;
        let at = &state.tasks[task];
        let standing = state.standing(self.program, task);
        let origin = at
            .at
            .map(|node| self.program.templates[at.template].nodes[node].origin);
        let origin = origin.map(|origin: OriginId| &self.program.origins[origin]);
        TaskAtEnd {
            task: self.names.name(task),
            standing: match standing {
                Stands::Ended => Standing::Ended,
                Stands::Moves => Standing::Moves,
                Stands::Waits(_) => Standing::Waits,
            },
            next: origin.map(|origin| origin.text().to_owned()),
            source: origin.map(|origin| self.program.show_location(origin.location())),
            at: origin.and_then(|origin| origin.at()).map(str::to_owned),
            place: origin.map(|origin| Place::in_program(self.program, origin.location())),
            waits_for: match standing {
                Stands::Waits(waiting) => describe::waits_for(self.program, state, task, waiting),
                _ => Vec::new(),
            },
            holds: walk
                .ledger
                .of(task)
                .map(|entry| Holding {
                    what: describe::holding(self.program, at.template, entry),
                    resource: describe::resource_of(self.program, at.template, entry),
                    since_step: entry.step,
                    source: self.program.show_location(entry.location),
                })
                .collect(),
            who: self.names.who(task),
        }
    }

    /// What the initial state of the trace chose where the scenario leaves it open.
    fn start(&self, trace: &Trace) -> Option<Vec<StartMapping>> {
        if trace.start.stale.is_empty() {
            return None;
        }
        let program = self.program;
        let shared = program.pages.iter().map(|page| (None, page));
        let mut first = 0;
        let own = program.templates.iter().flat_map(|template| {
            let tasks = first..first + kmapcheck_machine::instances(template.count) as usize;
            first = tasks.end;
            tasks.flat_map(|task| {
                template
                    .vars
                    .iter()
                    .filter_map(move |var| Some((Some(task), var.page.as_ref()?)))
            })
        });
        let open = shared
            .chain(own)
            .filter(|(_, page)| kmapcheck_machine::is_open(page));
        let mappings = open
            .zip(&trace.start.stale)
            .map(|((task, page), stale)| StartMapping {
                task: task.map(|task| self.names.name(task)),
                page: page.name.clone(),
                stale_in: stale
                    .iter()
                    .map(|&series| program.series[series].name.clone())
                    .collect(),
                who: task.map(|task| self.names.who(task)),
            });
        Some(mappings.collect())
    }
}
