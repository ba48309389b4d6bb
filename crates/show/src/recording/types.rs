//! The recording itself: plain data.
//!
//! States are numbered by the steps before them: state 0 is the start, state `s` comes after step
//! `s`. A span `from..to` covers the states from `from` on and before `to`; without `to` it lasts
//! to the end of the trace.

use serde::Serialize;

/// What happens in one trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recording {
    /// The tasks that take part: those that take a step, and those the finding is about.
    pub tasks: Vec<Actor>,
    /// The same tasks, alike ones together where there are many.
    pub lanes: Vec<Lane>,
    /// The programs they run.
    pub programs: Vec<Listing>,
    /// The series whose slots are used.
    pub series: Vec<Track>,
    /// What is waited for at some time, and series with users.
    pub things: Vec<Shown>,
    /// The steps.
    pub steps: Vec<Step>,
    /// Who waits for what.
    pub waits: Vec<Wait>,
    /// Who holds what.
    pub holds: Vec<Hold>,
    /// What tasks still held when they ended.
    pub lost: Vec<Loss>,
    /// Who could give what it does not hold, in the last state.
    pub gives: Vec<Give>,
    /// Mappings that nobody uses.
    pub stale: Vec<Stale>,
    /// The first state from which nothing saves the core, if that is known.
    pub point_of_no_return: Option<usize>,
}

/// A task that takes part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Actor {
    /// Its name, such as `mremap#2`.
    pub name: String,
    /// Its name beside its program: `#2`, or nothing if it is the only instance.
    pub instance: String,
    /// The program, in [`Recording::programs`].
    pub program: usize,
    /// Where it starts; `None`: it ends without a step.
    pub start: Option<usize>,
    /// Whether it is one of the core of a deadlock, or starves.
    pub core: bool,
    /// Whether it is stuck in the last state.
    pub stuck: bool,
}

/// Tasks that are shown as one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Lane {
    /// Their name, such as `mremap#1..#1024`.
    pub label: String,
    /// The tasks, in [`Recording::tasks`].
    pub tasks: Vec<usize>,
}

/// A task program as it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// The task's name.
    pub name: String,
    /// How many instances take part.
    pub taking_part: usize,
    /// How many there are.
    pub instances: u32,
    /// The steps, by number of their nodes.
    pub lines: Vec<Line>,
}

/// A step of a task program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The primitive, such as `kmap(old_pte, PAGETABLE)`.
    pub op: String,
    /// The operation as the scenario has it, where that is another one.
    pub written: Option<String>,
    /// Where control goes, unless to the next line.
    pub ways: String,
    /// Where the scenario has it: `file:line:column`.
    pub source: String,
    /// Where in the kernel.
    pub at: Option<String>,
    /// The scenario's note.
    pub note: Option<String>,
}

/// The slots of a series.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Track {
    /// The series.
    pub name: String,
    /// How many slots it has; `None`: any number.
    pub slots: Option<u32>,
    /// State, slots in use, stale ones: from that state on. The first is of state 0.
    pub usage: Vec<(usize, u32, u32)>,
}

/// Something that is waited for or held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Shown {
    /// What people call it, such as `PAGETABLE` or `semaphore s`.
    pub label: String,
    /// What it is.
    pub kind: ThingKind,
    /// How much there is, of what is counted.
    pub capacity: Option<u32>,
    /// What it is called by the task that it belongs to, if it belongs to one: such things of
    /// different tasks differ in the task only.
    #[serde(skip)]
    pub own: Option<String>,
    /// Of the slots of a series that is used: which, in [`Recording::series`].
    #[serde(skip)]
    pub series: Option<usize>,
}

/// What a [`Shown`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ThingKind {
    /// The slots of a series.
    Series,
    /// A lock, pool, completion or page lock.
    Resource,
    /// Free pages.
    Memory,
    /// CPUs.
    Cpus,
}

/// A step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Who takes it.
    pub task: usize,
    /// The line it executes.
    pub at: usize,
    /// Where the task is afterwards; `None`: it has ended.
    pub to: Option<usize>,
    /// What it did beyond what its name says.
    pub effect: Option<String>,
    /// What is wrong with it.
    pub findings: Vec<&'static str>,
    /// What the task holds afterwards.
    pub holds: Vec<String>,
}

/// A task waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wait {
    /// The task.
    pub task: usize,
    /// What for.
    pub thing: usize,
    /// From this state on.
    pub from: usize,
    /// Until this one.
    pub to: Option<usize>,
}

/// A task holds something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// The task.
    pub task: usize,
    /// What.
    pub thing: usize,
    /// How much of it.
    pub n: u32,
    /// From this state on.
    pub from: usize,
    /// Until this one.
    pub to: Option<usize>,
}

/// A task ended with something: nobody gives it back any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loss {
    /// The task.
    pub task: usize,
    /// What.
    pub thing: usize,
    /// How much of it.
    pub n: u32,
    /// The first state after its end.
    pub from: usize,
}

/// A task could give something that it does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Give {
    /// The task.
    pub task: usize,
    /// What.
    pub thing: usize,
}

/// A mapping that nobody uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stale {
    /// The series, in [`Recording::series`].
    pub series: usize,
    /// The page, such as `old_pte of mremap#1`.
    pub page: String,
    /// From this state on.
    pub from: usize,
    /// Until this one.
    pub to: Option<usize>,
}

/// Whether a span covers a state.
fn covers(from: usize, to: Option<usize>, state: usize) -> bool {
    from <= state && to.is_none_or(|to| state < to)
}

impl Recording {
    /// The number of the last state.
    #[must_use]
    pub fn last(&self) -> usize {
        self.steps.len()
    }

    /// Where each task is in a state; `None`: it has ended.
    #[must_use]
    pub fn places(&self, state: usize) -> Vec<Option<usize>> {
        let mut places: Vec<_> = self.tasks.iter().map(|task| task.start).collect();
        for step in &self.steps[..state.min(self.last())] {
            places[step.task] = step.to;
        }
        places
    }

    /// What each task holds in a state, in words.
    #[must_use]
    pub fn held(&self, state: usize) -> Vec<&[String]> {
        let mut held: Vec<&[String]> = vec![&[]; self.tasks.len()];
        for step in &self.steps[..state.min(self.last())] {
            held[step.task] = if step.to.is_some() { &step.holds } else { &[] };
        }
        held
    }

    /// The waits of a state.
    pub fn waits_at(&self, state: usize) -> impl Iterator<Item = &Wait> {
        (self.waits.iter()).filter(move |wait| covers(wait.from, wait.to, state))
    }

    /// The holds of a state.
    pub(crate) fn holds_at(&self, state: usize) -> impl Iterator<Item = &Hold> {
        (self.holds.iter()).filter(move |hold| covers(hold.from, hold.to, state))
    }

    /// The stale mappings of a state.
    pub(crate) fn stale_at(&self, state: usize) -> impl Iterator<Item = &Stale> {
        (self.stale.iter()).filter(move |stale| covers(stale.from, stale.to, state))
    }
}

impl Track {
    /// Slots in use, and stale ones, in a state.
    #[must_use]
    pub fn at(&self, state: usize) -> (u32, u32) {
        let after = self.usage.partition_point(|&(from, ..)| from <= state);
        after
            .checked_sub(1)
            .map_or((0, 0), |i| (self.usage[i].1, self.usage[i].2))
    }
}
