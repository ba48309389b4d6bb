//! Words for operations, effects, waits and things held.

use kmapcheck_machine::{
    CpuChange, Effect, Map, Mode, Name, PageId, State, Successor, Task, TaskId, Usage, Wait,
    Waiting, needs_cpu, resolve,
};
use kmapcheck_scenario::{Bound, Op, Program, Ref, ResourceKind, SeriesId, TemplateId};

use crate::ledger::{Entry, Thing};
use crate::slots;
use crate::words::{count, list};

/// What a step did, in words; nothing if its name says it all.
pub(crate) fn effect(program: &Program, successor: &Successor) -> Option<String> {
    let series = |id: SeriesId| program.series[id].name.as_str();
    let of = |id: SeriesId| match program.series[id].slots {
        Bound::Exactly(slots) => format!(" of {slots}"),
        Bound::Any => String::new(),
    };
    let mut said: Vec<String> = Vec::new();
    if let Some(branch) = successor.branch {
        let nodes = &program.templates[successor.task.template].nodes;
        let first = program.origins[nodes[successor.node].origin].text();
        said.push(format!("branch {}, {first}", branch + 1));
    }
    match &successor.effect {
        Effect::Nothing => {}
        Effect::TookSlot {
            series,
            in_use,
            flushed,
        } => {
            let one = program.series[*series].one();
            said.push(format!("{one} {in_use}{}", of(*series)));
            if *flushed > 0 {
                said.push(format!(
                    "flushed {} first",
                    count(u64::from(*flushed), "stale mapping")
                ));
            }
        }
        Effect::Reused { lies, stale: true } => {
            said.push(format!("takes the stale mapping in {}", series(*lies)))
        }
        Effect::Reused { lies, stale: false } => {
            said.push(format!("shares the mapping in {}", series(*lies)))
        }
        Effect::MappedLow => said.push("low memory: no slot".to_owned()),
        Effect::StillMapped { users, .. } => {
            said.push(format!("{} left", count(u64::from(*users), "user")))
        }
        Effect::WentStale { series: id } => {
            said.push(format!("the mapping in {} goes stale", series(*id)))
        }
        Effect::FreedSlot { series: id, in_use } => {
            let one = program.series[*id].one();
            said.push(format!("the {one} is free: {in_use}{} in use", of(*id)));
        }
        Effect::Failed => said.push("fails".to_owned()),
        Effect::UnitsLeft { free } => said.push(format!("{free} left")),
        Effect::Announced => said.push("waits as a writer, new readers are held back".to_owned()),
        Effect::Queued { place: 0 } => said.push("queues, as the first".to_owned()),
        Effect::Queued { place } => said.push(format!("queues, behind {place}")),
        Effect::GaveUp { place: None } => said.push("gives up".to_owned()),
        Effect::GaveUp { place: Some(place) } => {
            said.push(format!(
                "gives up, and leaves place {} of the queue",
                place + 1
            ));
        }
        Effect::Allocated { mapped_in } if mapped_in.is_empty() => {}
        Effect::Allocated { mapped_in } => {
            let series: Vec<&str> = mapped_in.iter().map(|&id| series(id)).collect();
            said.push(format!("a page still mapped in {}", list(&series)));
        }
        Effect::Chose { branch } => said.push(format!("branch {}", branch + 1)),
        Effect::Skipped { kind } => said.push(format!("skipped: {}", kind.name())),
        Effect::Sleeps => said.push("goes to sleep".to_owned()),
        Effect::Spins => said.push("spins".to_owned()),
    }
    match successor.cpu {
        CpuChange::Kept => {}
        CpuChange::Taken => said.push("takes a CPU".to_owned()),
        CpuChange::GivenUp => said.push("gives its CPU up".to_owned()),
        CpuChange::TakenAndGivenUp => said.push("takes a CPU and gives it up".to_owned()),
    }
    if successor.task.at.is_none() {
        said.push("ends".to_owned());
    }
    (!said.is_empty()).then(|| said.join(", "))
}

