//! The plain search: named states in a hash map, breadth-first, no reduction.
//!
//! Short enough to be read in one sitting, and the oracle of every other engine: same findings,
//! same classes, same shortest lengths.

use std::rc::Rc;

use kmapcheck_engine::{
    Candidates, Coverage, Finding, Meter, Outcome, Progress, Rests, Stopped, can_sleep,
    never_executed,
};
use kmapcheck_limits::{Limits, ask, unasked};
use kmapcheck_machine::{
    Abilities, Findings, Start, Starts, State, Successor, Trace, TraceStep, initial,
    run as run_trace, waiting_findings,
};
use kmapcheck_scenario::{FindingKind, OriginId, Program, TemplateId};
use kmapcheck_stuck::scene::scene;
use kmapcheck_stuck::stuck_sets::{possible_stuck_kinds, stuck};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::ranks_in;
use crate::starved::{self, Bounds, Graph};

/// How one gets to a state.
#[derive(Clone)]
enum Origin {
    Start(Start),
    Step { parent: usize, step: TraceStep },
}

/// A run to a state, plus one more step for findings of that step.
#[derive(Clone)]
struct Run {
    state: usize,
    last: Option<TraceStep>,
    /// For `sleep-in-atomic`: where.
    node: Option<(TemplateId, usize)>,
}

pub(crate) struct Reference<'a> {
    program: &'a Program,
    abilities: Abilities,
    /// The kinds of finding that its tasks can be stuck by.
    stuck_kinds: Findings,
    number: FxHashMap<Rc<State>, usize>,
    states: Vec<Rc<State>>,
    /// Bytes that the states take, roughly.
    memory: u64,
    bounds: Option<Bounds>,
    origins: Vec<Origin>,
    transitions: u64,
    depth: u64,
    candidates: Candidates<Run>,
    executed: FxHashSet<(TemplateId, OriginId)>,
    /// Nodes at which some task was seen to wait in atomic context.
    sleeps_at: FxHashSet<(TemplateId, usize)>,
    rests: Rests,
}

pub(crate) fn run(
    program: &Program,
    limits: &Limits,
    progress: &mut dyn FnMut(&Progress),
) -> Outcome {
    let mut reference = Reference::new(program);
    let mut meter = Meter::new(limits, progress);
    let ended = meter.run(|meter| match reference.explore(meter) {
        None if program.has_loops() => reference.starved(),
        None => Ok(None),
        Some(stopped) => Err(stopped),
    });
    let (stopped, starved) = match ended {
        Ok(Ok(starved)) => (None, starved),
        Ok(Err(stopped)) | Err(stopped) => (Some(stopped), None),
    };
    // Whatever was reached: what was found is told.
    unasked(|| reference.outcome(stopped, starved))
}

/// Whether a task starves in the last state of a trace; `None`: not found out within the limits.
#[must_use]
pub fn starves(program: &Program, trace: &Trace, task: usize, limits: &Limits) -> Option<bool> {
    let last = run_trace(program, trace, |_, _, _, _| {}).ok()?;
    if !program.has_loops() || task >= last.tasks.len() {
        return Some(false);
    }
    let mut reference = Reference::new(program);
    let mut silent = |_: &Progress| {};
    let mut meter = Meter::new(limits, &mut silent);
    let starving = meter.run(|meter| {
        reference.visit(last, Origin::Start(trace.start.clone()), 0);
        match reference.explore_levels(meter) {
            None => reference.starving(),
            Some(stopped) => Err(stopped),
        }
    });
    starving.and_then(|all| all).ok()?.get(task).copied()
}

impl<'a> Reference<'a> {
    fn new(program: &'a Program) -> Self {
        Reference {
            program,
            abilities: Abilities::of(program),
            stuck_kinds: possible_stuck_kinds(program),
            number: FxHashMap::default(),
            states: Vec::new(),
            memory: 0,
            bounds: Bounds::of(program),
            origins: Vec::new(),
            transitions: 0,
            depth: 0,
            candidates: Candidates::new(),
            executed: FxHashSet::default(),
            sleeps_at: FxHashSet::default(),
            rests: Rests::of(program),
        }
    }

