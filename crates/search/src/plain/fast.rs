//! Expansion by table: a state is taken apart into groups of tasks, a group's field and the world
//! are looked up, and what is found there are the differences to all successors by those tasks.
//!
//! A *group* is a few neighbouring tasks whose fields make up at most [`GROUP_BITS`] bits. Groups
//! of the same templates share a table. An entry of it has the rows of all tasks of the group: a
//! step changes the world and one field, so its successor is the state plus two numbers. Besides,
//! an entry says what else is up: findings, suspicious waiters (see [`super::alarm`]), steps that
//! change others, or that it has not been worked out. States with any of that are looked at task by
//! task; the others, nearly all, cost a look-up a group and an addition a successor.
//!
//! While a batch is expanded the tables are only read, by all threads. What is missing is worked
//! out after that by one of them, in the order of the batch, and the states concerned are expanded
//! once more.

use kmapcheck_machine::{State, TraceStep};
use kmapcheck_scenario::{FindingKind, OriginId, TemplateId};
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use super::key::{Field, Key, Layout};
use super::lowered::{Known, Lowered, Row};
use super::space::{Block, Candidate, Halt, Space, Step, Task, bits_of};
use crate::starved::Stand;

/// So many bits a group has at most, unless one task alone has more.
const GROUP_BITS: u32 = 10;
/// With more worlds than that, a group is a task: tables would become too large.
const GROUPED_WORLDS: usize = 512;

/// Flags of a group above the findings.
const UNKNOWN: u32 = 1 << 16;
const SUSPECT: u32 = 1 << 17;
const BROADCAST: u32 = 1 << 18;

/// Neighbouring tasks.
#[derive(Debug, Clone, Copy)]
struct Group {
    field: Field,
    /// Which table.
    kind: usize,
    /// The first task, and how many.
    first: usize,
    tasks: usize,
}

/// A group's field in a world.
#[derive(Debug, Clone, Copy)]
struct Entry {
    first: u32,
    count: u32,
    flags: u32,
}

const BLANK: Entry = Entry {
    first: 0,
    count: 0,
    flags: UNKNOWN,
};

/// A successor's difference to a state: of the world, and of the group's field.
#[derive(Debug, Clone, Copy)]
struct Delta {
    world: u64,
    group: u64,
}

/// The table of the groups of certain templates.
struct Kind {
    templates: Vec<TemplateId>,
    bits: u32,
    entries: Vec<Entry>,
}

/// What is read while a batch is expanded.
struct Tables<const W: usize> {
    layout: Layout,
    groups: Vec<Group>,
    kinds: Vec<Kind>,
    deltas: Vec<Delta>,
    /// By sorted state, for suspicious ones: the rank of the deadlock's class, if there is one.
    verdicts: FxHashMap<Key<W>, Option<u32>>,
    /// By word and bit: the field that the bit belongs to, as a mask. For [`Space::may_step`].
    field_masks: Vec<[u64; 64]>,
}

pub(crate) struct Fast<'a, 'l, const W: usize> {
    lowered: &'l mut Lowered<'a>,
    tables: Tables<W>,
    /// By sorted state: the tasks that are stuck, by the table's numbers of local states.
    stuck: FxHashMap<Key<W>, Vec<u32>>,
}

fn groups_of(layout: &Layout, grouped: bool) -> (Vec<Group>, Vec<Kind>) {
    let (mut groups, mut kinds): (Vec<Group>, Vec<Kind>) = (Vec::new(), Vec::new());
    let mut first = 0;
    while first < layout.tasks.len() {
        let mut field = layout.tasks[first];
        let mut tasks = 1;
        while let Some(next) = layout.tasks.get(first + tasks)
            && grouped
            && next.word == field.word
            && field.bits + next.bits <= GROUP_BITS
        {
            field.bits += next.bits;
            tasks += 1;
        }
        let templates = &layout.template_of[first..first + tasks];
        let kind = kinds.iter().position(|kind| kind.templates == templates);
        let kind = kind.unwrap_or_else(|| {
            kinds.push(Kind {
                templates: templates.to_vec(),
                bits: field.bits,
                entries: Vec::new(),
            });
            kinds.len() - 1
        });
        groups.push(Group {
            field,
            kind,
            first,
            tasks,
        });
        first += tasks;
    }
    (groups, kinds)
}