/// Whether [`effect`] says nothing that the use of the slots does not show as well.
pub(crate) fn is_plain(successor: &Successor) -> bool {
    let shown = matches!(
        successor.effect,
        Effect::Nothing
            | Effect::TookSlot { flushed: 0, .. }
            | Effect::WentStale { .. }
            | Effect::FreedSlot { .. }
            | Effect::UnitsLeft { .. }
    );
    shown && successor.cpu == CpuChange::Kept && successor.branch.is_none()
}

/// A lock, mempool or completion with what it is, such as `spinlock page_table_lock`.
#[must_use]
pub fn resource(program: &Program, template: TemplateId, what: Ref) -> String {
    let resource = program.resource(template, what);
    format!("{} {}", resource.kind.word(), resource.name)
}

/// `2 units of semaphore s`, `1 element of mempool m`, `semaphore s` where it has one unit only.
#[must_use]
pub fn units(program: &Program, template: TemplateId, pool: Ref, n: u32) -> String {
    let name = resource(program, template, pool);
    match program.resource(template, pool).kind {
        ResourceKind::Semaphore { units: 1, .. } => name,
        ResourceKind::Mempool { .. } => format!("{} of {name}", count(u64::from(n), "element")),
        _ => format!("{} of {name}", count(u64::from(n), "unit")),
    }
}

/// What a task waits for, in words, thing by thing.
pub(crate) fn waits_for(
    program: &Program,
    state: &State,
    task: TaskId,
    waiting: Waiting,
) -> Vec<String> {
    let task = &state.tasks[task];
    let mut said = Vec::new();
    if let Some(wait) = waiting.wait {
        let things: Vec<String> = calls(program, task)
            .filter_map(|op| awaited(program, task.template, op))
            .collect();
        said.push(match wait {
            Wait::Turn { place: 1.., .. } => {
                format!("its turn in the queue, and {}", things.join(" or "))
            }
            _ => things.join(" or "),
        });
    }
    if needs_cpu(program, task, &state.shared) {
        said.push("a CPU".to_owned());
    }
    said
}

/// The operations that a task waits for together: the one that it is at, or the first ones of a
/// select.
pub(crate) fn calls<'p>(program: &'p Program, task: &Task) -> impl Iterator<Item = Op> + 'p {
    let template = &program.templates[task.template];
    let calls = task.at.into_iter().flat_map(|at| template.calls(at));
    calls.map(|node| template.nodes[node].op)
}

/// What an operation waits for, if it can wait.
pub(crate) fn awaited(program: &Program, template: TemplateId, op: Op) -> Option<String> {
    Some(match op {
        Op::Kmap { series, .. } => slots::a_slot(&program.series[series]),
        Op::SpinLock { lock } => resource(program, template, lock),
        Op::DownRead { lock } => format!("{}, to read", resource(program, template, lock)),
        Op::DownWrite { lock } => format!("{}, to write", resource(program, template, lock)),
        Op::Down { pool, n } => units(program, template, pool, n),
        Op::LockPage { page } => {
            format!("the {}", lock_of_page(program.page_name(template, page)))
        }
        Op::WaitForCompletion { completion } => resource(program, template, completion),
        Op::AllocPage { .. } => "a free page".to_owned(),
        _ => return None,
    })
}

/// What the page is called through which a task waits for that lock.
pub(crate) fn page_waited_for(
    program: &Program,
    state: &State,
    task: TaskId,
    page: PageId,
) -> Option<Ref> {
    let task = &state.tasks[task];
    let names = calls(program, task).filter_map(|op| match op {
        Op::LockPage { page } => Some(page),
        _ => None,
    });
    let mut names = names.filter(|&name| resolve(task, &state.shared, name) == Name::Page(page));
    names.next()
}

/// `lock of page libc_pte`; of a page that is called one, `lock of page1`.
#[must_use]
pub fn lock_of_page(name: &str) -> String {
    match name.to_lowercase().starts_with("page") {
        true => format!("lock of {name}"),
        false => format!("lock of page {name}"),
    }
}

/// What people call the lock of a page.
pub(crate) fn page_lock(program: &Program, template: TemplateId, page: Option<Ref>) -> String {
    let name = page.map_or("?", |name| program.page_name(template, name));
    format!("page lock of {name}")
}

