//! Spinlocks, semaphores, rwsems, completions: who may release what is the task's to know.

use kmapcheck_machine::{Effect, Findings, Mode};
use kmapcheck_scenario::Ref;

use super::{Call, Driver, FAILURE, SUCCESS};
use crate::completion::Completion;
use crate::faults::Faults;
use crate::kernel::{Kernel, Resource};
use crate::recorder::What;
use crate::rwsem::Rwsem;
use crate::semaphore::Semaphore;
use crate::spinlock::Spinlock;
use crate::tasks::{Abandoned, TaskId};

// The lowering lets operations name only resources of the right kind.
const WRONG_KIND: &str = "a lock operation names a lock of its own kind";

fn spinlock<F: Faults>(kernel: &Kernel<F>, task: TaskId, what: Ref) -> &Spinlock {
    match kernel.resource(task, what) {
        Resource::Spinlock(lock) => lock,
        _ => unreachable!("{WRONG_KIND}"),
    }
}

fn rwsem<F: Faults>(kernel: &Kernel<F>, task: TaskId, what: Ref) -> &Rwsem {
    match kernel.resource(task, what) {
        Resource::Rwsem(lock) => lock,
        _ => unreachable!("{WRONG_KIND}"),
    }
}

fn units<F: Faults>(kernel: &Kernel<F>, task: TaskId, what: Ref) -> &Semaphore {
    match kernel.resource(task, what) {
        Resource::Units(pool) => pool,
        _ => unreachable!("{WRONG_KIND}"),
    }
}

fn completion<F: Faults>(kernel: &Kernel<F>, task: TaskId, what: Ref) -> &Completion {
    match kernel.resource(task, what) {
        Resource::Completion(completion) => completion,
        _ => unreachable!("{WRONG_KIND}"),
    }
}

fn done<F: Faults>(call: Call<'_, F>) {
    call.done();
}

impl<F: Faults> Driver<F> {
    pub(super) fn spin_lock(&mut self, call: Call<'_, F>, lock: Ref) -> Result<usize, Abandoned> {
        let kernel = call.kernel;
        spinlock(kernel, self.me, lock).lock(
            &kernel.tasks,
            self.me,
            || call.waits(),
            || done(call),
        )?;
        self.hold(lock, Mode::Spin, 1);
        Ok(SUCCESS)
    }

    pub(super) fn spin_trylock(&mut self, call: Call<'_, F>, lock: Ref) -> usize {
        let mut branch = FAILURE;
        spinlock(call.kernel, self.me, lock)
            .trylock(|taken| branch = if taken { call.done() } else { call.failed() });
        if branch == SUCCESS {
            self.hold(lock, Mode::Spin, 1);
        }
        branch
    }

    pub(super) fn spin_unlock(&mut self, call: Call<'_, F>, lock: Ref) -> usize {
        if !self.let_go(lock, Mode::Spin, 1) {
            return call.misuse();
        }
        spinlock(call.kernel, self.me, lock).unlock(&call.kernel.tasks, || done(call));
        SUCCESS
    }

    fn is_owned(&self, pool: Ref) -> bool {
        let resource = self.kernel.program.resource(self.template, pool);
        resource.kind.is_owned()
    }

    pub(super) fn down(
        &mut self,
        call: Call<'_, F>,
        pool: Ref,
        n: u32,
    ) -> Result<usize, Abandoned> {
        let kernel = call.kernel;
        let taken = |free| {
            call.step(SUCCESS, Effect::UnitsLeft { free }, Findings::NONE);
        };
        units(kernel, self.me, pool).down(&kernel.tasks, self.me, n, || call.waits(), taken)?;
        if self.is_owned(pool) {
            self.hold(pool, Mode::Units, n);
        }
        Ok(SUCCESS)
    }

    pub(super) fn down_trylock(&mut self, call: Call<'_, F>, pool: Ref, n: u32) -> usize {
        let mut branch = FAILURE;
        units(call.kernel, self.me, pool).trylock(n, |left| {
            branch = match left {
                Some(free) => call.step(SUCCESS, Effect::UnitsLeft { free }, Findings::NONE),
                None => call.failed(),
            };
        });
        if branch == SUCCESS && self.is_owned(pool) {
            self.hold(pool, Mode::Units, n);
        }
        branch
    }

