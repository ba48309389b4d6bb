//! Every number of tasks at once: exploration of those that hold something, before a crowd.
//!
//! A task that holds nothing and leaves no mapping behind makes no difference to others. Of a
//! template whose `count` is `"any"`, such tasks are not counted: they are the *crowd*, a set of
//! local states, each of which stands for any number of tasks. A state is the world with the
//! multiset of all other tasks, the *holders*. Slots, locks and units allow only so many of those;
//! where any number can hold something (readers of an rwsem, pins and local maps of a shared page),
//! the exploration ends at its limit, undecided. In every state a task of the crowd may take its
//! next step, and so become a holder; a holder that comes to hold nothing joins the crowd, and when
//! its local state is new there, everything is explored again with it.
//!
//! **What it says.** Take a run of the program with any numbers of tasks. By induction on its
//! length, leaving out those tasks that are in the crowd's local states gives a state explored
//! here: a step of a holder is a step here, one of another task is one of the crowd. So a finding
//! that no step shows here does not occur for any numbers. Take a stuck set of the run's state, and
//! remove all of the left-out tasks from it but one, which one it may be: for its sake the set counts
//! as a finding, or a holder's. What remains is stuck here with that one task
//! added: the removed tasks hold nothing, and a task that is absent gives nothing. So if no state
//! explored here has a stuck holder, alone or beside one task of the crowd, and no such task is
//! stuck itself, there is no deadlock for any numbers. No premise on the operations is needed.
//!
//! **A crowd for each state** ([`every_number_in_turn`]) says more, and takes more states. What has joined
//! the crowd on the way to a state, and no more, is its crowd there; two states with the same holders and
//! different crowds are two. The claim is the same, with the same induction: a task is left out in the
//! states after it came to a local state of the crowd, and that is in the crowd of these. So where
//! nobody can come to hold nothing again before some lock or slot is taken for good, nobody has.
//!
//! The converse does not hold: the crowd may be in local states to which no run can bring so many
//! tasks at the same time. What is possible here is a finding only when a run with numbers shows
//! it.

use kmapcheck_engine::{Meter, Progress, Stopped};
use kmapcheck_limits::Limits;
use kmapcheck_machine::{Findings, Standing, Starts, initial};
use kmapcheck_scenario::{Bound, Op, Program, Ref, Series, StaleIn, Template};
use kmapcheck_stuck::stuck_sets::possible_stuck_kinds;
use rustc_hash::FxHashSet;

use super::explore::Explorer;
use super::packed::{Counts, Visited};
use super::table::Table;
use crate::capacity::next_number;

/// What an exploration of every number of tasks says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EveryNumber {
    /// The kinds of finding that may occur; nothing else does, if the exploration was complete.
    /// Starvation is not looked for.
    pub possible: Findings,
    /// States of holders.
    pub states: u64,
    /// Transitions between them.
    pub transitions: u64,
    /// Local states of the crowd.
    pub crowd: u64,
    /// Why the exploration ended early, if it did.
    pub stopped: Option<Stopped>,
}

/// Why every number of tasks cannot be explored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoCrowd {
    /// A series has `"any"` slots.
    Slots,
    /// The freelist is bounded: then who holds nothing else may still hold a page.
    Freelist,
    /// Any number of tasks can give what nobody has to hold: completions, unowned units.
    Counter,
}

/// How often a state, or a task of the crowd in it, may be looked at, for each state that the limit
/// allows: a large crowd can join in every state, and everything begins anew when it has grown.
const LOOKS: u64 = 50;

/// Stands for any number of tasks. No file has so many.
const ANY: u32 = u32::MAX;

/// Explores every number of the tasks whose `count` is `"any"`.
///
/// # Errors
///
/// If the program cannot be explored like that.
pub fn every_number(
    program: &Program,
    limits: &Limits,
    progress: &mut dyn FnMut(&Progress),
) -> Result<EveryNumber, NoCrowd> {
    explored(program, limits, progress, false)
}

/// The same with a crowd for each state.
///
/// # Errors
///
/// If the program cannot be explored like that.
pub fn every_number_in_turn(
    program: &Program,
    limits: &Limits,
    progress: &mut dyn FnMut(&Progress),
) -> Result<EveryNumber, NoCrowd> {
    explored(program, limits, progress, true)
}

