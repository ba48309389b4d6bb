//! Breadth-first search over counted states, level by level.
//!
//! A level is expanded completely before the next one, and within a level states and steps are
//! taken in the order of their numbers: so a state's first predecessor lies on a shortest run, and
//! everything printed is the same for the same input.
//!
//! - [`expand`]: which steps out of a state are taken;
//! - [`step`]: what becomes of a state by a step;
//! - [`note`]: what is seen on the way.

mod expand;
mod note;
mod step;

use std::ops::Range;

use kmapcheck_engine::{Candidates, Meter, Outcome, Progress, Rests, Stopped};
use kmapcheck_limits::{Limits, unasked};
use kmapcheck_machine::{Abilities, Findings, Start, Starts, TaskId, Trace, initial, instances};
use kmapcheck_scenario::{FindingKind, OriginId, Program, TemplateId};
use kmapcheck_stuck::stuck_sets::possible_stuck_kinds;
use rustc_hash::FxHashSet;

use super::checkpoint::Checkpoint;
use super::local::embed_as;
use super::packed::{Counts, Visited};
use super::table::{Event, Table};
use crate::capacity::{self, next_number};
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
pub(super) const NONE: u32 = u32::MAX;

pub(crate) struct Explorer<'a> {
    pub table: Table<'a>,
    pub abilities: Abilities,
    /// The kinds of finding that its tasks can be stuck by.
    pub(super) stuck_kinds: Findings,
    pub visited: Visited,
    /// By state: its first predecessor.
    pub parents: Vec<u32>,
    /// The initial states and how to start in them.
    pub starts: Vec<(u32, Start)>,
    pub(super) transitions: u64,
    pub(super) candidates: Candidates<Run>,
    pub(super) executed: FxHashSet<(TemplateId, OriginId)>,
    pub(super) sleeps_at: FxHashSet<(TemplateId, usize)>,
    pub(super) rests: Rests,
    /// Only deadlocks of tasks on both sides of this template count: see [`super::together`].
    pub(super) split: Option<TemplateId>,
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
    pub(super) plain_states: usize,
    /// Which tasks go on in a state, unless it is all of them.
    pub(super) chooser: Option<Chooser<'a>>,
    /// Where a state was expanded in full for the sake of those put off: see [`Explorer::expand`].
    pub(super) in_full: FxHashSet<u32>,
    /// Looks at the premises of the reductions, if that is wanted.
    check: Option<Check>,
    pub(super) reductions: Reductions,
    checkpoint: Option<Checkpoint>,
    /// So many states, local states, worlds and steps there may be: see [`crate::capacity`].
    pub(crate) most: u32,
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
    let mut end = explorer.explore(&mut meter, None);
    let starved = explorer.starved_within(&mut meter, &mut end);
    // Whatever was reached: what was found is told.
    unasked(|| explorer.outcome(end, starved))
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
/// So many states an aimed search may take.
pub(super) const AIMED_STATES: u64 = 300_000;

impl<'a> Explorer<'a> {
    pub(crate) fn new(program: &'a Program) -> Self {
        Explorer {
            table: Table::new(program),
            abilities: Abilities::of(program),
            stuck_kinds: possible_stuck_kinds(program),
            visited: Visited::default(),
            parents: Vec::new(),
            starts: Vec::new(),
            transitions: 0,
            candidates: Candidates::new(),
            executed: FxHashSet::default(),
            sleeps_at: FxHashSet::default(),
            rests: Rests::of(program),
            split: None,
            bounds: Bounds::of(program),
            bounded: (0, 0),
            memory_elsewhere: 0,
            possible: None,
            aimed: Vec::new(),
            plain_states: PLAIN_STATES,
            chooser: None,
            in_full: FxHashSet::default(),
            check: None,
            reductions: Reductions::COUNTED,
            checkpoint: None,
            most: capacity::MOST,
        }
    }

    /// The same with other options. (Telling instances apart is the program's affair: see
    /// [`crate::reduce::told_apart`].)
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
    /// If there is a checkpoint to go on from and it does not fit, or none can be written, in words.
    pub(crate) fn run(
        mut self,
        limits: &Limits,
        progress: &mut dyn FnMut(&Progress),
    ) -> Result<Outcome, String> {
        let mut meter = Meter::new(limits, progress);
        let from = match self.checkpoint.take() {
            None => None,
            Some(checkpoint) => {
                checkpoint.try_writing()?;
                let at = checkpoint.read(&mut self)?;
                self.checkpoint = Some(checkpoint);
                at
            }
        };
        let mut end = self.explore(&mut meter, from);
        let starved = self.starved_within(&mut meter, &mut end);
        if let Some(checkpoint) = &self.checkpoint
            && end.stopped.is_none()
            && let Err(error) = checkpoint.remove()
        {
            end.stopped = Some(Stopped::Failed(checkpoint.said("remove", &error)));
        }
        Ok(unasked(|| self.outcome(end, starved)))
    }

    /// Who starves, once everything is explored; if a limit comes first, `end` says so.
    fn starved_within(&mut self, meter: &mut Meter<'_>, end: &mut End) -> Option<Run> {
        let wanted = !self.candidates.has(FindingKind::Starved);
        if !end.exhaustive || !wanted || !self.table.program().has_loops() {
            return None;
        }
        let starved = meter.run(|_| self.starved());
        starved.unwrap_or_else(Err).unwrap_or_else(|stopped| {
            end.stopped = Some(stopped);
            end.exhaustive = false;
            None
        })
    }

