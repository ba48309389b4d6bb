//! What the search needs to know of a representation of states.

use kmapcheck_engine::{Rests, Stopped};
use kmapcheck_machine::{Findings, State, TraceStep};
use kmapcheck_scenario::{FindingKind, OriginId, Program, TemplateId};
use rustc_hash::FxHashSet;

use super::key::Key;
use super::store::{PARTITIONS, partition_of};
use super::threads::Threads;
use crate::starved::Stand;

/// Why an attempt cannot go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Halt {
    /// A number does not fit its field: start over with wider ones.
    Full,
    /// The program is not graded after all: start over without that.
    Ungraded,
    /// Wider fields do not help: a counter grows without bound, or there is too much to be
    /// numbered.
    Stopped(Stopped),
}

/// A step between packed states.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Step<const W: usize> {
    pub step: TraceStep,
    pub next: Key<W>,
}

/// A run that shows a finding: to `state`, and one step more if there is a `last`. The order is the
/// order of preference, the same for any number of threads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Candidate<const W: usize> {
    pub length: u64,
    pub rank: u32,
    /// Where, for `sleep-in-atomic`.
    pub node: Option<(TemplateId, usize)>,
    pub state: Key<W>,
    pub last: Option<TraceStep>,
}

/// The best candidate of each kind.
#[derive(Debug, Clone)]
pub(crate) struct Best<const W: usize>(Vec<(FindingKind, Candidate<W>)>);

impl<const W: usize> Best<W> {
    pub(crate) fn new() -> Self {
        Best(Vec::new())
    }

    pub(crate) fn offer(&mut self, kind: FindingKind, candidate: Candidate<W>) {
        match self.0.iter_mut().find(|(other, _)| *other == kind) {
            Some((_, best)) => *best = candidate.min(*best),
            None => self.0.push((kind, candidate)),
        }
    }

    /// Takes out all candidates.
    pub(crate) fn drain(&mut self) -> impl Iterator<Item = (FindingKind, Candidate<W>)> + '_ {
        self.0.drain(..)
    }
}

/// What one thread brings home from its share of a batch.
pub(crate) struct Block<const W: usize> {
    /// Successors, by partition.
    pub buckets: Vec<Vec<Key<W>>>,
    pub transitions: u64,
    /// States that could not be expanded yet.
    pub deferred: Vec<Key<W>>,
    pub best: Best<W>,
    /// States in which somebody may be stuck, sorted, and as they are.
    pub suspects: Vec<(Key<W>, Key<W>)>,
}

impl<const W: usize> Block<W> {
    pub(crate) fn new() -> Self {
        Block {
            buckets: vec![Vec::new(); PARTITIONS],
            transitions: 0,
            deferred: Vec::new(),
            best: Best::new(),
            suspects: Vec::new(),
        }
    }

    pub(crate) fn push(&mut self, key: Key<W>) {
        self.buckets[partition_of(key.hash())].push(key);
    }

    pub(crate) fn push_all(&mut self, keys: &[Key<W>]) {
        keys.iter().for_each(|key| self.push(*key));
    }

    /// Bytes allocated.
    pub(crate) fn memory(&self) -> u64 {
        let keys: usize = self.buckets.iter().map(Vec::capacity).sum();
        ((keys + self.deferred.capacity() + 2 * self.suspects.capacity()) * size_of::<Key<W>>())
            as u64
    }
}

/// What to look for in a batch of states.
pub(crate) struct Task<'a> {
    pub depth: u64,
    /// Kinds that have not been settled.
    pub news: Findings,
    /// Whether it would be news where tasks are at rest.
    pub rests: bool,
    /// Only judge the states, and do not expand them.
    pub look_only: bool,
    pub threads: &'a Threads,
}

/// A representation of states as keys.
pub(crate) trait Space<const W: usize> {
    /// The key of a named state.
    fn encode(&mut self, state: &State) -> Result<Key<W>, Halt>;

    /// Expands states into the blocks. Those that could not be expanded come back, to be expanded
    /// after the rest.
    fn expand(
        &mut self,
        states: &[&[Key<W>]],
        task: &Task<'_>,
        blocks: &mut [Block<W>],
    ) -> Result<Vec<Key<W>>, Halt>;

    /// The steps out of a state, in the order of tasks and choices.
    fn steps(&mut self, key: &Key<W>, steps: &mut Vec<Step<W>>) -> Result<(), Halt>;

    /// Whether there may be a step from one state to the other: never false if there is one.
    fn may_step(&self, _from: &Key<W>, _to: &Key<W>) -> bool {
        true
    }

    /// How each task stands.
    fn stands(&mut self, key: &Key<W>, stands: &mut Vec<Stand>) -> Result<(), Halt>;

    /// Whether any task waits in any state expanded so far; true if that is not known.
    fn somebody_waits(&self) -> bool {
        true
    }

    /// The operations that were executed.
    fn executed(&self) -> FxHashSet<(TemplateId, OriginId)>;

    /// Where a task was seen to wait in atomic context.
    fn sleeps_at(&self, node: (TemplateId, usize)) -> bool;

    /// Where tasks were seen at rest.
    fn rests(&self) -> &Rests;

    /// So many successors a state has at most, as far as is known.
    fn most_successors(&self) -> u64;

    /// Bytes allocated.
    fn memory(&self) -> u64;
}

/// The tasks of a program: the template of each.
pub(crate) fn cast(program: &Program) -> Vec<TemplateId> {
    program
        .templates
        .iter()
        .enumerate()
        .flat_map(|(id, template)| {
            (0..kmapcheck_machine::instances(template.count)).map(move |_| id)
        })
        .collect()
}

/// A set of kinds as bits.
pub(crate) fn bits_of(findings: Findings) -> u16 {
    findings.iter().map(|kind| 1 << kind as u16).sum()
}
