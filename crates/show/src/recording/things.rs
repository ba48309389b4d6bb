//! What tasks wait for and hold, under the names that the wait-for graph gives them.

use std::collections::BTreeMap;

use kmapcheck_machine::{Held, Lost, Map, Name, PageId, Resource, State, Task};
use kmapcheck_report::{lock_of_page, resource};
use kmapcheck_scenario::{Bound, Program, Ref};

use crate::recording::types::{Shown, ThingKind};

/// What a task holds that others can wait for, and how much of it, sorted.
pub(crate) fn held(number: usize, task: &Task) -> Vec<(Resource, u32)> {
    let cpu = task.on_cpu.then_some(Resource::Cpus);
    counted(number, &task.maps, &task.held, &task.page_locks, cpu)
}

/// The same of what a task still held when it ended.
pub(crate) fn lost(number: usize, lost: &Lost) -> Vec<(Resource, u32)> {
    counted(number, &lost.maps, &lost.held, &lost.page_locks, None)
}

fn counted(
    number: usize,
    maps: &[Map],
    locks: &[Held],
    page_locks: &[PageId],
    cpu: Option<Resource>,
) -> Vec<(Resource, u32)> {
    let pins = maps.iter().filter_map(|map| match *map {
        Map::Pin { lies, .. } => Some((Resource::Series(lies), 1)),
        _ => None,
    });
    let locks = (locks.iter()).map(|lock| (Resource::of(number, lock.what), lock.n));
    let page_locks = (page_locks.iter()).map(|&page| (Resource::PageLock(page), 1));
    let cpu = cpu.into_iter().map(|cpu| (cpu, 1));
    let mut counts: BTreeMap<Resource, u32> = BTreeMap::new();
    for (thing, n) in pins.chain(locks).chain(page_locks).chain(cpu) {
        *counts.entry(thing).or_default() += n;
    }
    counts.into_iter().collect()
}

/// What a thing is called: as in the wait-for graph of the report.
pub(crate) fn shown(
    program: &Program,
    state: &State,
    name_of: &dyn Fn(usize) -> String,
    key: Resource,
) -> Shown {
    let counted = |number: Bound| match number {
        Bound::Exactly(n) => Some(n),
        Bound::Any => None,
    };
    let mut own = None;
    let (label, kind, capacity) = match key {
        Resource::Series(series) => {
            let series = &program.series[series];
            (
                series.name.clone(),
                ThingKind::Series,
                counted(series.slots),
            )
        }
        Resource::Shared(i) => (
            resource(program, 0, Ref::Shared(i)),
            ThingKind::Resource,
            program.resources[i].kind.units(),
        ),
        Resource::Own { task, index: i } => {
            let template = state.tasks[task].template;
            let name = resource(program, template, Ref::Own(i));
            let kind = program.templates[template].resources[i].kind;
            let label = format!("{name} of {}", name_of(task));
            own = Some(name);
            (label, ThingKind::Resource, kind.units())
        }
        Resource::PageLock(page) => {
            let (name, owner) = page_name(program, state, page, None);
            let label = lock_of_page(&with_owner(name, owner, name_of));
            own = owner.map(|_| lock_of_page(name));
            (label, ThingKind::Resource, None)
        }
        Resource::FreePages => (
            "free pages".to_owned(),
            ThingKind::Memory,
            program.free_pages,
        ),
        Resource::Cpus => {
            let cpus = program.cpus.map(|cpus| cpus.count);
            ("CPUs".to_owned(), ThingKind::Cpus, cpus)
        }
    };
    Shown {
        label,
        kind,
        capacity,
        own,
        series: match key {
            Resource::Series(series) => Some(series),
            _ => None,
        },
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
