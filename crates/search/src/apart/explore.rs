//! Breadth-first, level by level, in batches.
//!
//! A batch of states of the level is expanded into successors, sorted by partition; then every
//! partition inserts its own. Both halves are shared out among the threads, and neither half's
//! result depends on how: shares are contiguous and their successors are inserted in the order of
//! the shares, and how large a batch is depends on the search alone. So the partitions hold the
//! same keys in the same order for any number of threads; and where one of several runs to a
//! finding has to be chosen, it is the least of all (see [`Candidate`]), not the first.
//!
//! States are judged when they are expanded, so a level's own findings are settled when it is done.

use std::ops::Range;

use kmapcheck_engine::{Meter, Progress, Stopped};
use kmapcheck_limits::ask;
use kmapcheck_machine::{Findings, Starts, initial};
use kmapcheck_scenario::{FindingKind, Program};

use super::key::Key;
use super::most::Most;
use super::space::{Best, Block, Candidate, Halt, Space, Task};
use super::store::{PARTITIONS, Partition, partition_of};
use super::threads::Threads;

/// A batch has at least that many states, as far as limits allow, and at most so many.
const BATCH: Range<usize> = 32_768..1 << 20;

/// Shares of a batch for each thread.
const SHARES: usize = 4;

/// An attempt at a search.
pub(crate) struct Search<'a, const W: usize, S> {
    pub program: &'a Program,
    pub space: S,
    pub partitions: Vec<Partition<W>>,
    blocks: Vec<Block<W>>,
    threads: &'a Threads,
    most: Most,
    pub states: u64,
    pub transitions: u64,
    /// States expanded so far.
    expanded: u64,
    open: Best<W>,
    found: Findings,
    /// Kinds that are looked for.
    sought: Findings,
    pub settled: Vec<(FindingKind, Candidate<W>)>,
    /// The most bytes that were stored at once, but for what depends on the number of threads.
    pub most_stored: u64,
}

/// How an exploration ended.
pub(crate) struct End {
    pub stopped: Option<Stopped>,
    pub depth: u64,
}

/// States that lie one behind the other.
struct Run {
    partition: usize,
    at: Range<usize>,
}

/// Where in the level the next batch begins.
struct Cursor {
    partition: usize,
    at: usize,
}

impl<'a, const W: usize, S: Space<W>> Search<'a, W, S> {
    pub(crate) fn new(
        program: &'a Program,
        space: S,
        graded: bool,
        threads: &'a Threads,
        most: Most,
    ) -> Self {
        // More shares than threads, so that none waits long for the last one; successors are
        // inserted in the order of shares, so it makes no difference how many there are.
        let shares = match threads.count() {
            1 => 1,
            threads => threads * SHARES,
        };
        Search {
            program,
            space,
            partitions: (0..PARTITIONS)
                .map(|_| Partition::new(graded, most.in_partition))
                .collect(),
            blocks: (0..shares).map(|_| Block::new()).collect(),
            threads,
            most,
            states: 0,
            transitions: 0,
            expanded: 0,
            open: Best::new(),
            found: Findings::NONE,
            sought: program.kinds_in_question().collect(),
            settled: Vec::new(),
            most_stored: 0,
        }
    }

    /// Explores everything, within the limits.
    pub(crate) fn explore(&mut self, meter: &mut Meter<'_>) -> Result<End, Halt> {
        let mut depth = 0;
        let levels = meter.run(|meter| self.levels(meter, &mut depth));
        match levels.unwrap_or_else(|stopped| Ok(Some(stopped))) {
            Err(Halt::Stopped(stopped)) => {
                self.gather();
                self.settle(u64::MAX);
                let stopped = Some(stopped);
                Ok(End { stopped, depth })
            }
            Err(halt) => Err(halt),
            Ok(stopped) => {
                if stopped.is_some() {
                    // A batch may have been left in the middle.
                    self.gather();
                }
                self.settle(u64::MAX);
                // The last batch may have brought what there was no room for.
                let lost = self.has_lost().then(|| self.full());
                let stopped = stopped.or(lost);
                Ok(End { stopped, depth })
            }
        }
    }

