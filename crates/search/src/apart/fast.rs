//! The fast way to expand states: by [`super::tables`].
//!
//! While a batch is expanded the tables are only read, by all threads. What is missing is worked
//! out after that by one of them, in the order of the batch, and the states concerned are expanded
//! once more.

use kmapcheck_engine::Rests;
use kmapcheck_limits::ask;
use kmapcheck_machine::{State, TraceStep};
use kmapcheck_scenario::{OriginId, TemplateId};
use rustc_hash::{FxHashMap, FxHashSet};

use super::key::{Key, Layout};
use super::lowered::{Lowered, StuckRanks, template_number};
use super::space::{Block, Halt, Space, Step, Task};
use super::tables::{Tables, offer_stuck, rows};
use crate::starved::Stand;

/// States that make a share, at least.
const FEW: usize = 512;

pub(crate) struct Fast<'a, 'l, const W: usize> {
    lowered: &'l mut Lowered<'a>,
    tables: Tables<W>,
    /// By sorted state: the tasks that are stuck, by the table's numbers of local states.
    stuck: FxHashMap<Key<W>, Vec<u32>>,
}

impl<'a, 'l, const W: usize> Fast<'a, 'l, W> {
    pub(crate) fn new(lowered: &'l mut Lowered<'a>, layout: Layout) -> Self {
        let tables = Tables::new(layout, lowered.worlds());
        Fast {
            lowered,
            tables,
            stuck: FxHashMap::default(),
        }
    }

    /// Works out all that the expansion of a state looks up.
    fn ensure(&mut self, key: &Key<W>) -> Result<(), Halt> {
        let layout = &self.tables.layout;
        let world = key.get(layout.world);
        let tasks = layout.template_of.iter().zip(&layout.tasks);
        let locals: Vec<(u32, u32)> = tasks
            .map(|(&template, &field)| (template_number(template), key.get(field)))
            .collect();
        let mut changed = false;
        for &(template, local) in &locals {
            changed |= self.lowered.fill(template, local, world)?;
        }
        self.check_widths()?;
        // If what is suspicious has changed, everything is worked out anew as it is needed.
        self.tables.refit(self.lowered.worlds(), changed);
        self.tables.fill(self.lowered, key);
        Ok(())
    }

    fn check_widths(&self) -> Result<(), Halt> {
        let fits = |count: usize, bits: u32| count <= 1 << bits;
        let layout = &self.tables.layout;
        let locals_fit = (layout.template_of.iter().zip(&layout.tasks))
            .all(|(&template, field)| fits(self.lowered.locals[template].len(), field.bits));
        if locals_fit && fits(self.lowered.worlds(), layout.world.bits) {
            Ok(())
        } else {
            Err(Halt::Full)
        }
    }

    /// The stuck sets of suspects, into the verdicts.
    fn judge(&mut self, task: &Task<'_>, blocks: &mut [Block<W>]) {
        for block in blocks {
            for (sorted, key) in std::mem::take(&mut block.suspects) {
                let ranks = match self.tables.verdicts.get(&sorted) {
                    Some(ranks) => ranks.clone(),
                    None => {
                        ask();
                        let ranks = self.stuck_in(&sorted).1;
                        self.tables.verdicts.insert(sorted, ranks.clone());
                        ranks
                    }
                };
                offer_stuck(block, task, &ranks, key);
            }
        }
    }

    fn stuck_in(&mut self, key: &Key<W>) -> (Vec<u32>, StuckRanks) {
        let layout = &self.tables.layout;
        let locals: Vec<u32> = layout.tasks.iter().map(|&field| key.get(field)).collect();
        self.lowered.stuck(key.get(layout.world), &locals)
    }
}

/// The states in at most so many shares: a single one if there are few.
fn shares_of<'k, const W: usize>(states: &[&'k [Key<W>]], most: usize) -> Vec<Vec<&'k [Key<W>]>> {
    let count: usize = states.iter().map(|keys| keys.len()).sum();
    let share = count.div_ceil(most).max(FEW);
    let mut shares = vec![Vec::new()];
    let mut room = share;
    for mut keys in states.iter().copied() {
        while !keys.is_empty() {
            if room == 0 {
                shares.push(Vec::new());
                room = share;
            }
            let (these, rest) = keys.split_at(keys.len().min(room));
            room -= these.len();
            keys = rest;
            if let Some(last) = shares.last_mut() {
                last.push(these);
            }
        }
    }
    shares
}

