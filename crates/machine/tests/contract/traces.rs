//! Runs written down: what is replayed is the run, and what is no run is refused.

use kmapcheck_machine::{
    Replay, ReplayError, Start, State, Successor, Trace, TraceStep, initial, replay, run, steps,
};
use kmapcheck_scenario::Program;

/// Steps of a run as they were taken, and what came of them.
pub struct Recorded {
    trace: Trace,
    states: Vec<State>,
    steps: Vec<Successor>,
}

impl Recorded {
    pub fn new(program: &Program, stale: &[Vec<usize>]) -> Recorded {
        let start = Start {
            stale: stale.to_vec(),
        };
        Recorded {
            states: vec![initial(program, &start)],
            steps: Vec::new(),
            trace: Trace {
                start,
                steps: Vec::new(),
            },
        }
    }

    /// Takes the step that the machine lists in that place.
    pub fn take(&mut self, program: &Program, task: usize, choice: usize, next: State) {
        let before = self.states.last().expect("there is a first one");
        let mut successors = steps(program, &before.tasks[task], &before.shared);
        self.steps.push(successors.swap_remove(choice));
        self.states.push(next);
        self.trace.steps.push(TraceStep { task, choice });
    }

    /// Holds the replay of the run against it, and changes the run so that it is none.
    pub fn compare(&self, program: &Program) {
        let Replay { states, steps } =
            replay(program, &self.trace).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(states, self.states);
        assert_eq!(steps, self.steps);
        let mut visited = Vec::new();
        let last = run(program, &self.trace, |i, step, successor, state| {
            visited.push((i, step, successor.clone(), state.clone()));
        });
        assert_eq!(last.as_ref(), Ok(&self.states[self.states.len() - 1]));
        let expected: Vec<_> = (self.trace.steps.iter().zip(&self.steps))
            .zip(&self.states[1..])
            .enumerate()
            .map(|(i, ((&step, successor), state))| (i, step, successor.clone(), state.clone()))
            .collect();
        assert_eq!(visited, expected);
        self.refused(program);
    }

    fn refused(&self, program: &Program) {
        let refused = |trace: &Trace, error: &ReplayError| {
            assert_eq!(run(program, trace, |_, _, _, _| ()).as_ref(), Err(error));
            assert_eq!(replay(program, trace).map(|_| ()).as_ref(), Err(error));
        };
        // A task that there is not, and one step more than a task has, last and in the middle.
        let tasks = self.states[0].tasks.len();
        for at in [self.trace.steps.len(), self.trace.steps.len() / 2] {
            let state = &self.states[at];
            let no_task = TraceStep {
                task: tasks,
                choice: 0,
            };
            let too_many = state.tasks.iter().enumerate().map(|(task, it)| TraceStep {
                task,
                choice: steps(program, it, &state.shared).len(),
            });
            for step in too_many.chain([no_task]) {
                let mut trace = self.trace.clone();
                trace.steps.truncate(at);
                trace.steps.push(step);
                refused(&trace, &ReplayError::Step(at, step));
            }
        }
        // A start that has a page too many or too few, or one that is no start.
        let mut trace = self.trace.clone();
        trace.start.stale.push(Vec::new());
        refused(&trace, &ReplayError::Start);
        if !self.trace.start.stale.is_empty() {
            trace.start.stale.truncate(self.trace.start.stale.len() - 1);
            refused(&trace, &ReplayError::Start);
        }
    }
}
