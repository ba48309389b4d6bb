//! Spinlocks, semaphores and mempools, reader-writer semaphores, completions.

use kmapcheck_scenario::{Ref, ResourceKind};

use super::{Call, Done};
use crate::Effect;
use crate::state::{Mode, ResourceState};

impl Call<'_> {
    pub(super) fn spin_lock(self, lock: Ref, is_try: bool) -> Vec<Done> {
        match self.state(lock) {
            ResourceState::Spinlock { taken: false } => {
                let mut done = self.done(Effect::Nothing);
                *done.state_mut(lock) = ResourceState::Spinlock { taken: true };
                done.task.hold(lock, Mode::Spin, 1);
                vec![done]
            }
            _ if is_try => vec![self.failed()],
            _ => Vec::new(),
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
        let free = self.free_units(pool);
        if free < n {
            return if is_try {
                vec![self.failed()]
            } else {
                Vec::new()
            };
        }
        let mut done = self.done(Effect::UnitsLeft { free: free - n });
        *done.state_mut(pool) = ResourceState::Units { free: free - n };
        if self.units(pool).1 {
            done.task.hold(pool, Mode::Units, n);
        }
        vec![done]
    }

    pub(super) fn up(self, pool: Ref, n: u32) -> Vec<Done> {
        let free = self.free_units(pool);
        let (units, owned) = self.units(pool);
        let Some(after) = free.checked_add(n).filter(|&after| owned || after <= units) else {
            return self.misuse();
        };
        let mut done = self.done(Effect::UnitsLeft { free: after });
        if owned && !done.task.let_go(pool, Mode::Units, n) {
            return self.misuse();
        }
        *done.state_mut(pool) = ResourceState::Units { free: after };
        vec![done]
    }

    pub(super) fn free_units(self, pool: Ref) -> u32 {
        match self.state(pool) {
            ResourceState::Units { free } => free,
            _ => 0,
        }
    }

    /// The units at the start, and whether they belong to whom took them.
    pub(super) fn units(self, pool: Ref) -> (u32, bool) {
        match self.kind(pool) {
            ResourceKind::Semaphore { units, owned } | ResourceKind::Mempool { units, owned } => {
                (units, owned)
            }
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

    pub(super) fn down_read(self, lock: Ref) -> Vec<Done> {
        let (readers, writer, queued) = self.rwsem(lock);
        if writer || queued > 0 {
            return Vec::new();
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
    pub(super) fn down_write(self, lock: Ref) -> Vec<Done> {
        let (readers, writer, queued) = self.rwsem(lock);
        let fair = matches!(self.kind(lock), ResourceKind::Rwsem { fair: true });
        let mut done = self.done(Effect::Nothing);
        if readers == 0 && !writer {
            let queued = queued - u32::from(done.task.queued);
            *done.state_mut(lock) = ResourceState::Rwsem {
                readers,
                writer: true,
                queued,
            };
            done.task.queued = false;
            done.task.hold(lock, Mode::Write, 1);
            vec![done]
        } else if fair && !done.task.queued {
            *done.state_mut(lock) = ResourceState::Rwsem {
                readers,
                writer,
                queued: queued + 1,
            };
            done.task.queued = true;
            done.branch = None;
            done.effect = Effect::Queued;
            vec![done]
        } else {
            Vec::new()
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

    pub(super) fn wait_for_completion(self, completion: Ref) -> Vec<Done> {
        match self.state(completion) {
            ResourceState::Completion { done: n @ 1.. } => {
                let mut done = self.done(Effect::Nothing);
                *done.state_mut(completion) = ResourceState::Completion { done: n - 1 };
                vec![done]
            }
            _ => Vec::new(),
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
