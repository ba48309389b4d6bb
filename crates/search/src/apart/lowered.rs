//! The program as tables: for each local state of a task in a world, its rows.
//!
//! The machine is asked by way of [`crate::counted::table`], once for each pair that occurs. Local
//! states are numbered template by template, so that their numbers are small; worlds have the
//! numbers they have there.
//!
//! This is for programs that neither allocate nor free pages. There a page is for ever its owner's
//! or everybody's, so a named state and a world with one local state for each task determine each
//! other: the world and local states are not a quotient but another way to write the state.

use kmapcheck_engine::{Rests, Stopped};
use kmapcheck_machine::State;
use kmapcheck_scenario::{FindingKind, Op, OriginId, Program, TemplateId};
use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::SmallVec;

use super::alarm::{Alarm, Grip};
use super::graded::Ranks;
use super::key::{Layout, bits};
use super::space::{Halt, bits_of, cast};
use super::tables::rows;
use crate::capacity::next_number;
use crate::counted::explore::Explorer;
use crate::counted::packed::Counts;
use crate::counted::table::{Table, series_number};
use crate::starved::Stand;

/// One step of a task in a local state in a world.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row {
    /// Which of the machine's steps.
    pub choice: u32,
    pub local: u32,
    pub world: u32,
    /// Kinds of finding, as bits.
    pub findings: u16,
    /// Others lose their stale mappings of this series.
    pub flushed: Option<u16>,
    /// The operation carried out: of a select, the first one of the branch.
    pub node: usize,
}

/// A local state in a world.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry {
    pub first: u32,
    pub count: u32,
    /// What is wrong with the call that it waits in, as bits.
    pub waiting: u16,
    pub grip: Option<Grip>,
    /// Whether it may starve where it waits and is not stuck.
    pub can_starve: bool,
    pub node: Option<usize>,
}

/// Worked out so far, and read by many at once.
#[derive(Default)]
pub(crate) struct Known {
    /// By template, local state and world.
    pub entries: FxHashMap<(u32, u32, u32), Entry>,
    pub rows: Vec<Row>,
    /// By template, local state and series: the local state after a flush.
    pub flushes: FxHashMap<(u32, u32, u16), u32>,
}

/// The tables and what they are filled from.
pub(crate) struct Lowered<'a> {
    pub known: Known,
    pub program: &'a Program,
    explorer: Explorer<'a>,
    pub template_of: Vec<TemplateId>,
    /// The number within its template of each local state of the table.
    number: Vec<Option<u32>>,
    /// By template: the table's numbers of its local states.
    pub locals: Vec<Vec<u32>>,
    /// Bits for the numbers of worlds, and of local states template by template.
    pub world_bits: u32,
    pub local_bits: Vec<u32>,
    pub alarm: Alarm,
    /// Where tasks were seen at rest, in the states that were judged.
    pub rests: Rests,
    /// If the program is graded.
    pub ranks: Option<Ranks>,
    /// Whether some step flushes.
    pub flushes: bool,
    most_rows: u32,
}

impl<'a> Lowered<'a> {
    /// Whether the program can be lowered.
    pub(crate) fn can(program: &Program) -> bool {
        !program.has_op(Op::uses_freelist) && !program.has_queues()
    }

    /// With so many numbers of local states and of worlds: see [`crate::capacity`].
    pub(crate) fn new(program: &'a Program, most: u32) -> Self {
        let templates = program.templates.len();
        let mut explorer = Explorer::new(program);
        explorer.most = most;
        Lowered {
            known: Known::default(),
            program,
            explorer,
            template_of: cast(program),
            number: Vec::new(),
            locals: vec![Vec::new(); templates],
            world_bits: 1,
            // As many local states as nodes, and the end: fewer there are hardly ever.
            local_bits: (program.templates.iter())
                .map(|template| bits(template.nodes.len() + 1))
                .collect(),
            alarm: Alarm::new(program),
            rests: Rests::of(program),
            ranks: Ranks::of(program),
            flushes: false,
            most_rows: 1,
        }
    }

