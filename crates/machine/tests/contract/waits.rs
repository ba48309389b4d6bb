//! Whether a task can go on, and what it waits for.

use std::collections::BTreeSet;

use kmapcheck_machine as machine;
use kmapcheck_machine::{Given, Resource, Standing, State, Wait, Waiting, Wanted};
use kmapcheck_scenario::{FindingKind, Op, Patience, Ref};

use crate::form::Numbers;
use crate::state::{Map, Name, World};

impl World<'_> {
    /// Whether the task is in a call that has to wait, asleep or not yet.
    fn has_to_wait(&self, task: usize, at: usize) -> bool {
        self.goes_on(task, at).is_empty() && self.begins_to_wait(task, at).is_none()
    }

    /// Whether nothing is left to the task but to wait. Before it has gone to sleep it can still move.
    fn waits(&self, task: usize, at: usize) -> bool {
        let spins = matches!(self.op(task, at), Op::SpinLock { .. });
        self.has_to_wait(task, at) && (spins || !self.tasks[task].on_cpu)
    }

    /// What is wrong with the call in which the task waits. It takes a CPU to make a call.
    fn waiting_findings(&self, task: usize) -> BTreeSet<FindingKind> {
        match self.tasks[task].at {
            Some(at) if self.has_to_wait(task, at) && !self.lacks_cpu(task) => {
                self.wrong_with_call(task, at)
            }
            _ => BTreeSet::new(),
        }
    }

    /// The same as the machine's word for it, with pages as they are numbered in the form.
    pub fn standing(&self, task: usize) -> Standing {
        let Some(at) = self.tasks[task].at else {
            return Standing::Ended;
        };
        let patience = self.patience(task, at);
        if self.waits(task, at) {
            return Standing::Waits(Waiting {
                wait: Some(self.wait(task, at)),
                cpu: self.program.cpus.is_some() && !self.tasks[task].on_cpu,
                patience,
            });
        }
        match self.lacks_cpu(task) {
            true => Standing::Waits(Waiting {
                wait: None,
                cpu: true,
                patience,
            }),
            false => Standing::Moves,
        }
    }

    fn bound(&self, task: usize, name: Ref) -> usize {
        match self.name(task, name) {
            Name::Bound(page) => self.numbers()[&page],
            other => panic!("nobody waits for {other:?}"),
        }
    }

    fn wait(&self, task: usize, at: usize) -> Wait {
        match self.op(task, at) {
            Op::Kmap { page, series } => Wait::Slot {
                series,
                page: self.bound(task, page),
            },
            Op::SpinLock { lock } => Wait::Spin(lock),
            Op::DownRead { lock } => Wait::Read(lock),
            Op::DownWrite { lock } => Wait::Write(lock),
            Op::Down { pool, n } => match self.place(task) {
                Some(place) => Wait::Turn { pool, n, place },
                None => Wait::Units(pool, n),
            },
            Op::LockPage { page } => Wait::PageLock(self.bound(task, page)),
            Op::WaitForCompletion { completion } => Wait::Completion(completion),
            Op::AllocPage { .. } => Wait::Memory,
            Op::Select => Wait::AnyOf(at),
            op => panic!("nobody waits in {op:?}"),
        }
    }

    /// Each of what would end the wait.
    fn alternatives(&self, task: usize) -> Vec<Wait> {
        match self.tasks[task].at {
            Some(at) if self.op(task, at) == Op::Select => {
                let firsts = self.branches(task, at).into_iter();
                firsts.map(|first| self.wait(task, first)).collect()
            }
            Some(at) => vec![self.wait(task, at)],
            None => vec![],
        }
    }

    fn has_pin_in(&self, task: usize, series: usize) -> bool {
        let mut maps = self.tasks[task].maps.iter();
        maps.any(|map| matches!(map, Map::Pin { lies, .. } if *lies == series))
    }

    /// What the task wants by waiting for that, where pages are numbered as in the program.
    fn wanted(&self, task: usize, wait: Wait) -> Wanted {
        let template = self.tasks[task].template;
        match wait {
            Wait::Slot { series, .. } => Wanted::Slot {
                series,
                holder: self.has_pin_in(task, series),
            },
            Wait::Spin(Ref::Shared(lock)) => Wanted::Spin(lock),
            Wait::Read(Ref::Shared(lock)) => Wanted::Read(lock),
            Wait::Write(Ref::Shared(lock)) => Wanted::Write(lock),
            Wait::Units(pool @ Ref::Shared(index), n) => {
                match self.program.resource(template, pool).kind.is_owned() {
                    true => Wanted::Units(index, n),
                    false => Wanted::Given(Given::Unowned(index)),
                }
            }
            Wait::Completion(Ref::Shared(completion)) => {
                Wanted::Given(Given::Completion(completion))
            }
            Wait::PageLock(page) if page < self.program.pages.len() => Wanted::PageLock(page),
            Wait::Memory => Wanted::Given(Given::Memory),
            Wait::AnyOf(_) => Wanted::Given(Given::AnyOf),
            Wait::Turn { .. } => Wanted::Given(Given::Turn),
            _ => Wanted::Given(Given::Own),
        }
    }
}

/// A machine's wait with its pages numbered as in a form.
fn renumbered(wait: Wait, numbers: &Numbers) -> Wait {
    match wait {
        Wait::Slot { series, page } => Wait::Slot {
            series,
            page: numbers[&page],
        },
        Wait::PageLock(page) => Wait::PageLock(numbers[&page]),
        other => other,
    }
}

