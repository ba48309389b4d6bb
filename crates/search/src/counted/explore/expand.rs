//! The steps out of a state: which are taken, and which led where.

use kmapcheck_engine::Stopped;
use kmapcheck_limits::ask;
use kmapcheck_machine::initial;

use super::{CountedStep, Explorer, NONE, Run};
use crate::counted::packed::Counts;
use crate::counted::table::{Row, Table};

impl Explorer<'_> {
    /// Takes the steps out of a state: all of them, or those of the tasks that the reductions choose.
    ///
    /// Where orders are left out, a task that is put off here is still as it was in a successor; it
    /// could be put off there again, and so on round a cycle. So some successor has to be expanded
    /// later than this state, or everything is done here: then putting off comes to an end.
    pub(super) fn expand(
        &mut self,
        number: u32,
        state: &Counts,
        next: &mut Counts,
        depth: u64,
    ) -> Option<Stopped> {
        let chosen = self.choose(state);
        if let Some(mut check) = self.check.take() {
            check.state(self, state, chosen.as_deref());
            self.check = Some(check);
        }
        let Some(chosen) = chosen else {
            return self
                .expand_some(number, state, 0..state.tasks.len(), next, depth)
                .0;
        };
        let (stopped, later) = self.expand_some(number, state, chosen.iter().copied(), next, depth);
        if stopped.is_some() || later {
            return stopped;
        }
        self.in_full.insert(number);
        let rest = (0..state.tasks.len()).filter(|position| !chosen.contains(position));
        self.expand_some(number, state, rest, next, depth).0
    }

    /// The positions whose tasks go on; `None`: all.
    pub(super) fn choose(&mut self, state: &Counts) -> Option<Vec<usize>> {
        let chooser = self.chooser.as_mut()?;
        chooser.choose(&mut self.table, state)
    }

    /// The positions whose steps out of a state were taken.
    pub(in crate::counted) fn expanded(&mut self, number: u32, state: &Counts) -> Vec<usize> {
        let chosen = if self.in_full.contains(&number) {
            None
        } else {
            self.choose(state)
        };
        chosen.unwrap_or_else(|| (0..state.tasks.len()).collect())
    }

    /// Takes the steps of the tasks at some positions. Also whether one leads to a state that is yet
    /// to be expanded: states are, in the order of their numbers.
    pub(super) fn expand_some(
        &mut self,
        number: u32,
        state: &Counts,
        positions: impl Iterator<Item = usize>,
        next: &mut Counts,
        depth: u64,
    ) -> (Option<Stopped>, bool) {
        let mut later = false;
        for position in positions {
            let (local, _) = state.tasks[position];
            let entry = self.table.entry(local, state.world);
            for i in 0..Table::row_count(entry) {
                // Some states have thousands of successors.
                ask();
                self.transitions += 1;
                let row = self.table.row(entry, i);
                let step = CountedStep { local, row: i };
                self.note_step(number, step, row, depth);
                self.successor(state, position, row, next);
                while let Some((passing, row)) = self.passing(next) {
                    self.transitions += 1;
                    let here = next.clone();
                    self.note_executed(here.tasks[passing].0, row);
                    if let Some(mut check) = self.check.take() {
                        check.state(self, &here, Some(&[passing]));
                        self.check = Some(check);
                    }
                    self.successor(&here, passing, row, next);
                }
                let (new, fresh) = self.visited.insert(next);
                later |= new > number;
                if fresh {
                    self.parents.push(number);
                    if let Some(what) = self.unbounded() {
                        return (Some(Stopped::Unbounded(what)), later);
                    }
                    self.note_state(new, next, depth + 1);
                }
            }
        }
        (None, later)
    }

    /// The step that leads on from a state that is passed through: see [`Chooser::passes`].
    pub(in crate::counted) fn passing(&mut self, state: &Counts) -> Option<(usize, Row)> {
        let position = self.chooser.as_mut()?.passes(&mut self.table, state)?;
        let entry = self.table.entry(state.tasks[position].0, state.world);
        Some((position, self.table.row(entry, 0)))
    }

    /// The counted steps from an initial state to the run's end, with that initial state's number.
    /// States are worked out from the start on: they may not have been kept.
    pub(crate) fn counted_steps(&mut self, run: &Run) -> (u32, Vec<CountedStep>) {
        let mut states = vec![run.state];
        let mut first = run.state;
        while self.parents[first as usize] != NONE {
            first = self.parents[first as usize];
            states.push(first);
        }
        states.reverse();
        let mut state = self.counted(&initial(self.table.program(), &self.start_of(first)));
        let (mut steps, mut next) = (Vec::new(), Counts::default());
        for pair in states.windows(2) {
            steps.extend(self.steps_between(pair[0], &state, pair[1], &mut next));
            std::mem::swap(&mut state, &mut next);
        }
        steps.extend(run.last);
        (first, steps)
    }

    /// The first step from a state to the one of number `to`, with those that pass on.
    pub(super) fn steps_between(
        &mut self,
        from: u32,
        state: &Counts,
        to: u32,
        next: &mut Counts,
    ) -> Vec<CountedStep> {
        for position in self.expanded(from, state) {
            let (local, _) = state.tasks[position];
            let entry = self.table.entry(local, state.world);
            for i in 0..Table::row_count(entry) {
                let row = self.table.row(entry, i);
                self.successor(state, position, row, next);
                let mut steps = vec![CountedStep { local, row: i }];
                while let Some((passing, row)) = self.passing(next) {
                    let here = next.clone();
                    steps.push(CountedStep {
                        local: here.tasks[passing].0,
                        row: 0,
                    });
                    self.successor(&here, passing, row, next);
                }
                if self.visited.insert(next).0 == to {
                    return steps;
                }
            }
        }
        unreachable!("a state follows its predecessor by one of the predecessor's steps")
    }
}
