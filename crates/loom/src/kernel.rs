//! One kernel for one execution: all rooms together, as the scenario declares them.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use kmapcheck_machine::{Name, Start};
use kmapcheck_scenario::{
    Op, PageDecl, Program, Ref, ResourceKind, Reuse, SeriesId, StaleIn, TemplateId,
};

use crate::choices::{Asked, Policy};
use crate::completion::Completion;
use crate::faults::Faults;
use crate::freelist::{Page, Pages};
use crate::pkmap::{Kmaps, PageId};
use crate::recorder::Recorder;
use crate::rwsem::Rwsem;
use crate::semaphore::Semaphore;
use crate::spinlock::Spinlock;
use crate::tasks::{TaskId, Tasks};

/// What stays the same in all executions of a program.
#[derive(Debug)]
pub(crate) struct Layout {
    /// The template of each task.
    pub(crate) templates: Vec<TemplateId>,
    /// Which `kmap_lock` each series is under.
    pub(crate) group: Vec<usize>,
    /// Whether pages are allocated or freed: then one lock guards all that concerns pages.
    pub(crate) pages_move: bool,
}

impl Layout {
    pub(crate) fn of(program: &Program) -> Layout {
        let templates = program
            .templates
            .iter()
            .enumerate()
            .flat_map(|(id, template)| {
                (0..kmapcheck_machine::instances(template.count)).map(move |_| id)
            })
            .collect();
        let pages_move = program.has_op(Op::uses_freelist);
        Layout {
            templates,
            group: groups(program, pages_move),
            pages_move,
        }
    }
}

/// Series share a lock if a kmap in one may look up a mapping in the other, or if operations on
/// pages look at the mappings in all of them.
fn groups(program: &Program, pages_move: bool) -> Vec<usize> {
    let looks_around = program
        .series
        .iter()
        .any(|series| series.reuse == Reuse::Any);
    let joined = |series: SeriesId| {
        pages_move || (looks_around && program.series[series].reuse.keeps_mappings())
    };
    (0..program.series.len())
        .map(|s| if joined(s) { 0 } else { s + 1 })
        .collect()
}

/// Where an execution starts, and what its tasks decide.
#[derive(Debug, Clone)]
pub(crate) struct Setup {
    pub(crate) program: Arc<Program>,
    pub(crate) layout: Arc<Layout>,
    pub(crate) start: Start,
    /// `last_pkmap_nr`, by series.
    pub(crate) scan: Vec<usize>,
    pub(crate) policy: Arc<Policy>,
}

/// A lock, mempool or completion.
pub(crate) enum Resource {
    Spinlock(Spinlock),
    Rwsem(Rwsem),
    Units(Semaphore),
    Completion(Completion),
}

impl Resource {
    fn new(kind: ResourceKind) -> Self {
        match kind {
            ResourceKind::Spinlock => Resource::Spinlock(Spinlock::new()),
            ResourceKind::Rwsem { fair } => Resource::Rwsem(Rwsem::new(fair)),
            ResourceKind::Semaphore { units, .. } | ResourceKind::Mempool { units, .. } => {
                let free = kind.units_at_start().expect("it has units");
                Resource::Units(Semaphore::new(units, free))
            }
            ResourceKind::Completion => Resource::Completion(Completion::new()),
        }
    }
}

/// The kernel.
pub(crate) struct Kernel<F> {
    pub(crate) program: Arc<Program>,
    pub(crate) layout: Arc<Layout>,
    pub(crate) tasks: Tasks,
    pub(crate) recorder: Rc<Recorder>,
    pub(crate) pages: RefCell<Pages>,
    /// The page names of each task at the start.
    pub(crate) own_names: Vec<Vec<Name>>,
    kmaps: Vec<Kmaps<F>>,
    shared: Vec<Resource>,
    own: Vec<Vec<Resource>>,
    policy: Arc<Policy>,
    asked: RefCell<(Vec<usize>, Asked)>,
}

