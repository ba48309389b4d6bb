//! Aimed search for the shortest run into a deadlock.
//!
//! A breadth-first search cannot finish at 1,024 slots. This one is A* search (Hart, Nilsson and
//! Raphael, *A Formal Basis for the Heuristic Determination of Minimum Cost Paths*, 1968) over the
//! same counted states, with a lower bound on the steps that are still missing:
//!
//! From the [`Locals`], draw an edge from resource R to resource R' where a local state holds a
//! unit of R while it asks for R'. In a smallest stuck core every member waits for something that
//! members hold; following *waits for R, which a member holds that waits for R', ...* closes a
//! cycle of this graph, and every slot of every series on it is pinned by a task that stands at an
//! asking operation. So one of the cycles must be *filled*: the slots of its series, less those
//! pinned by tasks at asking operations, are missing. One step moves one task and can supply at
//! most as many of them as one such task pins on the cycle. The missing slots divided by that
//! number, rounded up, at the cheapest cycle, are a lower bound, and no step lowers it by more than
//! one. With such a bound the first deadlock that A* takes from its queue lies on a shortest run.
//!
//! Leaks, completions, memory, CPUs, units that others give back, queues, and a series that keeps all
//! its slots for holders could close a stuck set without a cycle; a slot of a shared page may be pinned
//! by several tasks; and not every stuck set counts where tasks give up or wait idly. A program in
//! which any of that occurs is not aimed at.

use kmapcheck_engine::{Meter, Progress, Stopped};
use kmapcheck_local::{Holding, LocalState, Locals};
use kmapcheck_machine::Resource;
use kmapcheck_scenario::{Bound, Op, Patience, Program};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::capacity::next_number;
use crate::counted::explore::{CountedStep, Explorer};
use crate::counted::packed::Counts;
use crate::counted::table::Table;

/// What to aim at.
pub(crate) struct Aim {
    cycles: Vec<Cycle>,
}

/// A cycle of the graph of resources held while others are asked for.
struct Cycle {
    /// Its series with the number of slots that must be pinned.
    series: Vec<(usize, u32)>,
    /// The most slots of the cycle that one task at an asking operation pins.
    gain: u32,
}

/// Which task has its own lock, and which page is locked: they are not told apart here, so that
/// there are more cycles, not fewer.
const ANY: usize = 0;

/// More elementary cycles than this, and the graph is not looked at any further.
const MAX_CYCLES: usize = 200;

impl Aim {
    /// What to aim at, or `None` if the program is outside the premise.
    pub(crate) fn of(program: &Program, locals: &Locals) -> Option<Aim> {
        if locals.leak().is_some()
            || !program.pages.is_empty()
            || program.cpus.is_some()
            || program.free_pages.is_some()
            || program.has_queues()
            || waits_otherwise(program)
            || waits_for_giver(program)
            || refuses_for_ever(program)
        {
            return None;
        }
        let mut edges: FxHashSet<(Resource, Resource)> = FxHashSet::default();
        for waiter in &locals.waiters {
            let local = &locals.states[waiter.local as usize];
            if let Some(wanted) = local.op(program).and_then(asked) {
                edges.extend(held(program, local).into_iter().map(|held| (held, wanted)));
            }
        }
        let mut edges: Vec<_> = edges.into_iter().collect();
        edges.sort_unstable();
        let cycles = cycles(&edges)?;
        let aim = Aim {
            cycles: cycles
                .iter()
                .map(|nodes| Cycle::of(program, locals, nodes))
                .collect(),
        };
        // Without a series on it a cycle is filled from the start: no bound, no aim.
        aim.cycles
            .iter()
            .all(|cycle| !cycle.series.is_empty() && cycle.gain > 0)
            .then_some(aim)
    }

    /// A lower bound on the steps from `state` to a deadlock; `None`: there is none to come.
    fn bound(&self, slots: &Slots<'_>, state: &Counts) -> Option<u32> {
        let pinned = slots.pinned(state);
        self.cycles
            .iter()
            .map(|cycle| {
                // More may be pinned than is needed: then none is missing.
                let missing: u32 = (cycle.series.iter())
                    .map(|&(series, slots)| slots.saturating_sub(pinned[series]))
                    .sum();
                missing.div_ceil(cycle.gain)
            })
            .min()
    }
}