/// What people call the freelist, where there is too little of it.
pub(crate) const MEMORY: &str = "memory";

/// What an operation takes or gives back, other than slots; nothing if it is about none.
pub(crate) fn thing(program: &Program, template: TemplateId, op: Op) -> Option<String> {
    if let Some(what) = op.resource() {
        return Some(resource(program, template, what));
    }
    match op {
        Op::LockPage { page } | Op::TrylockPage { page } | Op::UnlockPage { page } => {
            Some(page_lock(program, template, Some(page)))
        }
        op if op.uses_freelist() => Some(MEMORY.to_owned()),
        _ => None,
    }
}

/// Something held, in words.
pub(crate) fn holding(program: &Program, template: TemplateId, entry: &Entry) -> String {
    let name = &entry.name;
    match entry.thing {
        Thing::Map(Map::Pin { asked, lies, .. }) if asked == lies => {
            format!("{} ({name})", slots::a_slot(&program.series[lies]))
        }
        Thing::Map(Map::Pin { asked, lies, .. }) => {
            let (asked, lies) = (&program.series[asked].name, &program.series[lies]);
            format!("{} ({name}, asked for as {asked})", slots::a_slot(lies))
        }
        Thing::Map(Map::Low { .. }) => format!("a kmap of low memory ({name})"),
        Thing::Map(Map::Atomic {
            kind: Some(kind), ..
        }) => {
            format!("the atomic map {} ({name})", program.atomic_types[kind])
        }
        Thing::Map(Map::Atomic { kind: None, .. }) => {
            format!("an atomic map of low memory ({name})")
        }
        Thing::Map(Map::Local { .. }) => format!("a local map ({name})"),
        Thing::PageLock(_) => format!("the {}", lock_of_page(name)),
        Thing::Held(held) => match held.mode {
            Mode::Spin => resource(program, template, held.what),
            Mode::Read => format!("{}, to read", resource(program, template, held.what)),
            Mode::Write => format!("{}, to write", resource(program, template, held.what)),
            Mode::Units => units(program, template, held.what, held.n),
        },
    }
}

/// What a thing held is one of: the name of a series, lock or pool.
pub(crate) fn resource_of(program: &Program, template: TemplateId, entry: &Entry) -> String {
    match entry.thing {
        Thing::Map(Map::Pin { lies, .. }) => program.series[lies].name.clone(),
        Thing::Map(Map::Atomic {
            kind: Some(kind), ..
        }) => program.atomic_types[kind].clone(),
        Thing::Map(_) | Thing::PageLock(_) => entry.name.clone(),
        Thing::Held(held) => program.resource(template, held.what).name.clone(),
    }
}

/// How the slots of a series are taken, such as `2 of 2 slots in use`.
pub(crate) fn usage(program: &Program, state: &State, series: SeriesId) -> String {
    let Usage { in_use, stale } = state.shared.usage[series];
    let series = &program.series[series];
    let one = series.one();
    let mut said = match series.slots {
        Bound::Exactly(1) if in_use == 1 => format!("its only {one} is in use"),
        Bound::Exactly(slots) if slots == in_use => format!("all {slots} {one}s are in use"),
        Bound::Exactly(slots) => format!("{in_use} of {slots} {one}s are in use"),
        Bound::Any => format!("{} in use", count(u64::from(in_use), one)),
    };
    if stale > 0 {
        said.push_str(&format!(", {stale} stale"));
    }
    said
}

/// The model's order, first to last, as far as this program has what it names.
#[must_use]
pub fn order(program: &Program) -> String {
    let series = program
        .series
        .iter()
        .map(|series| (series.rank, &series.name));
    let own = program
        .templates
        .iter()
        .flat_map(|template| &template.resources);
    let locks = program.resources.iter().chain(own);
    let mut ranked: Vec<_> = series
        .chain(locks.map(|lock| (lock.rank, &lock.name)))
        .filter_map(|(rank, name)| Some((rank?, name.as_str())))
        .collect();
    ranked.sort_unstable();
    ranked.dedup();
    let names: Vec<&str> = ranked.into_iter().map(|(_, name)| name).collect();
    names.join(" before ")
}
