//! The rule of a model: series and locks in the order in which a task may ask for them.
//!
//! Locks are found by name, and a model does not know which locks a scenario will have. So a name
//! that nothing here has is no mistake, unless it looks like a misspelling of a name that exists
//! and that has no place of its own.

use std::collections::{BTreeSet, HashMap, HashSet};

use crate::read::decode::Name;
use crate::source::diagnostic::{Code, Log, Problem};
use crate::source::nearest::{nearest, quoted};

/// How many names that mean nothing are compared with those that do; comparing is dear.
const COMPARED: usize = 100;

/// The names of the order and their places.
#[derive(Debug, Default)]
pub(crate) struct Order {
    pub(crate) names: Vec<Name>,
    ranks: HashMap<String, usize>,
}

impl Order {
    /// Takes in the names; notes those that stand there twice.
    pub(crate) fn read(names: &[Name], log: &mut Log) -> Self {
        let mut ranks = HashMap::new();
        for (rank, name) in names.iter().enumerate() {
            if ranks.insert(name.text().to_owned(), rank).is_some() && !log.is_full() {
                let message = format!("{} stands twice in the order", quoted(name.text()));
                log.push(
                    Problem::at(Code::DuplicateName, name.span(), message)
                        .label("again")
                        .help("each name has one place in the order: take one of them out"),
                );
            }
        }
        Order {
            names: names.to_vec(),
            ranks,
        }
    }

    /// The place of a series or lock; `None`: it is free of the rule.
    pub(crate) fn rank(&self, name: &str) -> Option<usize> {
        self.ranks.get(name).copied()
    }

    /// Notes names that are no series or lock of this run, but nearly one that has no place.
    pub(crate) fn check<'n>(
        &self,
        series: &'n [String],
        locks: impl Iterator<Item = &'n str>,
        log: &mut Log,
    ) {
        if self.names.is_empty() {
            return;
        }
        let known: HashSet<&str> = series.iter().map(String::as_str).chain(locks).collect();
        let without_place: BTreeSet<&str> = known
            .iter()
            .copied()
            .filter(|name| self.rank(name).is_none())
            .collect();
        let strange = self
            .names
            .iter()
            .filter(|name| !known.contains(name.text()));
        for name in strange.take(COMPARED) {
            if log.is_full() {
                return;
            }
            if let Some(near) = nearest(name.text(), without_place.iter().copied()) {
                let message = format!("there is no series or lock {}", quoted(name.text()));
                let code = if series.iter().any(|series| series == near) {
                    Code::UnknownSeries
                } else {
                    Code::UnknownLock
                };
                log.push(
                    Problem::at(code, name.span(), message)
                        .label("nothing goes by this name here")
                        .help(format!("did you mean {}?", quoted(near))),
                );
            }
        }
    }
}
