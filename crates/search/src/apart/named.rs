//! Packed states of programs that allocate or free pages: the number of the shared part, and for
//! each task the number of the task, each as the machine has it.
//!
//! Pages change owners there, and states are told apart by the numbers of pages; so the parts are
//! numbered as they are, and the machine is asked for the steps of each state. That is slow and
//! single-threaded, but keeps the packed visited set and everything else of the search.

use std::hash::Hash;
use std::rc::Rc;

use kmapcheck_engine::{Rests, Stopped};
use kmapcheck_limits::ask;
use kmapcheck_machine::{
    Abilities, Findings, Shared, State, Task as Actor, TraceStep, waiting_findings,
};
use kmapcheck_scenario::{FindingKind, OriginId, Program, TemplateId};
use kmapcheck_stuck::scene::scene;
use kmapcheck_stuck::stuck_sets::{possible_stuck_kinds, stuck};
use rustc_hash::{FxHashMap, FxHashSet};

use super::graded::Ranks;
use super::key::{Field, Key, Layout, WIDEST};
use super::space::{Block, Candidate, Halt, Space, Step, Task};
use super::tables::offer_stuck;
use crate::capacity;
use crate::ranks_in;
use crate::starved::{Bounds, Stand};

/// Numbers things in the order in which they come.
struct Numbers<T> {
    number: FxHashMap<Rc<T>, u32>,
    things: Vec<Rc<T>>,
    memory: usize,
    /// How many there may be, and what they are.
    most: u32,
    what: &'static str,
}

impl<T: Eq + Hash + Clone> Numbers<T> {
    fn new(most: u32, what: &'static str) -> Self {
        Numbers {
            number: FxHashMap::default(),
            things: Vec::new(),
            memory: 0,
            most,
            what,
        }
    }

    fn number(&mut self, thing: &T, memory: fn(&T) -> usize) -> Result<u32, Halt> {
        if let Some(&number) = self.number.get(thing) {
            return Ok(number);
        }
        let number = u32::try_from(self.things.len()).ok();
        let number = number
            .filter(|&number| number < self.most)
            .ok_or_else(|| Halt::Stopped(capacity::full(self.what, self.most)))?;
        self.memory += memory(thing) + 48;
        let thing = Rc::new(thing.clone());
        self.number.insert(Rc::clone(&thing), number);
        self.things.push(thing);
        Ok(number)
    }
}

fn shared_memory(shared: &Shared) -> usize {
    size_of::<Shared>()
        + shared.pages.len() * size_of::<Option<kmapcheck_machine::Page>>()
        + size_of_val(&*shared.usage)
        + size_of_val(&*shared.resources)
        + size_of_val(&*shared.names)
}

/// The parts of states, numbered; kept when the search starts over.
pub(crate) struct Parts<'a> {
    program: &'a Program,
    abilities: Abilities,
    bounds: Option<Bounds>,
    shared: Numbers<Shared>,
    tasks: Vec<Numbers<Actor>>,
    executed: FxHashSet<(TemplateId, OriginId)>,
    sleeps_at: FxHashSet<(TemplateId, usize)>,
    rests: Rests,
    /// If the program is graded.
    pub ranks: Option<Ranks>,
    pub shared_bits: u32,
    pub task_bits: Vec<u32>,
    most_successors: u64,
}

impl<'a> Parts<'a> {
    pub(crate) fn new(program: &'a Program, most: u32) -> Self {
        let tasks = || Numbers::new(most, "states of tasks");
        Parts {
            program,
            abilities: Abilities::of(program),
            bounds: Bounds::of(program),
            shared: Numbers::new(most, "states of what tasks share"),
            tasks: program.templates.iter().map(|_| tasks()).collect(),
            executed: FxHashSet::default(),
            sleeps_at: FxHashSet::default(),
            rests: Rests::of(program),
            ranks: Ranks::of(program),
            // Starting over is dear here: rather too wide.
            shared_bits: 18,
            task_bits: vec![11; program.templates.len()],
            most_successors: 1,
        }
    }

    /// Makes the fields much wider where they were not enough.
    pub(crate) fn widen(&mut self) {
        let widen = |bits: &mut u32, count: usize| {
            if count > 1 << *bits {
                *bits = (*bits + 6).min(WIDEST);
            }
        };
        widen(&mut self.shared_bits, self.shared.things.len());
        for (bits, tasks) in self.task_bits.iter_mut().zip(&self.tasks) {
            widen(bits, tasks.things.len());
        }
    }
}

/// States of numbered parts.
pub(crate) struct Named<'a, 'p> {
    parts: &'p mut Parts<'a>,
    layout: Layout,
}

impl<'a, 'p> Named<'a, 'p> {
    pub(crate) fn new(parts: &'p mut Parts<'a>, layout: Layout) -> Self {
        Named { parts, layout }
    }

    fn decode<const W: usize>(&self, key: &Key<W>) -> State {
        let tasks = self.layout.template_of.iter().zip(&self.layout.tasks);
        State {
            shared: self.parts.shared.things[key.get(self.layout.world) as usize]
                .as_ref()
                .clone(),
            tasks: tasks
                .map(|(&template, &field)| {
                    let number = key.get(field) as usize;
                    self.parts.tasks[template].things[number].as_ref().clone()
                })
                .collect(),
        }
    }