impl<F: Faults> Kernel<F> {
    pub(crate) fn new(setup: &Setup, recorder: Rc<Recorder>) -> Self {
        let program = &setup.program;
        let mut pages = Pages::default();
        let mut stale = Vec::new();
        let mut open = setup.start.stale.iter();
        let mut declare = |pages: &mut Pages, decl: &PageDecl| {
            let page = pages.add(Page {
                highmem: decl.highmem,
                ..Page::fresh()
            });
            let series = match &decl.stale_in {
                StaleIn::Exactly(series) => Some(series),
                StaleIn::Any => open.next(),
            };
            stale.extend(series.into_iter().flatten().map(|&series| (page, series)));
            Name::Page(page)
        };
        for decl in &program.pages {
            let name = declare(&mut pages, decl);
            pages.names.push(name);
        }
        let mut own_names = Vec::new();
        for &template in &setup.layout.templates {
            let vars = program.templates[template].vars.iter();
            let bound = vars.map(|var| {
                var.page
                    .as_ref()
                    .map_or(Name::Unbound, |decl| declare(&mut pages, decl))
            });
            own_names.push(bound.collect());
        }
        // Where the freelist has no bound, fresh pages come as they are asked for.
        for _ in 0..program.free_pages.unwrap_or(0) {
            pages.add(Page {
                free: true,
                ..Page::fresh()
            });
        }
        let count = pages.pages.len();
        let locks = setup
            .layout
            .group
            .iter()
            .copied()
            .max()
            .map_or(1, |last| last + 1);
        let resources = |list: &[kmapcheck_scenario::Resource]| {
            list.iter()
                .map(|resource| Resource::new(resource.kind))
                .collect::<Vec<_>>()
        };
        Kernel {
            program: Arc::clone(program),
            layout: Arc::clone(&setup.layout),
            tasks: Tasks::new(setup.layout.templates.len()),
            recorder,
            pages: RefCell::new(pages),
            own_names,
            kmaps: (0..locks)
                .map(|lock| {
                    let here =
                        |&&(_, series): &&(PageId, SeriesId)| setup.layout.group[series] == lock;
                    let stale: Vec<_> = stale.iter().filter(here).copied().collect();
                    Kmaps::new(program, count, &stale, &setup.scan)
                })
                .collect(),
            shared: resources(&program.resources),
            own: setup
                .layout
                .templates
                .iter()
                .map(|&template| resources(&program.templates[template].resources))
                .collect(),
            policy: Arc::clone(&setup.policy),
            asked: RefCell::new((vec![0; setup.layout.templates.len()], Asked::default())),
        }
    }

    /// The kmaps that hold a series.
    pub(crate) fn kmaps(&self, series: SeriesId) -> &Kmaps<F> {
        &self.kmaps[self.layout.group[series]]
    }

    /// The kmaps whose lock guards all pages, where pages are allocated or freed.
    pub(crate) fn all_kmaps(&self) -> &Kmaps<F> {
        &self.kmaps[0]
    }

    /// A lock, mempool or completion, seen by a task.
    pub(crate) fn resource(&self, task: TaskId, what: Ref) -> &Resource {
        match what {
            Ref::Shared(i) => &self.shared[i],
            Ref::Own(i) => &self.own[task][i],
        }
    }

    /// What a task decides.
    pub(crate) fn choose(&self, task: TaskId, arity: usize) -> usize {
        if arity <= 1 {
            return 0;
        }
        let mut asked = self.asked.borrow_mut();
        let question = (task, asked.0[task]);
        asked.0[task] += 1;
        asked.1.insert(question, arity);
        // What was not asked before is answered with 0 at first. How many answers there are can
        // depend on the schedule: the last stands for those that there are not.
        let answer = self.policy.get(&question).copied().unwrap_or(0);
        answer.min(arity - 1)
    }

    /// The questions that came up.
    pub(crate) fn asked(&self) -> Asked {
        self.asked.take().1
    }
}
