//! The point of no return: the first step of a trace after which no continuation saves the core.
//!
//! The core's tasks are saved if on some continuation every one of them gets past the operation
//! that it ends up waiting in, or ends without it. To ask that, the tasks of the core are given
//! copies of their programs, in which the awaited operation leads back into the original: then the
//! core is saved exactly if a state can be reached in which nobody is left in a copy. That is
//! plain reachability on counted states.
//!
//! Tasks that never move in the trace and start alike become one task and a number: see
//! [`crate::reduced_trace`].
//!
//! A core that is lost stays lost with every step, so there is one point of the trace where this
//! begins; it is looked for first just before the end, where it usually is, then by bisection.

use kmapcheck_engine::{Meter, Progress};
use kmapcheck_limits::{Limits, Watch};
use kmapcheck_machine::{State, TaskId, Trace, follow, initial, run};
use kmapcheck_scenario::{NodeId, Program, TemplateId};

use crate::counted::explore::Explorer;
use crate::counted::packed::Counts;
use crate::counted::table::Table;
use crate::reduced_trace::ReducedTrace;

/// Where a trace passes the point of no return.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PointOfNoReturn {
    /// After this step, counted from 1, nothing saves the core any more; 0: nothing ever could.
    Step(usize),
    /// Not found out within the limits.
    Undetermined,
}

impl PointOfNoReturn {
    /// The step, if it is known.
    #[must_use]
    pub fn step(self) -> Option<usize> {
        match self {
            PointOfNoReturn::Step(step) => Some(step),
            PointOfNoReturn::Undetermined => None,
        }
    }
}

/// So many states are looked at to find out whether a core can still be saved, unless the limits
/// say otherwise.
const MAX_STATES: u64 = 200_000;

/// On average so many kinds of tasks are looked at in each of these states. Where thousands queue, each in
/// its place, a state has thousands of kinds.
const KINDS: u64 = 10;

/// Finds the first step of `trace` after which the tasks in `core`, stuck at its end, are lost.
#[must_use]
pub fn point_of_no_return(
    program: &Program,
    trace: &Trace,
    core: &[usize],
    limits: &Limits,
) -> PointOfNoReturn {
    // Whether it is found out or not: the caller is not left at a limit.
    let of_all = Limits {
        timeout: None,
        ..limits.clone()
    };
    let found = Watch::start(&of_all).run(|| find(program, trace, core, limits));
    found.unwrap_or(PointOfNoReturn::Undetermined)
}

fn find(program: &Program, trace: &Trace, core: &[usize], limits: &Limits) -> PointOfNoReturn {
    let Some(crew) = ReducedTrace::of(program, trace, core) else {
        return PointOfNoReturn::Undetermined;
    };
    let (program, trace, core) = (&crew.program, &crew.trace, &crew.core);
    let Ok(last) = run(program, trace, |_, _, _, _| {}) else {
        return PointOfNoReturn::Undetermined;
    };
    let marked = Marked::new(program, &last, core);
    // The time is for each search, so that a hard one does not take that of the others.
    let states = limits.max_states.unwrap_or(MAX_STATES);
    let limits = Limits {
        max_states: Some(states),
        ..limits.clone()
    };
    // A product beyond all numbers bounds nothing.
    let most = states.saturating_mul(KINDS);
    // The state from which the others are found: traces may have a hundred thousand steps.
    let mut from = (0, initial(program, &trace.start));
    // Lost after `high` steps; not known from `unknown` steps on, and not lost after fewer.
    let (mut unknown, mut high) = (0, trace.steps.len());
    let mut probe = high.checked_sub(1);
    while let Some(steps) = probe {
        let mut state = from.1.clone();
        let on = &trace.steps[from.0..steps];
        if follow(program, &mut state, on, |_, _, _, _| {}).is_err() {
            return PointOfNoReturn::Undetermined;
        }
        match marked.is_lost(state.clone(), &crew.alike, most, &limits) {
            None => return PointOfNoReturn::Undetermined,
            Some(true) => high = steps,
            Some(false) => {
                unknown = steps + 1;
                from = (steps, state);
            }
        }
        probe = (unknown < high).then(|| unknown + (high - unknown - 1) / 2);
    }
    PointOfNoReturn::Step(high)
}

/// A program whose core runs in copies.
struct Marked {
    program: Program,
    /// By task of the core: how far its nodes are moved.
    moved: Vec<(usize, usize)>,
    /// By template: where the copies begin.
    copies: Vec<NodeId>,
}