    fn pack<const W: usize>(&mut self, state: &State) -> Result<Key<W>, Halt> {
        let (mut key, mut fits) = (Key::ZERO, true);
        let mut put = |field: Field, number: u32| {
            if field.fits(number) {
                key.set(field, number);
            } else {
                fits = false;
            }
        };
        let world = (self.parts.shared).number(&state.shared, shared_memory)?;
        put(self.layout.world, world);
        // All get a number, so that the fields are wide enough for all of them next time.
        for (task, &field) in state.tasks.iter().zip(&self.layout.tasks) {
            put(
                field,
                self.parts.tasks[task.template].number(task, Actor::memory)?,
            );
        }
        if fits { Ok(key) } else { Err(Halt::Full) }
    }

    /// Findings of a state itself.
    fn note_state<const W: usize>(
        &mut self,
        key: &Key<W>,
        state: &State,
        task: &Task<'_>,
        block: &mut Block<W>,
    ) {
        for actor in &state.tasks {
            let Some(at) = actor.at else { continue };
            let node = (actor.template, at);
            let findings = waiting_findings(self.parts.program, actor, &state.shared);
            if findings.contains(FindingKind::SleepInAtomic) {
                self.parts.sleeps_at.insert(node);
            }
            offer(block, findings, task, task.depth, node, key, None);
        }
        let program = self.parts.program;
        if task.rests {
            let resting = stuck(&scene(program, &self.parts.abilities, state)).resting;
            for (actor, _) in (state.tasks.iter().zip(resting)).filter(|&(_, rests)| rests) {
                let at = actor.at.expect("who waits is at an operation");
                self.parts.rests.note((actor.template, at));
            }
        }
        let wanted = task.news.intersection(possible_stuck_kinds(program));
        if !wanted.is_empty() {
            let ranks = ranks_in(program, &self.parts.abilities, state, wanted);
            offer_stuck(block, task, &ranks, *key);
        }
    }
}

fn offer<const W: usize>(
    block: &mut Block<W>,
    findings: Findings,
    task: &Task<'_>,
    length: u64,
    node: (TemplateId, usize),
    key: &Key<W>,
    last: Option<TraceStep>,
) {
    for kind in findings.iter().filter(|&kind| task.news.contains(kind)) {
        let candidate = Candidate {
            length,
            rank: 0,
            node: Some(node),
            state: *key,
            last,
        };
        block.best.offer(kind, candidate);
    }
}

impl<const W: usize> Space<W> for Named<'_, '_> {
    fn encode(&mut self, state: &State) -> Result<Key<W>, Halt> {
        self.pack(state)
    }

    fn expand(
        &mut self,
        states: &[&[Key<W>]],
        task: &Task<'_>,
        blocks: &mut [Block<W>],
    ) -> Result<Vec<Key<W>>, Halt> {
        let program = self.parts.program;
        let block = &mut blocks[0];
        for key in states.iter().copied().flatten() {
            ask();
            let state = self.decode(key);
            self.note_state(key, &state, task, block);
            if task.look_only {
                continue;
            }
            let mut count = 0;
            for (i, actor) in state.tasks.iter().enumerate() {
                let Some(at) = actor.at else { continue };
                let node = (actor.template, at);
                let successors = state.successors(program, i);
                for (choice, (successor, next)) in successors.into_iter().enumerate() {
                    count += 1;
                    for node in [at, successor.node] {
                        let origin = program.templates[actor.template].nodes[node].origin;
                        self.parts.executed.insert((actor.template, origin));
                    }
                    let last = Some(TraceStep { task: i, choice });
                    let length = task.depth + 1;
                    offer(block, successor.findings, task, length, node, key, last);
                    if let Some(bounds) = &self.parts.bounds
                        && let Some(what) = bounds.exceeded(program, &next)
                    {
                        return Err(Halt::Stopped(Stopped::Unbounded(what)));
                    }
                    if let Some(ranks) = &self.parts.ranks
                        && !ranks.advances(actor, &next.tasks[i])
                    {
                        self.parts.ranks = None;
                        return Err(Halt::Ungraded);
                    }
                    let next = self.pack(&next)?;
                    block.push(next);
                }
            }
            block.transitions += count;
            self.parts.most_successors = self.parts.most_successors.max(count);
        }
        Ok(Vec::new())
    }

    fn steps(&mut self, key: &Key<W>, steps: &mut Vec<Step<W>>) -> Result<(), Halt> {
        steps.clear();
        let state = self.decode(key);
        for task in 0..state.tasks.len() {
            let successors = state.successors(self.parts.program, task);
            for (choice, (_, next)) in successors.into_iter().enumerate() {
                let next = self.pack(&next)?;
                steps.push(Step {
                    step: TraceStep { task, choice },
                    next,
                });
            }
        }
        Ok(())
    }

    fn stands(&mut self, key: &Key<W>, stands: &mut Vec<Stand>) -> Result<(), Halt> {
        stands.clear();
        let state = self.decode(key);
        let scene = scene(self.parts.program, &self.parts.abilities, &state);
        let parties = scene.parties.iter().zip(stuck(&scene).forever);
        stands.extend(parties.enumerate().map(|(task, (party, stuck))| {
            let can_step = || !state.successors(self.parts.program, task).is_empty();
            Stand::of(party.standing, stuck, can_step)
        }));
        Ok(())
    }

    fn executed(&self) -> FxHashSet<(TemplateId, OriginId)> {
        self.parts.executed.clone()
    }

    fn rests(&self) -> &Rests {
        &self.parts.rests
    }

    fn sleeps_at(&self, node: (TemplateId, usize)) -> bool {
        self.parts.sleeps_at.contains(&node)
    }

    fn most_successors(&self) -> u64 {
        self.parts.most_successors
    }

    fn memory(&self) -> u64 {
        let tasks: usize = self.parts.tasks.iter().map(|tasks| tasks.memory).sum();
        (self.parts.shared.memory + tasks) as u64
    }
}