impl Cycle {
    fn of(program: &Program, locals: &Locals, nodes: &[Resource]) -> Cycle {
        let series: Vec<(usize, u32)> = (nodes.iter())
            .filter_map(|node| match *node {
                Resource::Series(id) => match program.series[id].slots {
                    // Tasks without a pin are refused before the last slots are taken.
                    Bound::Exactly(slots) => {
                        // With none left over, `refuses_for_ever` has seen to it.
                        Some((id, slots.saturating_sub(program.series[id].for_holders)))
                    }
                    Bound::Any => None,
                },
                _ => None,
            })
            .collect();
        let gain = (locals.states.iter())
            .filter(|local| local.op(program).and_then(asked).is_some())
            .map(|local| {
                let pins = local.own_usage(program);
                series.iter().map(|&(series, _)| pins[series].0).sum()
            })
            .max()
            .unwrap_or(0);
        Cycle { series, gain }
    }
}

/// Whether somebody may wait for what another task has yet to give.
fn waits_for_giver(program: &Program) -> bool {
    program.templates.iter().enumerate().any(|(id, template)| {
        template.nodes.iter().any(|node| match node.op {
            Op::WaitForCompletion { .. } => true,
            Op::Down { pool, .. } => !program.resource(id, pool).kind.is_owned(),
            _ => false,
        })
    })
}

/// Whether somebody waits for one of several things, may give up, or waits idly.
fn waits_otherwise(program: &Program) -> bool {
    program.has_op(|op| op == Op::Select)
        || program.has_patience(Patience::Idle)
        || program.has_patience(Patience::GivesUp)
}

/// Whether some series keeps so many slots for holders that nobody can become one: then a task
/// waits for what nobody holds.
fn refuses_for_ever(program: &Program) -> bool {
    program.series.iter().any(|series| match series.slots {
        Bound::Exactly(slots) => series.for_holders >= slots,
        Bound::Any => true,
    })
}

/// What a task in a local state holds.
fn held(program: &Program, local: &LocalState) -> Vec<Resource> {
    let mut found = Vec::new();
    for (holding, _) in local.holdings(program) {
        found.extend(match holding {
            Holding::Slots(series) | Holding::JointSlots(series) => Some(Resource::Series(series)),
            Holding::Held(what, _) | Holding::Queued(what) => Some(Resource::of(ANY, what)),
            Holding::PageLock(_) | Holding::Cpu => None,
        });
    }
    found.extend((!local.task.page_locks.is_empty()).then_some(Resource::PageLock(ANY)));
    found
}

/// What an operation may wait for, if it may.
fn asked(op: Op) -> Option<Resource> {
    match op {
        Op::Kmap { series, .. } => Some(Resource::Series(series)),
        Op::SpinLock { lock: what }
        | Op::DownRead { lock: what }
        | Op::DownWrite { lock: what }
        | Op::Down { pool: what, .. } => Some(Resource::of(ANY, what)),
        Op::LockPage { .. } => Some(Resource::PageLock(ANY)),
        _ => None,
    }
}

/// The elementary cycles of the graph, each from its least node; `None` if there are too many.
fn cycles(edges: &[(Resource, Resource)]) -> Option<Vec<Vec<Resource>>> {
    let mut starts: Vec<Resource> = edges.iter().map(|edge| edge.0).collect();
    starts.dedup();
    let mut found = Vec::new();
    for start in starts {
        let mut paths = vec![vec![start]];
        while let Some(path) = paths.pop() {
            let last = path[path.len() - 1];
            for &(_, to) in edges
                .iter()
                .filter(|&&(from, to)| from == last && to >= start)
            {
                if to == start {
                    found.push(path.clone());
                } else if !path.contains(&to) {
                    paths.push(path.iter().copied().chain([to]).collect());
                }
                if found.len() + paths.len() > MAX_CYCLES {
                    return None;
                }
            }
        }
    }
    Some(found)
}

/// The slots that tasks at asking operations pin, local state by local state.
struct Slots<'a> {
    program: &'a Program,
    known: FxHashMap<u32, Option<Vec<u32>>>,
}

