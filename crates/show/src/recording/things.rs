//! What tasks wait for and hold, under the names that the wait-for graph gives them.

use kmapcheck_machine::{Map, Name, PageId, Resource, State, Task};
use kmapcheck_report::resource;
use kmapcheck_scenario::{Bound, Program, Ref};

use crate::recording::types::{Shown, ThingKind};

/// What a task holds that others can wait for, and how much of it, sorted.
pub(crate) fn held(number: usize, task: &Task) -> Vec<(Resource, u32)> {
    let mut held: Vec<(Resource, u32)> = Vec::new();
    let mut add = |key, n| match held.iter_mut().find(|(known, _)| *known == key) {
        Some((_, count)) => *count += n,
        None => held.push((key, n)),
    };
    for map in &task.maps {
        if let Map::Pin { lies, .. } = map {
            add(Resource::Series(*lies), 1);
        }
    }
    for lock in &task.held {
        add(Resource::of(number, lock.what), lock.n);
    }
    for &page in &task.page_locks {
        add(Resource::PageLock(page), 1);
    }
    if task.on_cpu {
        add(Resource::Cpus, 1);
    }
    held.sort_unstable();
    held
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
            let label = format!("lock of page {}", with_owner(name, owner, name_of));
            own = owner.map(|_| format!("lock of page {name}"));
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
