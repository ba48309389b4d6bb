//! Traces, without stored predecessors.
//!
//! A state of level *n* has a predecessor in level *n* − 1, and the levels are stored. So a run is
//! followed back by looking through one level after the other for a state with a step to the
//! current one; of several, the least state and its least step are taken. Most states are ruled out
//! by a glance: a step changes the field of one task. This costs less than the search did, and is
//! done once for each finding.

use kmapcheck_machine::{Start, Starts, Trace, initial};

use super::explore::Search;
use super::key::Key;
use super::space::{Candidate, Halt, Space, Step};

impl<const W: usize, S: Space<W>> Search<'_, W, S> {
    /// The trace of a candidate.
    pub(crate) fn trace(&mut self, candidate: &Candidate<W>) -> Result<Trace, Halt> {
        let mut level = candidate.length - u64::from(candidate.last.is_some());
        let mut steps: Vec<_> = candidate.last.into_iter().collect();
        let mut at = candidate.state;
        while level > 0 {
            level -= 1;
            let (state, step) = self.predecessor(&at, level)?;
            steps.push(step.step);
            at = state;
        }
        steps.reverse();
        Ok(Trace {
            start: self.start_at(&at)?,
            steps,
        })
    }

    /// The least state of the level with a step to `to`, and its first step there.
    fn predecessor(&mut self, to: &Key<W>, level: u64) -> Result<(Key<W>, Step<W>), Halt> {
        let mut found: Option<(Key<W>, Step<W>)> = None;
        let mut steps = Vec::new();
        for partition in &self.partitions {
            for key in partition.slices(partition.level_range(level)).flatten() {
                if found.is_some_and(|(least, _)| least < *key) || !self.space.may_step(key, to) {
                    continue;
                }
                match self.space.steps(key, &mut steps) {
                    // Such a state was not expanded: another one is the predecessor.
                    Err(Halt::Stopped(_)) => continue,
                    result => result?,
                }
                if let Some(&step) = steps.iter().find(|step| step.next == *to) {
                    found = Some((*key, step));
                }
            }
        }
        Ok(found.expect("a state of a level has a predecessor in the level before"))
    }

    /// The first start in that state.
    fn start_at(&mut self, key: &Key<W>) -> Result<Start, Halt> {
        for start in Starts::of(self.program) {
            if self.space.encode(&initial(self.program, &start))? == *key {
                return Ok(start);
            }
        }
        unreachable!("the first state of a run is an initial one")
    }
}
