//! Local states and worlds.
//!
//! A page that only one task refers to is part of that task's [`Local`] state, with its mappings;
//! pages that a shared name stands for, or that several tasks refer to, are *common* and stay in
//! the [`World`]; free pages that nobody refers to are counted there by their mapping state. Pages
//! that are lost (allocated, but nobody can name them) leave only their slots behind, in the
//! usage of the series. Together, the world and the multiset of locals determine the named state
//! up to the numbering of alike tasks and pages, which no operation can tell apart: so the counted
//! system is a bisimulation quotient of the named one.

mod tidy;

use kmapcheck_machine::{
    LeftQueue, Map, Name, Page, PageId, ResourceState, Shared, State, Successor, Task, Usage,
    is_forgettable,
};
use kmapcheck_scenario::{Program, SeriesId};

pub(crate) use self::tidy::tidy_as;

/// Page numbers of a local state from here on are numbers of common pages.
const COMMON: PageId = 1 << 32;

/// A task and the pages that only it refers to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Local {
    /// The task; its page numbers are indices of `pages`, or `COMMON` plus one of common pages.
    task: Task,
    /// Its own pages, in the order in which the task first refers to them.
    pages: Vec<Page>,
}

/// Everything but the tasks.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct World {
    usage: Vec<Usage>,
    resources: Vec<ResourceState>,
    /// The shared names; page numbers are indices of `common`.
    names: Vec<Name>,
    common: Vec<Page>,
    /// Free pages that nobody refers to, with how many there are of each; sorted.
    free: Vec<(Page, u32)>,
    busy_cpus: u32,
}

/// A counted state: a world, and how many tasks are in which local state.
pub(crate) struct Embedded {
    pub world: World,
    /// One for each task.
    pub locals: Vec<Local>,
}

/// What becomes of a world and a local state by a step.
pub(crate) struct Stepped {
    pub world: World,
    pub local: Local,
    /// Tasks elsewhere whose local state has stale mappings of this series lose them.
    pub flushed: Option<SeriesId>,
    /// Names elsewhere that stand for this common page come to dangle.
    pub freed: Option<PageId>,
    /// Tasks elsewhere that queue behind move up.
    pub left: Option<LeftQueue>,
    /// Whether common pages may have come to be, or to be superfluous: see [`tidy_as`].
    pub untidy: bool,
}

impl Local {
    pub(crate) fn task(&self) -> &Task {
        &self.task
    }

    /// Bytes that it takes, roughly.
    pub(crate) fn memory(&self) -> usize {
        size_of::<Local>() + self.task.memory() + size_of_val(&*self.pages)
    }

    /// Where the task refers to that common page: the page that `named`, the same task in a named
    /// state, refers to there.
    pub(crate) fn page_named_by(&self, common: PageId, named: &Task) -> Option<PageId> {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        self.task.for_each_page(|page| ours.push(page));
        named.for_each_page(|page| theirs.push(page));
        ours.iter()
            .position(|&page| page == COMMON + common)
            .map(|i| theirs[i])
    }

    /// The task as [`World::shared_for`] numbers its pages: common ones first, its own behind.
    pub(crate) fn seen_task(&self, world: &World) -> Task {
        let common = world.common.len();
        self.task.with_pages(|page| {
            if page >= COMMON {
                page - COMMON
            } else {
                common + page
            }
        })
    }

    /// The slots that it pins alone, series by series, if it refers to no common page.
    pub(crate) fn solo_slots(&self, program: &Program) -> Vec<u32> {
        let mut slots = vec![0; program.series.len()];
        for page in &self.pages {
            page.count
                .iter()
                .zip(&mut slots)
                .for_each(|(&count, slots)| *slots += u32::from(count > 1));
        }
        for map in &self.task.maps {
            if let Map::Pin { lies, .. } = *map
                && !program.series[lies].reuse.keeps_mappings()
            {
                slots[lies] += 1;
            }
        }
        slots
    }

    /// Whether the task holds nothing, leaves no mapping behind and knows no page that others know:
    /// then it makes no difference to them.
    pub(crate) fn is_empty_handed(&self) -> bool {
        let task = &self.task;
        task.maps.is_empty()
            && task.held.is_empty()
            && task.page_locks.is_empty()
            && task.queued.is_none()
            && !task.on_cpu
            && (self.pages.iter()).all(|page| page.count.iter().all(|&count| count == 0))
            && !self.refers_to_common()
    }

    /// Whether it refers to common pages.
    pub(crate) fn refers_to_common(&self) -> bool {
        let mut common = false;
        self.task.for_each_page(|page| common |= page >= COMMON);
        common
    }

    fn refers_to(&self, common: PageId) -> bool {
        let mut refers = false;
        self.task
            .for_each_page(|page| refers |= page == COMMON + common);
        refers
    }

