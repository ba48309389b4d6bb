//! Spinlocks, semaphores and mempools, reader-writer semaphores, completions.

use kmapcheck_machine::Mode;
use kmapcheck_scenario::{FindingKind, Ref, ResourceKind};

use super::world::Lock;
use super::{Call, Way};
use crate::ir::{Cmp, Expr, Stmt};

impl Call<'_, '_> {
    fn lock(&self, what: Ref) -> Lock {
        self.world.lock(self.template, what)
    }

    fn misuse(&self) -> Vec<Way> {
        vec![self.skipped(FindingKind::Misuse)]
    }

    /// Gives a lock back, which only its holder can.
    fn unlock(&mut self, lock: Ref, mode: Mode, give: fn(Lock) -> Option<Stmt>) -> Vec<Way> {
        let mut way = self.way();
        if !way.next.let_go(lock, mode, 1) {
            return self.misuse();
        }
        way.stmts.extend(give(self.lock(lock)));
        vec![way]
    }

    pub(super) fn spin_lock(&mut self, lock: Ref, is_try: bool) -> Vec<Way> {
        let Lock::Spin(taken) = self.lock(lock) else {
            return Vec::new();
        };
        let own = self.local.holds(lock, Mode::Spin) > 0;
        let mut ways = Vec::new();
        if !own {
            let mut way = self.way();
            way.guard.push(Expr::not(Expr::Var(taken)));
            way.stmts.push(Stmt::set(taken, Expr::Bool(true)));
            way.next.hold(lock, Mode::Spin, 1);
            ways.push(way);
        }
        if is_try {
            let mut way = self.failed();
            if !own {
                way.guard.push(Expr::Var(taken));
            }
            ways.push(way);
        }
        ways
    }

    pub(super) fn spin_unlock(&mut self, lock: Ref) -> Vec<Way> {
        self.unlock(lock, Mode::Spin, |lock| match lock {
            Lock::Spin(taken) => Some(Stmt::set(taken, Expr::Bool(false))),
            _ => None,
        })
    }

    pub(super) fn down(&mut self, pool: Ref, n: u32, is_try: bool) -> Vec<Way> {
        let Lock::Units(free) = self.lock(pool) else {
            return Vec::new();
        };
        let enough = Expr::Var(free).cmp(Cmp::Ge, i64::from(n));
        let mut way = self.way();
        way.guard.push(enough.clone());
        way.stmts.push(Stmt::add(free, -i64::from(n)));
        if self.units(pool).1 {
            way.next.hold(pool, Mode::Units, n);
        }
        let mut ways = vec![way];
        if is_try {
            let mut way = self.failed();
            way.guard.push(Expr::not(enough));
            ways.push(way);
        }
        ways
    }

    pub(super) fn up(&mut self, pool: Ref, n: u32) -> Vec<Way> {
        let Lock::Units(free) = self.lock(pool) else {
            return Vec::new();
        };
        let (units, owned) = self.units(pool);
        let mut way = self.way();
        way.stmts.push(Stmt::add(free, i64::from(n)));
        if owned {
            return if way.next.let_go(pool, Mode::Units, n) {
                vec![way]
            } else {
                self.misuse()
            };
        }
        let fits = Expr::Var(free).cmp(Cmp::Le, i64::from(units) - i64::from(n));
        way.guard.push(fits.clone());
        let mut too_many = self.skipped(FindingKind::Misuse);
        too_many.guard.push(Expr::not(fits));
        vec![way, too_many]
    }

    /// The units at the start, and whether they belong to whom took them.
    fn units(&self, pool: Ref) -> (u32, bool) {
        match self.world.program.resource(self.template, pool).kind {
            ResourceKind::Semaphore { units, owned, .. }
            | ResourceKind::Mempool { units, owned, .. } => (units, owned),
            _ => (0, true),
        }
    }

