//! What the types of the machine say of themselves: of what tasks hold, of pages, and of what a step does
//! to those who do not take it.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use kmapcheck_machine::{
    Findings, Held, Map, Mode, Name, Page, PageTable, ResourceState, Shared, State, Successor,
    Task, Usage, acceptable_series, instance_of, instances, is_forgettable, resolve, steps,
    task_name,
};
use kmapcheck_scenario::{Bound, FindingKind, Program, Ref};

use crate::state::World;

/// Holds what a state says of its tasks and pages against what is in it.
pub fn compare(program: &Program, state: &State) {
    let shared = &state.shared;
    let ended = state.tasks.iter().filter(|task| task.at.is_none()).count();
    assert_eq!(state.all_ended(), ended == state.tasks.len());
    for task in &state.tasks {
        let mut names = BTreeSet::new();
        let mut held = BTreeSet::new();
        for &name in &task.names {
            if let Name::Page(page) | Name::Dangling(Some(page)) = name {
                names.insert(page);
            }
        }
        held.extend(task.maps.iter().map(|map| match *map {
            Map::Pin { page, .. }
            | Map::Low { page }
            | Map::Atomic { page, .. }
            | Map::Local { page } => page,
        }));
        held.extend(task.page_locks.iter().copied());
        for page in 0..shared.pages.len() {
            assert_eq!(task.holds_page(page), held.contains(&page));
            let refers = held.contains(&page) || names.contains(&page);
            assert_eq!(task.refers_to(page), refers);
        }
        let mut visited = Vec::new();
        task.for_each_page(|page| visited.push(page));
        let all: BTreeSet<usize> = visited.iter().copied().collect();
        assert_eq!(all, &held | &names);
        let mut seen = Vec::new();
        let moved = task.with_pages(|page| {
            seen.push(page);
            page + 7
        });
        assert_eq!(seen, visited);
        let mut moved_to = Vec::new();
        moved.for_each_page(|page| moved_to.push(page - 7));
        assert_eq!(moved_to, visited);
        assert_eq!(moved.with_pages(|page| page - 7), *task);
        for i in 0..program.resources.len() {
            for mode in [Mode::Spin, Mode::Read, Mode::Write, Mode::Units] {
                let what = Ref::Shared(i);
                let of = task
                    .held
                    .iter()
                    .filter(|h| (h.what, h.mode) == (what, mode));
                assert_eq!(task.holds(what, mode), of.map(|held| held.n).sum::<u32>());
            }
        }
        for i in 0..shared.names.len() {
            assert_eq!(resolve(task, shared, Ref::Shared(i)), shared.names[i]);
        }
        for i in 0..task.names.len() {
            assert_eq!(resolve(task, shared, Ref::Own(i)), task.names[i]);
        }
        memory(state, task);
    }
    let pages = || shared.pages.iter().enumerate();
    let free = pages().filter_map(|(id, page)| Some((id, page.as_ref()?)));
    let free: Vec<_> = free.filter(|(_, page)| page.free).collect();
    assert_eq!(shared.pages.free().collect::<Vec<_>>(), free);
    assert_eq!(shared.pages.free_count(), free.len());
    assert!(pages().next_back().is_none_or(|(_, page)| page.is_some()));
    for (id, page) in pages() {
        let Some(page) = page else { continue };
        assert_eq!(shared.page(id), page);
        let in_use = page.count.iter().any(|&count| count >= 2);
        assert_eq!(page.has_users(), in_use || page.unshared_pins > 0);
        let like_new = page.highmem
            && !page.locked
            && page.unshared_pins == 0
            && page.holders == 0
            && page.count.iter().all(|&count| count == 0);
        let lost = !page.free || (like_new && program.free_pages.is_none());
        if page.holders == 0 {
            assert_eq!(is_forgettable(program, page), lost, "{page:?}");
        }
    }
}

/// Whatever more there is takes so many bytes more.
fn memory(state: &State, task: &Task) {
    let bytes = |change: &dyn Fn(&mut Task)| {
        let mut changed = task.clone();
        change(&mut changed);
        changed.memory() - task.memory()
    };
    let spinlock = ResourceState::Spinlock { taken: false };
    let held = Held {
        what: Ref::Shared(0),
        mode: Mode::Spin,
        n: 1,
    };
    assert_eq!(
        bytes(&|task| task.names.push(Name::Unbound)),
        size_of::<Name>()
    );
    assert_eq!(
        bytes(&|task| task.resources.push(spinlock)),
        size_of::<ResourceState>()
    );
    assert_eq!(
        bytes(&|task| task.maps.push(Map::Low { page: 0 })),
        size_of::<Map>()
    );
    assert_eq!(bytes(&|task| task.held.push(held)), size_of::<Held>());
    assert_eq!(bytes(&|task| task.page_locks.push(0)), size_of::<usize>());
    let mut more = state.clone();
    more.tasks.push(task.clone());
    assert_eq!(more.memory() - state.memory(), task.memory());
    assert!(task.memory() >= size_of::<Task>() && state.memory() >= size_of::<State>());
    more.clone_from(state);
    more.shared.names.push(Name::Unbound);
    more.shared.resources.push(spinlock);
    more.shared.usage.push(Usage::default());
    let parts = size_of::<Name>() + size_of::<ResourceState>() + size_of::<Usage>();
    assert_eq!(more.memory() - state.memory(), parts);
    more.clone_from(state);
    more.shared.pages.push(Page::fresh(1));
    assert_eq!(more.memory() - state.memory(), size_of::<Option<Page>>());
    // States that differ in their pages are different states.
    assert!(more != *state && hash(&more) != hash(state));
}

