//! Lifting a deadlock of few tasks and few slots to many.
//!
//! With few slots a deadlock is near: a breadth-first search finds it. With a thousand the same tasks are
//! not stuck yet, as there are slots left; but others can do the same after them. So the run of the few is
//! repeated by one set of tasks after another, each doing what its example did and coming to the same
//! [local states](kmapcheck_local), until that is no longer possible or there are no more tasks. If tasks are
//! stuck then, a deadlock is found; nothing is claimed otherwise, nor that the run is a shortest one.

use kmapcheck_engine::Progress;
use kmapcheck_limits::{Limits, ask};
use kmapcheck_local::LocalState;
use kmapcheck_machine::{
    Abilities, Findings, Starts, State, TaskId, Trace, TraceStep, initial, instances, run, steps,
};
use kmapcheck_scenario::{Bound, FindingKind, Program, Ref, TemplateId};
use kmapcheck_stuck::stuck_sets::{possible_stuck_kinds, stuck_kinds};

use super::{explore, few};

/// Numbers of slots and units at which the example is looked for, and how many instances of each task
/// program take part in it.
const SIZES: [(u32, u32); 4] = [(1, 1), (1, 2), (2, 2), (2, 3)];

/// So many states are looked at for it.
const STATES: u64 = 10_000;

/// Deadlocks of the wanted kinds, with runs of the program into them.
pub(super) fn lift(
    program: &Program,
    wanted: Findings,
    limits: &Limits,
) -> Vec<(FindingKind, Trace)> {
    let wanted = wanted.intersection(possible_stuck_kinds(program));
    for (size, tasks) in SIZES {
        let Some(small) = shrunk(program, size, tasks) else {
            continue;
        };
        let limits = Limits {
            max_states: Some(STATES),
            ..limits.clone()
        };
        let outcome = explore::run_from(&small, &limits, &mut |_: &Progress| {}, usize::MAX);
        for kind in wanted.iter() {
            let Some(finding) = outcome.finding(kind) else {
                continue;
            };
            if let Some(trace) = repeated(program, &small, &finding.trace)
                && few::shows(program, kind, &trace)
            {
                return vec![(kind, trace)];
            }
        }
    }
    Vec::new()
}

/// The program with at most so many slots of each series, beside those kept for holders, and units of
/// each pool, and few tasks. `None`: it is the same, or no file may have these numbers.
fn shrunk(program: &Program, size: u32, tasks: u32) -> Option<Program> {
    let mut small = few::fewer(program, tasks)?;
    for series in 0..small.series.len() {
        let declared = &small.series[series];
        if let Bound::Exactly(slots) = declared.slots {
            let few = (size + declared.for_holders).max(small.least_slots(series));
            small.set_slots(series, Bound::Exactly(slots.min(few)));
        }
    }
    for i in 0..small.resources.len() {
        let asked = small.most_units_at_once(|_, pool| pool == Ref::Shared(i));
        let resource = &mut small.resources[i];
        if let (None, Some(units)) = (resource.follows, resource.kind.units()) {
            resource.kind.set_units(units.min(size.max(asked)));
        }
    }
    small.numbers_fit().then_some(small)
}

/// One step of the example.
struct Step {
    template: TemplateId,
    /// Which of its instances takes it.
    instance: usize,
    /// What becomes of it.
    after: LocalState,
}

/// The run of the few, taken by one set of tasks after the other.
fn repeated(program: &Program, small: &Program, trace: &Trace) -> Option<Trace> {
    if trace.start.stale.iter().any(|stale| !stale.is_empty()) {
        return None;
    }
    let example = example(small, trace)?;
    // Nothing is mapped that need not be.
    let start = Starts::up_to_order(program).next()?;
    let mut copies = Copies {
        program,
        state: initial(program, &start),
        trace: Trace {
            start,
            steps: Vec::new(),
        },
    };
    // Where the instances of each task program begin, and how many of them the example takes.
    let mut first = 0;
    let mut groups: Vec<(TaskId, usize, usize)> = Vec::new();
    for (id, template) in program.templates.iter().enumerate() {
        let all = instances(template.count) as usize;
        let taken = example.iter().filter(|step| step.template == id);
        let taken = taken.map(|step| step.instance + 1).max().unwrap_or(0);
        groups.push((first, all, taken));
        first += all;
    }
    for copy in 0.. {
        let has_tasks = |&(_, all, taken): &(TaskId, usize, usize)| (copy + 1) * taken <= all;
        if !groups.iter().all(has_tasks) {
            break;
        }
        let task = |step: &Step| {
            let (first, _, taken) = groups[step.template];
            first + copy * taken + step.instance
        };
        if !example
            .iter()
            .all(|step| copies.take(task(step), &step.after))
        {
            break;
        }
    }
    let abilities = Abilities::of(program);
    (!stuck_kinds(program, &abilities, &copies.state).is_empty()).then_some(copies.trace)
}

/// What each step of a run makes of the task that takes it.
fn example(small: &Program, trace: &Trace) -> Option<Vec<Step>> {
    let mut of_task: Vec<(TemplateId, usize)> = Vec::new();
    for (id, template) in small.templates.iter().enumerate() {
        of_task.extend((0..instances(template.count) as usize).map(|instance| (id, instance)));
    }
    let mut example = Vec::new();
    run(small, trace, |_, step, successor, _| {
        let (template, instance) = of_task[step.task];
        example.push(Step {
            template,
            instance,
            after: LocalState::of(small, &successor.task, &successor.shared),
        });
    })
    .ok()?;
    Some(example)
}

/// A run under way.
struct Copies<'a> {
    program: &'a Program,
    state: State,
    trace: Trace,
}

impl Copies<'_> {
    /// Has a task take the step that makes that of it, if there is one.
    fn take(&mut self, task: TaskId, after: &LocalState) -> bool {
        ask();
        let successors = steps(self.program, &self.state.tasks[task], &self.state.shared);
        let choice = successors.iter().position(|successor| {
            LocalState::of(self.program, &successor.task, &successor.shared) == *after
        });
        let Some(choice) = choice else {
            return false;
        };
        self.state.advance(self.program, task, &successors[choice]);
        self.trace.steps.push(TraceStep { task, choice });
        true
    }
}
