//! Which name means which page, lock, mempool or completion, seen from a task.
//!
//! A task's own names come before those that all tasks share. Pages are one kind of name;
//! locks, mempools and completions together are another, since all are things to wait for.

use std::collections::HashMap;

use crate::check::model::{Model, check_available, check_lock, note_duplicate};
use crate::program::{Bound, Ref, Resource, ResourceKind, SeriesId};
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
            let (units, owned) = (mempool.elements, mempool.owned);
            let available = mempool.available.as_ref();
            check_available(name, available, owned, Some(units), "elements", log);
            let kind = ResourceKind::Mempool {
                units,
                owned,
                available: available.map(|number| number.0.value),
            };
            resources.add_unranked(name, kind, kernel, log);
        }
        for name in completions.into_iter().flatten() {
            resources.add_unranked(name, ResourceKind::Completion, kernel, log);
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
    fn add_unranked(&mut self, name: &Name, kind: ResourceKind, kernel: Kernel<'_>, log: &mut Log) {
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
        let resource = Resource {
            name: name.text().to_owned(),
            kind,
            follows: None,
            rank: None,
        };
        self.add(name, resource, log);
    }

    fn add(&mut self, name: &Name, resource: Resource, log: &mut Log) {
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

    pub(crate) fn push(&mut self, resource: Resource) {
        self.by_name.insert(resource.name.clone(), self.list.len());
        self.list.push(resource);
    }
}

/// What a lock's declaration can refer to: the model, and how many slots its series have in the
/// end.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kernel<'a> {
    pub(crate) model: &'a Model,
    pub(crate) slots: &'a [Bound],
}

impl Kernel<'_> {
    fn lock(self, name: &str, lock: &LockFile) -> Resource {
        let (kind, follows) = match lock {
            LockFile::Spin => (ResourceKind::Spinlock, None),
            LockFile::Rwsem { fair } => (ResourceKind::Rwsem { fair: *fair }, None),
            LockFile::Semaphore(semaphore) => {
                let (units, follows) = self.units(&semaphore.semaphore);
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
        Resource {
            name: name.to_owned(),
            kind,
            follows,
            rank: self.model.order.rank(name),
        }
    }

    fn units(self, units: &UnitsFile) -> (u32, Option<SeriesId>) {
        let name = match units {
            UnitsFile::Exactly(number) => return (*number, None),
            UnitsFile::SlotsOf(name) => name,
        };
        let names = &self.model.series_names;
        match names.iter().position(|known| known == name.text()) {
            Some(series) => match self.slots[series] {
                Bound::Exactly(slots) => (slots, Some(series)),
                Bound::Any => (u32::MAX, Some(series)),
            },
            // No such series, which was noted; so many units are never too few for what follows.
            None => (u32::MAX, None),
        }
    }
}

/// The names a task sees.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scope<'a> {
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
                    Code::UnknownLock => "this task, the scenario or the model",
                    _ => "this task or the scenario",
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
