//! Breadth-first search over counted states, level by level.
//!
//! A level is expanded completely before the next one, and within a level states and steps are
//! taken in the order of their numbers: so a state's first predecessor lies on a shortest run, and
//! everything printed is the same for the same input.

use std::ops::Range;
use std::rc::Rc;

use kmapcheck_machine::{Abilities, Findings, Outcome, Standing, Start, Stopped, Trace, initial};
use kmapcheck_scenario::{FindingKind, OriginId, Program, TemplateId};
use rustc_hash::FxHashSet;

use super::checkpoint::Checkpoint;
use super::local::{embed_as, tidy_as};
use super::packed::{Counts, Visited};
use super::starts;
use super::table::{Event, Row, Table};
use crate::candidates::Candidates;
use crate::limits::{Limits, Meter, Progress};
use crate::options::Options;
use crate::reduce::Reductions;
use crate::reduce::check::Check;
use crate::reduce::choose::Chooser;
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
const NONE: u32 = u32::MAX;

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
    /// The transitions at the latest of the looks at the limits that were due to them.
    looked: u64,
    /// How many local states and worlds have been looked at for counters without bound.
    bounded: (usize, usize),
    /// Bytes that are allocated elsewhere for the same run.
    pub(super) memory_elsewhere: u64,
    /// The kinds of finding that are possible, once that was asked; `Some(None)`: any.
    pub(super) possible: Option<Option<Findings>>,
    /// A shortest run into a deadlock, if an aimed search found it.
    pub(super) aimed: Option<Trace>,
    /// When to take aim.
    plain_states: usize,
    /// Which tasks go on in a state, unless it is all of them.
    pub(super) chooser: Option<Chooser<'a>>,
    /// Where a state was expanded in full for the sake of those put off: see [`Explorer::expand`].
    pub(super) in_full: FxHashSet<u32>,
    /// Looks at the premises of the reductions, if that is wanted.
    check: Option<Check>,
    pub(super) reductions: Reductions,
    checkpoint: Option<Checkpoint>,
}

/// Where an exploration is.
#[derive(Debug, Clone)]
pub(crate) struct At {
    /// The states of the level.
    pub level: Range<usize>,
    /// The next of them to be expanded.
    pub next: usize,
    pub depth: u64,
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
    let end = explorer.explore(&mut meter, None);
    let starved = if end.exhaustive && program.has_loops() {
        explorer.starved()
    } else {
        None
    };
    explorer.outcome(end, starved)
}

/// How an exploration ended.
pub(super) struct End {
    pub stopped: Option<Stopped>,
    pub depth: u64,
    /// Whether every reachable state was visited.
    pub exhaustive: bool,
}

impl End {
    fn early(stopped: Option<Stopped>, at: &At) -> End {
        End {
            stopped,
            depth: at.depth,
            exhaustive: false,
        }
    }
}