impl Marked {
    fn new(program: &Program, last: &State, core: &[usize]) -> Marked {
        let mut program = program.clone();
        let copies: Vec<NodeId> = program
            .templates
            .iter()
            .map(|template| template.nodes.len())
            .collect();
        let mut offsets: Vec<(TemplateId, NodeId, usize)> = Vec::new();
        let mut moved = Vec::new();
        for &task in core {
            let Some(awaited) = last.tasks[task].at else {
                continue;
            };
            let template = last.tasks[task].template;
            let known = offsets
                .iter()
                .find(|&&(t, a, _)| (t, a) == (template, awaited))
                .map(|found| found.2);
            let offset = known.unwrap_or_else(|| {
                let offset = copy(&mut program, template, copies[template], awaited);
                offsets.push((template, awaited, offset));
                offset
            });
            moved.push((task, offset));
        }
        Marked {
            program,
            moved,
            copies,
        }
    }

    /// Whether no continuation of `state` saves the core; `None` if the limits came first.
    fn is_lost(
        &self,
        mut state: State,
        alike: &[(TaskId, u32)],
        most: u64,
        limits: &Limits,
    ) -> Option<bool> {
        for &(task, offset) in &self.moved {
            if let Some(at) = &mut state.tasks[task].at {
                *at += offset;
            }
        }
        let mut silent = |_: &Progress| {};
        let mut meter = Meter::new(limits, &mut silent);
        (meter.run(|meter| self.is_lost_within(&state, alike, most, meter)))
            .ok()
            .flatten()
    }

    fn is_lost_within(
        &self,
        state: &State,
        alike: &[(TaskId, u32)],
        most: u64,
        meter: &mut Meter<'_>,
    ) -> Option<bool> {
        let mut looked = 0;
        let mut explorer = Explorer::new(&self.program);
        let first = explorer.counted_with(state, alike);
        explorer.visited.insert(&first);
        let mut stack = vec![0];
        let (mut counts, mut next) = (Counts::default(), Counts::default());
        while let Some(number) = stack.pop() {
            let states = explorer.visited.len() as u64;
            if meter
                .check(states, || Progress {
                    states,
                    ..Progress::default()
                })
                .or_else(|| explorer.full())
                .is_some()
            {
                return None;
            }
            explorer.visited.get(number, &mut counts);
            if self.is_saved(&explorer, &counts) {
                return Some(false);
            }
            looked += counts.tasks.len() as u64;
            if looked > most {
                return None;
            }
            for position in self.by_promise(&explorer, &counts) {
                let entry = explorer.table.entry(counts.tasks[position].0, counts.world);
                for i in 0..Table::row_count(entry) {
                    let row = explorer.table.row(entry, i);
                    explorer.successor(&counts, position, row, &mut next);
                    if let (new, true) = explorer.visited.insert(&next) {
                        stack.push(new);
                    }
                }
            }
        }
        Some(true)
    }

    /// The positions of a state, most promising last, which is looked at first: releases, then
    /// steps of the core, then all others. The order changes only how soon a rescue is found.
    fn by_promise(&self, explorer: &Explorer<'_>, counts: &Counts) -> Vec<usize> {
        let mut positions: Vec<usize> = (0..counts.tasks.len()).collect();
        positions.sort_by_key(|&position| {
            let task = explorer.table.local(counts.tasks[position].0).task();
            let Some(at) = task.at else { return 0 };
            let releases = self.program.templates[task.template].nodes[at]
                .op
                .is_release();
            u8::from(at >= self.copies[task.template]) + 2 * u8::from(releases)
        });
        positions
    }

    fn is_saved(&self, explorer: &Explorer<'_>, counts: &Counts) -> bool {
        counts.tasks.iter().all(|&(local, _)| {
            let task = explorer.table.local(local).task();
            task.at.is_none_or(|at| at < self.copies[task.template])
        })
    }
}

/// Appends a copy of the template's first `nodes` nodes, in which `awaited` leads back into the
/// original; returns how far the nodes are moved.
fn copy(program: &mut Program, template: TemplateId, nodes: usize, awaited: NodeId) -> usize {
    let all = &mut program.templates[template].nodes;
    let offset = all.len();
    for i in 0..nodes {
        let mut node = all[i].clone();
        if i != awaited {
            node.next
                .iter_mut()
                .filter_map(|target| target.node.as_mut())
                .for_each(|node| *node += offset);
        }
        all.push(node);
    }
    offset
}