    /// The local state without stale mappings of `series`, or `None` if it has none.
    pub(crate) fn after_flush(&self, series: SeriesId) -> Option<Local> {
        if self.pages.iter().all(|page| page.count[series] != 1) {
            return None;
        }
        let mut local = self.clone();
        local
            .pages
            .iter_mut()
            .filter(|page| page.count[series] == 1)
            .for_each(|page| page.count[series] = 0);
        Some(local)
    }

    /// The local state after a common page was freed, or `None` if it has no name for it.
    pub(crate) fn after_free(&self, program: &Program, common: PageId) -> Option<Local> {
        let freed = COMMON + common;
        if !self.task.names.contains(&Name::Page(freed)) {
            return None;
        }
        let mut local = self.clone();
        kmapcheck_machine::Broadcast {
            freed: Some(freed),
            ..kmapcheck_machine::Broadcast::default()
        }
        .apply_to(program, &mut local.task);
        Some(local)
    }

    /// The local state after somebody left a queue, or `None` if it is in no place behind.
    pub(crate) fn after_leave(&self, program: &Program, left: LeftQueue) -> Option<Local> {
        let place = left.place_after(program, &self.task)?;
        let mut local = self.clone();
        local.task.queued = Some(place);
        Some(local)
    }

    /// Builds the local state of a task whose pages `page_of` gives, `None` for common ones, whose
    /// numbers `common` translates.
    fn new(
        task: &Task,
        page_of: impl Fn(PageId) -> Option<Page>,
        common: impl Fn(PageId) -> PageId,
    ) -> Local {
        let mut own: Vec<PageId> = Vec::new();
        let mut pages = Vec::new();
        task.for_each_page(|page| {
            if !own.contains(&page)
                && let Some(content) = page_of(page)
            {
                own.push(page);
                pages.push(content);
            }
        });
        let to = |page| {
            own.iter()
                .position(|&other| other == page)
                .unwrap_or_else(|| COMMON + common(page))
        };
        Local {
            task: task.with_pages(to),
            pages,
        }
    }
}

impl World {
    /// Bytes that it takes, roughly.
    pub(crate) fn memory(&self) -> usize {
        size_of::<World>()
            + size_of_val(&*self.usage)
            + size_of_val(&*self.resources)
            + size_of_val(&*self.names)
            + size_of_val(&*self.common)
            + size_of_val(&*self.free)
    }

    pub(crate) fn common_pages(&self) -> usize {
        self.common.len()
    }

    /// How many pages it knows of.
    pub(crate) fn pages(&self) -> usize {
        self.common_pages() + self.free.len()
    }

    pub(crate) fn shared_names(&self) -> &[Name] {
        &self.names
    }

    pub(crate) fn usage(&self) -> &[Usage] {
        &self.usage
    }

    pub(crate) fn resources(&self) -> &[ResourceState] {
        &self.resources
    }

    /// The shared part as a task in `local` sees it: common pages, its own pages, and one free page
    /// of each sort.
    pub(crate) fn shared_for(&self, local: Option<&Local>) -> Shared {
        let own = local.map_or(&[][..], |local| &local.pages);
        let free = self.free.iter().map(|(page, _)| page);
        Shared {
            usage: self.usage.clone(),
            resources: self.resources.clone(),
            names: self.names.clone(),
            pages: self.common.iter().chain(own).chain(free).cloned().collect(),
            busy_cpus: self.busy_cpus,
        }
    }

    /// Adds free pages that nobody refers to.
    fn add_free(free: &mut Vec<(Page, u32)>, program: &Program, page: Page, n: u32) {
        if n == 0 || is_forgettable(program, &page) {
            return;
        }
        match free.binary_search_by(|(other, _)| other.cmp(&page)) {
            Ok(i) => free[i].1 += n,
            Err(i) => free.insert(i, (page, n)),
        }
    }

    /// Whether some common page has no shared name.
    pub(crate) fn has_nameless(&self) -> bool {
        (0..self.common.len()).any(|page| !self.is_named(page))
    }

    fn is_named(&self, common: PageId) -> bool {
        self.names
            .iter()
            .any(|&name| matches!(name, Name::Page(p) | Name::Dangling(Some(p)) if p == common))
    }
}

/// The number of a common page among those: a page with a shared name, or one that is not a task's
/// own.
fn common_number(numbers: &[Option<PageId>], page: PageId) -> PageId {
    numbers[page].expect("a page that has a name, or is not a task's own, is common")
}

/// Takes a named state apart.
pub(crate) fn embed(program: &Program, state: &State) -> Embedded {
    embed_as(program, state, false)
}