    /// Breadth-first, level by level; why it stopped early, if it did.
    fn explore(&mut self, meter: &mut Meter<'_>) -> Option<Stopped> {
        for start in Starts::of(self.program) {
            let states = self.states.len() as u64;
            let stopped = meter.check(states, || self.progress(0));
            if stopped.is_some() {
                return stopped;
            }
            self.visit(initial(self.program, &start), Origin::Start(start), 0);
        }
        self.explore_levels(meter)
    }

    /// From the states that are known, level by level; why it stopped early, if it did.
    fn explore_levels(&mut self, meter: &mut Meter<'_>) -> Option<Stopped> {
        self.candidates.settle(0);
        let mut level = 0..self.states.len();
        loop {
            for i in level.clone() {
                let states = self.states.len() as u64;
                let stopped = meter
                    .check(states, || self.progress(i))
                    .or_else(|| self.expand(i, meter));
                if stopped.is_some() {
                    return stopped;
                }
            }
            level = level.end..self.states.len();
            if level.is_empty() {
                self.candidates.settle(self.depth + 1);
                return None;
            }
            self.depth += 1;
            self.candidates.settle(self.depth);
        }
    }

    /// How far it has come, with `expanded` states done.
    fn progress(&self, expanded: usize) -> Progress {
        Progress {
            states: self.states.len() as u64,
            transitions: self.transitions,
            frontier: (self.states.len() - expanded) as u64,
            depth: self.depth,
            memory: self.memory,
            ..Progress::default()
        }
    }

    fn expand(&mut self, i: usize, meter: &mut Meter<'_>) -> Option<Stopped> {
        let (state, depth) = (Rc::clone(&self.states[i]), self.depth);
        for task in 0..state.tasks.len() {
            for (choice, (successor, next)) in
                state.successors(self.program, task).into_iter().enumerate()
            {
                self.transitions += 1;
                let step = TraceStep { task, choice };
                self.note_step(&state, i, step, &successor, depth);
                if let Some(what) = self
                    .bounds
                    .as_ref()
                    .and_then(|b| b.exceeded(self.program, &next))
                {
                    return Some(Stopped::Unbounded(what));
                }
                self.visit(next, Origin::Step { parent: i, step }, depth + 1);
                // One state of thousands of tasks takes megabytes, and has thousands of successors.
                let stopped = meter.look(|| self.progress(i));
                if stopped.is_some() {
                    return stopped;
                }
            }
        }
        None
    }

    /// Findings and coverage of a step.
    fn note_step(
        &mut self,
        state: &State,
        i: usize,
        step: TraceStep,
        successor: &Successor,
        depth: u64,
    ) {
        let task = &state.tasks[step.task];
        let Some(at) = task.at else { return };
        let nodes = &self.program.templates[task.template].nodes;
        for node in [at, successor.node] {
            self.executed.insert((task.template, nodes[node].origin));
        }
        for kind in self.candidates.news(successor.findings).iter() {
            let node = Some((task.template, at));
            self.candidates.offer(kind, depth + 1, 0, || Run {
                state: i,
                last: Some(step),
                node,
            });
        }
    }

    /// Adds a state unless it is known, with its findings.
    fn visit(&mut self, state: State, origin: Origin, depth: u64) {
        if self.number.contains_key(&state) {
            return;
        }
        let state = Rc::new(state);
        let i = self.states.len();
        self.memory += state.memory() as u64;
        self.number.insert(Rc::clone(&state), i);
        self.states.push(Rc::clone(&state));
        self.origins.push(origin);
        for task in &state.tasks {
            let Some(at) = task.at else { continue };
            let node = Some((task.template, at));
            for kind in waiting_findings(self.program, task, &state.shared).iter() {
                if kind == FindingKind::SleepInAtomic {
                    self.sleeps_at.insert((task.template, at));
                }
                self.candidates.offer(kind, depth, 0, || Run {
                    state: i,
                    last: None,
                    node,
                });
            }
        }
        if self.rests.is_open() {
            let resting = stuck(&scene(self.program, &self.abilities, &state)).resting;
            for (task, _) in (state.tasks.iter().zip(resting)).filter(|&(_, rests)| rests) {
                let at = task.at.expect("who waits is at an operation");
                self.rests.note((task.template, at));
            }
        }
        let wanted = self.candidates.news(self.stuck_kinds);
        if !wanted.is_empty() {
            for (kind, rank) in ranks_in(self.program, &self.abilities, &state, wanted) {
                self.candidates.offer(kind, depth, rank, || Run {
                    state: i,
                    last: None,
                    node: None,
                });
            }
        }
    }