    /// Makes the fields as wide as the numbers known so far need.
    pub(crate) fn widen(&mut self) {
        self.world_bits = self.world_bits.max(bits(self.explorer.table.worlds()));
        for (wide, locals) in self.local_bits.iter_mut().zip(&self.locals) {
            *wide = (*wide).max(bits(locals.len()));
        }
    }

    /// A layout with a bit to spare in each field, if that takes no more words; `None`: no key is
    /// wide enough.
    pub(crate) fn layout(&self) -> Option<Layout> {
        let tight = Layout::new(&self.template_of, self.world_bits, &self.local_bits)?;
        let roomy: Vec<u32> = self.local_bits.iter().map(|bits| bits + 1).collect();
        let roomy = Layout::new(&self.template_of, self.world_bits + 4, &roomy);
        roomy
            .filter(|roomy| roomy.words == tight.words)
            .or(Some(tight))
    }

    pub(crate) fn worlds(&self) -> usize {
        self.explorer.table.worlds()
    }

    /// A named state: its world and its tasks' local states.
    pub(crate) fn take_apart(&mut self, state: &State) -> (u32, Vec<u32>) {
        let embedded = crate::counted::local::embed(self.program, state);
        let world = self.explorer.table.world_number(embedded.world);
        let locals = embedded.locals.into_iter().map(|local| {
            let global = self.explorer.table.local_number(local);
            numbered(
                &self.explorer.table,
                &mut self.number,
                &mut self.locals,
                global,
            )
        });
        (world, locals.collect())
    }

    /// Works out a local state in a world, unless that was done. Whether what is suspicious changed.
    pub(crate) fn fill(&mut self, template: u32, local: u32, world: u32) -> Result<bool, Halt> {
        if self.known.entries.contains_key(&(template, local, world)) {
            return Ok(false);
        }
        let global = self.locals[template as usize][local as usize];
        let table = &mut self.explorer.table;
        let entry = table.entry(global, world);
        let task = table.local(global).task().clone();
        let grip = self.alarm.grip(self.program, &task, entry.standing);
        let mut changed = grip.is_some_and(|grip| self.alarm.note_grip(grip));
        // No more rows than the table has, which stops in time.
        let first = next_number(self.known.rows.len());
        let count = Table::row_count(entry);
        for i in 0..count {
            let row = table.row(entry, i);
            assert!(
                !row.untidy && row.freed.is_none() && row.left.is_none(),
                "pages change hands only where a program allocates or frees, and places in queues \
                 where it has some"
            );
            changed |= self.alarm.note_findings(row.findings);
            if let Some(ranks) = &self.ranks
                && !ranks.advances(&task, table.local(row.local).task())
            {
                self.ranks = None;
                return Err(Halt::Ungraded);
            }
            self.flushes |= row.flushed.is_some();
            self.known.rows.push(Row {
                choice: row.choice,
                local: numbered(table, &mut self.number, &mut self.locals, row.local),
                world: row.world,
                findings: bits_of(row.findings),
                flushed: row.flushed,
                node: row.node as usize,
            });
        }
        self.most_rows = self.most_rows.max(count);
        let entry = Entry {
            first,
            count,
            waiting: bits_of(entry.waiting),
            grip,
            can_starve: Stand::of(entry.standing, false, || count > 0) == Stand::Waits,
            node: task.at,
        };
        self.known.entries.insert((template, local, world), entry);
        // Whoever else is in this local state may see a flush in any state he is in.
        for (series, declared) in self.program.series.iter().enumerate() {
            if declared.reuse.keeps_mappings() {
                self.fill_flush(template, local, series_number(series));
            }
        }
        let unbounded = self.explorer.unbounded().map(Stopped::Unbounded);
        match unbounded.or_else(|| self.explorer.full()) {
            Some(stopped) => Err(Halt::Stopped(stopped)),
            None => Ok(changed),
        }
    }

