//! Several mapping files as one: later ones win, name by name.

use std::collections::{BTreeMap, BTreeSet};

use crate::map::file::{Contract, Count, Does, File, Returned, UserCopy};

/// What all mapping files say together.
#[derive(Debug, Clone, Default)]
pub struct Mapping {
    /// Their names.
    pub names: Vec<String>,
    /// The model of the last that names one.
    pub model: Option<String>,
    /// The series of the last that names one.
    pub series: Option<String>,
    /// As the last that says it; false if none does.
    pub fair_rwsems: bool,
    /// See [`File`] for each of these.
    pub defines: BTreeSet<String>,
    /// Numbers that names stand for.
    pub constants: BTreeMap<String, i64>,
    /// Words left out before parsing.
    pub qualifiers: BTreeSet<String>,
    /// What functions do.
    pub ops: BTreeMap<String, Does>,
    /// What functions return.
    pub returns: BTreeMap<String, Returned>,
    /// What else is known of functions.
    pub known: BTreeMap<String, Known>,
    /// Functions that may sleep, by an argument.
    pub sleeps_by_flags: BTreeMap<String, usize>,
    /// Allocation flags that forbid sleep.
    pub nowait: BTreeSet<String>,
    /// What fields point to.
    pub pointers: BTreeMap<String, String>,
    /// What callers hand in and expect back.
    pub contracts: BTreeMap<String, Contract>,
    /// What initialises semaphores and pools.
    pub counts: BTreeMap<String, Count>,
    /// Variables that each task has its own of.
    pub own: BTreeSet<String>,
    /// Copies from and to user memory.
    pub user_copy: UserCopy,
    /// Functions that cannot be expressed.
    pub refused: BTreeMap<String, String>,
}

/// What a function is known for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// [`File::pure`]
    Pure,
    /// [`File::sleeps`]
    Sleeps,
    /// [`File::atomic`]
    Atomic,
    /// [`File::stop`]
    Stop,
    /// [`File::ends`]
    Ends,
    /// [`File::ends_if`]
    EndsIf,
    /// [`File::same`]
    Same,
    /// [`File::is_error`]
    IsError,
    /// [`File::is_error_or_null`]
    IsErrorOrNull,
    /// [`UserCopy::functions`]
    UserCopy,
}

impl Mapping {
    /// All of the files, later ones over earlier ones.
    #[must_use]
    pub fn of(files: &[File]) -> Mapping {
        let mut all = Mapping::default();
        for file in files {
            all.add(file);
        }
        all
    }

    fn add(&mut self, file: &File) {
        self.names.push(file.name.clone());
        self.model = file.model.clone().or(self.model.take());
        self.fair_rwsems = file.fair_rwsems.unwrap_or(self.fair_rwsems);
        self.series = file.series.clone().or(self.series.take());
        self.defines.extend(file.defines.iter().cloned());
        self.qualifiers.extend(file.qualifiers.iter().cloned());
        self.nowait.extend(file.nowait.iter().cloned());
        for name in &file.follow {
            self.forget(name);
            self.sleeps_by_flags.remove(name);
            self.user_copy.functions.retain(|function| function != name);
        }
        extend(&mut self.constants, &file.constants);
        extend(&mut self.sleeps_by_flags, &file.sleeps_by_flags);
        extend(&mut self.pointers, &file.pointers);
        extend(&mut self.contracts, &file.contracts);
        extend(&mut self.counts, &file.counts);
        self.own.extend(file.own.iter().cloned());
        let copies = file.user_copy.as_ref().map(|copy| &copy.functions);
        let lists = [
            (&file.pure, Known::Pure),
            (&file.sleeps, Known::Sleeps),
            (&file.atomic, Known::Atomic),
            (&file.stop, Known::Stop),
            (&file.ends, Known::Ends),
            (&file.ends_if, Known::EndsIf),
            (&file.same, Known::Same),
            (&file.is_error, Known::IsError),
            (&file.is_error_or_null, Known::IsErrorOrNull),
        ];
        let lists = lists.into_iter();
        let none = Vec::new();
        for (names, known) in lists.chain([(copies.unwrap_or(&none), Known::UserCopy)]) {
            for name in names {
                self.forget(name);
                self.known.insert(name.clone(), known);
            }
        }
        for (name, does) in &file.ops {
            self.forget(name);
            self.ops.insert(name.clone(), does.clone());
        }
        for (name, text) in &file.refused {
            self.forget(name);
            self.refused.insert(name.clone(), text.clone());
        }
        extend(&mut self.returns, &file.returns);
        if let Some(copy) = &file.user_copy {
            self.user_copy = copy.clone();
        }
    }

    /// What an earlier file says of a function, which a later one says anew.
    fn forget(&mut self, name: &str) {
        self.ops.remove(name);
        self.known.remove(name);
        self.refused.remove(name);
        self.returns.remove(name);
    }

    /// All names of which anything is said: macros of these names are not expanded. What each task
    /// has its own of is one of them: `current` is often a macro.
    #[must_use]
    pub fn all_names(&self) -> BTreeSet<String> {
        let functions = (self.ops.keys())
            .chain(self.known.keys())
            .chain(self.refused.keys())
            .chain(self.returns.keys())
            .chain(self.sleeps_by_flags.keys());
        let others = (self.nowait.iter())
            .chain(&self.qualifiers)
            .chain(&self.own);
        functions.chain(others).cloned().collect()
    }

    /// Whether anything is said of the function: then its body is not looked at.
    #[must_use]
    pub fn speaks_of(&self, name: &str) -> bool {
        self.ops.contains_key(name)
            || self.known.contains_key(name)
            || self.refused.contains_key(name)
            || self.returns.contains_key(name)
            || self.sleeps_by_flags.contains_key(name)
    }
}

fn extend<V: Clone>(all: &mut BTreeMap<String, V>, more: &BTreeMap<String, V>) {
    all.extend(more.iter().map(|(name, what)| (name.clone(), what.clone())));
}