/// The same; if pages are told apart by number, free ones are common, in the order of their
/// numbers, rather than counted.
pub(crate) fn embed_as(program: &Program, state: &State, names_pages: bool) -> Embedded {
    let shared = &state.shared;
    let mut references = vec![0u32; shared.pages.len()];
    for task in &state.tasks {
        let mut seen: Vec<PageId> = Vec::new();
        task.for_each_page(|page| {
            if !seen.contains(&page) {
                seen.push(page);
                references[page] += 1;
            }
        });
    }
    let mut number: Vec<Option<PageId>> = vec![None; shared.pages.len()];
    let mut common = Vec::new();
    let mut make_common = |page: PageId| {
        if number[page].is_none() {
            number[page] = Some(common.len());
            common.push(shared.page(page).clone());
        }
    };
    for name in &shared.names {
        if let Name::Page(page) | Name::Dangling(Some(page)) = *name {
            make_common(page);
        }
    }
    for (page, &references) in references.iter().enumerate() {
        let Some(content) = &shared.pages[page] else {
            continue;
        };
        let named = names_pages && content.free && !is_forgettable(program, content);
        if references > 1 || (references == 1 && content.free) || named {
            make_common(page);
        }
    }
    let mut free = Vec::new();
    for (page, content) in shared.pages.iter().enumerate() {
        if let Some(content) = content
            && content.free
            && number[page].is_none()
        {
            World::add_free(&mut free, program, content.clone(), 1);
        }
    }
    let world = World {
        usage: shared.usage.clone(),
        resources: shared.resources.clone(),
        names: shared
            .names
            .iter()
            .map(|name| name.with_page(|page| common_number(&number, page)))
            .collect(),
        common,
        free,
        busy_cpus: shared.busy_cpus,
    };
    let own = |page: PageId| number[page].is_none().then(|| shared.page(page).clone());
    let locals = state
        .tasks
        .iter()
        .map(|task| Local::new(task, own, |page| common_number(&number, page)))
        .collect();
    Embedded { world, locals }
}

/// Some named state that the counted one stands for.
pub(crate) fn materialise(world: &World, locals: &[(std::rc::Rc<Local>, u32)]) -> State {
    let mut shared = world.shared_for(None);
    shared.pages = world.common.iter().cloned().collect();
    let mut tasks = Vec::new();
    for (local, n) in locals {
        for _ in 0..*n {
            let first = shared.pages.len();
            shared.pages.extend(local.pages.iter().cloned());
            tasks.push(local.task.with_pages(|page| {
                if page >= COMMON {
                    page - COMMON
                } else {
                    first + page
                }
            }));
        }
    }
    for (page, n) in &world.free {
        shared.pages.extend((0..*n).map(|_| page.clone()));
    }
    State { shared, tasks }
}

/// Takes a step of a task in `local`, as the machine gave it, apart. If pages are told apart by
/// number, those that come to be and those that are freed become common.
pub(crate) fn stepped(
    program: &Program,
    world: &World,
    local: &Local,
    step: &Successor,
    names_pages: bool,
) -> Stepped {
    let (commons, owns) = (world.common.len(), local.pages.len());
    let table = &step.shared.pages;
    let mut referred = vec![false; table.len()];
    step.task.for_each_page(|page| referred[page] = true);
    let mut named = vec![false; table.len()];
    for name in &step.shared.names {
        if let Name::Page(page) | Name::Dangling(Some(page)) = *name {
            named[page] = true;
        }
    }
    let mut number: Vec<Option<PageId>> = vec![None; table.len()];
    let mut common: Vec<Page> = Vec::new();
    let mut free: Vec<(Page, u32)> = Vec::new();
    for (page, content) in table.iter().enumerate() {
        let Some(content) = content else { continue };
        let sort = page
            .checked_sub(commons + owns)
            .and_then(|sort| world.free.get(sort));
        let taken = sort.is_some() && (referred[page] || named[page] || !content.free);
        if let Some((kept, n)) = sort {
            // The others of its sort: as the sort was if one was taken, else as the step left it.
            let (rest, n) = if taken { (kept, n - 1) } else { (content, *n) };
            World::add_free(&mut free, program, rest.clone(), n);
        }
        let told_apart = names_pages
            && if content.free {
                !is_forgettable(program, content)
            } else {
                page >= commons + owns && referred[page]
            };
        if page < commons || named[page] || (referred[page] && content.free) || told_apart {
            number[page] = Some(common.len());
            common.push(content.clone());
        } else if sort.is_none() && !referred[page] && content.free {
            World::add_free(&mut free, program, content.clone(), 1);
        }
    }
    let own = |page: PageId| {
        number[page]
            .is_none()
            .then(|| step.shared.page(page).clone())
    };
    let next_local = Local::new(&step.task, own, |page| common_number(&number, page));
    let next_world = World {
        usage: step.shared.usage.clone(),
        resources: step.shared.resources.clone(),
        names: step
            .shared
            .names
            .iter()
            .map(|name| name.with_page(|page| common_number(&number, page)))
            .collect(),
        common,
        free,
        busy_cpus: step.shared.busy_cpus,
    };
    let untidy = next_world.has_nameless() || next_world.names != world.names;
    Stepped {
        local: next_local,
        flushed: step.broadcast.flushed,
        freed: step.broadcast.freed.filter(|&page| page < commons),
        left: step.broadcast.left,
        untidy,
        world: next_world,
    }
}