    /// Works out what a flush makes of a local state, unless that was done.
    fn fill_flush(&mut self, template: u32, local: u32, series: u16) {
        if self.known.flushes.contains_key(&(template, local, series)) {
            return;
        }
        let global = self.locals[template as usize][local as usize];
        let table = &mut self.explorer.table;
        let after = table.after_flush(global, series);
        let after = numbered(table, &mut self.number, &mut self.locals, after);
        self.known.flushes.insert((template, local, series), after);
    }

    /// The tasks of local states that are stuck for ever, by the table's numbers; and the kinds of
    /// finding by which somebody is stuck, each with the rank of its class.
    pub(crate) fn stuck(&mut self, world: u32, locals: &[u32]) -> (Vec<u32>, StuckRanks) {
        let mut counts = Counts {
            world,
            tasks: Vec::new(),
        };
        for (&template, &local) in self.template_of.iter().zip(locals) {
            counts.add(self.locals[template][local as usize], 1);
        }
        let stuck = self.explorer.stuck(&counts);
        for (&(global, _), _) in (counts.tasks.iter().zip(&stuck.resting)).filter(|(_, r)| **r) {
            self.rests.note(self.explorer.node_of(global));
        }
        let ranks = (stuck.kinds().iter())
            .map(|kind| (kind, self.explorer.class_rank(&counts, kind)))
            .collect();
        let forever = (counts.tasks.iter().zip(stuck.forever))
            .filter_map(|(&(global, _), stuck)| stuck.then_some(global))
            .collect();
        (forever, ranks)
    }

    /// Whether any task waits in any state met so far.
    pub(crate) fn somebody_waits(&self) -> bool {
        (self.known.entries.values()).any(|entry| entry.grip.is_some())
    }

    /// The operations that some local state met so far executes.
    pub(crate) fn executed(&self) -> FxHashSet<(TemplateId, OriginId)> {
        (self.known.entries.iter())
            .flat_map(|(&(template, ..), entry)| {
                let template = template as usize;
                let nodes = &self.program.templates[template].nodes;
                let rows = rows(&self.known, entry.first, entry.count);
                let at = entry.node.filter(|_| entry.count > 0);
                (rows.iter().map(|row| row.node).chain(at))
                    .map(move |node| (template, nodes[node].origin))
            })
            .collect()
    }

    pub(crate) fn sleeps_at(&self, (template, node): (TemplateId, usize)) -> bool {
        let kind = 1 << FindingKind::SleepInAtomic as u16;
        (self.known.entries.iter()).any(|(&(t, ..), entry)| {
            t as usize == template && entry.node == Some(node) && entry.waiting & kind != 0
        })
    }

    pub(crate) fn most_successors(&self) -> u64 {
        u64::from(self.most_rows) * self.template_of.len() as u64
    }

    /// Bytes allocated.
    pub(crate) fn memory(&self) -> u64 {
        let known = &self.known;
        self.explorer.memory()
            + (known.entries.capacity() * (size_of::<((u32, u32, u32), Entry)>() + 1)
                + known.rows.capacity() * size_of::<Row>()
                + known.flushes.capacity() * (size_of::<((u32, u32, u16), u32)>() + 1)
                + self.number.capacity() * 16) as u64
    }
}

/// Kinds of finding by which somebody is stuck, each with the rank of its class.
pub(crate) type StuckRanks = SmallVec<[(FindingKind, u32); 1]>;

/// The number of a template in the tables.
pub(crate) fn template_number(template: TemplateId) -> u32 {
    u32::try_from(template).expect("task programs come from a file of limited size")
}

/// The number within its template of a local state of the table.
fn numbered(
    table: &Table<'_>,
    number: &mut Vec<Option<u32>>,
    locals: &mut [Vec<u32>],
    global: u32,
) -> u32 {
    let i = global as usize;
    if number.len() <= i {
        number.resize(table.locals().max(i + 1), None);
    }
    *number[i].get_or_insert_with(|| {
        let locals = &mut locals[table.local(global).task().template];
        let number = next_number(locals.len());
        locals.push(global);
        number
    })
}
