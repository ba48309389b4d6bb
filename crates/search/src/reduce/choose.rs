//! Which tasks go on in a state.
//!
//! A set of tasks is *stubborn* in a state if it has one that can move and
//!
//! - for each of its tasks that can move: every other task whose program may still do something
//!   that does not commute with that step is in the set;
//! - for each of its tasks that waits: every other task that could end the wait is in the set.
//!
//! Then whatever the others do without the set, its tasks can still take the same steps, to the
//! same effect. (Valmari, *Stubborn Sets for Reduced State Space Generation*, 1989; whole tasks as
//! in Godefroid's persistent sets, 1996.) The smallest such set is looked for by closure from each
//! task that can move. `releases` and `merge` use sets of one task only: one that gives something
//! back, or whose step touches nothing.
//!
//! The search ensures that no task is put off for ever: [`crate::counted::explore`] expands a state
//! in full unless some step of the chosen tasks leads to a state that is still to be expanded.

use std::rc::Rc;

use kmapcheck_machine::Task;
use kmapcheck_scenario::{Patience, Program};
use rustc_hash::FxHashMap;

use super::Reductions;
use super::footprint::{Footprints, Touch};
use crate::counted::packed::Counts;
use crate::counted::table::{Entry, Table};

/// A local state in a world, as far as the choice goes.
struct Actor {
    task: Task,
    touches: Vec<Touch>,
    entry: Entry,
    /// Whether its step gives something back.
    gives: bool,
    /// Whether it is one step, that nobody has anything to say about, and onwards: such steps come
    /// to an end.
    plain: bool,
}

impl Actor {
    fn moves(&self) -> bool {
        Table::row_count(self.entry) > 0
    }
}

/// Chooses, by the reductions that are on.
pub(crate) struct Chooser<'a> {
    program: &'a Program,
    reductions: Reductions,
    footprints: Footprints<'a>,
    actors: FxHashMap<(u32, u32), Rc<Actor>>,
    /// Bytes that the actors take, roughly.
    bytes: usize,
}

impl<'a> Chooser<'a> {
    /// `None` where no order of steps can be left out: none is to be, tasks share CPUs, of which
    /// every step may take one, or some give up: a wait that only a time-out ends is no more to be seen
    /// once it has ended.
    pub(crate) fn new(program: &'a Program, reductions: Reductions) -> Option<Chooser<'a>> {
        let can = program.cpus.is_none() && !program.has_patience(Patience::GivesUp);
        (reductions.leaves_out_orders() && can).then(|| Chooser {
            program,
            reductions,
            footprints: Footprints::of(program),
            actors: FxHashMap::default(),
            bytes: 0,
        })
    }

    fn actor(&mut self, table: &mut Table<'a>, local: u32, world: u32) -> Rc<Actor> {
        if let Some(actor) = self.actors.get(&(local, world)) {
            return Rc::clone(actor);
        }
        let entry = table.entry(local, world);
        let (thing, around) = (Rc::clone(table.local(local)), Rc::clone(table.world(world)));
        let task = thing.seen_task(&around);
        let shared = around.shared_for(Some(&thing));
        let op = task
            .at
            .map(|at| self.program.templates[task.template].nodes[at].op);
        let plain = table.rows(entry).len() == 1
            && (table.rows(entry).iter()).all(|row| {
                let next = table.local(row.local).task().at;
                row.findings.is_empty() && next.is_none_or(|next| Some(next) > task.at)
            });
        let actor = Rc::new(Actor {
            touches: self.footprints.footprint_of(&task, &shared),
            entry,
            gives: op.is_some_and(|op| op.is_release()),
            plain,
            task,
        });
        self.bytes += size_of::<Actor>() + actor.task.memory() + size_of_val(&*actor.touches);
        self.actors.insert((local, world), Rc::clone(&actor));
        actor
    }

    fn actors(&mut self, table: &mut Table<'a>, state: &Counts) -> Vec<Rc<Actor>> {
        let locals = state.tasks.iter();
        locals
            .map(|&(local, _)| self.actor(table, local, state.world))
            .collect()
    }

    fn conflict(&self, actor: &Actor, other: &Actor) -> bool {
        let Some(at) = other.task.at else {
            return false;
        };
        let future = self.footprints.future(other.task.template, at);
        (actor.touches.iter()).any(|&touch| future.conflicts(touch))
    }

    /// Whether the step of one task at that position commutes with whatever all others may do.
    fn is_alone(&self, actors: &[Rc<Actor>], state: &Counts, position: usize) -> bool {
        let actor = &actors[position];
        actor.moves()
            && (actors.iter().enumerate())
                .filter(|&(other, _)| other != position || state.tasks[position].1 > 1)
                .all(|(_, other)| !self.conflict(actor, other))
    }

    /// Whether a step may be put first for being what it is.
    fn goes_first(&self, actors: &[Rc<Actor>], state: &Counts, position: usize) -> bool {
        let (actor, on) = (&actors[position], self.reductions);
        let invisible = on.merge && actor.touches.is_empty();
        let release = on.releases && actor.gives;
        (invisible || release) && self.is_alone(actors, state, position)
    }

    /// The positions of a state whose tasks go on; `None`: all of them.
    pub(crate) fn choose(&mut self, table: &mut Table<'a>, state: &Counts) -> Option<Vec<usize>> {
        let actors = self.actors(table, state);
        let moving: Vec<usize> = (0..actors.len()).filter(|&i| actors[i].moves()).collect();
        if moving.len() < 2 {
            return None;
        }
        let first = moving.iter().find(|&&i| self.goes_first(&actors, state, i));
        if let Some(&position) = first {
            return Some(vec![position]);
        }
        if !self.reductions.stubborn {
            return None;
        }
        let mut best: Option<Vec<usize>> = None;
        for &seed in &moving {
            let set = self.close(&actors, seed);
            let chosen: Vec<usize> = (moving.iter().copied()).filter(|&i| set[i]).collect();
            if best.as_ref().is_none_or(|best| chosen.len() < best.len()) {
                best = Some(chosen);
            }
        }
        best.filter(|best| best.len() < moving.len())
    }

    /// The least stubborn set with that position in it.
    fn close(&self, actors: &[Rc<Actor>], seed: usize) -> Vec<bool> {
        let mut set = vec![false; actors.len()];
        set[seed] = true;
        let mut work = vec![seed];
        while let Some(position) = work.pop() {
            let actor = &actors[position];
            for (other, theirs) in actors.iter().enumerate() {
                let needed = !set[other]
                    && if actor.moves() {
                        self.conflict(actor, theirs)
                    } else {
                        (self.footprints).could_help(
                            &actor.task,
                            actor.entry.standing,
                            &theirs.task,
                        )
                    };
                if needed {
                    set[other] = true;
                    work.push(other);
                }
            }
        }
        set
    }

    /// The position in a state that need not be stored, since one step leads out of it which can go
    /// first: by `merge`.
    pub(crate) fn passes(&mut self, table: &mut Table<'a>, state: &Counts) -> Option<usize> {
        if !self.reductions.merge {
            return None;
        }
        let actors = self.actors(table, state);
        (0..actors.len()).find(|&i| actors[i].plain && self.goes_first(&actors, state, i))
    }

    /// Bytes allocated, roughly.
    pub(crate) fn memory(&self) -> u64 {
        (self.bytes + self.actors.capacity() * 24) as u64
    }
}