impl<'a, 'l, const W: usize> Fast<'a, 'l, W> {
    pub(crate) fn new(lowered: &'l mut Lowered<'a>, layout: Layout) -> Self {
        let (groups, kinds) = groups_of(&layout, lowered.worlds() <= GROUPED_WORLDS);
        let mut field_masks = vec![[0; 64]; W];
        for field in &layout.tasks {
            for bit in field.shift..field.shift + field.bits {
                field_masks[field.word][bit as usize] = field.mask() << field.shift;
            }
        }
        Fast {
            lowered,
            tables: Tables {
                layout,
                groups,
                kinds,
                deltas: Vec::new(),
                verdicts: FxHashMap::default(),
                field_masks,
            },
            stuck: FxHashMap::default(),
        }
    }

    /// Works out all that the expansion of a state looks up.
    fn ensure(&mut self, key: &Key<W>) -> Result<(), Halt> {
        let layout = &self.tables.layout;
        let world = key.get(layout.world);
        let tasks = layout.template_of.iter().zip(&layout.tasks);
        let locals: Vec<(u32, u32)> = tasks
            .map(|(&template, &field)| (template as u32, key.get(field)))
            .collect();
        let mut changed = false;
        for &(template, local) in &locals {
            changed |= self.lowered.fill(template, local, world)?;
        }
        self.check_widths()?;
        if self.lowered.worlds() > GROUPED_WORLDS
            && self.tables.groups.len() < self.tables.layout.tasks.len()
        {
            let (groups, kinds) = groups_of(&self.tables.layout, false);
            (self.tables.groups, self.tables.kinds) = (groups, kinds);
            self.tables.deltas = Vec::new();
        } else if changed {
            // What is suspicious has changed: everything is worked out anew as it is needed.
            for kind in &mut self.tables.kinds {
                kind.entries.fill(BLANK);
            }
            self.tables.deltas.clear();
        }
        for i in 0..self.tables.groups.len() {
            self.fill_group(self.tables.groups[i], key, world);
        }
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

    fn fill_group(&mut self, group: Group, key: &Key<W>, world: u32) {
        let tables = &mut self.tables;
        let kind = &mut tables.kinds[group.kind];
        let at = (world as usize) << kind.bits | key.get(group.field) as usize;
        if kind.entries.len() <= at {
            kind.entries
                .resize((world as usize + 1) << kind.bits, BLANK);
        }
        if kind.entries[at].flags & UNKNOWN == 0 {
            return;
        }
        let first = tables.deltas.len() as u32;
        let (mut flags, mut broadcast) = (0, false);
        for task in group.first..group.first + group.tasks {
            let field = tables.layout.tasks[task];
            let (template, local) = (tables.layout.template_of[task] as u32, key.get(field));
            let entry = self.lowered.known.entries[&(template, local, world)];
            flags |= entry.waiting;
            if let Some(grip) = entry.grip
                && self.lowered.alarm.is_suspicious(grip)
            {
                flags |= SUSPECT;
            }
            for row in rows(&self.lowered.known, entry.first, entry.count) {
                flags |= row.findings;
                broadcast |= row.flushed.is_some();
                let change = u64::from(row.local).wrapping_sub(u64::from(local));
                tables.deltas.push(Delta {
                    world: u64::from(row.world).wrapping_sub(u64::from(world)),
                    group: change << (field.shift - group.field.shift),
                });
            }
        }
        if broadcast {
            tables.deltas.truncate(first as usize);
            flags |= BROADCAST;
        }
        let count = tables.deltas.len() as u32 - first;
        kind.entries[at] = Entry {
            first,
            count,
            flags,
        };
    }

    /// The stuck sets of suspects, into the verdicts.
    fn judge(&mut self, task: &Task<'_>, blocks: &mut [Block<W>]) {
        for block in blocks {
            for (sorted, key) in std::mem::take(&mut block.suspects) {
                let rank = match self.tables.verdicts.get(&sorted) {
                    Some(&rank) => rank,
                    None => {
                        let rank = self.stuck_in(&sorted).1;
                        self.tables.verdicts.insert(sorted, rank);
                        rank
                    }
                };
                if let Some(rank) = rank {
                    offer_deadlock(block, task.depth, rank, key);
                }
            }
        }
    }

    fn stuck_in(&mut self, key: &Key<W>) -> (Vec<u32>, Option<u32>) {
        let layout = &self.tables.layout;
        let locals: Vec<u32> = layout.tasks.iter().map(|&field| key.get(field)).collect();
        self.lowered.stuck(key.get(layout.world), &locals)
    }
}

fn rows(known: &Known, first: u32, count: u32) -> &[Row] {
    &known.rows[first as usize..(first + count) as usize]
}

fn offer_deadlock<const W: usize>(block: &mut Block<W>, depth: u64, rank: u32, state: Key<W>) {
    let candidate = Candidate {
        length: depth,
        rank,
        node: None,
        state,
        last: None,
    };
    block.best.offer(FindingKind::Deadlock, candidate);
}

impl<const W: usize> Tables<W> {
    /// The step of a task by a row.
    fn successor(&self, known: &Known, key: &Key<W>, task: usize, row: &Row) -> Key<W> {
        let mut next = *key;
        next.set(self.layout.world, row.world);
        if let Some(series) = row.flushed {
            for (&template, &field) in self.layout.template_of.iter().zip(&self.layout.tasks) {
                let after = known.flushes[&(template as u32, key.get(field), series)];
                next.set(field, after);
            }
        }
        next.set(self.layout.tasks[task], row.local);
        next
    }

