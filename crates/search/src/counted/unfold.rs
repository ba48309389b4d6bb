//! Counted runs as traces of named tasks.
//!
//! A named state is carried along the counted run: at each step some task that is in the step's
//! local state takes it, the one with the least number. Which one does not matter to the counted
//! run, as they are interchangeable; the choice keeps every task's name through the trace.

use std::collections::BTreeSet;

use kmapcheck_machine::{
    Name, PageId, Shared, Start, State, TaskId, Trace, TraceStep, initial, steps,
};
use kmapcheck_scenario::Op;
use rustc_hash::FxHashMap;

use super::explore::{CountedStep, Explorer, Run};
use super::local::embed;
use super::packed::Counts;
use super::table::Row;

/// The trace of a run, and for `starved` the task that starves at its end.
pub(crate) fn trace(explorer: &mut Explorer<'_>, run: &Run) -> (Trace, Option<TaskId>) {
    let (first, counted) = explorer.counted_steps(run);
    let start = explorer.start_of(first);
    let (trace, cast) = unfold(explorer, start, &counted);
    (trace, run.starving.map(|local| cast.first(local)))
}

/// The counted steps, taken by named tasks from that start on.
pub(crate) fn named(explorer: &mut Explorer<'_>, start: Start, counted: &[CountedStep]) -> Trace {
    unfold(explorer, start, counted).0
}

fn unfold(explorer: &mut Explorer<'_>, start: Start, counted: &[CountedStep]) -> (Trace, Cast) {
    let program = explorer.table.program();
    let mut state = initial(program, &start);
    let mut cast = Cast::new(explorer, &state);
    let mut counts = explorer.counted(&state);
    let mut trace = Trace {
        start,
        steps: Vec::with_capacity(counted.len()),
    };
    for &CountedStep { local, row } in counted {
        let position = counts.tasks.iter().position(|&(l, _)| l == local);
        let position =
            position.expect("a counted run takes steps of local states that are occupied");
        let entry = explorer.table.entry(local, counts.world);
        let row = explorer.table.row(entry, row);
        let task = cast.first(local);
        let choice = choice(explorer, &cast, &counts, local, row, &state, task);
        let successors = steps(program, &state.tasks[task], &state.shared);
        state.advance(program, task, &successors[choice]);
        let followed = explorer.follow(&counts, position, row);
        cast.step(task, &counts, &followed.bystanders, local, followed.actor);
        trace.steps.push(TraceStep { task, choice });
        counts = followed.next;
    }
    (trace, cast)
}

/// Which of the named task's steps the row is. The machine lists them in an order that depends on
/// the numbers of pages only for `alloc_page` and `try_alloc_page`: there, the one that takes the same
/// page, leaves the task at the same place, and does the same to its CPU. (To go to sleep and to give up
/// differ in the place only; that a try fails, in the page only.)
fn choice(
    explorer: &Explorer<'_>,
    cast: &Cast,
    counts: &Counts,
    local: u32,
    row: Row,
    state: &State,
    task: TaskId,
) -> usize {
    let program = explorer.table.program();
    let named = &state.tasks[task];
    let op = named
        .at
        .map(|at| program.templates[named.template].nodes[at].op);
    let Some(Op::AllocPage { .. } | Op::TryAllocPage { .. }) = op else {
        return row.choice as usize;
    };
    let world = explorer.table.world(counts.world);
    let thing = explorer.table.local(local);
    let shared = world.shared_for(Some(thing));
    let seen = steps(program, &thing.seen_task(world), &shared);
    let chosen = &seen[row.choice as usize];
    let wanted = taken(&shared, &chosen.shared);
    let is_wanted = |page: Option<PageId>| match (wanted, page) {
        (None, None) => true,
        (Some(wanted), Some(page)) if wanted < world.common_pages() => {
            // One that nobody refers to is as good as any other that looks the same.
            page_of_common(explorer, cast, counts, state, wanted).map_or_else(
                || state.shared.page(page) == shared.page(wanted),
                |wanted| wanted == page,
            )
        }
        (Some(wanted), Some(page)) => state.shared.page(page) == shared.page(wanted),
        _ => false,
    };
    steps(program, named, &state.shared)
        .iter()
        .position(|step| {
            (step.task.at, step.cpu) == (chosen.task.at, chosen.cpu)
                && is_wanted(taken(&state.shared, &step.shared))
        })
        .unwrap_or(row.choice as usize)
}

/// The page that an `alloc_page` took off the freelist; `None`: a fresh one.
fn taken(before: &Shared, after: &Shared) -> Option<PageId> {
    let is_taken = |id: PageId| {
        (after.pages.get(id)).is_some_and(|page| matches!(page, Some(page) if !page.free))
    };
    before
        .pages
        .free()
        .map(|(id, _)| id)
        .find(|&id| is_taken(id))
}

/// The named page that a common page of the counted state is: who refers to it shows.
fn page_of_common(
    explorer: &Explorer<'_>,
    cast: &Cast,
    counts: &Counts,
    state: &State,
    common: PageId,
) -> Option<PageId> {
    let world = explorer.table.world(counts.world);
    let names = world.shared_names().iter().zip(&state.shared.names);
    let shared = names.filter_map(|names| match names {
        (
            Name::Page(ours) | Name::Dangling(Some(ours)),
            Name::Page(page) | Name::Dangling(Some(page)),
        ) if *ours == common => Some(*page),
        _ => None,
    });
    let by_task = counts.tasks.iter().filter_map(|&(local, _)| {
        explorer
            .table
            .local(local)
            .page_named_by(common, &state.tasks[cast.first(local)])
    });
    shared.chain(by_task).next()
}

/// Which named tasks are in which local state.
struct Cast {
    tasks: FxHashMap<u32, BTreeSet<TaskId>>,
}

impl Cast {
    /// The cast of an initial state.
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

    fn first(&self, local: u32) -> TaskId {
        let tasks = self.tasks.get(&local).and_then(BTreeSet::first);
        *tasks.expect("a local state that is occupied has a task in it")
    }

    /// `task` goes from `from` to `to`, all others from the local states of `before` to those of
    /// `bystanders`.
    fn step(&mut self, task: TaskId, before: &Counts, bystanders: &[u32], from: u32, to: u32) {
        if let Some(tasks) = self.tasks.get_mut(&from) {
            tasks.remove(&task);
        }
        let moves = || {
            before
                .tasks
                .iter()
                .map(|&(local, _)| local)
                .zip(bystanders.iter().copied())
        };
        if moves().any(|(before, after)| before != after) {
            let mut old = std::mem::take(&mut self.tasks);
            for (before, after) in moves() {
                if let Some(mut tasks) = old.remove(&before) {
                    self.tasks.entry(after).or_default().append(&mut tasks);
                }
            }
        }
        self.tasks.entry(to).or_default().insert(task);
    }
}