    fn levels(&mut self, meter: &mut Meter<'_>, depth: &mut u64) -> Result<Option<Stopped>, Halt> {
        let mut stopped = self.start(meter)?;
        if stopped.is_some() {
            self.look_at_fresh(0)?;
        }
        self.next_level(0);
        let mut batch = Vec::new();
        while stopped.is_none() {
            let mut cursor = Cursor {
                partition: 0,
                at: self.partitions[0].level.start,
            };
            loop {
                stopped = self.limit(meter, *depth);
                self.take(&mut cursor, self.batch_size(meter), &mut batch);
                if batch.is_empty() {
                    // The level is done, and so may be the search: then no limit matters.
                    stopped = stopped.filter(|_| self.has_fresh());
                    break;
                }
                if stopped.is_some() {
                    // A few at a time, as long as it is only states that there may not be more of.
                    ask();
                    self.expand_batch(&batch, *depth, true)?;
                    while self.take(&mut cursor, BATCH.start, &mut batch) {
                        ask();
                        self.expand_batch(&batch, *depth, true)?;
                    }
                    break;
                }
                self.expanded += batch.iter().map(|run| run.at.len() as u64).sum::<u64>();
                self.expand_batch(&batch, *depth, false)?;
            }
            self.settle(*depth);
            if !self.has_fresh() {
                break;
            }
            if stopped.is_some() {
                self.look_at_fresh(*depth + 1)?;
                break;
            }
            *depth += 1;
            self.next_level(*depth);
        }
        Ok(stopped)
    }

    /// Puts the initial states in.
    fn start(&mut self, meter: &mut Meter<'_>) -> Result<Option<Stopped>, Halt> {
        for start in Starts::of(self.program) {
            let stopped = meter.check(self.states, || self.progress(0));
            if stopped.is_some() {
                return Ok(stopped);
            }
            let key = self.space.encode(&initial(self.program, &start))?;
            self.partitions[partition_of(key.hash())].insert_all(&[key]);
            self.count_states();
        }
        Ok(None)
    }

    fn count_states(&mut self) {
        self.states = self.partitions.iter().map(|p| p.len() as u64).sum();
    }

    /// The states found since the last call are the level to expand next. Graded programs clear an
    /// index as large as the level was, so this is shared out as well.
    fn next_level(&mut self, level: u64) {
        let many = self.states - self.expanded > 1 << 19;
        self.each_partition(many, |_, partition| partition.next_level(level));
    }

    /// Does something for each partition, by several threads if that is worth it.
    fn each_partition(&mut self, many: bool, work: impl Fn(usize, &mut Partition<W>) + Sync) {
        let partitions = self.partitions.iter_mut().enumerate();
        let work = |(number, partition): (usize, &mut Partition<W>)| work(number, partition);
        if many {
            self.threads.each(partitions, work);
        } else {
            partitions.for_each(work);
        }
    }

    /// Whether states of the next level have been found.
    fn has_fresh(&self) -> bool {
        (self.partitions.iter()).any(|partition| partition.level.end < partition.len())
    }

    /// The next states of the level into `batch`; whether there are any.
    fn take(&self, cursor: &mut Cursor, mut size: usize, batch: &mut Vec<Run>) -> bool {
        batch.clear();
        while size > 0 {
            let partition = &self.partitions[cursor.partition];
            let end = partition.level.end.min(cursor.at + size);
            if cursor.at < end {
                batch.push(Run {
                    partition: cursor.partition,
                    at: cursor.at..end,
                });
            }
            size -= end - cursor.at;
            cursor.at = end;
            if end == partition.level.end {
                let Some(next) = self.partitions.get(cursor.partition + 1) else {
                    break;
                };
                cursor.at = next.level.start;
                cursor.partition += 1;
            }
        }
        !batch.is_empty()
    }

    /// So many states that their successors take a small part of what is stored, and that no limit
    /// is overstepped by much.
    fn batch_size(&self, meter: &Meter<'_>) -> usize {
        let successors = self.transitions / self.expanded.max(1) + 1;
        let size = self.states / (4 * successors);
        let size = size.clamp(BATCH.start as u64, BATCH.end as u64);
        let room = meter.states_left(self.states) / self.space.most_successors().max(1);
        // A successor lies in a bucket, perhaps with as much room again, before it is stored.
        let bytes = successors * 3 * size_of::<Key<W>>() as u64;
        let memory = meter.memory_left(self.memory()) / bytes / 4;
        let size = size.min(room).min(memory).max(1);
        usize::try_from(size).expect("it is at most the end of BATCH")
    }

