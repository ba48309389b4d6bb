//! Spinlocks, semaphores and mempools, reader-writer semaphores, completions.

use kmapcheck_scenario::{Program, Ref, ResourceKind};

use super::{Call, Done};
use crate::Effect;
use crate::state::{Mode, ResourceState};
use crate::step::LeftQueue;

impl Call<'_> {
    /// What becomes of an operation that cannot go on: a try fails, anything else waits.
    pub(super) fn refused(self, is_try: bool) -> Vec<Done> {
        if is_try {
            vec![self.failed()]
        } else {
            Vec::new()
        }
    }

    pub(super) fn spin_lock(self, lock: Ref, is_try: bool) -> Vec<Done> {
        match self.state(lock) {
            ResourceState::Spinlock { taken: false } => {
                let mut done = self.done(Effect::Nothing);
                *done.state_mut(lock) = ResourceState::Spinlock { taken: true };
                done.task.hold(lock, Mode::Spin, 1);
                vec![done]
            }
            _ => self.refused(is_try),
        }
    }

    pub(super) fn spin_unlock(self, lock: Ref) -> Vec<Done> {
        let mut done = self.done(Effect::Nothing);
        if !done.task.let_go(lock, Mode::Spin, 1) {
            return self.misuse();
        }
        *done.state_mut(lock) = ResourceState::Spinlock { taken: false };
        vec![done]
    }

    pub(super) fn down(self, pool: Ref, n: u32, is_try: bool) -> Vec<Done> {
        let (free, queued) = self.free_units(pool);
        // Who has a place waits for those before him; who has none, for all who queue.
        let before = self.task.queued.unwrap_or(queued);
        if free >= n && before == 0 {
            let mut done = self.done(Effect::UnitsLeft { free: free - n });
            *done.state_mut(pool) = ResourceState::Units {
                free: free - n,
                queued,
            };
            done.leave_queue(self.program, pool, &mut |_| Effect::UnitsLeft {
                free: free - n,
            });
            if self.units(pool).1 {
                done.task.hold(pool, Mode::Units, n);
            }
            vec![done]
        } else if is_try {
            vec![self.failed()]
        } else if self.kind(pool).has_queue() && self.task.queued.is_none() {
            let mut done = self.done(Effect::Queued { place: queued });
            *done.state_mut(pool) = ResourceState::Units {
                free,
                queued: queued + 1,
            };
            done.task.queued = Some(queued);
            done.branch = None;
            vec![done]
        } else {
            Vec::new()
        }
    }

    pub(super) fn up(self, pool: Ref, n: u32) -> Vec<Done> {
        let (free, queued) = self.free_units(pool);
        let (units, owned) = self.units(pool);
        let Some(after) = free.checked_add(n).filter(|&after| owned || after <= units) else {
            return self.misuse();
        };
        let mut done = self.done(Effect::UnitsLeft { free: after });
        if owned && !done.task.let_go(pool, Mode::Units, n) {
            return self.misuse();
        }
        *done.state_mut(pool) = ResourceState::Units {
            free: after,
            queued,
        };
        vec![done]
    }

    /// The units that are free, and how many tasks queue for some.
    pub(super) fn free_units(self, pool: Ref) -> (u32, u32) {
        match self.state(pool) {
            ResourceState::Units { free, queued } => (free, queued),
            _ => (0, 0),
        }
    }

    /// The units that there are, and whether they belong to whom took them.
    pub(super) fn units(self, pool: Ref) -> (u32, bool) {
        match self.kind(pool) {
            ResourceKind::Semaphore { units, owned, .. }
            | ResourceKind::Mempool { units, owned, .. } => (units, owned),
            _ => (0, true),
        }
    }

    pub(super) fn rwsem(self, lock: Ref) -> (u32, bool, u32) {
        match self.state(lock) {
            ResourceState::Rwsem {
                readers,
                writer,
                queued,
            } => (readers, writer, queued),
            _ => (0, false, 0),
        }
    }

    pub(super) fn down_read(self, lock: Ref, is_try: bool) -> Vec<Done> {
        let (readers, writer, queued) = self.rwsem(lock);
        if writer || queued > 0 {
            return self.refused(is_try);
        }
        let mut done = self.done(Effect::Nothing);
        *done.state_mut(lock) = ResourceState::Rwsem {
            readers: readers + 1,
            writer,
            queued,
        };
        done.task.hold(lock, Mode::Read, 1);
        vec![done]
    }

    pub(super) fn up_read(self, lock: Ref) -> Vec<Done> {
        let mut done = self.done(Effect::Nothing);
        if !done.task.let_go(lock, Mode::Read, 1) {
            return self.misuse();
        }
        let (readers, writer, queued) = self.rwsem(lock);
        *done.state_mut(lock) = ResourceState::Rwsem {
            readers: readers - 1,
            writer,
            queued,
        };
        vec![done]
    }

    /// Only a writer of a fair rwsem takes a step to begin waiting: from then on it counts as
    /// queued, which holds new readers back.
    pub(super) fn down_write(self, lock: Ref, is_try: bool) -> Vec<Done> {
        let (readers, writer, queued) = self.rwsem(lock);
        let fair = matches!(self.kind(lock), ResourceKind::Rwsem { fair: true });
        let mut done = self.done(Effect::Nothing);
        if readers == 0 && !writer {
            *done.state_mut(lock) = ResourceState::Rwsem {
                readers,
                writer: true,
                queued,
            };
            done.leave_queue(self.program, lock, &mut |_| Effect::Nothing);
            done.task.hold(lock, Mode::Write, 1);
            vec![done]
        } else if fair && !is_try && done.task.queued.is_none() {
            *done.state_mut(lock) = ResourceState::Rwsem {
                readers,
                writer,
                queued: queued + 1,
            };
            done.task.queued = Some(0);
            done.branch = None;
            done.effect = Effect::Announced;
            vec![done]
        } else {
            self.refused(is_try)
        }
    }

    pub(super) fn up_write(self, lock: Ref) -> Vec<Done> {
        let mut done = self.done(Effect::Nothing);
        if !done.task.let_go(lock, Mode::Write, 1) {
            return self.misuse();
        }
        let (readers, _, queued) = self.rwsem(lock);
        *done.state_mut(lock) = ResourceState::Rwsem {
            readers,
            writer: false,
            queued,
        };
        vec![done]
    }

    pub(super) fn wait_for_completion(self, completion: Ref, is_try: bool) -> Vec<Done> {
        match self.state(completion) {
            ResourceState::Completion { done: n @ 1.. } => {
                let mut done = self.done(Effect::Nothing);
                *done.state_mut(completion) = ResourceState::Completion { done: n - 1 };
                vec![done]
            }
            _ => self.refused(is_try),
        }
    }

    pub(super) fn complete(self, completion: Ref) -> Vec<Done> {
        let mut done = self.done(Effect::Nothing);
        if let ResourceState::Completion { done } = done.state_mut(completion) {
            // Searches stop where it grows without bound, and no run has so many steps otherwise.
            *done = done.checked_add(1).expect("fewer than 2^32 completions");
        }
        vec![done]
    }
}

impl Done {
    /// Takes the task out of the queue of a fair lock, if it has a place there; with the `effect` of
    /// that place, if it is one of several in order.
    pub(super) fn leave_queue(
        &mut self,
        program: &Program,
        lock: Ref,
        effect: &mut dyn FnMut(Option<u32>) -> Effect,
    ) {
        let Some(place) = self.task.queued.take() else {
            return;
        };
        let in_order = program.resource(self.task.template, lock).kind.has_queue();
        self.effect = effect(in_order.then_some(place));
        if let (true, Ref::Shared(pool)) = (in_order, lock) {
            self.broadcast.left = Some(LeftQueue { pool, place });
        }
        if let ResourceState::Units { queued, .. } | ResourceState::Rwsem { queued, .. } =
            self.state_mut(lock)
        {
            *queued -= 1;
        }
    }
}