impl<const W: usize> Space<W> for Fast<'_, '_, W> {
    fn encode(&mut self, state: &State) -> Result<Key<W>, Halt> {
        let (world, locals) = self.lowered.take_apart(state);
        self.check_widths()?;
        let mut key = Key::ZERO;
        key.set(self.tables.layout.world, world);
        for (&field, local) in self.tables.layout.tasks.iter().zip(locals) {
            key.set(field, local);
        }
        Ok(key)
    }

    fn expand(
        &mut self,
        states: &[&[Key<W>]],
        task: &Task<'_>,
        blocks: &mut [Block<W>],
    ) -> Result<Vec<Key<W>>, Halt> {
        let (tables, known) = (&self.tables, &self.lowered.known);
        let shares = shares_of(states, blocks.len());
        let work = |(states, block): (Vec<&[Key<W>]>, &mut Block<W>)| {
            tables.expand(known, &states, task, block);
        };
        task.threads
            .each(shares.into_iter().zip(&mut *blocks), work);
        self.judge(task, blocks);
        let mut deferred = Vec::new();
        for block in blocks.iter_mut() {
            deferred.append(&mut block.deferred);
        }
        for key in &deferred {
            self.ensure(key)?;
        }
        Ok(deferred)
    }

    fn steps(&mut self, key: &Key<W>, steps: &mut Vec<Step<W>>) -> Result<(), Halt> {
        self.ensure(key)?;
        steps.clear();
        let (tables, known) = (&self.tables, &self.lowered.known);
        let world = key.get(tables.layout.world);
        for (task, (&template, &field)) in
            (tables.layout.template_of.iter().zip(&tables.layout.tasks)).enumerate()
        {
            let entry = known.entries[&(template_number(template), key.get(field), world)];
            for row in rows(known, entry.first, entry.count) {
                let choice = row.choice as usize;
                steps.push(Step {
                    step: TraceStep { task, choice },
                    next: tables.successor(known, key, task, row),
                });
            }
        }
        Ok(())
    }

    fn may_step(&self, from: &Key<W>, to: &Key<W>) -> bool {
        if self.lowered.flushes {
            return true;
        }
        // Without a flush one task's field changes, and the world.
        let mut changed = 0;
        for (word, masks) in self.tables.field_masks.iter().enumerate() {
            let mut differs = from.0[word] ^ to.0[word];
            if word == 0 {
                differs &= !self.tables.layout.world.mask();
            }
            if differs != 0 {
                let field = masks[differs.trailing_zeros() as usize];
                changed += if differs & !field == 0 { 1 } else { 2 };
            }
        }
        changed <= 1
    }

    fn stands(&mut self, key: &Key<W>, stands: &mut Vec<Stand>) -> Result<(), Halt> {
        self.ensure(key)?;
        stands.clear();
        let layout = &self.tables.layout;
        let world = key.get(layout.world);
        let mut suspicious = false;
        for (&template, &field) in layout.template_of.iter().zip(&layout.tasks) {
            let entry =
                self.lowered.known.entries[&(template_number(template), key.get(field), world)];
            if let Some(grip) = entry.grip {
                suspicious |= self.lowered.alarm.is_suspicious(grip);
            }
            stands.push(match entry.can_starve {
                true => Stand::Waits,
                false => Stand::Fine,
            });
        }
        if !suspicious {
            return Ok(());
        }
        let sorted = layout.sorted(key);
        if !self.stuck.contains_key(&sorted) {
            let (stuck, _) = self.stuck_in(&sorted);
            self.stuck.insert(sorted, stuck);
        }
        let stuck = &self.stuck[&sorted];
        let layout = &self.tables.layout;
        for ((stand, &template), &field) in stands
            .iter_mut()
            .zip(&layout.template_of)
            .zip(&layout.tasks)
        {
            let global = self.lowered.locals[template][key.get(field) as usize];
            if stuck.contains(&global) {
                *stand = Stand::Fine;
            }
        }
        Ok(())
    }

    fn somebody_waits(&self) -> bool {
        self.lowered.somebody_waits()
    }

    fn executed(&self) -> FxHashSet<(TemplateId, OriginId)> {
        self.lowered.executed()
    }

    fn rests(&self) -> &Rests {
        &self.lowered.rests
    }

    fn sleeps_at(&self, node: (TemplateId, usize)) -> bool {
        self.lowered.sleeps_at(node)
    }

    fn most_successors(&self) -> u64 {
        self.lowered.most_successors()
    }

    fn memory(&self) -> u64 {
        let stuck = size_of::<(Key<W>, Vec<u32>)>() + 1 + 32;
        let stuck = (self.stuck.capacity() * stuck) as u64;
        self.lowered.memory() + self.tables.memory() + stuck
    }
}
