//! What is looked up when a state is expanded, and how.
//!
//! A *group* is a few neighbouring tasks whose fields make up at most [`GROUP_BITS`] bits. Groups
//! of the same templates share a table. An entry of it, for a group's field in a world, has the
//! differences to all successors by tasks of the group: a step changes the world and one field, so
//! its successor is the state plus two numbers. Besides, an entry says what else is up: findings,
//! suspicious waiters (see [`super::alarm`]), steps that change others, or that it has not been
//! worked out. States with any of that are looked at task by task; the others, nearly all, cost one
//! look-up for each group and one addition for each successor.
//!
//! Most entries have no difference or one, and no processor can predict which. So there is no
//! branch on it: [`AT_ONCE`] differences are always added, one successor behind the other, and
//! surplus successors are overwritten by the next.

use kmapcheck_limits::ask;
use kmapcheck_machine::TraceStep;
use kmapcheck_scenario::{FindingKind, TemplateId};
use rustc_hash::FxHashMap;

use super::key::{Field, Key, Layout, bits};
use super::lowered::{Known, Lowered, Row, StuckRanks, template_number};
use super::space::{Block, Candidate, Task, bits_of};

/// So many bits a group has at most, unless one task alone has more.
const GROUP_BITS: u32 = 12;
/// A table has so many entries at most, unless one task alone has more; as a power of two.
const TABLE_BITS: u32 = 20;
/// So many differences of a group are added whether it has them or not.
const AT_ONCE: usize = 2;
/// So many successors are gathered before they are sorted by partition, and those of one state.
const GATHERED: usize = 512;

/// Flags of a group above the findings.
const UNKNOWN: u16 = 1 << 13;
const SUSPECT: u16 = 1 << 14;
/// The steps are not among the differences: they change others, or are too many.
const STEPWISE: u16 = 1 << 15;
const FINDINGS: u16 = UNKNOWN - 1;
const _: () = assert!(FindingKind::ALL.len() <= FINDINGS.count_ones() as usize);

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
    count: u16,
    flags: u16,
}

const BLANK: Entry = Entry {
    first: 0,
    count: 0,
    flags: UNKNOWN,
};

/// A successor's difference to a state: of the world, and of the group's field.
#[derive(Debug, Clone, Copy)]
struct Delta {
    world: i32,
    group: i32,
}

impl Delta {
    const NONE: Delta = Delta { world: 0, group: 0 };

    /// From what was to what is; the field lies so many bits into the group. `None` if it is too
    /// large.
    fn new(world: (u32, u32), local: (u32, u32), place: u32) -> Option<Delta> {
        let change = |(before, after): (u32, u32)| i64::from(after) - i64::from(before);
        Some(Delta {
            world: i32::try_from(change(world)).ok()?,
            group: i32::try_from(change(local) << place).ok()?,
        })
    }

    /// The state with the difference added, `W` being a power of two.
    #[inline]
    fn add<const W: usize>(self, key: &Key<W>, word: usize, shift: u32) -> Key<W> {
        let mut next = *key;
        let group = (i64::from(self.group) << shift).cast_unsigned();
        let world = i64::from(self.world).cast_unsigned();
        next.0[word & (W - 1)] = next.0[word & (W - 1)].wrapping_add(group);
        next.0[0] = next.0[0].wrapping_add(world);
        next
    }
}

/// The table of the groups of certain templates.
struct Kind {
    templates: Vec<TemplateId>,
    bits: u32,
    entries: Vec<Entry>,
}

/// What is looked up for a group.
#[derive(Clone, Copy)]
struct View<'a> {
    entries: &'a [Entry],
    word: usize,
    shift: u32,
    bits: u32,
}

impl View<'_> {
    #[inline]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a field of a group is no wider than an index of its table"
    )]
    fn entry<const W: usize>(&self, key: &Key<W>, world: usize) -> Entry {
        let number = (key.0[self.word & (W - 1)] >> self.shift) & ((1 << self.bits) - 1);
        let at = world << self.bits | number as usize;
        self.entries.get(at).copied().unwrap_or(BLANK)
    }
}

/// What is read while a batch is expanded.
pub(crate) struct Tables<const W: usize> {
    pub layout: Layout,
    /// How many bits a group may have.
    group_bits: u32,
    groups: Vec<Group>,
    kinds: Vec<Kind>,
    /// With [`AT_ONCE`] more at the end, which belong to nobody.
    deltas: Vec<Delta>,
    /// By sorted state, for suspicious ones: in which ways somebody is stuck.
    pub verdicts: FxHashMap<Key<W>, StuckRanks>,
    /// By word and bit: the field that the bit belongs to, as a mask. For [`Space::may_step`].
    pub field_masks: Vec<[u64; 64]>,
}

/// How many bits a group has at most where there are so many worlds.
fn group_bits(worlds: usize) -> u32 {
    // None, where the worlds take all there are.
    TABLE_BITS.saturating_sub(bits(worlds)).min(GROUP_BITS)
}

