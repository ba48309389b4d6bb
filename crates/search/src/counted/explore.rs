//! Breadth-first search over counted states, level by level.
//!
//! A level is expanded completely before the next one, and within a level states and steps are
//! taken in the order of their numbers: so a state's first predecessor lies on a shortest run, and
//! everything printed is the same for the same input.

use std::rc::Rc;

use kmapcheck_machine::{
    Abilities, Findings, Outcome, Standing, Start, Stopped, TaskId, Trace, initial, instances,
};
use kmapcheck_scenario::{FindingKind, OriginId, Program, TemplateId};
use rustc_hash::FxHashSet;

use super::local::{embed, tidy};
use super::packed::{Counts, Visited};
use super::starts;
use super::table::{Row, Table};
use crate::candidates::Candidates;
use crate::limits::{Limits, Meter, Progress};
use crate::starved::Bounds;

/// A counted step: a task of that local state takes that row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CountedStep {
    pub local: u32,
    pub row: u32,
}

/// A step with what becomes of everybody.
pub(super) struct Followed {
    /// The state afterwards.
    pub next: Counts,
    /// The local state of the task that took the step.
    pub actor: u32,
    /// By position in the state before: the local state of the tasks there that did not.
    pub bystanders: Vec<u32>,
}

/// A run to a state, plus one more step for findings of that step.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Run {
    pub state: u32,
    pub last: Option<CountedStep>,
    /// For `sleep-in-atomic`: where.
    pub node: Option<(TemplateId, usize)>,
    /// For `starved`: the local state of the task that starves.
    pub starving: Option<u32>,
}

/// No predecessor: an initial state.
pub(super) const NONE: u32 = u32::MAX;

pub(crate) struct Explorer<'a> {
    pub table: Table<'a>,
    pub abilities: Abilities,
    pub visited: Visited,
    /// By state: its first predecessor.
    pub parents: Vec<u32>,
    /// The initial states and how to start in them.
    pub starts: Vec<(u32, Start)>,
    pub(super) transitions: u64,
    pub(super) candidates: Candidates<Run>,
    pub(super) executed: FxHashSet<(TemplateId, OriginId)>,
    pub(super) sleeps_at: FxHashSet<(TemplateId, usize)>,
    /// What counters stay within unless they grow without bound; `None`: nothing can.
    bounds: Option<Bounds>,
    /// How many local states and worlds have been looked at for counters without bound.
    bounded: (usize, usize),
    /// Bytes that are allocated elsewhere for the same run.
    pub(super) memory_elsewhere: u64,
    /// The kinds of finding that are possible, once that was asked; `Some(None)`: any.
    pub(super) possible: Option<Option<Findings>>,
    /// Runs to findings that were not met on the way, but found by other means.
    pub(super) aimed: Vec<(FindingKind, Trace)>,
    /// When to take aim.
    plain_states: usize,
}

/// Explores everything, within the limits.
pub(crate) fn run(
    program: &Program,
    limits: &Limits,
    progress: &mut dyn FnMut(&Progress),
) -> Outcome {
    run_from(program, limits, progress, PLAIN_STATES)
}

/// The same, taking aim when so many states have not been enough.
pub(crate) fn run_from(
    program: &Program,
    limits: &Limits,
    progress: &mut dyn FnMut(&Progress),
    plain_states: usize,
) -> Outcome {
    let mut explorer = Explorer::new(program);
    explorer.plain_states = plain_states;
    let mut meter = Meter::new(limits, progress);
    let end = explorer.explore(&mut meter);
    let starved = if end.exhaustive && program.has_loops() {
        explorer.starved()
    } else {
        None
    };
    explorer.outcome(end, starved)
}

/// Whether all initial states were put in.
pub(super) enum Started {
    /// They were.
    Everywhere,
    /// There are more than were wanted.
    TooMany,
    /// A limit came first.
    Stopped(Stopped),
}

/// How an exploration ended.
pub(super) struct End {
    pub stopped: Option<Stopped>,
    pub depth: u64,
    /// Whether every reachable state was visited.
    pub exhaustive: bool,
}

/// When so many states have not been enough, the search takes aim: see [`crate::aim`].
const PLAIN_STATES: usize = 30_000;
/// So many states an aimed search may take.
pub(super) const AIMED_STATES: u64 = 300_000;

