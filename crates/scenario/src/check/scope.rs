//! Which name means which page, lock, mempool or completion, seen from a task.
//!
//! A task's own names come before those that all tasks share. Pages are one kind of name;
//! locks, mempools and completions together are another, since all are things to wait for.

use std::collections::HashMap;

use crate::check::model::{Model, check_available, check_lock, note_duplicate};
use crate::program::{Bound, Ref, Resource, ResourceKind, Series, SeriesId};
use crate::read::decode::{Map, Name, entries};
use crate::read::operations::{Operand, PRIMITIVES};
use crate::read::scenario::{LockFile, MempoolFile, UnitsFile};
use crate::source::diagnostic::{Code, Log, Problem};
use crate::source::nearest::{help_for, quoted};
use crate::source::text::Span;

/// Locks, mempools and completions declared in one place, by name.
#[derive(Debug, Default)]
pub(crate) struct Resources {
    pub(crate) list: Vec<Resource>,
    by_name: HashMap<String, usize>,
    /// Those of `list` that have any number of units.
    open: Vec<usize>,
}

impl Resources {
    /// Takes in the declarations of a scenario or of a task.
    pub(crate) fn declare(
        locks: Option<&Map<LockFile>>,
        mempools: Option<&Map<MempoolFile>>,
        completions: Option<&Vec<Name>>,
        kernel: Kernel<'_>,
        log: &mut Log,
    ) -> Self {
        let mut resources = Resources::default();
        for (name, lock) in entries(locks) {
            check_lock(name, lock, &kernel.model.series_names, log);
            resources.add(name, kernel.lock(name.text(), lock), log);
        }
        for (name, mempool) in entries(mempools) {
            let elements = kernel.given(name.text()).unwrap_or(mempool.elements);
            let available = mempool.available.as_ref();
            check_available(
                name,
                available,
                mempool.owned,
                Some(mempool.elements),
                "elements",
                log,
            );
            let kind = ResourceKind::Mempool {
                units: elements.most(),
                owned: mempool.owned,
                available: available.map(|number| number.0.value),
            };
            let resource = unranked(name.text(), kind);
            resources.add_unranked(name, (resource, elements), kernel, log);
        }
        for name in completions.into_iter().flatten() {
            let resource = unranked(name.text(), ResourceKind::Completion);
            resources.add_unranked(name, (resource, Bound::Exactly(1)), kernel, log);
        }
        resources
    }

    /// Takes in the model's locks, except those whose names mean something else already.
    pub(crate) fn inherit(&mut self, kernel: Kernel<'_>) {
        for (name, lock) in entries(kernel.model.locks.as_ref()) {
            if !self.contains(name.text()) {
                self.push(kernel.lock(name.text(), lock));
            }
        }
    }

    /// A mempool or completion, which the order has no place for.
    fn add_unranked(
        &mut self,
        name: &Name,
        (resource, units): (Resource, Bound),
        kernel: Kernel<'_>,
        log: &mut Log,
    ) {
        let kind = resource.kind;
        if kernel.model.order.rank(name.text()).is_some() {
            let message = format!(
                "the model's order names {}, which is {} here",
                quoted(name.text()),
                kind_name(kind)
            );
            log.push(
                Problem::at(Code::WrongKind, name.span(), message)
                    .label(kind_name(kind))
                    .help("the order is of series and locks: call this something else"),
            );
        }
        self.add(name, (resource, units), log);
    }

    fn add(&mut self, name: &Name, resource: (Resource, Bound), log: &mut Log) {
        if self.contains(name.text()) {
            note_duplicate("name", name, log);
            return;
        }
        self.push(resource);
    }

    /// The names of the locks, without mempools and completions.
    pub(crate) fn lock_names(&self) -> impl Iterator<Item = &str> {
        let locks = self.list.iter().filter(|resource| {
            !matches!(
                resource.kind,
                ResourceKind::Mempool { .. } | ResourceKind::Completion
            )
        });
        locks.map(|resource| resource.name.as_str())
    }

    pub(crate) fn contains(&self, name: &str) -> bool {
        self.by_name.contains_key(name)
    }

