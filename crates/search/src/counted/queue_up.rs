//! Deadlocks in queues.
//!
//! Whoever joins the queue of a fair semaphore keeps those behind it waiting, and may itself wait for a
//! large request. So the tasks of a core, as the
//! [equations](kmapcheck_equations) see it if who queues waits for what it asks for, go to their places, and
//! join the queue there. Nothing is claimed where nobody is stuck then.

use kmapcheck_equations::{cores_as_asked, shortest_run};
use kmapcheck_limits::ask;
use kmapcheck_local::Locals;
use kmapcheck_machine::{Abilities, Findings, State, Successor, TaskId, Trace, TraceStep, steps};
use kmapcheck_scenario::{FindingKind, Program};
use kmapcheck_stuck::stuck_sets::stuck_kinds;

/// Runs to tasks of the wanted kinds that are stuck in queues.
pub(super) fn stuck_in_queues(
    program: &Program,
    locals: &Locals,
    wanted: Findings,
) -> Vec<(FindingKind, Trace)> {
    let run = cores_as_asked(program, locals)
        .and_then(|(graph, cores)| shortest_run(program, locals, &graph, &cores));
    let Some((trace, state)) = run else {
        return Vec::new();
    };
    let mut line = Line {
        program,
        state,
        trace,
    };
    let mut came: Vec<TaskId> = line.trace.steps.iter().map(|step| step.task).collect();
    came.sort_unstable();
    came.dedup();
    line.join(came.into_iter());
    let kinds = stuck_kinds(program, &Abilities::of(program), &line.state);
    let found = kinds.intersection(wanted);
    found
        .iter()
        .map(|kind| (kind, line.trace.clone()))
        .collect()
}

/// A run under way.
struct Line<'a> {
    program: &'a Program,
    state: State,
    trace: Trace,
}

impl Line<'_> {
    /// Lets tasks do what they can without leaving their operation: join its queue, and go to sleep.
    fn join(&mut self, tasks: impl Iterator<Item = TaskId>) {
        for task in tasks {
            loop {
                ask();
                let here = &self.state.tasks[task];
                let successors = steps(self.program, here, &self.state.shared);
                let stays = |after: &Successor| after.task.at == here.at && after.task != *here;
                if here.at.is_none() || successors.len() != 1 || !stays(&successors[0]) {
                    break;
                }
                self.state.advance(self.program, task, &successors[0]);
                self.trace.steps.push(TraceStep { task, choice: 0 });
            }
        }
    }
}
