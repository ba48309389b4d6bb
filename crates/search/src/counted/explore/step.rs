//! What becomes of a state by a step of one of its tasks.

use std::rc::Rc;

use super::{Explorer, Followed};
use crate::counted::local::tidy_as;
use crate::counted::packed::Counts;
use crate::counted::table::{Event, Row};

impl Explorer<'_> {
    /// The state after a task at `position` took `row`, into `next`.
    pub(crate) fn successor(
        &mut self,
        state: &Counts,
        position: usize,
        row: Row,
        next: &mut Counts,
    ) {
        next.world = row.world;
        next.tasks.clone_from(&state.tasks);
        next.take_one(position);
        if row.flushed.is_some() || row.freed.is_some() || row.left.is_some() {
            let others = std::mem::take(&mut next.tasks);
            for (local, n) in others {
                let local = self.bystander(local, row);
                next.add(local, n);
            }
        }
        next.add(row.local, 1);
        if row.untidy {
            self.tidy(next);
        }
    }

    /// What becomes of the local state of a task that does not take the step.
    fn bystander(&mut self, mut local: u32, row: Row) -> u32 {
        if let Some(series) = row.flushed {
            local = self.table.after_flush(local, series);
        }
        if let Some(page) = row.freed {
            local = self.table.after_free(local, page as usize);
        }
        if let Some(queue) = row.left {
            local = self.table.after_leave(local, queue);
        }
        local
    }

    /// The state after a task at `position` took `row`, with what becomes of everybody.
    pub(in crate::counted) fn follow(
        &mut self,
        state: &Counts,
        position: usize,
        row: Row,
    ) -> Followed {
        let mut moved: Vec<(u32, u32)> = Vec::with_capacity(state.tasks.len() + 1);
        for (i, &(local, n)) in state.tasks.iter().enumerate() {
            let after = self.bystander(local, row);
            moved.push((after, n - u32::from(i == position)));
        }
        moved.push((row.local, 1));
        let mut world = row.world;
        if row.untidy {
            let occupied = moved.iter().filter(|&&(_, n)| n > 0);
            let locals: Vec<_> = occupied
                .map(|&(local, n)| (self.table.local(local).as_ref().clone(), n))
                .collect();
            let old = Rc::clone(self.table.world(world));
            if let Some((tidied, locals)) =
                tidy_as(self.table.program(), &old, &locals, self.table.names_pages)
            {
                world = self.table.world_number(tidied);
                for (entry, local) in moved.iter_mut().filter(|(_, n)| *n > 0).zip(locals) {
                    entry.0 = self.table.local_number(local);
                }
            }
        }
        let mut next = Counts {
            world,
            tasks: Vec::new(),
        };
        for &(local, n) in moved.iter().filter(|&&(_, n)| n > 0) {
            next.add(local, n);
        }
        let actor = moved.pop().map_or(row.local, |(local, _)| local);
        let bystanders = moved.into_iter().map(|(local, _)| local).collect();
        Followed {
            next,
            actor,
            bystanders,
        }
    }

    pub(in crate::counted) fn tidy(&mut self, state: &mut Counts) {
        let before = self.table.numbered();
        let untidy = (self.table.log.is_some()).then(|| (state.world, state.tasks.clone()));
        let world = Rc::clone(self.table.world(state.world));
        let locals: Vec<_> = state
            .tasks
            .iter()
            .map(|&(local, n)| (self.table.local(local).as_ref().clone(), n))
            .collect();
        let Some((world, tidied)) = tidy_as(
            self.table.program(),
            &world,
            &locals,
            self.table.names_pages,
        ) else {
            return;
        };
        state.world = self.table.world_number(world);
        state.tasks.clear();
        for (local, (_, n)) in tidied.into_iter().zip(locals) {
            let number = self.table.local_number(local);
            state.add(number, n);
        }
        if let Some((world, tasks)) = untidy {
            self.table.note(before, || Event::Tidy(world, tasks));
        }
    }
}