    pub(super) fn down_read(&mut self, lock: Ref, is_try: bool) -> Vec<Way> {
        let Lock::Rwsem {
            readers,
            writer,
            queued,
        } = self.lock(lock)
        else {
            return Vec::new();
        };
        let mut ways = Vec::new();
        let nobody_queues = queued.map(|queued| Expr::Var(queued).cmp(Cmp::Eq, 0));
        let free = [Expr::not(Expr::Var(writer))]
            .into_iter()
            .chain(nobody_queues);
        let mut free = Expr::and(free);
        if self.local.holds(lock, Mode::Write) > 0 {
            free = Expr::Bool(false);
        } else {
            let mut way = self.way();
            way.guard.push(free.clone());
            way.stmts.push(Stmt::add(readers, 1));
            way.next.hold(lock, Mode::Read, 1);
            ways.push(way);
        }
        ways.extend(is_try.then(|| self.fails_if(Expr::not(free))));
        ways
    }

    pub(super) fn up_read(&mut self, lock: Ref) -> Vec<Way> {
        self.unlock(lock, Mode::Read, |lock| match lock {
            Lock::Rwsem { readers, .. } => Some(Stmt::add(readers, -1)),
            _ => None,
        })
    }

    /// A writer of a fair rwsem that has to wait says so first; that is a step.
    pub(super) fn down_write(&mut self, lock: Ref, is_try: bool) -> Vec<Way> {
        let Lock::Rwsem {
            readers,
            writer,
            queued,
        } = self.lock(lock)
        else {
            return Vec::new();
        };
        let own = self.local.holds(lock, Mode::Read) + self.local.holds(lock, Mode::Write) > 0;
        let free = Expr::and([
            Expr::Var(readers).cmp(Cmp::Eq, 0),
            Expr::not(Expr::Var(writer)),
        ]);
        let mut ways = Vec::new();
        if !own {
            let mut way = self.way();
            way.guard.push(free.clone());
            way.stmts.push(Stmt::set(writer, Expr::Bool(true)));
            if let (Some(queued), true) = (queued, self.local.queued) {
                way.stmts.push(Stmt::add(queued, -1));
                way.next.queued = false;
            }
            way.next.hold(lock, Mode::Write, 1);
            ways.push(way);
        }
        if is_try {
            let taken = if own {
                Expr::Bool(true)
            } else {
                Expr::not(free)
            };
            ways.push(self.fails_if(taken));
        } else if let (Some(queued), false) = (queued, self.local.queued) {
            let mut way = self.way();
            if !own {
                way.guard.push(Expr::not(free));
            }
            way.stmts.push(Stmt::add(queued, 1));
            way.next.queued = true;
            way.branch = None;
            way.about = "begins to wait: holds new readers back".into();
            ways.push(way);
        }
        ways
    }

    pub(super) fn up_write(&mut self, lock: Ref) -> Vec<Way> {
        self.unlock(lock, Mode::Write, |lock| match lock {
            Lock::Rwsem { writer, .. } => Some(Stmt::set(writer, Expr::Bool(false))),
            _ => None,
        })
    }

    pub(super) fn wait_for_completion(&mut self, completion: Ref, is_try: bool) -> Vec<Way> {
        let Lock::Completion(done) = self.lock(completion) else {
            return Vec::new();
        };
        let mut way = self.way();
        way.guard.push(Expr::Var(done).cmp(Cmp::Gt, 0));
        way.stmts.push(Stmt::add(done, -1));
        let none = is_try.then(|| self.fails_if(Expr::Var(done).cmp(Cmp::Eq, 0)));
        [way].into_iter().chain(none).collect()
    }

    pub(super) fn complete(&mut self, completion: Ref) -> Vec<Way> {
        let Lock::Completion(done) = self.lock(completion) else {
            return Vec::new();
        };
        let mut way = self.way();
        if self.world.program.has_loops() {
            way.stmts.push(Stmt::Room(done));
        }
        way.stmts.push(Stmt::add(done, 1));
        vec![way]
    }
}
