//! Initial states.
//!
//! There is one, unless some declared page has `"stale_in": "any"`: then there is one for every
//! way in which earlier uses can have left such pages mapped.

use kmapcheck_scenario::{Bound, PageDecl, Program, Reuse, SeriesId, StaleIn};

use crate::page_table::PageTable;
use crate::state::{Name, Page, ResourceState, Shared, State, Task, Usage};

/// Which initial state: for each declared page with `"stale_in": "any"` the series that still map
/// it, shared pages first, then task by task. Empty if there is only one initial state.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, PartialOrd, Ord)]
pub struct Start {
    /// The series, page by page.
    pub stale: Vec<Vec<SeriesId>>,
}

/// The sets of series in which an earlier use can have left a page mapped: those with at most one
/// `any` series, since a kmap in one of them takes a mapping in the other. Low memory has none.
#[must_use]
pub fn stale_choices(program: &Program, page: &PageDecl) -> Vec<Vec<SeriesId>> {
    match &page.stale_in {
        StaleIn::Exactly(series) => vec![series.clone()],
        StaleIn::Any if !page.highmem => vec![Vec::new()],
        StaleIn::Any => {
            let keeping: Vec<SeriesId> = (0..program.series.len())
                .filter(|&s| program.series[s].reuse.keeps_mappings())
                .collect();
            let any = |set: &&Vec<SeriesId>| {
                set.iter()
                    .filter(|&&s| program.series[s].reuse == Reuse::Any)
                    .count()
                    <= 1
            };
            let mut sets: Vec<Vec<SeriesId>> = vec![Vec::new()];
            for series in keeping {
                let with: Vec<Vec<SeriesId>> = sets
                    .iter()
                    .map(|set| set.iter().copied().chain([series]).collect())
                    .collect();
                sets.extend(with);
                sets = sets.iter().filter(any).cloned().collect();
            }
            sets
        }
    }
}

/// Whether a page has more than one choice.
#[must_use]
pub fn is_open(page: &PageDecl) -> bool {
    page.stale_in == StaleIn::Any
}

/// The declared pages with their owners' template (`None`: shared), instance by instance, in the
/// order of [`Start::stale`].
fn declared(program: &Program) -> impl Iterator<Item = &PageDecl> {
    let own = program.templates.iter().flat_map(|template| {
        (0..instances(template.count))
            .flat_map(|_| template.vars.iter().filter_map(|var| var.page.as_ref()))
    });
    program.pages.iter().chain(own)
}

/// How many instances; engines refuse `"any"` before they build a state.
#[must_use]
pub fn instances(count: Bound) -> u32 {
    match count {
        Bound::Exactly(n) => n,
        Bound::Any => 0,
    }
}

/// Calls `visit` with every start that fits the slots, until it returns false.
///
/// Page by page, and only as long as there is room: of all choices for twenty pages few fit a
/// handful of slots.
pub fn for_each_start(program: &Program, mut visit: impl FnMut(Start) -> bool) {
    let open: Vec<Vec<Vec<SeriesId>>> = declared(program)
        .filter(|page| is_open(page))
        .map(|page| stale_choices(program, page))
        .collect();
    let Some(mut room) = room(program) else {
        return;
    };
    let mut chosen: Vec<usize> = Vec::new();
    let mut from = 0;
    loop {
        let fitting = open.get(chosen.len()).and_then(|sets| {
            (from..sets.len()).find(|&i| sets[i].iter().all(|&series| room[series] > 0))
        });
        if let Some(i) = fitting {
            open[chosen.len()][i].iter().for_each(|&s| room[s] -= 1);
            chosen.push(i);
            from = 0;
            continue;
        }
        if chosen.len() == open.len() {
            let sets = chosen.iter().zip(&open).map(|(&i, sets)| sets[i].clone());
            if !visit(Start {
                stale: sets.collect(),
            }) {
                return;
            }
        }
        let Some(i) = chosen.pop() else { return };
        open[chosen.len()][i].iter().for_each(|&s| room[s] += 1);
        from = i + 1;
    }
}

/// The slots that are left of each series by the leftovers that are declared for certain; `None`:
/// those do not fit.
fn room(program: &Program) -> Option<Vec<u64>> {
    let mut certain = vec![0u64; program.series.len()];
    for page in declared(program) {
        if let StaleIn::Exactly(list) = &page.stale_in {
            list.iter().for_each(|&series| certain[series] += 1);
        }
    }
    (program.series.iter().zip(certain))
        .map(|(series, certain)| match series.slots {
            Bound::Exactly(slots) => u64::from(slots).checked_sub(certain),
            Bound::Any => Some(u64::MAX - certain),
        })
        .collect()
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
        let name = declare(&mut shared, decl);
        shared.names.push(name);
    }
    let mut tasks = Vec::new();
    for (id, template) in program.templates.iter().enumerate() {
        for _ in 0..instances(template.count) {
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
                queued: false,
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

#[cfg(test)]
mod tests {
    use super::*;

    fn page(stale_in: StaleIn) -> PageDecl {
        PageDecl {
            name: "p".into(),
            highmem: true,
            stale_in,
        }
    }

    #[test]
    fn an_earlier_use_leaves_at_most_one_any_mapping() {
        let program = crate::testing::program(
            r#"{ "series": { "A": { "slots": 1, "reuse": "any" }, "B": { "slots": 1, "reuse": "any" },
                             "O": { "slots": 1, "reuse": "own" }, "N": { "slots": 1, "reuse": "none" } } }"#,
            r#""tasks": [ { "name": "t", "program": [ { "might_sleep": true } ] } ]"#,
        );
        // {}, A, B, O, A+O, B+O: never A+B, never N.
        assert_eq!(
            stale_choices(&program, &page(StaleIn::Any)),
            [vec![], vec![0], vec![1], vec![2], vec![0, 2], vec![1, 2]]
        );
    }

    #[test]
    fn starts_fit_the_slots() {
        let program = crate::testing::program(
            r#"{ "series": { "S": { "slots": 1, "reuse": "own" } } }"#,
            r#""tasks": [ { "name": "t", "count": 2, "pages": [ { "name": "p", "stale_in": "any" } ],
                            "program": [ { "kmap": "p", "series": "S" }, { "kunmap": "p" } ] } ]"#,
        );
        let mut starts = Vec::new();
        for_each_start(&program, |start| {
            starts.push(start.stale);
            true
        });
        // Both pages unmapped, or one of them stale: two stale ones would need two slots.
        assert_eq!(
            starts,
            [
                vec![vec![], vec![]],
                vec![vec![], vec![0]],
                vec![vec![0], vec![]]
            ]
        );
    }
}
