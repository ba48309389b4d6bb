//! Which name means which page, lock, mempool or completion, seen from a task.
//!
//! A task's own names come before those that all tasks share. Pages are one kind of name;
//! locks, mempools and completions together are another, since all are things to wait for.

use std::collections::HashMap;

use crate::check::note_duplicate;
use crate::decode::{Map, Name, entries};
use crate::diagnostic::{Code, Log, Problem};
use crate::operations::{Operand, PRIMITIVES};
use crate::program::{Ref, Resource, ResourceKind};
use crate::scenario::{LockFile, MempoolFile};
use crate::source::Span;
use crate::suggest::{help_for, quoted};

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
        log: &mut Log,
    ) -> Self {
        let mut resources = Resources::default();
        for (name, lock) in entries(locks) {
            let kind = match lock {
                LockFile::Spin => ResourceKind::Spinlock,
                LockFile::Rwsem { fair } => ResourceKind::Rwsem { fair: *fair },
                LockFile::Semaphore(semaphore) => ResourceKind::Semaphore {
                    units: semaphore.semaphore.0.value,
                    owned: semaphore.owned.as_ref().is_none_or(|owned| owned.value),
                },
            };
            resources.add(name, kind, log);
        }
        for (name, mempool) in entries(mempools) {
            let kind = ResourceKind::Mempool {
                units: mempool.elements,
                owned: mempool.owned,
            };
            resources.add(name, kind, log);
        }
        for name in completions.into_iter().flatten() {
            resources.add(name, ResourceKind::Completion, log);
        }
        resources
    }

    fn add(&mut self, name: &Name, kind: ResourceKind, log: &mut Log) {
        let text = name.text().to_owned();
        if self.by_name.contains_key(&text) {
            note_duplicate("name", name, log);
            return;
        }
        self.by_name.insert(text.clone(), self.list.len());
        self.list.push(Resource { name: text, kind });
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

impl Scope<'_> {
    /// The page of that name, if it is declared.
    pub(crate) fn page(&self, name: &str) -> Option<Ref> {
        let own = self.own_pages.get(name).map(|index| Ref::Own(*index));
        own.or_else(|| self.shared_pages.get(name).map(|index| Ref::Shared(*index)))
    }

    /// The lock, mempool or completion of that name.
    fn resource(&self, name: &str) -> Option<(Ref, ResourceKind)> {
        let find = |resources: &Resources| {
            resources
                .by_name
                .get(name)
                .map(|index| (*index, resources.list[*index].kind))
        };
        let own = find(self.own).map(|(index, kind)| (Ref::Own(index), kind));
        own.or_else(|| find(self.shared).map(|(index, kind)| (Ref::Shared(index), kind)))
    }

    /// What `name` means as the operand of an operation; notes it if it means nothing there.
    pub(crate) fn resolve(
        &self,
        name: &str,
        span: Span,
        operation: &str,
        operand: Operand,
        log: &mut Log,
    ) -> Option<(Ref, ResourceKind)> {
        match self.resource(name) {
            Some((found, kind)) if fits(operand, kind) => Some((found, kind)),
            Some((_, kind)) => {
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
                    crate::suggest::listed(suited)
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
                log.push(
                    Problem::at(code, span, message)
                        .label(format!("not a {what} of this task or the scenario"))
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