    /// Takes in a resource, and how many units it has if it follows no series.
    pub(crate) fn push(&mut self, (resource, units): (Resource, Bound)) {
        self.by_name.insert(resource.name.clone(), self.list.len());
        if units == Bound::Any && resource.follows.is_none() {
            self.open.push(self.list.len());
        }
        self.list.push(resource);
    }

    /// Gives those with any number of units a series each to follow, from this number on: one that
    /// nobody maps pages in. What is known of `"slots": "any"` then holds for them.
    pub(crate) fn follow_series_of_their_own(&mut self, first: SeriesId) -> Vec<Series> {
        let mut series = Vec::new();
        for &open in &self.open {
            let resource = &mut self.list[open];
            resource.follows = Some(first + series.len());
            series.push(Series::of_units(&resource.name));
        }
        series
    }

    /// Whether that has any number of units.
    pub(crate) fn is_open(&self, name: &str) -> bool {
        let index = self.by_name.get(name);
        index.is_some_and(|index| self.open.contains(index))
    }
}

/// What a lock's declaration can refer to: the model, and how many slots its series have in the
/// end.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kernel<'a> {
    pub(crate) model: &'a Model,
    pub(crate) slots: &'a [Bound],
    /// The user's numbers of units, by semaphore or mempool.
    pub(crate) units: &'a [(String, Bound)],
}

impl Kernel<'_> {
    /// How many units the user gives something, if he does.
    fn given(self, name: &str) -> Option<Bound> {
        let given = self.units.iter().find(|(of, _)| of == name);
        given.map(|(_, bound)| *bound)
    }

    /// A lock, and how many units it has if it follows no series.
    fn lock(self, name: &str, lock: &LockFile) -> (Resource, Bound) {
        let mut number = Bound::Exactly(1);
        let (kind, follows) = match lock {
            LockFile::Spin => (ResourceKind::Spinlock, None),
            LockFile::Rwsem { fair } => (ResourceKind::Rwsem { fair: *fair }, None),
            LockFile::Semaphore(semaphore) => {
                let (bound, follows) = self.units(name, &semaphore.semaphore);
                let units = bound.most();
                number = bound;
                let owned = semaphore.owned.as_ref().is_none_or(|owned| owned.value);
                let available = semaphore.available.as_ref();
                let kind = ResourceKind::Semaphore {
                    units,
                    owned,
                    available: available.map(|number| number.0.value.min(units)),
                    fair: semaphore.fair.as_ref().is_some_and(|fair| fair.value),
                };
                (kind, follows)
            }
        };
        let resource = Resource {
            name: name.to_owned(),
            kind,
            follows,
            rank: self.model.order.rank(name),
        };
        (resource, number)
    }

    fn units(self, name: &str, units: &UnitsFile) -> (Bound, Option<SeriesId>) {
        let of = match units {
            UnitsFile::Given(bound) => return (self.given(name).unwrap_or(*bound), None),
            UnitsFile::SlotsOf(of) => of,
        };
        let names = &self.model.series_names;
        match names.iter().position(|known| known == of.text()) {
            Some(series) => (self.slots[series], Some(series)),
            // No such series, which was noted.
            None => (Bound::Any, None),
        }
    }
}

/// Something that the model's order has no place for.
fn unranked(name: &str, kind: ResourceKind) -> Resource {
    Resource {
        name: name.to_owned(),
        kind,
        follows: None,
        rank: None,
    }
}

/// The names a task sees.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scope<'a> {
    /// How messages call the task.
    pub(crate) task: &'a str,
    pub(crate) own: &'a Resources,
    pub(crate) shared: &'a Resources,
    pub(crate) own_pages: &'a HashMap<String, usize>,
    pub(crate) shared_pages: &'a HashMap<String, usize>,
}

impl<'a> Scope<'a> {
    /// The page of that name, if it is declared.
    pub(crate) fn page(&self, name: &str) -> Option<Ref> {
        let own = self.own_pages.get(name).map(|index| Ref::Own(*index));
        own.or_else(|| self.shared_pages.get(name).map(|index| Ref::Shared(*index)))
    }