fn groups_of(layout: &Layout, most_bits: u32) -> (Vec<Group>, Vec<Kind>) {
    let (mut groups, mut kinds): (Vec<Group>, Vec<Kind>) = (Vec::new(), Vec::new());
    let mut first = 0;
    while first < layout.tasks.len() {
        let mut field = layout.tasks[first];
        let mut tasks = 1;
        while let Some(next) = layout.tasks.get(first + tasks)
            && next.word == field.word
            && field.bits + next.bits <= most_bits
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

pub(crate) fn rows(known: &Known, first: u32, count: u32) -> &[Row] {
    let first = first as usize;
    &known.rows[first..first + count as usize]
}

pub(crate) fn offer_stuck<const W: usize>(
    block: &mut Block<W>,
    task: &Task<'_>,
    ranks: &[(FindingKind, u32)],
    state: Key<W>,
) {
    for &(kind, rank) in ranks.iter().filter(|(kind, _)| task.news.contains(*kind)) {
        let candidate = Candidate {
            length: task.depth,
            rank,
            node: None,
            state,
            last: None,
        };
        block.best.offer(kind, candidate);
    }
}

impl<const W: usize> Tables<W> {
    /// Empty tables, for so many worlds.
    pub(crate) fn new(layout: Layout, worlds: usize) -> Self {
        let group_bits = group_bits(worlds);
        let (groups, kinds) = groups_of(&layout, group_bits);
        let mut field_masks = vec![[0; 64]; W];
        for field in &layout.tasks {
            for bit in field.shift..field.shift + field.bits {
                field_masks[field.word][bit as usize] = field.mask() << field.shift;
            }
        }
        Tables {
            layout,
            group_bits,
            groups,
            kinds,
            deltas: vec![Delta::NONE; AT_ONCE],
            verdicts: FxHashMap::default(),
            field_masks,
        }
    }

    /// Empties the tables if they would become too large with so many worlds, or at any rate.
    pub(crate) fn refit(&mut self, worlds: usize, at_any_rate: bool) {
        let group_bits = group_bits(worlds);
        if group_bits != self.group_bits {
            (self.groups, self.kinds) = groups_of(&self.layout, group_bits);
            self.group_bits = group_bits;
        } else if at_any_rate {
            for kind in &mut self.kinds {
                kind.entries.fill(BLANK);
            }
        } else {
            return;
        }
        self.deltas.truncate(AT_ONCE);
    }

    /// Works out what the expansion of a state looks up, from what is known of its tasks.
    pub(crate) fn fill(&mut self, lowered: &Lowered<'_>, key: &Key<W>) {
        for i in 0..self.groups.len() {
            self.fill_group(lowered, self.groups[i], key);
        }
    }

    fn fill_group(&mut self, lowered: &Lowered<'_>, group: Group, key: &Key<W>) {
        let world = key.get(self.layout.world);
        let kind = &mut self.kinds[group.kind];
        let at = (world as usize) << kind.bits | key.get(group.field) as usize;
        if kind.entries.len() <= at {
            kind.entries
                .resize((world as usize + 1) << kind.bits, BLANK);
        }
        if kind.entries[at].flags & UNKNOWN == 0 {
            return;
        }
        let first = self.deltas.len() - AT_ONCE;
        self.deltas.truncate(first);
        let (mut flags, mut stepwise) = (0, false);
        for task in group.first..group.first + group.tasks {
            let field = self.layout.tasks[task];
            let template = template_number(self.layout.template_of[task]);
            let local = key.get(field);
            let entry = lowered.known.entries[&(template, local, world)];
            flags |= entry.waiting;
            if let Some(grip) = entry.grip
                && lowered.alarm.is_suspicious(grip)
            {
                flags |= SUSPECT;
            }
            for row in rows(&lowered.known, entry.first, entry.count) {
                flags |= row.findings;
                let place = field.shift - group.field.shift;
                match Delta::new((world, row.world), (local, row.local), place) {
                    Some(delta) if row.flushed.is_none() => self.deltas.push(delta),
                    _ => stepwise = true,
                }
            }
        }
        let place = u32::try_from(first).ok();
        let count = u16::try_from(self.deltas.len() - first).ok();
        // Too many for an entry to say where they are: then the steps are taken one by one.
        let place = place.zip(count).filter(|_| !stepwise);
        let (place, count) = place.unwrap_or_else(|| {
            self.deltas.truncate(first);
            flags |= STEPWISE;
            (0, 0)
        });
        (self.deltas).resize(first + usize::from(count) + AT_ONCE, Delta::NONE);
        kind.entries[at] = Entry {
            first: place,
            count,
            flags,
        };
    }

    /// Bytes allocated.
    pub(crate) fn memory(&self) -> u64 {
        let entries: usize = self.kinds.iter().map(|kind| kind.entries.capacity()).sum();
        let verdict = size_of::<(Key<W>, StuckRanks)>() + 1;
        (entries * size_of::<Entry>()
            + self.deltas.capacity() * size_of::<Delta>()
            + self.verdicts.capacity() * verdict) as u64
    }

    /// The step of a task by a row.
    pub(crate) fn successor(&self, known: &Known, key: &Key<W>, task: usize, row: &Row) -> Key<W> {
        let mut next = *key;
        next.set(self.layout.world, row.world);
        if let Some(series) = row.flushed {
            for (&template, &field) in self.layout.template_of.iter().zip(&self.layout.tasks) {
                let after = known.flushes[&(template_number(template), key.get(field), series)];
                next.set(field, after);
            }
        }
        next.set(self.layout.tasks[task], row.local);
        next
    }

    pub(crate) fn expand(
        &self,
        known: &Known,
        states: &[&[Key<W>]],
        task: &Task<'_>,
        block: &mut Block<W>,
    ) {
        let news = bits_of(task.news);
        let stuck = 1 << FindingKind::Deadlock as u16 | 1 << FindingKind::TimeoutRescue as u16;
        let mut attention = (news & !stuck) | UNKNOWN;
        if news & stuck != 0 || task.rests {
            attention |= SUSPECT;
        }
        if !task.look_only {
            attention |= STEPWISE;
        }
        let views: Vec<View<'_>> = self.groups.iter().map(|group| self.view(group)).collect();
        let world_mask = self.layout.world.mask();
        // What a state may need, unless a group has more than are added at once.
        let room = AT_ONCE * views.len();
        let mut gathered = vec![Key::ZERO; GATHERED + room];
        let (mut used, mut transitions) = (0, 0);
        for key in states.iter().copied().flatten() {
            if used > GATHERED {
                ask();
                block.push_all(&gathered[..used]);
                used = 0;
            }
            let mut before = used;
            #[expect(
                clippy::cast_possible_truncation,
                reason = "worlds have 32-bit numbers"
            )]
            let world = (key.0[0] & world_mask) as usize;
            let mut flags = 0;
            for view in &views {
                let entry = view.entry(key, world);
                flags |= entry.flags;
                let (first, count) = (entry.first as usize, usize::from(entry.count));
                let deltas = &self.deltas[first..];
                for (next, delta) in gathered[used..].iter_mut().zip(&deltas[..AT_ONCE]) {
                    *next = delta.add(key, view.word, view.shift);
                }
                if count > AT_ONCE {
                    if gathered.len() < used + count + room {
                        gathered.resize(used + count + room, Key::ZERO);
                    }
                    for (next, delta) in gathered[used..].iter_mut().zip(&deltas[..count]) {
                        *next = delta.add(key, view.word, view.shift);
                    }
                }
                used += count;
            }
            if flags & attention != 0 {
                if flags & UNKNOWN != 0 {
                    block.deferred.push(*key);
                    used = before;
                    continue;
                }
                // What is found by looking may be pushed at once: those before it come first.
                block.push_all(&gathered[..before]);
                gathered.copy_within(before..used, 0);
                (before, used) = (0, used - before);
                self.look(known, key, task, flags & attention, block);
            }
            if task.look_only {
                used = before;
            }
            transitions += (used - before) as u64;
        }
        block.push_all(&gathered[..used]);
        // Not state by state: blocks of other threads lie in the same cache lines.
        block.transitions += transitions;
    }

    /// What is looked up for a group.
    fn view(&self, group: &Group) -> View<'_> {
        View {
            entries: &self.kinds[group.kind].entries,
            word: group.field.word,
            shift: group.field.shift,
            bits: group.field.bits,
        }
    }

    /// A state with something to be seen, task by task.
    #[cold]
    fn look(&self, known: &Known, key: &Key<W>, task: &Task<'_>, flags: u16, block: &mut Block<W>) {
        if flags & SUSPECT != 0 {
            let sorted = self.layout.sorted(key);
            match self.verdicts.get(&sorted) {
                Some(ranks) => offer_stuck(block, task, ranks, *key),
                None => block.suspects.push((sorted, *key)),
            }
        }
        if flags & (STEPWISE | FINDINGS) == 0 {
            return;
        }
        let world = key.get(self.layout.world);
        for group in &self.groups {
            let shared = self.view(group).entry(key, world as usize);
            let stepwise = shared.flags & STEPWISE != 0;
            if !stepwise && shared.flags & flags & FINDINGS == 0 {
                continue;
            }
            for actor in group.first..group.first + group.tasks {
                let template = self.layout.template_of[actor];
                let local = key.get(self.layout.tasks[actor]);
                let entry = known.entries[&(template_number(template), local, world)];
                let offer = |block: &mut Block<W>, kinds: u16, length, last| {
                    for kind in FindingKind::ALL {
                        if kinds & flags & 1 << kind as u16 != 0 {
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
                    if stepwise {
                        block.transitions += 1;
                        block.push(self.successor(known, key, actor, row));
                    }
                }
            }
        }
    }
}
