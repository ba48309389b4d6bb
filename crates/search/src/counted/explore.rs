//! Breadth-first search over counted states, level by level.
//!
//! A level is expanded completely before the next one, and within a level states and steps are
//! taken in the order of their numbers: so a state's first predecessor lies on a shortest run, and
//! everything printed is the same for the same input.

use std::borrow::Cow;
use std::rc::Rc;

use kmapcheck_machine::{
    Abilities, Coverage, Finding, Findings, Outcome, Standing, Start, Stopped, Trace, initial,
};
use kmapcheck_scenario::{FindingKind, OriginId, Program, TemplateId};
use kmapcheck_waitgraph::stuck::{Party, Scene, pins, stuck};
use rustc_hash::FxHashSet;

use super::local::{embed, materialise, tidy};
use super::packed::{Counts, Visited};
use super::table::{Entry, Row, Seen, Table};
use super::{starts, unfold};
use crate::aim::{self, Aim, Hit};
use crate::candidates::Candidates;
use crate::closure::Closure;
use crate::limits::{Limits, Meter, Progress};
use crate::starved::{self, Graph, Stand};

/// A counted step: a task of that local state takes that row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CountedStep {
    pub local: u32,
    pub row: u32,
}

/// A run to a state, plus one more step for findings of that step.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Run {
    pub state: u32,
    pub last: Option<CountedStep>,
    /// For `sleep-in-atomic` and `starved`: where.
    node: Option<(TemplateId, usize)>,
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
    transitions: u64,
    candidates: Candidates<Run>,
    executed: FxHashSet<(TemplateId, OriginId)>,
    sleeps_at: FxHashSet<(TemplateId, usize)>,
    /// How many local states and worlds have been looked at for counters without bound.
    bounded: (usize, usize),
    /// The kinds of finding that are possible, once that was asked; `Some(None)`: any.
    possible: Option<Option<Findings>>,
    /// A shortest run into a deadlock, if an aimed search found it.
    aimed: Option<Trace>,
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

/// How an exploration ended.
struct End {
    stopped: Option<Stopped>,
    depth: u64,
    /// Whether every reachable state was visited.
    exhaustive: bool,
}

