//! Replaying traces: every trace is run again here before anybody sees it.

use kmapcheck_limits::ask;
use kmapcheck_scenario::Program;

use crate::initial::initial;
use crate::starts::{can_be_stale, is_open};
use crate::state::State;
use crate::step::Successor;
use crate::trace::{Trace, TraceStep};

/// A trace run again.
#[derive(Debug, Clone)]
pub struct Replay {
    /// The states: the initial one, then one after each step.
    pub states: Vec<State>,
    /// The steps; the `shared` part of each is in the state that follows it.
    pub steps: Vec<Successor>,
}

/// A trace that the machine does not follow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReplayError {
    /// There is no such initial state.
    Start,
    /// At this step, counted from 0, the task has no such successor.
    Step(usize, TraceStep),
}

impl std::fmt::Display for ReplayError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            ReplayError::Start => write!(f, "the trace starts in no initial state of the scenario"),
            ReplayError::Step(i, step) => {
                write!(
                    f,
                    "step {} of the trace: task {} has no successor {}",
                    i + 1,
                    step.task,
                    step.choice
                )
            }
        }
    }
}

impl std::error::Error for ReplayError {}

/// Runs `trace` and calls `visit` with each step's index, task, successor and the state it leads
/// to; returns the last state. Keeps one state at a time: traces of real sizes are long.
///
/// # Errors
///
/// If the machine does not follow the trace.
pub fn run(
    program: &Program,
    trace: &Trace,
    visit: impl FnMut(usize, TraceStep, &Successor, &State),
) -> Result<State, ReplayError> {
    if !is_start(program, trace) {
        return Err(ReplayError::Start);
    }
    let mut state = initial(program, &trace.start);
    follow(program, &mut state, &trace.steps, visit)?;
    Ok(state)
}

/// Takes `steps` from a state on, as [`run`] does from the initial one.
///
/// # Errors
///
/// If the machine does not follow them; the state is then that before the step that it does not follow.
pub fn follow(
    program: &Program,
    state: &mut State,
    steps: &[TraceStep],
    mut visit: impl FnMut(usize, TraceStep, &Successor, &State),
) -> Result<(), ReplayError> {
    for (i, &step) in steps.iter().enumerate() {
        ask();
        let error = ReplayError::Step(i, step);
        let Some(task) = state.tasks.get(step.task) else {
            return Err(error);
        };
        let successors = crate::steps(program, task, &state.shared);
        let Some(successor) = successors.into_iter().nth(step.choice) else {
            return Err(error);
        };
        state.advance(program, step.task, &successor);
        visit(i, step, &successor, state);
    }
    Ok(())
}

/// Runs `trace` and keeps every state.
///
/// # Errors
///
/// If the machine does not follow the trace.
pub fn replay(program: &Program, trace: &Trace) -> Result<Replay, ReplayError> {
    let mut replay = Replay {
        states: vec![],
        steps: vec![],
    };
    if !is_start(program, trace) {
        return Err(ReplayError::Start);
    }
    replay.states.push(initial(program, &trace.start));
    run(program, trace, |_, _, successor, state| {
        replay.steps.push(successor.clone());
        replay.states.push(state.clone());
    })?;
    Ok(replay)
}

fn is_start(program: &Program, trace: &Trace) -> bool {
    let own = program.templates.iter().flat_map(|template| {
        (0..crate::initial::instances(template.count))
            .flat_map(|_| template.vars.iter().filter_map(|var| var.page.as_ref()))
    });
    let open: Vec<_> = program
        .pages
        .iter()
        .chain(own)
        .filter(|page| is_open(page))
        .collect();
    open.len() == trace.start.stale.len()
        && open
            .iter()
            .zip(&trace.start.stale)
            .all(|(page, set)| can_be_stale(program, page, set))
        && trace.start.fits(program)
}