/// When so many states have not been enough, the search takes aim: see [`crate::aim`].
const PLAIN_STATES: usize = 30_000;
/// After so many transitions at the latest the limits are looked at.
const TRANSITIONS: u64 = 4_096;
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
            looked: 0,
            bounded: (0, 0),
            memory_elsewhere: 0,
            possible: None,
            aimed: None,
            plain_states: PLAIN_STATES,
            chooser: None,
            in_full: FxHashSet::default(),
            check: None,
            reductions: Reductions::COUNTED,
            checkpoint: None,
        }
    }

    /// The same with other options. (Telling instances apart is the program's affair: see
    /// [`crate::reduce::apart`].)
    pub(crate) fn with_options(program: &'a Program, options: &Options) -> Self {
        let mut explorer = Explorer::new(program);
        explorer.table.names_pages = !options.reductions.pages;
        explorer.chooser = Chooser::new(program, options.reductions);
        explorer.check = options.check.then(Check::default);
        explorer.reductions = options.reductions;
        explorer.visited = Visited::new(options.storage.clone());
        explorer.checkpoint = Checkpoint::of(program, options);
        if explorer.checkpoint.is_some() {
            explorer.table.log = Some(Vec::new());
        }
        explorer
    }

    /// Explores everything, within the limits; from a checkpoint on, if there is one.
    ///
    /// # Errors
    ///
    /// If there is a checkpoint to go on from and it does not fit, in words.
    pub(crate) fn run(
        mut self,
        limits: &Limits,
        progress: &mut dyn FnMut(&Progress),
    ) -> Result<Outcome, String> {
        let mut meter = Meter::new(limits, progress);
        let from = match self.checkpoint.take() {
            None => None,
            Some(checkpoint) => {
                let at = checkpoint.read(&mut self)?;
                self.checkpoint = Some(checkpoint);
                at
            }
        };
        let mut end = self.explore(&mut meter, from);
        let starved = if end.exhaustive && self.table.program().has_loops() {
            self.starved()
        } else {
            None
        };
        if let Some(checkpoint) = &self.checkpoint
            && end.stopped.is_none()
            && let Err(error) = checkpoint.remove()
        {
            end.stopped = Some(Stopped::Failed(checkpoint.said("remove", &error)));
        }
        Ok(self.outcome(end, starved))
    }

    /// Writes a checkpoint; why that did not work, if it did not.
    fn keep(&mut self, at: &At) -> Option<Stopped> {
        let mut checkpoint = self.checkpoint.take()?;
        let written = checkpoint.write(self, at);
        let failed = written.err().map(|error| checkpoint.said("write", &error));
        self.checkpoint = Some(checkpoint);
        failed.map(Stopped::Failed)
    }

    /// What was looked at for counters without bound is to be looked at again.
    pub(super) fn restart(&mut self) {
        self.bounded = (0, 0);
    }

    fn explore(&mut self, meter: &mut Meter<'_>, from: Option<At>) -> End {
        let mut at = match from {
            Some(at) => at,
            None => {
                let stopped = self.start(meter);
                let at = At {
                    level: 0..self.visited.len(),
                    next: 0,
                    depth: 0,
                };
                if stopped.is_some() {
                    return End::early(stopped, &at);
                }
                self.candidates.settle(0);
                at
            }
        };
        // That it can be written had better be known now.
        if let Some(stopped) = self.keep(&at) {
            return End::early(Some(stopped), &at);
        }
        let (mut state, mut next) = (Counts::default(), Counts::default());
        loop {
            while at.next < at.level.end {
                let mut stopped = self.stop(meter, at.next, at.depth);
                if stopped.is_none()
                    && self.visited.len() >= self.plain_states
                    && self.possible.is_none()
                {
                    stopped = self.take_aim(meter);
                    if stopped.is_some() {
                        // Who goes on from here takes aim again.
                        self.possible = None;
                    }
                }
                if stopped.is_none() && self.is_decided() {
                    return End::early(None, &at);
                }
                let due = self.checkpoint.as_ref().is_some_and(Checkpoint::is_due);
                if stopped.is_some() || due {
                    stopped = self.keep(&at).or(stopped);
                }
                if stopped.is_none() {
                    self.visited.get(at.next as u32, &mut state);
                    stopped = self.expand(at.next as u32, &state, &mut next, at.depth);
                    let failed = self.visited.failed().map(|error| {
                        Stopped::Failed(format!("cannot keep states on disk: {error}"))
                    });
                    stopped = failed.or(stopped);
                }
                if stopped.is_some() {
                    return End::early(stopped, &at);
                }
                at.next += 1;
            }
            at.level = at.level.end..self.visited.len();
            if at.level.is_empty() {
                self.candidates.settle(at.depth + 1);
                return End {
                    stopped: None,
                    depth: at.depth,
                    exhaustive: true,
                };
            }
            at.depth += 1;
            self.candidates.settle(at.depth);
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
        // Some states have thousands of successors.
        if self.transitions - self.looked >= TRANSITIONS {
            self.looked = self.transitions;
            meter.hurry();
        }
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
            + self.chooser.as_ref().map_or(0, Chooser::memory)
    }

    /// Puts the initial states in.
    pub(super) fn start(&mut self, meter: &mut Meter<'_>) -> Option<Stopped> {
        let program = self.table.program();
        let mut stopped = None;
        let mut count = 0;
        starts::for_each_start(program, |start| {
            let before = self.table.numbered();
            let state = self.counted(&initial(program, &start));
            self.table.note(before, || Event::Start(count));
            count += 1;
            if let (number, true) = self.visited.insert(&state) {
                self.parents.push(NONE);
                self.starts.push((number, start));
                self.note_state(number, &state, 0);
            }
            stopped = self.stop(meter, 0, 0);
            stopped.is_none()
        });
        stopped
    }

    /// The counted state of a named one.
    pub(crate) fn counted(&mut self, state: &kmapcheck_machine::State) -> Counts {
        let embedded = embed_as(self.table.program(), state, self.table.names_pages);
        let mut counts = Counts {
            world: self.table.world_number(embedded.world),
            tasks: Vec::new(),
        };
        for local in embedded.locals {
            let number = self.table.local_number(local);
            counts.add(number, 1);
        }
        counts
    }

    /// Takes the steps out of a state: all of them, or those of the tasks that the reductions choose.
    ///
    /// Where orders are left out, a task that is put off here is still as it was in a successor; it
    /// could be put off there again, and so on round a cycle. So some successor has to be expanded
    /// later than this state, or everything is done here: then putting off comes to an end.
    fn expand(
        &mut self,
        number: u32,
        state: &Counts,
        next: &mut Counts,
        depth: u64,
    ) -> Option<Stopped> {
        let chosen = self.choose(state);
        if let Some(mut check) = self.check.take() {
            check.state(self, state, chosen.as_deref());
            self.check = Some(check);
        }
        let Some(chosen) = chosen else {
            return self
                .expand_some(number, state, 0..state.tasks.len(), next, depth)
                .0;
        };
        let (stopped, later) = self.expand_some(number, state, chosen.iter().copied(), next, depth);
        if stopped.is_some() || later {
            return stopped;
        }
        self.in_full.insert(number);
        let rest = (0..state.tasks.len()).filter(|position| !chosen.contains(position));
        self.expand_some(number, state, rest, next, depth).0
    }

    /// The positions whose tasks go on; `None`: all.
    fn choose(&mut self, state: &Counts) -> Option<Vec<usize>> {
        let chooser = self.chooser.as_mut()?;
        chooser.choose(&mut self.table, state)
    }

    /// The positions whose steps out of a state were taken.
    pub(super) fn expanded(&mut self, number: u32, state: &Counts) -> Vec<usize> {
        let chosen = if self.in_full.contains(&number) {
            None
        } else {
            self.choose(state)
        };
        chosen.unwrap_or_else(|| (0..state.tasks.len()).collect())
    }

    /// Takes the steps of the tasks at some positions. Also whether one leads to a state that is yet
    /// to be expanded: states are, in the order of their numbers.
    fn expand_some(
        &mut self,
        number: u32,
        state: &Counts,
        positions: impl Iterator<Item = usize>,
        next: &mut Counts,
        depth: u64,
    ) -> (Option<Stopped>, bool) {
        let mut later = false;
        for position in positions {
            let (local, _) = state.tasks[position];
            let entry = self.table.entry(local, state.world);
            for i in 0..Table::row_count(entry) {
                self.transitions += 1;
                let row = self.table.row(entry, i);
                let step = CountedStep {
                    local,
                    row: i as u32,
                };
                self.note_step(number, step, row, depth);
                self.successor(state, position, row, next);
                while let Some((passing, row)) = self.passing(next) {
                    self.transitions += 1;
                    let here = next.clone();
                    self.note_executed(here.tasks[passing].0);
                    if let Some(mut check) = self.check.take() {
                        check.state(self, &here, Some(&[passing]));
                        self.check = Some(check);
                    }
                    self.successor(&here, passing, row, next);
                }
                let (new, fresh) = self.visited.insert(next);
                later |= new > number;
                if fresh {
                    self.parents.push(number);
                    if let Some(what) = self.unbounded() {
                        return (Some(Stopped::Unbounded(what)), later);
                    }
                    self.note_state(new, next, depth + 1);
                }
            }
        }
        (None, later)
    }

    /// The step that leads on from a state that is passed through: see [`Chooser::passes`].
    pub(super) fn passing(&mut self, state: &Counts) -> Option<(usize, Row)> {
        let position = self.chooser.as_mut()?.passes(&mut self.table, state)?;
        let entry = self.table.entry(state.tasks[position].0, state.world);
        Some((position, self.table.row(entry, 0)))
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
            if let Some((tidied, locals)) =
                tidy_as(self.table.program(), &old, &locals, self.table.names_pages)
            {
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

    pub(super) fn tidy(&mut self, state: &mut Counts) {
        let before = self.table.numbered();
        let untidy = (self.table.log.is_some()).then(|| (state.world, state.tasks.clone()));
        let world = Rc::clone(self.table.world(state.world));
        let locals: Vec<_> = state
            .tasks
            .iter()
            .map(|&(local, n)| (self.table.local(local).as_ref().clone(), n))
            .collect();
        let Some((world, tidied)) = tidy_as(
            self.table.program(),
            &world,
            &locals,
            self.table.names_pages,
        ) else {
            return;
        };
        state.world = self.table.world_number(world);
        state.tasks.clear();
        for (local, (_, n)) in tidied.into_iter().zip(locals) {
            let number = self.table.local_number(local);
            state.add(number, n);
        }
        if let Some((world, tasks)) = untidy {
            self.table.note(before, || Event::Tidy(world, tasks));
        }
    }

    /// Findings and coverage of a step.
    fn note_step(&mut self, state: u32, step: CountedStep, row: Row, depth: u64) {
        let Some((template, at)) = self.note_executed(step.local) else {
            return;
        };
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

    /// Coverage of a step by a task in that local state; where it is.
    fn note_executed(&mut self, local: u32) -> Option<(TemplateId, usize)> {
        let task = self.table.local(local).task();
        let (template, at) = (task.template, task.at?);
        let origin = self.table.program().templates[template].nodes[at].origin;
        self.executed.insert((template, origin));
        Some((template, at))
    }

    /// Findings of a new state.
    fn note_state(&mut self, number: u32, state: &Counts, depth: u64) {
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
    /// States are worked out from the start on: they may not have been kept.
    pub(crate) fn counted_steps(&mut self, run: &Run) -> (u32, Vec<CountedStep>) {
        let mut states = vec![run.state];
        let mut first = run.state;
        while self.parents[first as usize] != NONE {
            first = self.parents[first as usize];
            states.push(first);
        }
        states.reverse();
        let mut state = self.counted(&initial(self.table.program(), &self.start_of(first)));
        let (mut steps, mut next) = (Vec::new(), Counts::default());
        for pair in states.windows(2) {
            steps.extend(self.steps_between(pair[0], &state, pair[1], &mut next));
            std::mem::swap(&mut state, &mut next);
        }
        steps.extend(run.last);
        (first, steps)
    }

    /// The first step from a state to the one of number `to`, with those that pass on.
    fn steps_between(
        &mut self,
        from: u32,
        state: &Counts,
        to: u32,
        next: &mut Counts,
    ) -> Vec<CountedStep> {
        for position in self.expanded(from, state) {
            let (local, _) = state.tasks[position];
            let entry = self.table.entry(local, state.world);
            for i in 0..Table::row_count(entry) {
                let row = self.table.row(entry, i);
                self.successor(state, position, row, next);
                let mut steps = vec![CountedStep {
                    local,
                    row: i as u32,
                }];
                while let Some((passing, row)) = self.passing(next) {
                    let here = next.clone();
                    steps.push(CountedStep {
                        local: here.tasks[passing].0,
                        row: 0,
                    });
                    self.successor(&here, passing, row, next);
                }
                if self.visited.insert(next).0 == to {
                    return steps;
                }
            }
        }
        unreachable!("a state follows its predecessor by one of the predecessor's steps")
    }
}
