//! What tasks wait for and hold, under the names that the wait-for graph gives them.

use kmapcheck_machine::{Map, Name, PageId, Standing, State, Task, Wait};
use kmapcheck_report::resource;
use kmapcheck_scenario::{Bound, Program, Ref, ResourceKind, SeriesId};

use crate::recording::{Shown, ThingKind};

/// Something that is waited for or held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Key {
    Series(SeriesId),
    Shared(usize),
    Own(usize, usize),
    PageLock(PageId),
    Memory,
    Cpus,
}

fn of_ref(task: usize, what: Ref) -> Key {
    match what {
        Ref::Shared(i) => Key::Shared(i),
        Ref::Own(i) => Key::Own(task, i),
    }
}

/// What a task waits for, a CPU last; nothing if it can go on or has ended.
pub(crate) fn awaited(program: &Program, state: &State, task: usize) -> [Option<Key>; 2] {
    let Standing::Waits(waiting) = state.standing(program, task) else {
        return [None; 2];
    };
    let thing = waiting.wait.map(|wait| match wait {
        Wait::Slot { series, .. } => Key::Series(series),
        Wait::Spin(what)
        | Wait::Read(what)
        | Wait::Write(what)
        | Wait::Units(what, _)
        | Wait::Completion(what) => of_ref(task, what),
        Wait::PageLock(page) => Key::PageLock(page),
        Wait::Memory => Key::Memory,
    });
    [thing, waiting.cpu.then_some(Key::Cpus)]
}

/// What a task holds that others can wait for, and how much of it, sorted.
pub(crate) fn held(number: usize, task: &Task) -> Vec<(Key, u32)> {
    let mut held: Vec<(Key, u32)> = Vec::new();
    let mut add = |key, n| match held.iter_mut().find(|(known, _)| *known == key) {
        Some((_, count)) => *count += n,
        None => held.push((key, n)),
    };
    for map in &task.maps {
        if let Map::Pin { lies, .. } = map {
            add(Key::Series(*lies), 1);
        }
    }
    for lock in &task.held {
        add(of_ref(number, lock.what), lock.n);
    }
    for &page in &task.page_locks {
        add(Key::PageLock(page), 1);
    }
    if task.on_cpu {
        add(Key::Cpus, 1);
    }
    held.sort_unstable();
    held
}

/// What a thing is called: as in the wait-for graph of the report.
pub(crate) fn shown(
    program: &Program,
    state: &State,
    name_of: &dyn Fn(usize) -> String,
    key: Key,
) -> Shown {
    let counted = |number: Bound| match number {
        Bound::Exactly(n) => Some(n),
        Bound::Any => None,
    };
    let mut own = None;
    let (label, kind, capacity) = match key {
        Key::Series(series) => {
            let series = &program.series[series];
            (
                series.name.clone(),
                ThingKind::Series,
                counted(series.slots),
            )
        }
        Key::Shared(i) => (
            resource(program, 0, Ref::Shared(i)),
            ThingKind::Resource,
            units(program.resources[i].kind),
        ),
        Key::Own(task, i) => {
            let template = state.tasks[task].template;
            let name = resource(program, template, Ref::Own(i));
            let kind = program.templates[template].resources[i].kind;
            let label = format!("{name} of {}", name_of(task));
            own = Some(name);
            (label, ThingKind::Resource, units(kind))
        }
        Key::PageLock(page) => {
            let (name, owner) = page_name(program, state, page, None);
            let label = format!("lock of page {}", with_owner(name, owner, name_of));
            own = owner.map(|_| format!("lock of page {name}"));
            (label, ThingKind::Resource, None)
        }
        Key::Memory => (
            "free pages".to_owned(),
            ThingKind::Memory,
            program.free_pages,
        ),
        Key::Cpus => {
            let cpus = program.cpus.map(|cpus| cpus.count);
            ("CPUs".to_owned(), ThingKind::Cpus, cpus)
        }
    };
    Shown {
        label,
        kind,
        capacity,
        own,
    }
}

fn units(kind: ResourceKind) -> Option<u32> {
    match kind {
        ResourceKind::Semaphore { units, .. } | ResourceKind::Mempool { units, .. } => Some(units),
        _ => None,
    }
}

/// What a page is called, and the task that alone knows it by that name. The task that has just
/// acted is asked first: most often it is its page, and tasks may be many.
pub(crate) fn page_name<'a>(
    program: &'a Program,
    state: &State,
    page: PageId,
    acts: Option<usize>,
) -> (&'a str, Option<usize>) {
    let is_page = |name: &Name| *name == Name::Page(page);
    if let Some(shared) = state.shared.names.iter().position(is_page) {
        return (&program.pages[shared].name, None);
    }
    let others = 0..state.tasks.len();
    for number in acts.into_iter().chain(others) {
        let task = &state.tasks[number];
        if let Some(own) = task.names.iter().position(is_page) {
            let name = &program.templates[task.template].vars[own].name;
            return (name, Some(number));
        }
    }
    ("a page", None)
}

/// A name with the task that alone knows it.
pub(crate) fn with_owner(
    name: &str,
    owner: Option<usize>,
    name_of: &dyn Fn(usize) -> String,
) -> String {
    match owner {
        Some(task) => format!("{name} of {}", name_of(task)),
        None => name.to_owned(),
    }
}