    fn expand(&self, known: &Known, states: &[Key<W>], task: &Task<'_>, block: &mut Block<W>) {
        let news = bits_of(task.news);
        let deadlock = 1 << FindingKind::Deadlock as u32;
        let mut attention = (news & !deadlock) | UNKNOWN;
        if news & deadlock != 0 {
            attention |= SUSPECT;
        }
        if !task.look_only {
            attention |= BROADCAST;
        }
        let world_mask = self.layout.world.mask();
        let mut entries = vec![BLANK; self.groups.len()];
        for key in states {
            let world = (key.0[0] & world_mask) as usize;
            let mut flags = 0;
            for (entry, group) in entries.iter_mut().zip(&self.groups) {
                *entry = self.entry(key, world, group);
                flags |= entry.flags;
            }
            if flags & attention != 0 {
                if flags & UNKNOWN != 0 {
                    block.deferred.push(*key);
                    continue;
                }
                self.look(known, key, task, flags & attention, block);
            }
            if task.look_only {
                continue;
            }
            for (entry, group) in entries.iter().zip(&self.groups) {
                let deltas =
                    &self.deltas[entry.first as usize..(entry.first + entry.count) as usize];
                block.transitions += deltas.len() as u64;
                for delta in deltas {
                    let mut next = *key;
                    let word = &mut next.0[group.field.word & (W - 1)];
                    *word = word.wrapping_add(delta.group << group.field.shift);
                    next.0[0] = next.0[0].wrapping_add(delta.world);
                    block.push(next);
                }
            }
        }
    }

    #[inline]
    fn entry(&self, key: &Key<W>, world: usize, group: &Group) -> Entry {
        let kind = &self.kinds[group.kind];
        let field = group.field;
        let number = (key.0[field.word & (W - 1)] >> field.shift) & ((1 << field.bits) - 1);
        let at = world << field.bits | number as usize;
        kind.entries.get(at).copied().unwrap_or(BLANK)
    }