impl<'a> Explorer<'a> {
    pub(crate) fn new(program: &'a Program) -> Self {
        Explorer {
            table: Table::new(program),
            abilities: Abilities::of(program),
            visited: Visited::default(),
            parents: Vec::new(),
            starts: Vec::new(),
            transitions: 0,
            candidates: Candidates::new(),
            executed: FxHashSet::default(),
            sleeps_at: FxHashSet::default(),
            bounds: Bounds::of(program),
            bounded: (0, 0),
            memory_elsewhere: 0,
            possible: None,
            aimed: Vec::new(),
            plain_states: PLAIN_STATES,
        }
    }

    fn explore(&mut self, meter: &mut Meter<'_>) -> End {
        let counts = self.table.program().templates.iter().map(|t| t.count);
        let tasks: u64 = counts.map(|count| u64::from(instances(count))).sum();
        // Putting a start in takes time for every task.
        let most = (self.plain_states as u64 / (1 + tasks / 8)).max(1);
        let mut started = self.start(most, meter);
        if let Started::TooMany = started {
            if let Some(stopped) = self.take_aim(meter) {
                started = Started::Stopped(stopped);
            } else if self.is_decided() {
                return End {
                    stopped: None,
                    depth: 0,
                    exhaustive: false,
                };
            } else {
                started = self.start(u64::MAX, meter);
            }
        }
        if let Started::Stopped(stopped) = started {
            return End {
                stopped: Some(stopped),
                depth: 0,
                exhaustive: false,
            };
        }
        self.candidates.settle(0);
        let (mut level, mut depth) = (0..self.visited.len(), 0);
        let (mut state, mut next) = (Counts::default(), Counts::default());
        loop {
            for i in level.clone() {
                let mut stopped = self.stop(meter, i, depth);
                if stopped.is_none()
                    && self.visited.len() >= self.plain_states
                    && self.possible.is_none()
                {
                    stopped = self.take_aim(meter);
                }
                if stopped.is_none() && self.is_decided() {
                    return End {
                        stopped: None,
                        depth,
                        exhaustive: false,
                    };
                }
                if stopped.is_none() {
                    self.visited.get(i as u32, &mut state);
                    stopped = self.expand(i as u32, &state, &mut next, depth);
                }
                if stopped.is_some() {
                    return End {
                        stopped,
                        depth,
                        exhaustive: false,
                    };
                }
            }
            level = level.end..self.visited.len();
            if level.is_empty() {
                self.candidates.settle(depth + 1);
                return End {
                    stopped: None,
                    depth,
                    exhaustive: true,
                };
            }
            depth += 1;
            self.candidates.settle(depth);
        }
    }

    /// How to start in the initial state of that number.
    pub(crate) fn start_of(&self, number: u32) -> Start {
        let found = self.starts.iter().find(|&&(start, _)| start == number);
        found.map_or_else(Start::default, |(_, start)| start.clone())
    }

    /// Whether a limit is reached.
    fn stop(&mut self, meter: &mut Meter<'_>, at: usize, depth: u64) -> Option<Stopped> {
        let states = self.visited.len() as u64;
        meter.check(states, || Progress {
            states,
            transitions: self.transitions,
            frontier: states - at as u64,
            depth,
            memory: self.memory(),
            ..Progress::default()
        })
    }

    pub(crate) fn memory(&self) -> u64 {
        self.memory_elsewhere
            + self.visited.memory()
            + self.table.memory()
            + (self.parents.capacity() * 4) as u64
    }

    /// Puts the initial states in, if there are not more than `most`.
    pub(super) fn start(&mut self, most: u64, meter: &mut Meter<'_>) -> Started {
        let program = self.table.program();
        let mut started = Started::Everywhere;
        starts::for_each_start(program, |start| {
            if self.visited.len() as u64 >= most {
                started = Started::TooMany;
                return false;
            }
            let state = self.counted(&initial(program, &start));
            if let (number, true) = self.visited.insert(&state) {
                self.parents.push(NONE);
                self.starts.push((number, start));
                self.note_state(number, &state, 0);
            }
            if let Some(stopped) = self.stop(meter, 0, 0) {
                started = Started::Stopped(stopped);
            }
            matches!(started, Started::Everywhere)
        });
        started
    }

