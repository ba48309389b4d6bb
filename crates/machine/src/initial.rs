//! The initial state of a [`Start`].

use kmapcheck_limits::ask;
use kmapcheck_scenario::{Bound, PageDecl, Program, StaleIn, TemplateId};

use crate::page_table::PageTable;
use crate::starts::Start;
use crate::state::{Name, Page, ResourceState, Shared, State, Task, TaskId, Usage};

/// How many instances; engines refuse `"any"` before they build a state.
#[must_use]
pub fn instances(count: Bound) -> u32 {
    match count {
        Bound::Exactly(n) => n,
        Bound::Any => 0,
    }
}

/// The template of a task, and its number among the instances of that template, from 0.
#[must_use]
pub fn instance_of(program: &Program, task: TaskId) -> Option<(TemplateId, usize)> {
    let mut number = task;
    for (id, template) in program.templates.iter().enumerate() {
        let count = instances(template.count) as usize;
        if number < count {
            return Some((id, number));
        }
        number -= count;
    }
    None
}

/// The name of a task: that of its template, with `#` and its number from 1 if the template has
/// several instances. Cost: the number of templates.
#[must_use]
pub fn task_name(program: &Program, task: TaskId) -> String {
    let Some((template, number)) = instance_of(program, task) else {
        return format!("task {task}");
    };
    let template = &program.templates[template];
    match template.count {
        Bound::Exactly(1) => template.name.clone(),
        _ => format!("{}#{}", template.name, number + 1),
    }
}

/// The initial state of that start.
///
/// # Panics
///
/// If the start does not belong to the program.
#[must_use]
pub fn initial(program: &Program, start: &Start) -> State {
    let mut open = start.stale.iter();
    let mut shared = Shared {
        usage: vec![Usage::default(); program.series.len()],
        resources: program
            .resources
            .iter()
            .map(|resource| ResourceState::initial(resource.kind))
            .collect(),
        names: Vec::new(),
        pages: PageTable::new(),
        busy_cpus: 0,
    };
    let mut declare = |shared: &mut Shared, decl: &PageDecl| {
        let stale = match &decl.stale_in {
            StaleIn::Exactly(series) => series,
            StaleIn::Any => open.next().expect("a start has a set for every open page"),
        };
        let mut page = Page {
            highmem: decl.highmem,
            ..Page::fresh(program.series.len())
        };
        for &series in stale {
            page.count[series] = 1;
            shared.usage[series].stale += 1;
        }
        Name::Page(shared.pages.push(page))
    };
    for decl in &program.pages {
        ask();
        let name = declare(&mut shared, decl);
        shared.names.push(name);
    }
    let mut tasks = Vec::new();
    for (id, template) in program.templates.iter().enumerate() {
        for _ in 0..instances(template.count) {
            ask();
            let names = template
                .vars
                .iter()
                .map(|var| {
                    var.page
                        .as_ref()
                        .map_or(Name::Unbound, |decl| declare(&mut shared, decl))
                })
                .collect();
            let ended = template.entry.node.is_none();
            tasks.push(Task {
                template: id,
                at: template.entry.node,
                names: if ended { Vec::new() } else { names },
                resources: if ended {
                    Vec::new()
                } else {
                    template
                        .resources
                        .iter()
                        .map(|r| ResourceState::initial(r.kind))
                        .collect()
                },
                maps: Vec::new(),
                held: Vec::new(),
                page_locks: Vec::new(),
                queued: None,
                on_cpu: false,
            });
        }
    }
    let free = Page {
        free: true,
        ..Page::fresh(program.series.len())
    };
    // Where the freelist has no bound, fresh pages come as they are asked for.
    shared
        .pages
        .extend((0..program.free_pages.unwrap_or(0)).map(|_| free.clone()));
    let mut state = State { shared, tasks };
    state.forget_unreachable_pages(program);
    state
}