    pub(super) fn up(&mut self, call: Call<'_, F>, pool: Ref, n: u32) -> usize {
        if self.is_owned(pool) && !self.let_go(pool, Mode::Units, n) {
            return call.misuse();
        }
        units(call.kernel, self.me, pool).up(&call.kernel.tasks, n, |free| match free {
            Some(free) => {
                call.step(SUCCESS, Effect::UnitsLeft { free }, Findings::NONE);
            }
            None => {
                call.misuse();
            }
        });
        SUCCESS
    }

    pub(super) fn down_read(&mut self, call: Call<'_, F>, lock: Ref) -> Result<usize, Abandoned> {
        let kernel = call.kernel;
        rwsem(kernel, self.me, lock).down_read(
            &kernel.tasks,
            self.me,
            || call.waits(),
            || done(call),
        )?;
        self.hold(lock, Mode::Read, 1);
        Ok(SUCCESS)
    }

    pub(super) fn down_read_trylock(&mut self, call: Call<'_, F>, lock: Ref) -> usize {
        let mut branch = FAILURE;
        rwsem(call.kernel, self.me, lock)
            .read_trylock(|taken| branch = if taken { call.done() } else { call.failed() });
        if branch == SUCCESS {
            self.hold(lock, Mode::Read, 1);
        }
        branch
    }

    pub(super) fn down_write_trylock(&mut self, call: Call<'_, F>, lock: Ref) -> usize {
        let mut branch = FAILURE;
        rwsem(call.kernel, self.me, lock)
            .write_trylock(|taken| branch = if taken { call.done() } else { call.failed() });
        if branch == SUCCESS {
            self.hold(lock, Mode::Write, 1);
        }
        branch
    }

    pub(super) fn up_read(&mut self, call: Call<'_, F>, lock: Ref) -> usize {
        if !self.let_go(lock, Mode::Read, 1) {
            return call.misuse();
        }
        rwsem(call.kernel, self.me, lock).up_read(&call.kernel.tasks, || done(call));
        SUCCESS
    }

    pub(super) fn down_write(&mut self, call: Call<'_, F>, lock: Ref) -> Result<usize, Abandoned> {
        let kernel = call.kernel;
        let waits = |queued: bool| {
            if queued {
                call.log(What::Step {
                    branch: None,
                    effect: Effect::Announced,
                    findings: call.findings,
                });
            }
            call.waits();
        };
        rwsem(kernel, self.me, lock).down_write(&kernel.tasks, self.me, waits, || done(call))?;
        self.hold(lock, Mode::Write, 1);
        Ok(SUCCESS)
    }

    pub(super) fn up_write(&mut self, call: Call<'_, F>, lock: Ref) -> usize {
        if !self.let_go(lock, Mode::Write, 1) {
            return call.misuse();
        }
        rwsem(call.kernel, self.me, lock).up_write(&call.kernel.tasks, || done(call));
        SUCCESS
    }

    pub(super) fn wait_for_completion(
        &mut self,
        call: Call<'_, F>,
        what: Ref,
    ) -> Result<usize, Abandoned> {
        let kernel = call.kernel;
        completion(kernel, self.me, what).wait(
            &kernel.tasks,
            self.me,
            || call.waits(),
            || done(call),
        )?;
        Ok(SUCCESS)
    }

    pub(super) fn try_wait_for_completion(&mut self, call: Call<'_, F>, what: Ref) -> usize {
        let mut branch = FAILURE;
        completion(call.kernel, self.me, what)
            .try_wait(|taken| branch = if taken { call.done() } else { call.failed() });
        branch
    }

    pub(super) fn complete(&mut self, call: Call<'_, F>, what: Ref) -> usize {
        completion(call.kernel, self.me, what).complete(&call.kernel.tasks, || done(call));
        SUCCESS
    }
}