    /// The counted state of a named one.
    pub(crate) fn counted(&mut self, state: &kmapcheck_machine::State) -> Counts {
        self.counted_with(state, &[])
    }

    /// The same with so many more tasks that are like some in it.
    pub(crate) fn counted_with(
        &mut self,
        state: &kmapcheck_machine::State,
        more: &[(TaskId, u32)],
    ) -> Counts {
        let embedded = embed(self.table.program(), state);
        let mut counts = Counts {
            world: self.table.world_number(embedded.world),
            tasks: Vec::new(),
        };
        let numbers: Vec<u32> = (embedded.locals.into_iter())
            .map(|local| self.table.local_number(local))
            .collect();
        for &number in &numbers {
            counts.add(number, 1);
        }
        for &(task, n) in more {
            counts.add(numbers[task], n);
        }
        counts
    }

    fn expand(
        &mut self,
        number: u32,
        state: &Counts,
        next: &mut Counts,
        depth: u64,
    ) -> Option<Stopped> {
        for position in 0..state.tasks.len() {
            let (local, _) = state.tasks[position];
            let entry = self.table.entry(local, state.world);
            for i in 0..Table::row_count(entry) {
                self.transitions += 1;
                let row = self.table.row(entry, i);
                self.note_step(
                    number,
                    CountedStep {
                        local,
                        row: i as u32,
                    },
                    row,
                    depth,
                );
                self.successor(state, position, row, next);
                if let (new, true) = self.visited.insert(next) {
                    self.parents.push(number);
                    if let Some(what) = self.unbounded() {
                        return Some(Stopped::Unbounded(what));
                    }
                    self.note_state(new, next, depth + 1);
                }
            }
        }
        None
    }

    /// The state after a task at `position` took `row`, into `next`.
    pub(crate) fn successor(
        &mut self,
        state: &Counts,
        position: usize,
        row: Row,
        next: &mut Counts,
    ) {
        next.world = row.world;
        next.tasks.clone_from(&state.tasks);
        next.take_one(position);
        if row.flushed.is_some() || row.freed.is_some() {
            let others = std::mem::take(&mut next.tasks);
            for (mut local, n) in others {
                if let Some(series) = row.flushed {
                    local = self.table.after_flush(local, series);
                }
                if let Some(page) = row.freed {
                    local = self.table.after_free(local, page as usize);
                }
                next.add(local, n);
            }
        }
        next.add(row.local, 1);
        if row.untidy {
            self.tidy(next);
        }
    }

    /// The state after a task at `position` took `row`, with what becomes of everybody.
    pub(super) fn follow(&mut self, state: &Counts, position: usize, row: Row) -> Followed {
        let mut moved: Vec<(u32, u32)> = Vec::with_capacity(state.tasks.len() + 1);
        for (i, &(local, n)) in state.tasks.iter().enumerate() {
            let mut after = local;
            if let Some(series) = row.flushed {
                after = self.table.after_flush(after, series);
            }
            if let Some(page) = row.freed {
                after = self.table.after_free(after, page as usize);
            }
            moved.push((after, n - u32::from(i == position)));
        }
        moved.push((row.local, 1));
        let mut world = row.world;
        if row.untidy {
            let occupied = moved.iter().filter(|&&(_, n)| n > 0);
            let locals: Vec<_> = occupied
                .map(|&(local, n)| (self.table.local(local).as_ref().clone(), n))
                .collect();
            let old = Rc::clone(self.table.world(world));
            if let Some((tidied, locals)) = tidy(self.table.program(), &old, &locals) {
                world = self.table.world_number(tidied);
                for (entry, local) in moved.iter_mut().filter(|(_, n)| *n > 0).zip(locals) {
                    entry.0 = self.table.local_number(local);
                }
            }
        }
        let mut next = Counts {
            world,
            tasks: Vec::new(),
        };
        for &(local, n) in moved.iter().filter(|&&(_, n)| n > 0) {
            next.add(local, n);
        }
        let actor = moved.pop().map_or(row.local, |(local, _)| local);
        let bystanders = moved.into_iter().map(|(local, _)| local).collect();
        Followed {
            next,
            actor,
            bystanders,
        }
    }

