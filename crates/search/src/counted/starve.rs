//! Starvation on the finished graph of counted states; see [`crate::starved`] for the method.
//!
//! Points are pairs of a state and a local state in which tasks wait. A task is not named here, but
//! tasks in one local state are interchangeable: the point stands for each of them, and an edge
//! follows one of them through what the steps of others do to its local state.
//!
//! Where the search leaves out orders of steps, so does this: see docs/reductions.md. A task that
//! waits takes no step in a state that is passed through, since such steps never wait.

use kmapcheck_engine::Stopped;
use kmapcheck_limits::ask;
use kmapcheck_machine::Standing;

use super::explore::{Explorer, Run};
use super::packed::Counts;
use super::table::{Entry, Table};
use crate::capacity::next_number;
use crate::starved::{self, Graph, Stand};

impl Explorer<'_> {
    /// The first state in which a task starves, with that task's node.
    ///
    /// # Errors
    ///
    /// If there is more to be looked at than can be numbered.
    pub(super) fn starved(&mut self) -> Result<Option<Run>, Stopped> {
        // Points are the pairs of a state and one of its local states, numbered state by state.
        let mut first_point = Vec::with_capacity(self.visited.len() + 1);
        let mut stands = Vec::new();
        let mut state = Counts::default();
        for i in 0..self.visited.len() {
            ask();
            first_point.push(stands.len());
            self.visited.get(next_number(i), &mut state);
            let entries: Vec<Entry> = (state.tasks.iter())
                .map(|&(local, _)| self.table.entry(local, state.world))
                .collect();
            let waits = |entry: &Entry| matches!(entry.standing, Standing::Waits(_));
            let forever = if entries.iter().any(waits) {
                self.stuck(&state).forever
            } else {
                vec![false; entries.len()]
            };
            stands.extend((entries.iter().zip(forever)).map(|(&entry, stuck)| {
                Stand::of(entry.standing, stuck, || Table::row_count(entry) > 0)
            }));
        }
        if !stands.contains(&Stand::Waits) {
            return Ok(None);
        }
        let mut graph = Graph::new();
        for i in 0..self.visited.len() {
            ask();
            if let Some(full) = graph.full() {
                return Err(full);
            }
            let number = next_number(i);
            self.visited.get(number, &mut state);
            let points = first_point[i]..first_point[i] + state.tasks.len();
            if !stands[points.clone()].contains(&Stand::Waits) {
                continue;
            }
            for position in self.expanded(number, &state) {
                let entry = self.table.entry(state.tasks[position].0, state.world);
                for r in 0..Table::row_count(entry) {
                    let row = self.table.row(entry, r);
                    let followed = self.follow(&state, position, row);
                    // By position: the local state in which a waiting task of it comes out.
                    let mut come_out: Vec<Option<u32>> = (state.tasks.iter().enumerate())
                        .map(|(other, &(_, n))| {
                            (other != position || n > 1).then_some(followed.bystanders[other])
                        })
                        .collect();
                    // A waiting task's own step: it takes a CPU to spin on.
                    let mut own = followed.actor;
                    let mut next = followed.next;
                    while let Some((passing, row)) = self.passing(&next) {
                        let followed = self.follow(&next, passing, row);
                        let tasks = std::mem::replace(&mut next, followed.next).tasks;
                        for local in come_out.iter_mut().flatten().chain([&mut own]) {
                            if let Ok(k) = tasks.binary_search_by_key(local, |&(local, _)| local) {
                                let stays = k != passing || tasks[k].1 > 1;
                                *local = if stays {
                                    followed.bystanders[k]
                                } else {
                                    followed.actor
                                };
                            }
                        }
                    }
                    let (target, _) = self.visited.insert(&next);
                    let mut edge = |point, local| {
                        if let Ok(k) = next.tasks.binary_search_by_key(&local, |&(local, _)| local)
                        {
                            graph.edge(point, first_point[target as usize] + k);
                        }
                    };
                    for (other, point) in points.clone().enumerate() {
                        if stands[point] != Stand::Waits {
                            continue;
                        }
                        if let Some(local) = come_out[other] {
                            edge(point, local);
                        }
                        if other == position {
                            edge(point, own);
                        }
                    }
                }
            }
        }
        let Some(point) = starved::first(&graph, &stands)? else {
            return Ok(None);
        };
        let i = first_point.partition_point(|&first| first <= point) - 1;
        let number = next_number(i);
        self.visited.get(number, &mut state);
        let starving = state.tasks[point - first_point[i]].0;
        Ok(Some(Run {
            state: number,
            last: None,
            node: None,
            starving: Some(starving),
        }))
    }
}