    /// [`Explorer::take_aim`], as far as the limits allow.
    fn take_aim_within(&mut self, meter: &mut Meter<'_>) -> Option<Stopped> {
        (meter.run(|meter| self.take_aim(meter))).unwrap_or_else(Some)
    }

    /// Writes a checkpoint; why that did not work, if it did not.
    fn keep(&mut self, at: &At) -> Option<Stopped> {
        let mut checkpoint = self.checkpoint.take()?;
        // A half of one is worth nothing.
        let written = unasked(|| checkpoint.write(self, at));
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
                let counts = self.table.program().templates.iter().map(|t| t.count);
                let tasks: u64 = counts.map(|count| u64::from(instances(count))).sum();
                // Putting a start in takes time for every task.
                let most = (self.plain_states as u64 / (1 + tasks / 8)).max(1);
                let mut started = self.start(most, meter);
                let mut is_decided = false;
                if let Started::TooMany = started {
                    started = match self.take_aim_within(meter) {
                        Some(stopped) => Started::Stopped(stopped),
                        None => Started::Everywhere,
                    };
                    is_decided = self.is_decided();
                    if let Started::Everywhere = started
                        && !is_decided
                    {
                        started = self.start(u64::MAX, meter);
                    }
                }
                let at = At {
                    level: 0..self.visited.len(),
                    next: 0,
                    depth: 0,
                };
                if let Started::Stopped(stopped) = started {
                    return End::early(Some(stopped), &at);
                }
                if is_decided {
                    return End::early(None, &at);
                }
                self.candidates.settle(0);
                at
            }
        };
        // That it can be written had better be known now.
        if let Some(stopped) = self.keep(&at) {
            return End::early(Some(stopped), &at);
        }
        // One run for all of it: one for each state would take longer than some states.
        let end = meter.run(|meter| self.levels(&mut at, meter));
        end.unwrap_or_else(|stopped| End::early(Some(stopped), &at))
    }

    /// Expands state after state, from `at` on, which says where it is.
    fn levels(&mut self, at: &mut At, meter: &mut Meter<'_>) -> End {
        let (mut state, mut next) = (Counts::default(), Counts::default());
        loop {
            while at.next < at.level.end {
                let mut stopped = self.stop(meter, at.next, at.depth);
                if stopped.is_none() && self.is_time_to_aim(at.next, &state) {
                    stopped = self.take_aim_within(meter);
                    if stopped.is_some() {
                        // Who goes on from here takes aim again.
                        self.possible = None;
                    }
                }
                if stopped.is_none() && self.is_decided() {
                    return End::early(None, at);
                }
                let due = self.checkpoint.as_ref().is_some_and(Checkpoint::is_due);
                if stopped.is_some() || due {
                    stopped = self.keep(at).or(stopped);
                }
                if stopped.is_none() {
                    let number = next_number(at.next);
                    self.visited.get(number, &mut state);
                    let has_checkpoint = self.checkpoint.is_some();
                    let mut expand = || self.expand(number, &state, &mut next, at.depth);
                    stopped = if has_checkpoint {
                        // Who goes on from a checkpoint expands the next state, and must not find
                        // half of its steps taken.
                        unasked(expand)
                    } else {
                        expand()
                    };
                    let failed = self.visited.failed().map(|error| {
                        Stopped::Failed(format!("cannot keep states on disk: {error}"))
                    });
                    stopped = failed.or(stopped);
                }
                if stopped.is_some() {
                    return End::early(stopped, at);
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
        let (_, start) = found.expect("the first state of a run is an initial one");
        start.clone()
    }

    /// Whether there is more of something than can be numbered.
    pub(crate) fn full(&self) -> Option<Stopped> {
        let numbered = [
            ("states", self.visited.len()),
            ("local states of tasks", self.table.locals()),
            ("states of what tasks share", self.table.worlds()),
            ("steps of tasks", self.table.steps()),
        ];
        (numbered.into_iter())
            .find(|&(_, there_are)| there_are > self.most as usize)
            .map(|(what, _)| capacity::full(what, self.most))
    }

    /// Whether a limit is reached.
    fn stop(&mut self, meter: &mut Meter<'_>, at: usize, depth: u64) -> Option<Stopped> {
        if let Some(full) = self.full() {
            return Some(full);
        }
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
        // What is not there takes none.
        let chooser = self.chooser.as_ref().map_or(0, Chooser::memory);
        self.memory_elsewhere
            + self.visited.memory()
            + self.table.memory()
            + (self.parents.capacity() * 4) as u64
            + chooser
    }

    /// Puts the initial states in, if there are not more than `most`.
    pub(super) fn start(&mut self, most: u64, meter: &mut Meter<'_>) -> Started {
        meter
            .run(|meter| self.start_asking(most, meter))
            .unwrap_or_else(Started::Stopped)
    }

    fn start_asking(&mut self, most: u64, meter: &mut Meter<'_>) -> Started {
        let program = self.table.program();
        for (count, start) in (0..).zip(Starts::up_to_order(program)) {
            if self.visited.len() as u64 >= most {
                return Started::TooMany;
            }
            if let Some(stopped) = self.stop(meter, 0, 0) {
                return Started::Stopped(stopped);
            }
            let before = self.table.numbered();
            let state = self.counted(&initial(program, &start));
            self.table.note(before, || Event::Start(count));
            if let (number, true) = self.visited.insert(&state) {
                self.parents.push(NONE);
                self.starts.push((number, start));
                self.note_state(number, &state, 0);
            }
        }
        Started::Everywhere
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
        let embedded = embed_as(self.table.program(), state, self.table.names_pages);
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
}