fn explored(
    program: &Program,
    limits: &Limits,
    progress: &mut dyn FnMut(&Progress),
    in_turn: bool,
) -> Result<EveryNumber, NoCrowd> {
    if program.has_open_slots() {
        return Err(NoCrowd::Slots);
    }
    if program.free_pages.is_some() {
        return Err(NoCrowd::Freelist);
    }
    if program
        .templates
        .iter()
        .enumerate()
        .any(|(id, t)| t.count == Bound::Any && gives(program, id))
    {
        return Err(NoCrowd::Counter);
    }
    let mut meter = Meter::new(limits, progress);
    let found = meter.run(|meter| {
        let mut crowding = Crowding {
            explorer: Explorer::new(program),
            crowd: FxHashSet::default(),
            in_turn,
            looked: 0,
            max_states: limits.max_states,
            found: EveryNumber::nothing(Findings::NONE, None),
        };
        crowding.run(meter);
        crowding.found
    });
    Ok(found.unwrap_or_else(|stopped| EveryNumber::nothing(Findings::ALL, Some(stopped))))
}

impl EveryNumber {
    /// Nothing has been seen.
    fn nothing(possible: Findings, stopped: Option<Stopped>) -> EveryNumber {
        EveryNumber {
            possible,
            states: 0,
            transitions: 0,
            crowd: 0,
            stopped,
        }
    }
}

struct Crowding<'a> {
    explorer: Explorer<'a>,
    /// The crowd; of all states together if each has its own.
    crowd: FxHashSet<u32>,
    /// Whether each state has its own: then these local states are in a state with [`ANY`] tasks.
    in_turn: bool,
    /// How many states, and tasks of the crowd in them, have been looked at.
    looked: u64,
    /// The limit of states.
    max_states: Option<u64>,
    found: EveryNumber,
}

impl Crowding<'_> {
    fn run(&mut self, meter: &mut Meter<'_>) {
        loop {
            let before = self.crowd.len();
            self.found.stopped = (meter.run(|meter| self.explore(meter))).unwrap_or_else(Some);
            self.found.crowd = self.crowd.len() as u64;
            if self.found.stopped.is_some() || self.in_turn || self.crowd.len() == before {
                return;
            }
        }
    }

    /// Explores with the crowd as it is; it may grow on the way.
    fn explore(&mut self, meter: &mut Meter<'_>) -> Option<Stopped> {
        self.explorer.visited = Visited::default();
        self.found.transitions = 0;
        for program in starting(self.explorer.table.program()) {
            for start in Starts::up_to_order(&program) {
                let mut state = self.explorer.counted(&initial(&program, &start));
                self.disperse(&mut state, &[]);
                self.explorer.visited.insert(&state);
            }
        }
        let (mut state, mut next) = (Counts::default(), Counts::default());
        let mut at = 0;
        while at < self.explorer.visited.len() {
            let states = self.explorer.visited.len() as u64;
            self.found.states = states;
            let progress = || Progress {
                states,
                transitions: self.found.transitions,
                frontier: states - at as u64,
                memory: self.explorer.memory(),
                ..Progress::default()
            };
            if let Some(stopped) = meter
                .check(states, progress)
                .or_else(|| self.explorer.full())
            {
                return Some(stopped);
            }
            self.explorer.visited.get(next_number(at), &mut state);
            self.expand(&state, &mut next);
            at += 1;
            if let Some(what) = self.explorer.unbounded() {
                return Some(Stopped::Unbounded(what));
            }
            self.looked += 1 + self.crowd.len() as u64;
            if let Some(most) = self.max_states
                // A limit beyond all numbers is none.
                && self.looked > most.saturating_mul(LOOKS)
            {
                return Some(Stopped::States(most));
            }
        }
        None
    }

    fn expand(&mut self, state: &Counts, next: &mut Counts) {
        let mut crowd: Vec<u32> = self.crowd.iter().copied().collect();
        let mut holders = state.clone();
        if self.in_turn {
            let of_any = state.tasks.iter().filter(|&&(_, n)| n == ANY);
            crowd = of_any.map(|&(local, _)| local).collect();
            holders.tasks.retain(|&(_, n)| n != ANY);
        }
        crowd.sort_unstable();
        let state = &holders;
        self.judge(state, &crowd);
        for position in 0..state.tasks.len() {
            self.steps(state, position, &crowd, next);
        }
        for &local in &crowd {
            // One task of the crowd steps forward, and takes its step.
            let mut with = state.clone();
            with.add(local, 1);
            if let Ok(position) = with.tasks.binary_search_by_key(&local, |task| task.0) {
                self.steps(&with, position, &crowd, next);
            }
        }
    }

    fn steps(&mut self, state: &Counts, position: usize, crowd: &[u32], next: &mut Counts) {
        let entry = (self.explorer.table).entry(state.tasks[position].0, state.world);
        self.found.possible = self.found.possible.union(entry.waiting);
        for i in 0..Table::row_count(entry) {
            let row = self.explorer.table.row(entry, i);
            self.found.possible = self.found.possible.union(row.findings);
            self.found.transitions += 1;
            self.explorer.successor(state, position, row, next);
            self.disperse(next, crowd);
            self.explorer.visited.insert(next);
        }
    }

    /// Lets those who hold nothing join the crowd, which was this one until now.
    fn disperse(&mut self, state: &mut Counts, before: &[u32]) {
        let mut joined = before.to_vec();
        let program = self.explorer.table.program();
        let (table, crowd) = (&self.explorer.table, &mut self.crowd);
        state.tasks.retain(|&(number, _)| {
            let local = table.local(number);
            let counted = program.templates[local.task().template].count != Bound::Any;
            let stays = counted || !local.is_empty_handed();
            if !stays {
                crowd.insert(number);
                joined.push(number);
            }
            stays
        });
        if self.in_turn {
            joined.sort_unstable();
            joined.dedup();
            state
                .tasks
                .extend(joined.into_iter().map(|local| (local, ANY)));
            state.tasks.sort_unstable();
        }
    }

    /// Whether somebody can be stuck.
    fn judge(&mut self, state: &Counts, crowd: &[u32]) {
        let kinds = possible_stuck_kinds(self.explorer.table.program());
        if kinds.minus(self.found.possible).is_empty() {
            return;
        }
        // Who is deadlocked here may only be rescued among others, and idle waiters among them may not
        // be alone: so whoever is stuck in any way stands for all kinds.
        let is_stuck = |explorer: &mut Explorer<'_>, state: &Counts| {
            let stuck = explorer.stuck(state);
            stuck.forever.contains(&true) || stuck.rescued.contains(&true)
        };
        let mut stuck = self.waits(state) && is_stuck(&mut self.explorer, state);
        for &local in crowd {
            let entry = self.explorer.table.entry(local, state.world);
            if !stuck && matches!(entry.standing, Standing::Waits(_)) {
                let mut with = state.clone();
                with.add(local, 1);
                stuck = is_stuck(&mut self.explorer, &with);
            }
        }
        if stuck {
            self.found.possible = self.found.possible.union(kinds);
        }
    }

    fn waits(&mut self, state: &Counts) -> bool {
        state.tasks.iter().any(|&(local, _)| {
            let entry = self.explorer.table.entry(local, state.world);
            matches!(entry.standing, Standing::Waits(_))
        })
    }
}