    /// The lock, mempool or completion of that name.
    fn resource(&self, name: &str) -> Option<(Ref, &'a Resource)> {
        let find = |resources: &'a Resources| {
            let index = *resources.by_name.get(name)?;
            Some((index, &resources.list[index]))
        };
        let own = find(self.own).map(|(index, found)| (Ref::Own(index), found));
        own.or_else(|| find(self.shared).map(|(index, found)| (Ref::Shared(index), found)))
    }

    /// What `name` means as the operand of an operation; notes it if it means nothing there.
    pub(crate) fn resolve(
        &self,
        name: &str,
        span: Span,
        operation: &str,
        operand: Operand,
        log: &mut Log,
    ) -> Option<(Ref, &'a Resource)> {
        match self.resource(name) {
            Some((found, resource)) if fits(operand, resource.kind) => Some((found, resource)),
            Some((_, &Resource { kind, .. })) => {
                let message = format!(
                    "{} is {}; {} needs {}",
                    quoted(name),
                    kind_name(kind),
                    quoted(operation),
                    wanted(operand).0
                );
                let suited = PRIMITIVES
                    .iter()
                    .filter(|primitive| fits(primitive.operand, kind));
                let suited: Vec<&str> = suited.map(|primitive| primitive.name).collect();
                let help = format!(
                    "operations for {}: {}",
                    kind_name(kind),
                    crate::source::nearest::listed(suited)
                );
                log.push(
                    Problem::at(Code::WrongKind, span, message)
                        .label(kind_name(kind))
                        .help(help),
                );
                None
            }
            None => {
                let (_, what, code) = wanted(operand);
                let known: Vec<&str> = self
                    .own
                    .list
                    .iter()
                    .chain(&self.shared.list)
                    .filter(|resource| class(resource.kind) == code)
                    .map(|resource| resource.name.as_str())
                    .collect();
                let message = format!("there is no {what} {}", quoted(name));
                let plural = format!("{what}s");
                let homes = match code {
                    Code::UnknownLock => format!("{}, the scenario or the model", self.task),
                    _ => format!("{} or the scenario", self.task),
                };
                log.push(
                    Problem::at(code, span, message)
                        .label(format!("not a {what} of {homes}"))
                        .help(help_for(name, &plural, known)),
                );
                None
            }
        }
    }
}

/// Whether an operation with that operand works on that kind of thing.
fn fits(operand: Operand, kind: ResourceKind) -> bool {
    matches!(
        (operand, kind),
        (Operand::Spinlock, ResourceKind::Spinlock)
            | (Operand::Semaphore, ResourceKind::Semaphore { .. })
            | (Operand::Rwsem, ResourceKind::Rwsem { .. })
            | (Operand::Mempool, ResourceKind::Mempool { .. })
            | (Operand::Completion, ResourceKind::Completion)
    )
}

/// The kind of thing, with its article.
fn kind_name(kind: ResourceKind) -> &'static str {
    match kind {
        ResourceKind::Spinlock => "a spinlock",
        ResourceKind::Rwsem { .. } => "an rwsem",
        ResourceKind::Semaphore { .. } => "a semaphore",
        ResourceKind::Mempool { .. } => "a mempool",
        ResourceKind::Completion => "a completion",
    }
}

/// What an operand has to be: the kind with its article, the word for it, and the code of a name
/// that means none.
fn wanted(operand: Operand) -> (&'static str, &'static str, Code) {
    match operand {
        Operand::Spinlock => ("a spinlock", "lock", Code::UnknownLock),
        Operand::Rwsem => ("an rwsem", "lock", Code::UnknownLock),
        Operand::Mempool => ("a mempool", "mempool", Code::UnknownMempool),
        Operand::Completion => ("a completion", "completion", Code::UnknownCompletion),
        _ => ("a semaphore", "lock", Code::UnknownLock),
    }
}

/// The code of an unknown name, by the kind of thing it would have been.
fn class(kind: ResourceKind) -> Code {
    match kind {
        ResourceKind::Mempool { .. } => Code::UnknownMempool,
        ResourceKind::Completion => Code::UnknownCompletion,
        _ => Code::UnknownLock,
    }
}
