//! What the operations on locks, pools and completions do, and who begins to wait at a fair lock.

use kmapcheck_machine::Effect;
use kmapcheck_scenario::{FindingKind, Op, Ref};

use crate::state::{Thing, Way, World, number};
use crate::step::Done;

impl<'a> World<'a> {
    pub fn lock_operation(&self, task: usize, at: usize, op: Op) -> Vec<Done<'a>> {
        let can = self.can_take(task, op);
        match op {
            Op::SpinLock { lock } => self.taken(task, lock, Way::Spin, can, false),
            Op::SpinTrylock { lock } => self.taken(task, lock, Way::Spin, can, true),
            Op::DownRead { lock } => self.taken(task, lock, Way::Read, can, false),
            Op::DownReadTrylock { lock } => self.taken(task, lock, Way::Read, can, true),
            Op::DownWrite { lock } => self.taken(task, lock, Way::Write, can, false),
            Op::DownWriteTrylock { lock } => self.taken(task, lock, Way::Write, can, true),
            Op::SpinUnlock { lock } => self.given_back(task, at, lock, Way::Spin),
            Op::UpRead { lock } => self.given_back(task, at, lock, Way::Read),
            Op::UpWrite { lock } => self.given_back(task, at, lock, Way::Write),
            Op::Down { pool, n } => self.units_taken(task, pool, n, can, false),
            Op::DownTrylock { pool, n } => self.units_taken(task, pool, n, can, true),
            Op::Up { pool, n } => self.units_given(task, at, pool, n),
            Op::WaitForCompletion { completion } => self.waited_for(task, completion, can, false),
            Op::TryWaitForCompletion { completion } => self.waited_for(task, completion, can, true),
            Op::Complete { completion } => {
                let mut world = self.clone();
                let thing = World::thing(task, completion);
                *world.there.get_mut(&thing).expect("it counts") += 1;
                vec![Done::new(world, Effect::Nothing)]
            }
            _ => panic!("not about a lock: {op:?}"),
        }
    }

    /// Whether what the operation is to take could be taken now.
    fn can_take(&self, task: usize, op: Op) -> bool {
        let Some(what) = op.resource() else {
            return false;
        };
        let thing = World::thing(task, what);
        let queue = self.queue(thing);
        let held = |way| self.times_held(thing, way) > 0;
        match op {
            Op::SpinLock { .. } | Op::SpinTrylock { .. } => !held(Way::Spin),
            // Only writers of fair ones queue.
            Op::DownRead { .. } | Op::DownReadTrylock { .. } => {
                !held(Way::Write) && queue.is_empty()
            }
            Op::DownWrite { .. } | Op::DownWriteTrylock { .. } => {
                !held(Way::Read) && !held(Way::Write)
            }
            Op::Down { n, .. } | Op::DownTrylock { n, .. } => {
                let in_turn = queue.first().is_none_or(|&first| first == task);
                in_turn && self.units_there(thing) >= n
            }
            Op::WaitForCompletion { .. } | Op::TryWaitForCompletion { .. } => {
                self.there[&thing] > 0
            }
            _ => false,
        }
    }

    fn taken(&self, task: usize, what: Ref, way: Way, can: bool, tries: bool) -> Vec<Done<'a>> {
        if !can {
            return if tries { vec![self.failed()] } else { vec![] };
        }
        let mut world = self.clone();
        world.tasks[task].held.push((what, way));
        let thing = World::thing(task, what);
        if self.queue(thing).contains(&task) {
            world.leave_queue(thing, task);
        }
        vec![Done::new(world, Effect::Nothing)]
    }

    /// Takes so many of what the task holds away from it; false if it holds fewer.
    fn let_go(&mut self, task: usize, what: Ref, way: Way, n: u32) -> bool {
        let held = &mut self.tasks[task].held;
        for _ in 0..n {
            match held.iter().position(|&held| held == (what, way)) {
                Some(place) => held.remove(place),
                None => return false,
            };
        }
        true
    }

    fn given_back(&self, task: usize, at: usize, what: Ref, way: Way) -> Vec<Done<'a>> {
        let mut world = self.clone();
        if world.let_go(task, what, way, 1) {
            vec![Done::new(world, Effect::Nothing)]
        } else {
            vec![self.skipped(task, at, FindingKind::Misuse)]
        }
    }

    fn units_taken(&self, task: usize, what: Ref, n: u32, can: bool, tries: bool) -> Vec<Done<'a>> {
        if !can {
            return if tries { vec![self.failed()] } else { vec![] };
        }
        let thing = World::thing(task, what);
        let mut world = self.clone();
        let mut left = None;
        if self.queue(thing).contains(&task) {
            world.leave_queue(thing, task);
            left = Some((thing.1, 0)).filter(|_| thing.0.is_none());
        }
        match world.there.get_mut(&thing) {
            Some(there) => *there -= n,
            None => (0..n).for_each(|_| world.tasks[task].held.push((what, Way::Unit))),
        }
        let free = world.units_there(thing);
        vec![Done {
            left,
            ..Done::new(world, Effect::UnitsLeft { free })
        }]
    }

    fn units_given(&self, task: usize, at: usize, what: Ref, n: u32) -> Vec<Done<'a>> {
        let thing: Thing = World::thing(task, what);
        let mut world = self.clone();
        let given = match world.there.get_mut(&thing) {
            Some(there) => {
                *there += n;
                *there <= self.units_in_all(thing)
            }
            None => world.let_go(task, what, Way::Unit, n),
        };
        if !given {
            return vec![self.skipped(task, at, FindingKind::Misuse)];
        }
        let free = world.units_there(thing);
        vec![Done::new(world, Effect::UnitsLeft { free })]
    }

    fn waited_for(&self, task: usize, what: Ref, can: bool, tries: bool) -> Vec<Done<'a>> {
        if !can {
            return if tries { vec![self.failed()] } else { vec![] };
        }
        let mut world = self.clone();
        let thing = World::thing(task, what);
        *world.there.get_mut(&thing).expect("it counts") -= 1;
        vec![Done::new(world, Effect::Nothing)]
    }

    /// The step by which a task starts to wait at a fair lock, if it has not yet, and cannot go on.
    pub fn begins_to_wait(&self, task: usize, at: usize) -> Option<Done<'a>> {
        let op = self.op(task, at);
        let (Op::Down { pool: what, .. } | Op::DownWrite { lock: what }) = op else {
            return None;
        };
        let thing = World::thing(task, what);
        if !self.is_fair(thing) || self.queue(thing).contains(&task) || self.can_take(task, op) {
            return None;
        }
        let mut world = self.clone();
        world.queues.entry(thing).or_default().push(task);
        let effect = match op {
            Op::DownWrite { .. } => Effect::Announced,
            _ => Effect::Queued {
                place: number(self.queue(thing).len()),
            },
        };
        Some(Done {
            way: None,
            ..Done::new(world, effect)
        })
    }
}