fn rank_of(world: &World<'_>, wanted: Wanted) -> Option<usize> {
    match wanted {
        Wanted::Slot { series, .. } => world.program.series[series].rank,
        Wanted::Spin(i) | Wanted::Units(i, _) | Wanted::Read(i) | Wanted::Write(i) => {
            world.program.resources[i].rank
        }
        Wanted::PageLock(_) | Wanted::Cpu | Wanted::Given(_) => None,
    }
}

/// Holds what the machine says of one task's waiting against the contract.
pub fn compare(world: &World<'_>, state: &State, numbers: &Numbers, id: usize) {
    let (program, task, shared) = (world.program, &state.tasks[id], &state.shared);
    let says = machine::standing(program, task, shared);
    assert_eq!(state.standing(program, id), says);
    let with_numbers = |waiting: Waiting| Waiting {
        wait: waiting.wait.map(|wait| renumbered(wait, numbers)),
        ..waiting
    };
    let renamed = match says {
        Standing::Waits(waiting) => Standing::Waits(with_numbers(waiting)),
        other => other,
    };
    assert_eq!(renamed, world.standing(id), "how it stands");
    let findings: BTreeSet<_> = machine::waiting_findings(program, task, shared)
        .iter()
        .collect();
    assert_eq!(findings, world.waiting_findings(id), "its call");
    let ended = task.at.is_none();
    let lacks = !ended && machine::needs_cpu(program, task, shared);
    assert_eq!(lacks, !ended && world.lacks_cpu(id), "its CPU");
    for series in 0..program.series.len() {
        assert_eq!(task.pins_in(series), !ended && world.has_pin_in(id, series));
    }
    let Standing::Waits(waiting) = says else {
        return;
    };
    let (idle, gives_up) = match world.patience(id, task.at.expect("it waits")) {
        Patience::Endless => (false, false),
        Patience::Idle => (true, false),
        Patience::GivesUp => (false, true),
    };
    let waits = waiting.wait.is_some();
    assert_eq!(waiting.is_idle(), idle && waits);
    assert_eq!(waiting.gives_up(), gives_up && waits);
    let alternatives = if waits {
        world.alternatives(id)
    } else {
        vec![]
    };
    if let Some(wait) = waiting.wait {
        let found: Vec<Wait> = (machine::alternatives(program, task, shared, wait).into_iter())
            .map(|wait| renumbered(wait, numbers))
            .collect();
        assert_eq!(found, alternatives);
    }
    resources(world, state, numbers, id, (waiting, &alternatives));
    // What is wanted is told with the shared pages under the program's numbers.
    let names = state.shared.names.iter().enumerate();
    let mut by_program = names.map(|(i, &name)| name == machine::Name::Page(i));
    if by_program.all(|is| is) {
        wanted(world, state, id, waiting);
    }
}

/// The things that all this is about, by the machine's numbers.
fn resources(
    world: &World<'_>,
    state: &State,
    numbers: &Numbers,
    id: usize,
    (waiting, alternatives): (Waiting, &[Wait]),
) {
    let page = |number: usize| {
        let mut pages = numbers.iter();
        *pages.find(|&(_, &n)| n == number).expect("a page").0
    };
    let of = |wait: &Wait| match *wait {
        Wait::Slot { series, .. } => Resource::Series(series),
        Wait::PageLock(number) => Resource::PageLock(page(number)),
        Wait::Memory => Resource::FreePages,
        Wait::Spin(what)
        | Wait::Read(what)
        | Wait::Write(what)
        | Wait::Units(what, _)
        | Wait::Turn { pool: what, .. }
        | Wait::Completion(what) => match what {
            Ref::Shared(i) => Resource::Shared(i),
            Ref::Own(index) => Resource::Own { task: id, index },
        },
        Wait::AnyOf(_) => panic!("a select waits for what its branches wait for"),
    };
    let mut expected: Vec<Resource> = alternatives.iter().map(of).collect();
    for (wait, &resource) in alternatives.iter().zip(&expected) {
        if !matches!(wait, Wait::PageLock(_)) {
            assert_eq!(Resource::of_wait(id, *wait), Some(resource));
        }
        let declared = match resource {
            Resource::Shared(i) => Some(Ref::Shared(i)),
            Resource::Own { index, .. } => Some(Ref::Own(index)),
            _ => None,
        };
        assert_eq!(resource.declared(), declared);
        if let Some(what) = declared {
            assert_eq!(Resource::of(id, what), resource);
        }
    }
    expected.sort_unstable();
    expected.dedup();
    expected.extend(world.lacks_cpu(id).then_some(Resource::Cpus));
    let found: Vec<Resource> = waiting.resources(world.program, state, id).collect();
    assert_eq!(found, expected);
}

/// The same told of no particular state.
fn wanted(world: &World<'_>, state: &State, id: usize, waiting: Waiting) {
    let (program, task) = (world.program, &state.tasks[id]);
    let at = task.at.expect("it waits");
    let mut wanted: Vec<Wanted> = waiting.cpu.then_some(Wanted::Cpu).into_iter().collect();
    if waiting.wait.is_some() {
        wanted.push(world.wanted(id, world.wait(id, at)));
    }
    assert_eq!(waiting.wanted(program, task), wanted);
    for &wanted in &wanted {
        assert_eq!(wanted.rank(program), rank_of(world, wanted));
    }
    // A call knows of no place in a queue.
    if waiting.wait.is_none() || task.queued.is_some() {
        return;
    }
    let calls = match world.op(id, at) {
        Op::Select => world.branches(id, at),
        _ => vec![at],
    };
    for call in calls {
        let wanted = world.wanted(id, world.wait(id, call));
        assert_eq!(Wanted::of_call(program, task, world.op(id, call)), wanted);
    }
}