    fn tidy(&mut self, state: &mut Counts) {
        let world = Rc::clone(self.table.world(state.world));
        let locals: Vec<_> = state
            .tasks
            .iter()
            .map(|&(local, n)| (self.table.local(local).as_ref().clone(), n))
            .collect();
        let Some((world, tidied)) = tidy(self.table.program(), &world, &locals) else {
            return;
        };
        state.world = self.table.world_number(world);
        state.tasks.clear();
        for (local, (_, n)) in tidied.into_iter().zip(locals) {
            let number = self.table.local_number(local);
            state.add(number, n);
        }
    }

    /// Findings and coverage of a step.
    pub(super) fn note_step(&mut self, state: u32, step: CountedStep, row: Row, depth: u64) {
        let task = self.table.local(step.local).task();
        let Some(at) = task.at else { return };
        let template = task.template;
        self.executed.insert((
            template,
            self.table.program().templates[template].nodes[at].origin,
        ));
        for kind in self.candidates.news(row.findings).iter() {
            let node = Some((template, at));
            self.candidates.offer(kind, depth + 1, 0, || Run {
                state,
                last: Some(step),
                node,
                starving: None,
            });
        }
    }

    /// Findings of a new state.
    pub(super) fn note_state(&mut self, number: u32, state: &Counts, depth: u64) {
        let mut waits = false;
        for &(local, _) in &state.tasks {
            let entry = self.table.entry(local, state.world);
            waits |= matches!(entry.standing, Standing::Waits(_));
            if !entry.waiting.is_empty() {
                self.note_waiting(number, local, entry.waiting, depth);
            }
        }
        if waits && !self.candidates.has(FindingKind::Deadlock) && self.stuck(state).contains(&true)
        {
            let rank = self.class_rank(state);
            let run = Run {
                state: number,
                last: None,
                node: None,
                starving: None,
            };
            self.candidates
                .offer(FindingKind::Deadlock, depth, rank, || run);
        }
    }

    fn note_waiting(&mut self, state: u32, local: u32, waiting: Findings, depth: u64) {
        let task = self.table.local(local).task();
        let Some(at) = task.at else { return };
        let node = (task.template, at);
        if waiting.contains(FindingKind::SleepInAtomic) {
            self.sleeps_at.insert(node);
        }
        for kind in self.candidates.news(waiting).iter() {
            self.candidates.offer(kind, depth, 0, || Run {
                state,
                last: None,
                node: Some(node),
                starving: None,
            });
        }
    }

    /// A counter that can grow without bound, among the local states and worlds not yet looked at.
    pub(crate) fn unbounded(&mut self) -> Option<String> {
        let bounds = self.bounds.as_ref()?;
        let program = self.table.program();
        let (locals, worlds) = self.bounded;
        self.bounded = (self.table.locals(), self.table.worlds());
        (locals..self.bounded.0)
            .find_map(|i| bounds.exceeded_by_task(program, self.table.local(i as u32).task()))
            .or_else(|| {
                (worlds..self.bounded.1).find_map(|i| {
                    bounds.exceeded_by_completion(program, self.table.world(i as u32).resources())
                })
            })
    }

    /// The counted steps from an initial state to the run's end, with that initial state's number.
    pub(crate) fn counted_steps(&mut self, run: &Run) -> (u32, Vec<CountedStep>) {
        let mut steps: Vec<CountedStep> = run.last.into_iter().collect();
        let mut at = run.state;
        let (mut state, mut next) = (Counts::default(), Counts::default());
        while self.parents[at as usize] != NONE {
            let parent = self.parents[at as usize];
            self.visited.get(parent, &mut state);
            let step = self.step_between(&state, at, &mut next);
            steps.push(step);
            at = parent;
        }
        steps.reverse();
        (at, steps)
    }

    /// The first step from a state to the one of number `to`.
    fn step_between(&mut self, state: &Counts, to: u32, next: &mut Counts) -> CountedStep {
        for position in 0..state.tasks.len() {
            let (local, _) = state.tasks[position];
            let entry = self.table.entry(local, state.world);
            for i in 0..Table::row_count(entry) {
                let row = self.table.row(entry, i);
                self.successor(state, position, row, next);
                if self.visited.insert(next).0 == to {
                    return CountedStep {
                        local,
                        row: i as u32,
                    };
                }
            }
        }
        unreachable!("a state follows its predecessor by one of the predecessor's steps")
    }
}