/// Whether the tasks of a template complete shared completions or give back units of shared pools
/// that nobody owns.
fn gives(program: &Program, template: usize) -> bool {
    (program.templates[template].nodes.iter()).any(|node| match node.op {
        Op::Complete {
            completion: Ref::Shared(_),
        } => true,
        Op::Up {
            pool: Ref::Shared(pool),
            ..
        } => !program.resources[pool].kind.is_owned(),
        _ => false,
    })
}

/// The programs whose initial states, with the crowd dispersed, are those of every number of tasks:
/// a task whose pages are all unmapped at the start is of the crowd at once, so one is enough to
/// show it; of those with leftovers there are at most as many as there are slots.
fn starting(program: &Program) -> Vec<Program> {
    let slots: u32 = program.series.iter().map(slots_of).sum();
    let mut programs = vec![program.clone()];
    for (id, template) in program.templates.iter().enumerate() {
        if template.count != Bound::Any {
            continue;
        }
        let most = if leaves_mappings(template) { slots } else { 1 };
        programs = (programs.iter())
            .flat_map(|program| {
                (1..=most).map(|n| {
                    let mut program = program.clone();
                    program.templates[id].count = Bound::Exactly(n);
                    program
                })
            })
            .collect();
    }
    programs.retain(Program::leftovers_fit);
    programs
}

fn slots_of(series: &Series) -> u32 {
    match series.slots {
        Bound::Exactly(slots) => slots,
        Bound::Any => 0,
    }
}

/// Whether its tasks start with leftovers.
pub(super) fn leaves_mappings(template: &Template) -> bool {
    let pages = template.vars.iter().filter_map(|var| var.page.as_ref());
    pages
        .map(|page| &page.stale_in)
        .any(|stale| *stale != StaleIn::Exactly(Vec::new()))
}
