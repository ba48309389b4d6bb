//! Counted runs as traces of named tasks.
//!
//! A named state is carried along the counted run: at each step some task that is in the step's
//! local state takes it, the one with the least number. Which one does not matter to the counted
//! run, as they are interchangeable; the choice keeps every task's name through the trace.

use std::collections::BTreeSet;

use kmapcheck_machine::{Start, State, Trace, TraceStep, initial, steps};
use kmapcheck_scenario::Op;
use rustc_hash::FxHashMap;

use super::explore::{CountedStep, Explorer, Run};
use super::local::embed;
use super::packed::Counts;

/// The trace of a run.
pub(crate) fn trace(explorer: &mut Explorer<'_>, run: &Run) -> Trace {
    let (first, counted) = explorer.counted_steps(run);
    let start = explorer.start_of(first);
    named(explorer, start, &counted)
}

/// The counted steps, taken by named tasks from that start on.
pub(crate) fn named(explorer: &mut Explorer<'_>, start: Start, counted: &[CountedStep]) -> Trace {
    let program = explorer.table.program();
    let mut state = initial(program, &start);
    let mut cast = Cast::new(explorer, &state);
    let mut counts = explorer.counted(&state);
    let mut trace = Trace {
        start,
        steps: Vec::with_capacity(counted.len()),
    };
    let mut next = Counts::default();
    for &CountedStep { local, row } in counted {
        let position = counts.tasks.iter().position(|&(l, _)| l == local);
        let position =
            position.expect("a counted run takes steps of local states that are occupied");
        let entry = explorer.table.entry(local, counts.world);
        let row = explorer.table.row(entry, row as usize);
        explorer.successor(&counts, position, row, &mut next);
        let task = cast.first(local);
        let successors = steps(program, &state.tasks[task], &state.shared);
        let allocates = state.tasks[task].at.is_some_and(|at| {
            matches!(
                program.templates[state.tasks[task].template].nodes[at].op,
                Op::AllocPage { .. }
            )
        });
        let choice = if allocates && successors.len() > 1 {
            // The machine lists free pages in the order of their numbers, which differ.
            (0..successors.len())
                .find(|&choice| {
                    let after = state.after(program, task, &successors[choice]);
                    explorer.counted(&after) == next
                })
                .unwrap_or(row.choice as usize)
        } else {
            row.choice as usize
        };
        state.advance(program, task, &successors[choice]);
        if row.untidy || row.freed.is_some() {
            cast = Cast::new(explorer, &state);
        } else {
            cast.step(explorer, task, local, row.local, row.flushed);
        }
        trace.steps.push(TraceStep { task, choice });
        std::mem::swap(&mut counts, &mut next);
    }
    trace
}

/// Which named tasks are in which local state.
struct Cast {
    tasks: FxHashMap<u32, BTreeSet<usize>>,
}

impl Cast {
    fn new(explorer: &mut Explorer<'_>, state: &State) -> Cast {
        let mut cast = Cast {
            tasks: FxHashMap::default(),
        };
        for (task, local) in embed(explorer.table.program(), state)
            .locals
            .into_iter()
            .enumerate()
        {
            let local = explorer.table.local_number(local);
            cast.tasks.entry(local).or_default().insert(task);
        }
        cast
    }

    fn first(&self, local: u32) -> usize {
        let tasks = self.tasks.get(&local).and_then(BTreeSet::first);
        *tasks.expect("a local state that is occupied has a task in it")
    }

    fn step(
        &mut self,
        explorer: &mut Explorer<'_>,
        task: usize,
        from: u32,
        to: u32,
        flushed: Option<u16>,
    ) {
        if let Some(tasks) = self.tasks.get_mut(&from) {
            tasks.remove(&task);
        }
        if let Some(series) = flushed {
            for (local, mut tasks) in std::mem::take(&mut self.tasks) {
                let after = explorer.table.after_flush(local, series);
                self.tasks.entry(after).or_default().append(&mut tasks);
            }
        }
        self.tasks.entry(to).or_default().insert(task);
    }
}