    /// The first state in which a task starves, with that task.
    ///
    /// # Errors
    ///
    /// If there is more to be looked at than can be numbered.
    fn starved(&self) -> Result<Option<(usize, usize)>, Stopped> {
        // Without a state there is nobody to starve.
        let tasks = self.states.first().map_or(0, |state| state.tasks.len());
        let found = self.starving()?.iter().position(|&starves| starves);
        Ok(found.map(|found| (found / tasks, found % tasks)))
    }

    /// For each state, for each task in it, whether it starves there.
    fn starving(&self) -> Result<Vec<bool>, Stopped> {
        let mut graph = Graph::new();
        // Without a state there is nobody to starve.
        let tasks = self.states.first().map_or(0, |state| state.tasks.len());
        let mut stands = Vec::new();
        for (i, state) in self.states.iter().enumerate() {
            ask();
            let scene = scene(self.program, &self.abilities, state);
            let forever = stuck(&scene).forever;
            for (task, (party, stuck)) in scene.parties.iter().zip(forever).enumerate() {
                let can_step = || !state.successors(self.program, task).is_empty();
                stands.push(starved::Stand::of(party.standing, stuck, can_step));
            }
            for task in 0..tasks {
                for (_, next) in state.successors(self.program, task) {
                    let j = self.number[&next];
                    for other in 0..tasks {
                        graph.edge(i * tasks + other, j * tasks + other);
                    }
                }
            }
            if let Some(full) = graph.full() {
                return Err(full);
            }
        }
        starved::starving(&graph, &stands)
    }

    fn trace(&self, run: &Run) -> Trace {
        let mut steps: Vec<TraceStep> = run.last.into_iter().collect();
        let mut at = run.state;
        loop {
            match &self.origins[at] {
                Origin::Step { parent, step } => {
                    steps.push(*step);
                    at = *parent;
                }
                Origin::Start(start) => {
                    steps.reverse();
                    return Trace {
                        start: start.clone(),
                        steps,
                    };
                }
            }
        }
    }

    fn outcome(self, stopped: Option<Stopped>, starved: Option<(usize, usize)>) -> Outcome {
        let exhaustive = stopped.is_none();
        let mut findings: Vec<Finding> = Vec::new();
        if let Some((state, task)) = starved {
            let trace = self.trace(&Run {
                state,
                last: None,
                node: None,
            });
            findings.push(Finding::starved(trace, task));
        }
        let coverage = Coverage {
            states: self.states.len() as u64,
            transitions: self.transitions,
            depth: self.depth,
            exhaustive,
            never_executed: if exhaustive {
                never_executed(self.program, &self.executed)
            } else {
                vec![]
            },
            rests: Some(self.rests.seen()),
            open: None,
            stored_bytes: None,
            ..Coverage::default()
        };
        let program = self.program;
        let mut this = self;
        let found = std::mem::replace(&mut this.candidates, Candidates::new()).into_found();
        for (kind, run) in found {
            let can_sleep = match (kind, run.node) {
                (FindingKind::SleepInAtomic, Some(node)) => {
                    can_sleep(program, node, this.sleeps_at.contains(&node), exhaustive)
                }
                _ => None,
            };
            findings.push(Finding {
                kind,
                trace: this.trace(&run),
                can_sleep,
                starved: None,
            });
        }
        findings.sort_by_key(|finding| finding.kind);
        Outcome {
            engine: crate::Engine::Reference.name(),
            findings,
            stopped,
            coverage,
        }
    }
}
