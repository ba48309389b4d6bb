//! The definition of a stuck set, from the words of `docs/semantics.md`.

use kmapcheck_machine::{
    Map, Mode, Name, PageId, Resource, ResourceState, Standing, State, Task, Wait, Waiting,
    alternatives, resolve,
};
use kmapcheck_scenario::{Bound, Op, Program, Ref, Reuse, SeriesId};
use kmapcheck_stuck::graph::Need;
use kmapcheck_stuck::stuck_sets::Stuck;

pub fn number(few: usize) -> u32 {
    u32::try_from(few).expect("few")
}

/// A state; sets of tasks are bits.
pub struct World<'a> {
    pub program: &'a Program,
    pub state: &'a State,
}

impl World<'_> {
    fn tasks(&self) -> impl Iterator<Item = (usize, &Task)> {
        self.state.tasks.iter().enumerate()
    }

    /// Those who live and are not in a set.
    pub fn outside(&self, set: u32) -> impl Iterator<Item = &Task> {
        self.tasks()
            .filter(move |(task, it)| set >> task & 1 == 0 && it.at.is_some())
            .map(|(_, it)| it)
    }

    pub fn waiting(&self, task: usize) -> Option<Waiting> {
        match self.state.standing(self.program, task) {
            Standing::Waits(waiting) => Some(waiting),
            Standing::Moves | Standing::Ended => None,
        }
    }

    fn waiters(&self) -> u32 {
        let waits = |set, task| set | u32::from(self.waiting(task).is_some()) << task;
        (0..self.state.tasks.len()).fold(0, waits)
    }

    /// Who is stuck and in which way, from the greatest sets.
    pub fn stuck(&self) -> Stuck {
        let who = |way: &dyn Fn(Waiting) -> bool| {
            let is = |task| self.waiting(task).is_some_and(way);
            (0..self.state.tasks.len()).fold(0u32, |set, task| set | u32::from(is(task)) << task)
        };
        let forever = self.greatest(self.waiters(), false);
        let resting = self.greatest(forever & who(&Waiting::is_idle), false);
        let deadlocked = forever & !resting;
        let left = self.greatest(self.waiters() & !deadlocked, true);
        let rescued = if left & who(&Waiting::gives_up) == 0 {
            0
        } else {
            left
        };
        let list = |set: u32| {
            (0..self.state.tasks.len())
                .map(|i| set >> i & 1 == 1)
                .collect()
        };
        Stuck {
            forever: list(forever),
            deadlocked: list(deadlocked),
            resting: list(resting),
            rescued: list(rescued),
        }
    }

    /// Whether somebody would be deadlocked if of those who wait only these did.
    pub fn is_deadlocked_within(&self, of: impl Fn(usize) -> bool) -> bool {
        let within = (0..self.state.tasks.len()).filter(|&task| of(task));
        let within = within.fold(0, |set, task| set | 1 << task) & self.waiters();
        let forever = self.greatest(within, false);
        let idle = |task: usize| self.waiting(task).is_some_and(Waiting::is_idle);
        let idle = (0..self.state.tasks.len()).filter(|&task| idle(task));
        let idle = idle.fold(0, |set, task| set | 1 << task);
        forever & !self.greatest(forever & idle, false) != 0
    }

    /// The union of all stuck sets of some tasks; it is one itself.
    fn greatest(&self, among: u32, patient: bool) -> u32 {
        let mut union = 0;
        // All subsets.
        let mut set = among;
        while set != 0 {
            if set & !union != 0 && self.is_stuck(set, patient) {
                union |= set;
            }
            set = (set - 1) & among;
        }
        assert!(
            union == 0 || self.is_stuck(union, patient),
            "closed under union"
        );
        union
    }

    /// Whether nobody outside could give one of a set what it waits for.
    pub fn is_stuck(&self, set: u32, patient: bool) -> bool {
        self.tasks()
            .filter(|(task, _)| set >> task & 1 == 1)
            .all(|(task, _)| !self.could_go_on(set, task, patient))
    }

    /// What a member of a stuck set waits for though nobody outside could give it. A CPU is named only
    /// where the set would not be stuck if there were enough of them.
    pub fn waits_in_vain(&self, set: u32, task: usize, patient: bool) -> Vec<Resource> {
        let it = &self.state.tasks[task];
        let waiting = self.waiting(task).expect("it waits");
        let wait = waiting.wait.filter(|_| patient || !waiting.gives_up());
        let has_cpus = self.program.cpus.is_some();
        let in_vain = wait.filter(|&wait| !has_cpus || !self.any_could_come(set, it, wait));
        let mut things: Vec<Resource> = in_vain
            .map(|wait| Resource::awaited(self.program, task, it, &self.state.shared, wait))
            .into_iter()
            .flatten()
            .collect();
        let stuck_anyway =
            self.tasks()
                .filter(|(task, _)| set >> task & 1 == 1)
                .all(|(task, it)| {
                    let waiting = self.waiting(task).expect("it waits");
                    let gives_up = waiting.gives_up() && !patient;
                    !gives_up
                        && waiting
                            .wait
                            .is_some_and(|wait| !self.any_could_come(set, it, wait))
                });
        if has_cpus && waiting.cpu && !self.cpu_could_come(set) && !stuck_anyway {
            things.push(Resource::Cpus);
        }
        things
    }

    fn any_could_come(&self, set: u32, task: &Task, wait: Wait) -> bool {
        let any = alternatives(self.program, task, &self.state.shared, wait);
        any.into_iter().any(|wait| self.could_come(set, task, wait))
    }

    /// The wait of a task that is for that thing.
    pub fn alternative(&self, task: usize, thing: Resource) -> Option<Wait> {
        let wait = self.waiting(task)?.wait?;
        let it = &self.state.tasks[task];
        let mut any = alternatives(self.program, it, &self.state.shared, wait).into_iter();
        any.find(|&wait| Resource::of_wait(task, wait) == Some(thing))
    }

    /// How many of those who have a thing must give for a wait to end.
    pub fn need(&self, thing: Resource, wait: Option<Wait>) -> Need {
        let owned = |what: Ref| match what {
            Ref::Shared(index) => self.program.resources[index].kind.is_owned(),
            Ref::Own(_) => true,
        };
        match (thing, wait) {
            (Resource::Series(_) | Resource::FreePages | Resource::Cpus, _)
            | (_, Some(Wait::Completion(_))) => Need::Any,
            (_, Some(Wait::Units(pool, _))) if !owned(pool) => Need::Any,
            (_, Some(Wait::Units(_, n) | Wait::Turn { n, .. })) => Need::Units(n),
            _ => Need::All,
        }
    }

    pub fn has_queue(&self, thing: Resource) -> bool {
        match thing {
            Resource::Shared(index) => self.program.resources[index].kind.has_queue(),
            _ => false,
        }
    }

    /// Whether a task queues behind another for that lock, or is held back by it.
    pub fn is_behind(&self, task: usize, other: usize, lock: Resource) -> bool {
        let [it, other] = [task, other].map(|task| self.state.tasks[task].queued);
        it > other && self.alternative(task, lock).is_some()
    }

    fn could_go_on(&self, set: u32, task: usize, patient: bool) -> bool {
        let waiting = self.waiting(task).expect("it waits");
        let cpu = !waiting.cpu || self.cpu_could_come(set);
        let rest = match waiting.wait {
            None => true,
            Some(_) if waiting.gives_up() && !patient => true,
            Some(wait) => self.any_could_come(set, &self.state.tasks[task], wait),
        };
        cpu && rest
    }

    fn cpu_could_come(&self, set: u32) -> bool {
        let kept = (self.tasks()).filter(|(task, it)| set >> task & 1 == 1 && it.on_cpu);
        let cpus = self.program.cpus.expect("somebody lacks one").count;
        number(kept.count()) < cpus
    }

    fn could_come(&self, set: u32, task: &Task, wait: Wait) -> bool {
        let shared = &self.state.shared;
        match wait {
            Wait::Slot { series, page } => {
                self.slot_could_come(set, task, series)
                    || self.could_be_mapped(set, series, page)
                    || self.could_mean_another(set, task, page)
            }
            Wait::PageLock(page) => {
                self.outside(set)
                    .any(|other| other.page_locks.contains(&page))
                    || self.could_mean_another(set, task, page)
            }
            Wait::Memory => self.somebody_reaches(set, |_, op| matches!(op, Op::FreePage { .. })),
            // What is a task's own, nobody else has.
            Wait::Spin(Ref::Own(_))
            | Wait::Read(Ref::Own(_))
            | Wait::Write(Ref::Own(_))
            | Wait::Units(Ref::Own(_), _)
            | Wait::Turn {
                pool: Ref::Own(_), ..
            }
            | Wait::Completion(Ref::Own(_)) => false,
            Wait::Spin(lock) => self
                .outside(set)
                .any(|other| other.holds(lock, Mode::Spin) > 0),
            Wait::Write(lock @ Ref::Shared(index)) => match shared.resources[index] {
                ResourceState::Rwsem {
                    readers, writer, ..
                } => {
                    readers == self.held(set, lock, Mode::Read)
                        && u32::from(writer) == self.held(set, lock, Mode::Write)
                }
                _ => false,
            },
            Wait::Read(lock @ Ref::Shared(index)) => match shared.resources[index] {
                ResourceState::Rwsem { writer, queued, .. } => {
                    let announced = self.outside(set).filter(|other| {
                        other.queued.is_some()
                            && matches!(self.op(other), Some(Op::DownWrite { lock: it }) if it == lock)
                    });
                    u32::from(writer) == self.held(set, lock, Mode::Write)
                        && number(announced.count()) == queued
                }
                _ => false,
            },
            Wait::Units(pool @ Ref::Shared(_), n) => self.units_could_come(set, pool, n),
            Wait::Turn { pool, n, place } => {
                let stays_before = (self.tasks()).filter(|(task, _)| set >> task & 1 == 1).any(
                    |(_, other)| {
                        let queues =
                            matches!(self.op(other), Some(Op::Down { pool: it, .. }) if it == pool);
                        queues && other.queued.is_some_and(|other| other < place)
                    },
                );
                !stays_before && self.units_could_come(set, pool, n)
            }
            Wait::Completion(completion) => {
                self.somebody_reaches(set, |_, op| op == Op::Complete { completion })
            }
            Wait::AnyOf(_) => unreachable!("taken apart"),
        }
    }

    /// How much of a lock those outside a set hold.
    fn held(&self, set: u32, lock: Ref, mode: Mode) -> u32 {
        self.outside(set).map(|task| task.holds(lock, mode)).sum()
    }

    fn units_could_come(&self, set: u32, pool: Ref, n: u32) -> bool {
        let Ref::Shared(index) = pool else {
            return false;
        };
        let ResourceState::Units { free, .. } = self.state.shared.resources[index] else {
            return false;
        };
        if self.program.resources[index].kind.is_owned() {
            free + self.held(set, pool, Mode::Units) >= n
        } else {
            let gives = |op| matches!(op, Op::Up { pool: it, .. } if it == pool);
            free >= n || self.somebody_reaches(set, |_, op| gives(op))
        }
    }

    fn slot_could_come(&self, set: u32, task: &Task, series: SeriesId) -> bool {
        let Bound::Exactly(slots) = self.program.series[series].slots else {
            return true;
        };
        let freed = self.slots_of(self.outside(set), series);
        let stay = self.state.shared.usage[series].in_use - freed;
        let kept_back = if task.pins_in(series) {
            0
        } else {
            self.program.series[series].for_holders
        };
        u64::from(stay) + u64::from(kept_back) < u64::from(slots)
    }

    /// The slots of a series that come free if all these tasks give their pins back.
    pub fn slots_of<'t>(&self, tasks: impl Iterator<Item = &'t Task>, series: SeriesId) -> u32 {
        let mut pinned: Vec<PageId> = Vec::new();
        for task in tasks {
            pinned.extend(task.maps.iter().filter_map(|map| match *map {
                Map::Pin { page, lies, .. } if lies == series => Some(page),
                _ => None,
            }));
        }
        if self.program.series[series].reuse == Reuse::None {
            return number(pinned.len());
        }
        pinned.sort_unstable();
        let of_pages = pinned.chunk_by(|a, b| a == b).filter(|pins| {
            // A mapping counts one more than it has users.
            self.state.shared.page(pins[0]).count[series] as usize == pins.len() + 1
        });
        number(of_pages.count())
    }

    /// Whether a mapping of the page that would do can still be made.
    fn could_be_mapped(&self, set: u32, series: SeriesId, page: PageId) -> bool {
        let reuse = |series: SeriesId| self.program.series[series].reuse;
        let would_do = |asked: SeriesId| match reuse(series) {
            Reuse::None => false,
            Reuse::Own => asked == series,
            Reuse::Any => reuse(asked) != Reuse::None,
        };
        self.somebody_reaches(set, |task, op| match op {
            Op::Kmap { page: name, series }
            | Op::TryKmap {
                page: name, series, ..
            } => would_do(series) && self.is(task, name, page),
            _ => false,
        })
    }

    /// Whether the page can be freed, or the name through which a task waits for it be given to
    /// another page.
    fn could_mean_another(&self, set: u32, waiter: &Task, page: PageId) -> bool {
        let template = &self.program.templates[waiter.template];
        let at = waiter.at.expect("who waits lives");
        let calls: Vec<Op> = match template.nodes[at].op {
            Op::Select => template.nodes[at]
                .arms()
                .map(|arm| template.nodes[arm].op)
                .collect(),
            op => vec![op],
        };
        let names: Vec<Ref> = (calls.into_iter())
            .filter_map(|op| match op {
                Op::Kmap { page, .. } | Op::LockPage { page } => Some(page),
                _ => None,
            })
            .filter(|&name| self.is(waiter, name, page))
            .collect();
        self.somebody_reaches(set, |task, op| match op {
            Op::FreePage { page: name } => self.is(task, name, page),
            Op::AllocPage { var } | Op::TryAllocPage { var } => {
                matches!(var, Ref::Shared(_)) && names.contains(&var)
            }
            _ => false,
        })
    }

    fn is(&self, task: &Task, name: Ref, page: PageId) -> bool {
        resolve(task, &self.state.shared, name) == Name::Page(page)
    }

    pub fn op(&self, task: &Task) -> Option<Op> {
        task.at
            .map(|at| self.program.templates[task.template].nodes[at].op)
    }

    /// Whether somebody outside a set comes to such an operation on some path.
    fn somebody_reaches(&self, set: u32, gives: impl Fn(&Task, Op) -> bool) -> bool {
        self.outside(set)
            .any(|task| self.reaches(task, |op| gives(task, op)))
    }

    fn reaches(&self, task: &Task, gives: impl Fn(Op) -> bool) -> bool {
        let nodes = &self.program.templates[task.template].nodes;
        let mut seen = vec![false; nodes.len()];
        let mut open: Vec<usize> = task.at.into_iter().collect();
        while let Some(at) = open.pop() {
            if !std::mem::replace(&mut seen[at], true) {
                if gives(nodes[at].op) {
                    return true;
                }
                open.extend(nodes[at].next.iter().filter_map(|target| target.node));
            }
        }
        false
    }

    /// Whether a task could give what another waits for though it does not hold it: see
    /// `kmapcheck_stuck::graph::could_give`.
    pub fn could_give(&self, waiter: usize, giver: usize, wait: Wait) -> bool {
        let it = &self.state.tasks[giver];
        let meets = |what: Ref| waiter == giver || matches!(what, Ref::Shared(_));
        match wait {
            Wait::Completion(completion) => {
                meets(completion) && self.reaches(it, |op| op == Op::Complete { completion })
            }
            Wait::Units(what, _) | Wait::Turn { pool: what, .. } => {
                meets(what)
                    && !self.program.resource(it.template, what).kind.is_owned()
                    && self.reaches(it, |op| matches!(op, Op::Up { pool, .. } if pool == what))
            }
            Wait::Memory => self.reaches(it, |op| matches!(op, Op::FreePage { .. })),
            Wait::Slot { series, page } => {
                let everybody_else = !(1 << giver);
                waiter != giver && self.could_be_mapped(everybody_else, series, page)
            }
            _ => false,
        }
    }
}
