//! Starvation on these states; see [`crate::starved`] for the method.
//!
//! Edges are not stored: there are as many as transitions times tasks. One bit for each state and
//! task says whether the task waits there and has not been seen to be saved. States are gone
//! through from the last level to the first, and again as long as anything changes: a task is saved
//! where a step leads to a state in which it is. Only states with a bit set are looked at again.

use kmapcheck_engine::{Meter, Progress, Stopped};
use kmapcheck_limits::ask;

use super::explore::Search;
use super::key::Key;
use super::space::{Candidate, Halt, Space};
use super::store::partition_of;
use crate::starved::Stand;

/// A set of bits.
struct Bits(Vec<u64>);

impl Bits {
    fn get(&self, i: usize) -> bool {
        self.0[i / 64] >> (i % 64) & 1 == 1
    }

    fn put(&mut self, i: usize, bit: bool) {
        let word = &mut self.0[i / 64];
        *word = *word & !(1 << (i % 64)) | u64::from(bit) << (i % 64);
    }
}

/// The first state, by level and then by key, in which a task starves, with that task.
pub(crate) type Starving<const W: usize> = Option<(Candidate<W>, usize)>;

impl<const W: usize, S: Space<W>> Search<'_, W, S> {
    /// Who starves first, or why that was not found out.
    pub(crate) fn starving(
        &mut self,
        levels: u64,
        meter: &mut Meter<'_>,
    ) -> Result<Result<Starving<W>, Stopped>, Halt> {
        let mut offsets = vec![0];
        for partition in &self.partitions {
            offsets.push(offsets[offsets.len() - 1] + partition.len());
        }
        let (mut stands, mut steps) = (Vec::new(), Vec::new());
        let mut waits = Bits(Vec::new());
        let mut tasks = 0;
        let mut any = false;
        for (p, &offset) in offsets[..self.partitions.len()].iter().enumerate() {
            if let Some(stopped) = self.look(meter, levels) {
                return Ok(Err(stopped));
            }
            for i in 0..self.partitions[p].len() {
                ask();
                let key = *self.partitions[p].key(i);
                self.space.stands(&key, &mut stands)?;
                if tasks == 0 {
                    tasks = stands.len();
                    let states = offsets[self.partitions.len()];
                    waits.0 = vec![0; (states * tasks).div_ceil(64)];
                }
                for (task, &stand) in stands.iter().enumerate() {
                    waits.put((offset + i) * tasks + task, stand == Stand::Waits);
                    any |= stand == Stand::Waits;
                }
            }
        }
        let mut changed = any;
        while changed {
            changed = false;
            for level in (0..=levels).rev() {
                for p in 0..self.partitions.len() {
                    if let Some(stopped) = self.look(meter, level) {
                        return Ok(Err(stopped));
                    }
                    for i in self.partitions[p].level_range(level).rev() {
                        ask();
                        let points = (offsets[p] + i) * tasks;
                        if !(points..points + tasks).any(|point| waits.get(point)) {
                            continue;
                        }
                        let key = *self.partitions[p].key(i);
                        self.space.steps(&key, &mut steps)?;
                        for step in &steps {
                            let next = self.position(&step.next, &offsets) * tasks;
                            for task in 0..tasks {
                                if waits.get(points + task) && !waits.get(next + task) {
                                    waits.put(points + task, false);
                                    changed = true;
                                }
                            }
                        }
                    }
                }
            }
        }
        for level in 0..=levels {
            let mut first: Starving<W> = None;
            for (partition, &offset) in self.partitions.iter().zip(&offsets) {
                for i in partition.level_range(level) {
                    let points = (offset + i) * tasks;
                    let starving = (0..tasks).find(|task| waits.get(points + task));
                    let key = *partition.key(i);
                    if let Some(task) = starving
                        && first.is_none_or(|(candidate, _)| key < candidate.state)
                    {
                        let candidate = Candidate {
                            length: level,
                            rank: 0,
                            node: None,
                            state: key,
                            last: None,
                        };
                        first = Some((candidate, task));
                    }
                }
            }
            if first.is_some() {
                return Ok(Ok(first));
            }
        }
        Ok(Ok(None))
    }

    fn position(&self, key: &Key<W>, offsets: &[usize]) -> usize {
        let p = partition_of(key.hash());
        let i = self.partitions[p].find(key);
        offsets[p] + i.expect("after an exhaustive search every successor is stored")
    }

    fn look(&self, meter: &mut Meter<'_>, depth: u64) -> Option<Stopped> {
        meter.look(|| Progress {
            states: self.states,
            transitions: self.transitions,
            depth,
            memory: self.memory(),
            ..Progress::default()
        })
    }
}