/// When so many states have not been enough, the search takes aim: see [`crate::aim`].
const PLAIN_STATES: usize = 30_000;
/// So many states an aimed search may take.
const AIMED_STATES: u64 = 300_000;

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
            bounded: (0, 0),
            possible: None,
            aimed: None,
            plain_states: PLAIN_STATES,
        }
    }

    fn explore(&mut self, meter: &mut Meter<'_>) -> End {
        if let Some(stopped) = self.start(meter) {
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

    /// Finds out which kinds of finding are possible at all, and searches straight for a deadlock
    /// where there is something to aim at.
    fn take_aim(&mut self, meter: &mut Meter<'_>) -> Option<Stopped> {
        let program = self.table.program();
        let closure = Closure::of(program);
        self.possible = Some(closure.as_ref().map(|closure| closure.possible));
        let aim = Aim::of(program, &closure?)?;
        if self.candidates.has(FindingKind::Deadlock) {
            return None;
        }
        let mut explorer = Explorer::new(program);
        if let Some(stopped) = explorer.start(meter) {
            return Some(stopped);
        }
        match aim::search(&mut explorer, &aim, AIMED_STATES, meter) {
            Ok(Hit::Deadlock { start, steps }) => {
                let start = explorer.start_of(start);
                self.aimed = Some(unfold::named(&mut explorer, start, &steps));
                self.candidates.decide(FindingKind::Deadlock);
            }
            Ok(Hit::None) => self.candidates.decide(FindingKind::Deadlock),
            Ok(Hit::Unknown) => {}
            Err(stopped) => return Some(stopped),
        }
        None
    }

    /// Whether every kind of finding that is possible has been found or excluded.
    fn is_decided(&self) -> bool {
        let possible = self.possible.flatten();
        possible.is_some_and(|possible| self.candidates.news(possible).is_empty())
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
        self.visited.memory() + self.table.memory() + (self.parents.capacity() * 4) as u64
    }

    /// Puts the initial states in.
    fn start(&mut self, meter: &mut Meter<'_>) -> Option<Stopped> {
        let program = self.table.program();
        let mut stopped = None;
        starts::for_each_start(program, |start| {
            let state = self.counted(&initial(program, &start));
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
        let embedded = embed(self.table.program(), state);
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
    fn note_step(&mut self, state: u32, step: CountedStep, row: Row, depth: u64) {
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
            });
        }
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
            });
        }
    }

    /// For each local state of a state, whether tasks in it are in the greatest stuck set.
    pub(crate) fn stuck(&mut self, state: &Counts) -> Vec<bool> {
        let world = Rc::clone(self.table.world(state.world));
        let shared = world.shared_for(None);
        let entries: Vec<Entry> = state
            .tasks
            .iter()
            .map(|&(local, _)| self.table.entry(local, state.world))
            .collect();
        let seen: Vec<(Rc<Seen>, Vec<_>)> = state
            .tasks
            .iter()
            .map(|&(local, _)| match self.table.seen(local, &world) {
                Some(seen) => (seen, Vec::new()),
                None => {
                    let thing = self.table.local(local);
                    let task = thing.seen_task(&world);
                    let (solo_slots, joint) =
                        pins(self.table.program(), &task, &world.shared_for(Some(thing)));
                    (Rc::new(Seen { task, solo_slots }), joint)
                }
            })
            .collect();
        let parties = (state.tasks.iter().zip(&entries).zip(&seen))
            .map(|((&(_, count), entry), (seen, joint))| Party {
                task: &seen.task,
                count,
                standing: entry.standing,
                solo_slots: Cow::Borrowed(&seen.solo_slots),
                joint_pins: joint.clone(),
            })
            .collect();
        let scene = Scene {
            program: self.table.program(),
            abilities: &self.abilities,
            shared: &shared,
            common_pages: world.common_pages(),
            parties,
        };
        stuck(&scene)
    }

    /// The rank of the class of a state's deadlock.
    fn class_rank(&mut self, state: &Counts) -> u32 {
        let world = self.table.world(state.world);
        let locals: Vec<_> = state
            .tasks
            .iter()
            .map(|&(local, n)| (Rc::clone(self.table.local(local)), n))
            .collect();
        let named = materialise(world, &locals);
        crate::reference::deadlock_rank(self.table.program(), &self.abilities, &named)
            .unwrap_or(u32::MAX)
    }

    /// A counter that can grow without bound, among the local states and worlds not yet looked at.
    fn unbounded(&mut self) -> Option<String> {
        let program = self.table.program();
        if !program.has_loops() {
            return None;
        }
        let (locals, worlds) = self.bounded;
        self.bounded = (self.table.locals(), self.table.worlds());
        (locals..self.bounded.0)
            .find_map(|i| starved::unbounded_task(program, self.table.local(i as u32).task()))
            .or_else(|| {
                (worlds..self.bounded.1).find_map(|i| {
                    starved::unbounded_completion(program, self.table.world(i as u32).resources())
                })
            })
    }

    /// The first state in which a task starves, with that task's node.
    fn starved(&mut self) -> Option<Run> {
        // Points are the pairs of a state and one of its local states, numbered state by state.
        let mut first_point = Vec::with_capacity(self.visited.len() + 1);
        let mut stands = Vec::new();
        let (mut state, mut next) = (Counts::default(), Counts::default());
        for i in 0..self.visited.len() {
            first_point.push(stands.len());
            self.visited.get(i as u32, &mut state);
            let waits: Vec<bool> = (state.tasks.iter())
                .map(|&(local, _)| {
                    matches!(
                        self.table.entry(local, state.world).standing,
                        Standing::Waits(_)
                    )
                })
                .collect();
            let in_stuck_set = if waits.contains(&true) {
                self.stuck(&state)
            } else {
                vec![false; waits.len()]
            };
            stands.extend(waits.iter().zip(in_stuck_set).map(|(&waits, stuck)| {
                if waits && !stuck {
                    Stand::Waits
                } else {
                    Stand::Fine
                }
            }));
        }
        if !stands.contains(&Stand::Waits) {
            return None;
        }
        let mut graph = Graph::default();
        for i in 0..self.visited.len() {
            self.visited.get(i as u32, &mut state);
            let points = first_point[i]..first_point[i] + state.tasks.len();
            if !stands[points.clone()].contains(&Stand::Waits) {
                continue;
            }
            for position in 0..state.tasks.len() {
                let entry = self.table.entry(state.tasks[position].0, state.world);
                for r in 0..Table::row_count(entry) {
                    let row = self.table.row(entry, r);
                    self.successor(&state, position, row, &mut next);
                    let (target, _) = self.visited.insert(&next);
                    for (other, point) in points.clone().enumerate() {
                        let (local, n) = state.tasks[other];
                        if stands[point] == Stand::Waits && (other != position || n > 1) {
                            let local = self.bystander(local, row, &state, position, &next);
                            if let Some(k) = next.tasks.iter().position(|&(l, _)| l == local) {
                                graph.edge(point, first_point[target as usize] + k);
                            }
                        }
                        if stands[point] == Stand::Waits && other == position {
                            // A waiting task's own step (taking a CPU to spin on).
                            if let Some(k) = next.tasks.iter().position(|&(l, _)| l == row.local) {
                                graph.edge(point, first_point[target as usize] + k);
                            }
                        }
                    }
                }
            }
        }
        let point = starved::first(&graph, &stands)?;
        let i = first_point.partition_point(|&first| first <= point) - 1;
        self.visited.get(i as u32, &mut state);
        let task = self
            .table
            .local(state.tasks[point - first_point[i]].0)
            .task();
        let node = task.at.map(|at| (task.template, at));
        Some(Run {
            state: i as u32,
            last: None,
            node,
        })
    }

    /// The local state of a task that did not take the step, afterwards.
    fn bystander(
        &mut self,
        local: u32,
        row: Row,
        state: &Counts,
        position: usize,
        next: &Counts,
    ) -> u32 {
        let mut after = local;
        if let Some(series) = row.flushed {
            after = self.table.after_flush(after, series);
        }
        if let Some(page) = row.freed {
            after = self.table.after_free(after, page as usize);
        }
        if row.untidy && !next.tasks.iter().any(|&(l, _)| l == after) {
            // Common pages were renumbered: follow this one task through.
            let mut alone = Counts {
                world: row.world,
                tasks: Vec::new(),
            };
            let mut others = state.clone();
            others.take_one(position);
            for (l, n) in others.tasks {
                let mut moved = l;
                if let Some(series) = row.flushed {
                    moved = self.table.after_flush(moved, series);
                }
                if let Some(page) = row.freed {
                    moved = self.table.after_free(moved, page as usize);
                }
                alone.add(moved, n);
            }
            alone.add(row.local, 1);
            let world = Rc::clone(self.table.world(alone.world));
            let locals: Vec<_> = (alone.tasks.iter())
                .map(|&(l, n)| (self.table.local(l).as_ref().clone(), n))
                .collect();
            if let Some((_, tidied)) = tidy(self.table.program(), &world, &locals)
                && let Some(k) = alone.tasks.iter().position(|&(l, _)| l == after)
            {
                after = self.table.local_number(tidied[k].clone());
            }
        }
        after
    }

    fn outcome(mut self, end: End, starved: Option<Run>) -> Outcome {
        let program = self.table.program();
        let End {
            stopped,
            depth,
            exhaustive,
        } = end;
        let mut findings = Vec::new();
        if let Some(trace) = self.aimed.take() {
            findings.push(Finding {
                kind: FindingKind::Deadlock,
                trace,
                can_sleep: None,
                starved: None,
            });
        }
        if let Some(run) = starved {
            let trace = unfold::trace(&mut self, &run);
            findings.push(Finding {
                kind: FindingKind::Starved,
                trace,
                can_sleep: None,
                starved: run.node,
            });
        }
        let coverage = Coverage {
            states: self.visited.len() as u64,
            transitions: self.transitions,
            depth,
            exhaustive,
            never_executed: if exhaustive {
                crate::reference::never_executed(program, &self.executed)
            } else {
                Vec::new()
            },
        };
        let found = std::mem::replace(&mut self.candidates, Candidates::new()).into_found();
        for (kind, run) in found {
            let can_sleep = match (kind, run.node) {
                (FindingKind::SleepInAtomic, Some(node)) => crate::reference::can_sleep(
                    program,
                    node,
                    self.sleeps_at.contains(&node),
                    exhaustive,
                ),
                _ => None,
            };
            let trace = unfold::trace(&mut self, &run);
            findings.push(Finding {
                kind,
                trace,
                can_sleep,
                starved: None,
            });
        }
        findings.sort_by_key(|finding| finding.kind);
        Outcome {
            engine: crate::Engine::Search.name(),
            findings,
            stopped,
            coverage,
        }
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