    /// A state with something to be seen, task by task.
    #[cold]
    fn look(&self, known: &Known, key: &Key<W>, task: &Task<'_>, flags: u32, block: &mut Block<W>) {
        if flags & SUSPECT != 0 {
            let sorted = self.layout.sorted(key);
            match self.verdicts.get(&sorted) {
                Some(&Some(rank)) => offer_deadlock(block, task.depth, rank, *key),
                Some(None) => {}
                None => block.suspects.push((sorted, *key)),
            }
        }
        if flags & BROADCAST == 0 && flags & 0xffff == 0 {
            return;
        }
        let world = key.get(self.layout.world);
        for group in &self.groups {
            let shared = self.entry(key, world as usize, group);
            let broadcast = shared.flags & BROADCAST != 0;
            if !broadcast && shared.flags & flags & 0xffff == 0 {
                continue;
            }
            for actor in group.first..group.first + group.tasks {
                let template = self.layout.template_of[actor];
                let local = key.get(self.layout.tasks[actor]);
                let entry = known.entries[&(template as u32, local, world)];
                let offer = |block: &mut Block<W>, kinds: u32, length, last| {
                    for kind in FindingKind::ALL {
                        if kinds & flags & 1 << kind as u32 != 0 {
                            let candidate = Candidate {
                                length,
                                rank: 0,
                                node: entry.node.map(|node| (template, node)),
                                state: *key,
                                last,
                            };
                            block.best.offer(kind, candidate);
                        }
                    }
                };
                offer(block, entry.waiting, task.depth, None);
                if task.look_only {
                    continue;
                }
                for row in rows(known, entry.first, entry.count) {
                    let step = TraceStep {
                        task: actor,
                        choice: row.choice as usize,
                    };
                    offer(block, row.findings, task.depth + 1, Some(step));
                    if broadcast {
                        block.transitions += 1;
                        block.push(self.successor(known, key, actor, row));
                    }
                }
            }
        }
    }
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
        states: &[Key<W>],
        task: &Task<'_>,
        blocks: &mut [Block<W>],
    ) -> Result<Vec<Key<W>>, Halt> {
        let (tables, known) = (&self.tables, &self.lowered.known);
        match task.pool {
            Some(pool) if states.len() > 500 => {
                let share = states.len().div_ceil(blocks.len());
                pool.install(|| {
                    let shares = states.par_chunks(share).zip(blocks.par_iter_mut());
                    shares.for_each(|(states, block)| tables.expand(known, states, task, block));
                });
            }
            _ => tables.expand(known, states, task, &mut blocks[0]),
        }
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
            let entry = known.entries[&(template as u32, key.get(field), world)];
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
            let entry = self.lowered.known.entries[&(template as u32, key.get(field), world)];
            stands.push(match entry.grip {
                Some(grip) => {
                    suspicious |= self.lowered.alarm.is_suspicious(grip);
                    Stand::Waits
                }
                None => Stand::Fine,
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

    fn sleeps_at(&self, node: (TemplateId, usize)) -> bool {
        self.lowered.sleeps_at(node)
    }

    fn most_successors(&self) -> u64 {
        self.lowered.most_successors()
    }

    fn memory(&self) -> u64 {
        let tables = &self.tables;
        let entries: usize = tables
            .kinds
            .iter()
            .map(|kind| kind.entries.capacity())
            .sum();
        let verdict = size_of::<(Key<W>, Option<u32>)>() + 1;
        let stuck = size_of::<(Key<W>, Vec<u32>)>() + 1 + 32;
        self.lowered.memory()
            + (entries * size_of::<Entry>()
                + tables.deltas.capacity() * size_of::<Delta>()
                + tables.verdicts.capacity() * verdict
                + self.stuck.capacity() * stuck) as u64
    }
}