fn hash(state: &State) -> u64 {
    let mut hasher = DefaultHasher::new();
    state.hash(&mut hasher);
    hasher.finish()
}

/// Holds what a step says of the other tasks against what becomes of them.
pub fn compare_others(
    program: &Program,
    state: &State,
    task: usize,
    step: &Successor,
    next: &State,
    world: &World<'_>,
) {
    for (id, other) in state.tasks.iter().enumerate().filter(|&(id, _)| id != task) {
        let mut applied = other.clone();
        step.broadcast.apply_to(program, &mut applied);
        assert_eq!(applied, next.tasks[id]);
        if let Some(left) = step.broadcast.left {
            let place = world.place(id).filter(|_| {
                let mut queue = world.queue((None, left.pool)).iter();
                queue.any(|&waiter| waiter == id)
            });
            let moved = place
                .filter(|&place| place > left.place)
                .map(|place| place - 1);
            assert_eq!(left.place_after(program, other), moved);
        }
    }
}

/// A task takes the same steps where the table has only the pages that it and the shared names refer to,
/// and those that are free.
pub fn compare_alone(program: &Program, state: &State, task: usize, listed: &[Successor]) {
    let task = &state.tasks[task];
    let is_named = |page: usize| {
        let names = state.shared.names.iter();
        let mut names = names.filter_map(|&name| match name {
            Name::Page(page) | Name::Dangling(Some(page)) => Some(page),
            Name::Unbound | Name::Dangling(None) => None,
        });
        names.any(|named| named == page)
    };
    let mut numbers = BTreeMap::new();
    let mut pages = PageTable::new();
    for (id, page) in state.shared.pages.iter().enumerate() {
        if let Some(page) = page
            && (page.free || task.refers_to(id) || is_named(id))
        {
            numbers.insert(id, pages.push(page.clone()));
        }
    }
    let names = state.shared.names.iter();
    let shared = Shared {
        names: names
            .map(|name| name.with_page(|page| numbers[&page]))
            .collect(),
        pages,
        ..state.shared.clone()
    };
    let task = task.with_pages(|page| numbers[&page]);
    let steps = steps(program, &task, &shared);
    assert_eq!(steps.len(), listed.len());
    for (here, there) in steps.iter().zip(listed) {
        let told = |step: &Successor| {
            let (effect, flushed) = (step.effect.clone(), step.broadcast.flushed);
            (
                step.node,
                step.branch,
                step.findings,
                step.cpu,
                effect,
                flushed,
            )
        };
        assert_eq!(told(here), told(there));
        assert_eq!(here.shared.usage, there.shared.usage);
        assert_eq!(
            (here.task.at, &here.task.held),
            (there.task.at, &there.task.held)
        );
    }
}

/// Holds what the machine says of tasks by number, and of series, against the program.
pub fn compare_program(program: &Program) {
    let mut task = 0;
    for (id, template) in program.templates.iter().enumerate() {
        let count = match template.count {
            Bound::Exactly(count) => count,
            Bound::Any => 0,
        };
        assert_eq!(instances(template.count), count);
        for number in 0..count as usize {
            assert_eq!(instance_of(program, task), Some((id, number)));
            let name = match count {
                1 => template.name.clone(),
                _ => format!("{}#{}", template.name, number + 1),
            };
            assert_eq!(task_name(program, task), name);
            task += 1;
        }
    }
    assert_eq!(instance_of(program, task), None);
    let world = World::new(program, &vec![vec![]; crate::starts::open_pages(program)]);
    for series in 0..program.series.len() {
        let found: Vec<usize> = acceptable_series(program, series).collect();
        assert_eq!(found, world.series_that_do(series));
    }
}

/// Sets of findings are sets.
#[test]
fn sets_of_findings_are_sets() {
    let kinds = FindingKind::ALL;
    assert_eq!(Findings::ALL.iter().collect::<Vec<_>>(), kinds);
    assert!(Findings::NONE.is_empty() && !Findings::ALL.is_empty());
    for (i, &a) in kinds.iter().enumerate() {
        for &b in &kinds[i..] {
            let (one, two) = (Findings::of(a), Findings::from_iter([a, b]));
            let both: BTreeSet<FindingKind> = [a, b].into();
            assert_eq!(two.iter().collect::<BTreeSet<_>>(), both);
            assert!(two.contains(a) && two.contains(b) && !two.is_empty());
            assert_eq!(one.contains(b), a == b);
            assert_eq!(one.union(Findings::of(b)), two);
            assert_eq!(one.union(one), one);
            assert_eq!(two.intersection(one), one);
            assert_eq!(one.intersection(Findings::NONE), Findings::NONE);
            let rest = if a == b {
                Findings::NONE
            } else {
                Findings::of(b)
            };
            assert_eq!(two.minus(one), rest);
            let mut grown = one;
            grown.insert(b);
            grown.insert(b);
            assert_eq!(grown, two);
        }
    }
}