impl Slots<'_> {
    fn pinned(&self, state: &Counts) -> Vec<u32> {
        let mut sum = vec![0; self.program.series.len()];
        for &(local, n) in &state.tasks {
            if let Some(Some(pins)) = self.known.get(&local) {
                sum.iter_mut()
                    .zip(pins)
                    .for_each(|(sum, pins)| *sum += pins * n);
            }
        }
        sum
    }

    /// Makes the slots of every local state of `state` known.
    fn learn(&mut self, table: &Table<'_>, state: &Counts) {
        for &(local, _) in &state.tasks {
            self.known.entry(local).or_insert_with(|| {
                let thing = table.local(local);
                let task = thing.task();
                let op = (task.at).map(|at| self.program.templates[task.template].nodes[at].op);
                let asks = op.and_then(asked).is_some();
                asks.then(|| thing.solo_slots(self.program))
            });
        }
    }
}

/// How an aimed search ended.
pub(crate) enum Hit {
    /// A deadlock: the number of its state in the explorer, with its shortest run.
    Deadlock { start: u32, steps: Vec<CountedStep> },
    /// There is no deadlock.
    None,
    /// The budget of states was used up.
    Unknown,
}

/// Searches for a deadlock with at most `budget` states in an explorer that has its initial states
/// and nothing else.
///
/// # Errors
///
/// If a limit of the run is reached.
pub(crate) fn search(
    explorer: &mut Explorer<'_>,
    aim: &Aim,
    budget: u64,
    meter: &mut Meter<'_>,
) -> Result<Hit, Stopped> {
    let program = explorer.table.program();
    let mut slots = Slots {
        program,
        known: FxHashMap::default(),
    };
    // Queues by bound on the whole run's length; the deepest state first.
    let mut queues: Vec<Vec<u32>> = Vec::new();
    let mut depth: Vec<u32> = Vec::new();
    let mut closed: Vec<bool> = Vec::new();
    let mut came_by: Vec<Option<(u32, CountedStep)>> = Vec::new();
    let (mut state, mut next) = (Counts::default(), Counts::default());
    let push = |queues: &mut Vec<Vec<u32>>, total: u32, number: u32| {
        if queues.len() <= total as usize {
            queues.resize(total as usize + 1, Vec::new());
        }
        queues[total as usize].push(number);
    };
    for number in 0..next_number(explorer.visited.len()) {
        explorer.visited.get(number, &mut state);
        slots.learn(&explorer.table, &state);
        depth.push(0);
        closed.push(false);
        came_by.push(None);
        if let Some(bound) = aim.bound(&slots, &state) {
            push(&mut queues, bound, number);
        }
    }
    let mut total = 0;
    while total < queues.len() {
        let Some(number) = queues[total].pop() else {
            total += 1;
            continue;
        };
        if std::mem::replace(&mut closed[number as usize], true) {
            continue;
        }
        let states = explorer.visited.len() as u64;
        if states > budget {
            return Ok(Hit::Unknown);
        }
        let here = depth[number as usize];
        let progress = || Progress {
            states,
            depth: u64::from(here),
            memory: explorer.memory(),
            ..Progress::default()
        };
        if let Some(stopped) = meter.check(0, progress).or_else(|| explorer.full()) {
            return Err(stopped);
        }
        explorer.visited.get(number, &mut state);
        if aim.bound(&slots, &state) == Some(0) && explorer.stuck(&state).forever.contains(&true) {
            return Ok(deadlock(number, &came_by));
        }
        for position in 0..state.tasks.len() {
            let local = state.tasks[position].0;
            let entry = explorer.table.entry(local, state.world);
            for i in 0..Table::row_count(entry) {
                let row = explorer.table.row(entry, i);
                explorer.successor(&state, position, row, &mut next);
                let (to, new) = explorer.visited.insert(&next);
                let step = (number, CountedStep { local, row: i });
                if new {
                    depth.push(here + 1);
                    closed.push(false);
                    came_by.push(Some(step));
                } else if depth[to as usize] > here + 1 {
                    depth[to as usize] = here + 1;
                    came_by[to as usize] = Some(step);
                } else {
                    continue;
                }
                slots.learn(&explorer.table, &next);
                if let Some(bound) = aim.bound(&slots, &next) {
                    push(&mut queues, here + 1 + bound, to);
                }
            }
        }
    }
    Ok(Hit::None)
}

fn deadlock(number: u32, came_by: &[Option<(u32, CountedStep)>]) -> Hit {
    let (mut at, mut steps) = (number, Vec::new());
    while let Some((from, step)) = came_by[at as usize] {
        steps.push(step);
        at = from;
    }
    steps.reverse();
    Hit::Deadlock { start: at, steps }
}