    /// Expands the batch, or only looks at it, and inserts the successors.
    fn expand_batch(&mut self, batch: &[Run], depth: u64, look_only: bool) -> Result<(), Halt> {
        let mut deferred: Vec<Key<W>> = Vec::new();
        loop {
            let task = Task {
                depth,
                news: self.sought.minus(self.found),
                rests: self.space.rests().is_open(),
                look_only,
                threads: self.threads,
            };
            let states: Vec<&[Key<W>]> = if deferred.is_empty() {
                let keys = |run: &Run| self.partitions[run.partition].slices(run.at.clone());
                batch.iter().flat_map(keys).collect()
            } else {
                vec![&deferred]
            };
            deferred = self.space.expand(&states, &task, &mut self.blocks)?;
            self.insert();
            self.gather();
            if deferred.is_empty() {
                return Ok(());
            }
        }
    }

    /// What the blocks brought home, besides successors.
    fn gather(&mut self) {
        for block in &mut self.blocks {
            for (kind, candidate) in block.best.drain() {
                self.open.offer(kind, candidate);
            }
            self.transitions += std::mem::take(&mut block.transitions);
        }
    }

    fn insert(&mut self) {
        let successors: usize = (self.blocks.iter().flat_map(|block| &block.buckets))
            .map(Vec::len)
            .sum();
        let blocks = std::mem::take(&mut self.blocks);
        self.each_partition(successors > 1_000, |number, partition| {
            for block in &blocks {
                partition.insert_all(&block.buckets[number]);
            }
        });
        self.blocks = blocks;
        let stored: u64 = self.partitions.iter().map(Partition::memory).sum();
        self.most_stored = self
            .most_stored
            .max(stored + (successors * size_of::<Key<W>>()) as u64);
        for block in &mut self.blocks {
            block.buckets.iter_mut().for_each(Vec::clear);
        }
        self.count_states();
    }

    /// Looks at the states of the level that a limit keeps from being expanded.
    fn look_at_fresh(&mut self, depth: u64) -> Result<(), Halt> {
        for i in 0..self.partitions.len() {
            let mut at = self.partitions[i].level.end;
            while at < self.partitions[i].len() {
                let end = self.partitions[i].len().min(at + BATCH.start);
                let run = Run {
                    partition: i,
                    at: at..end,
                };
                at = end;
                ask();
                self.expand_batch(&[run], depth, true)?;
            }
        }
        Ok(())
    }

    /// Settles the candidates of at most `length` steps: no shorter run is to come.
    fn settle(&mut self, length: u64) {
        let mut left = Best::new();
        for (kind, candidate) in self.open.drain() {
            if self.found.contains(kind) {
                continue;
            }
            if candidate.length <= length {
                self.found.insert(kind);
                self.settled.push((kind, candidate));
            } else {
                left.offer(kind, candidate);
            }
        }
        self.open = left;
    }

    fn limit(&self, meter: &mut Meter<'_>, depth: u64) -> Option<Stopped> {
        if meter.states_left(self.states) == 0 {
            return meter.max_states().map(Stopped::States);
        }
        if self.states > self.most.states || self.has_lost() {
            return Some(self.full());
        }
        meter.look(|| self.progress(depth))
    }

    /// Whether a state had to be left out.
    fn has_lost(&self) -> bool {
        self.partitions.iter().any(Partition::is_full)
    }

    /// There are more states than can be stored. Partitions differ in size: that there is no room
    /// in one of them may come a little sooner.
    fn full(&self) -> Stopped {
        Stopped::Capacity {
            what: "states",
            most: self.most.states,
        }
    }

    fn progress(&self, depth: u64) -> Progress {
        Progress {
            states: self.states,
            transitions: self.transitions,
            frontier: self.states - self.expanded,
            depth,
            memory: self.memory(),
            ..Progress::default()
        }
    }

    /// Bytes allocated.
    pub(crate) fn memory(&self) -> u64 {
        let partitions: u64 = self.partitions.iter().map(Partition::memory).sum();
        let blocks: u64 = self.blocks.iter().map(Block::memory).sum();
        partitions + blocks + self.space.memory()
    }
}
