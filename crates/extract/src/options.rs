//! What is asked for.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::Deserialize;

/// A function to start from, and how many tasks run it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Entry {
    /// The function's name.
    pub function: String,
    /// How many tasks run it.
    pub count: u32,
}

/// `FUNCTION`, `FUNCTION:COUNT`.
impl FromStr for Entry {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Entry, &'static str> {
        let (function, count) = match text.split_once(':') {
            Some((function, count)) => (function, count.parse().ok().filter(|count| *count > 0)),
            None => (text, Some(1)),
        };
        let count = count.ok_or("after the `:` stands a number of tasks, such as 2")?;
        match function {
            "" => Err("there is no function"),
            _ => Ok(Entry {
                function: function.to_owned(),
                count,
            }),
        }
    }
}

impl TryFrom<String> for Entry {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Entry, &'static str> {
        text.parse()
    }
}

/// What is told how far a run has come.
type Listener = Arc<dyn Fn(&str) + Send + Sync>;

/// Where it is said how far a run has come.
#[derive(Clone, Default)]
pub struct Shown(Option<Listener>);

impl Shown {
    /// Says it to `to`.
    #[must_use]
    pub fn to(to: impl Fn(&str) + Send + Sync + 'static) -> Shown {
        Shown(Some(Arc::new(to)))
    }

    /// Says how far it has come, if anybody listens.
    pub fn say(&self, what: impl FnOnce() -> String) {
        if let Some(to) = &self.0 {
            to(&what());
        }
    }
}

impl fmt::Debug for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Shown")
    }
}

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Options {
    /// The functions to start from.
    pub entries: Vec<Entry>,
    /// Names that are defined besides those of the mapping, with numbers for some.
    pub define: BTreeMap<String, Option<i64>>,
    /// Names that are not.
    pub undef: BTreeSet<String>,
    /// Numbers that fields and variables have.
    pub set: BTreeMap<String, i64>,
    /// Functions and variables that are never null or an error.
    pub nonnull: BTreeSet<String>,
    /// What fields of operations tables point to.
    pub resolve: BTreeMap<String, String>,
    /// Functions to follow although nothing says that they matter.
    pub inline: BTreeSet<String>,
    /// Undecided rounds of a loop that are followed.
    pub unroll: u32,
    /// How often a function may call itself; beyond that nothing is followed. `None`: it is refused.
    pub recursion: Option<u32>,
    /// Locks that all tasks share although they are not variables outside of functions.
    pub share: BTreeSet<String>,
    /// Names that may mean one object: both answers are followed.
    pub equal: BTreeSet<(String, String)>,
    /// Units of semaphores and elements of pools at the start, by name.
    pub units: BTreeMap<String, u32>,
    /// Slots, by series.
    pub slots: BTreeMap<String, u32>,
    /// The model, if not the mapping's.
    pub model: Option<String>,
    /// Whether an entry that gives back what it has not taken is called with that held.
    pub infer_contracts: bool,
    /// Whether computed values are forgotten: there are fewer states then, and more paths.
    pub coarse: bool,
    /// States that are followed at most.
    pub max_paths: usize,
    /// What the scenario is to expect.
    pub expect: Option<serde_json::Value>,
    /// Functions that a pointer may be at most; one that may be more is taken to do nothing that
    /// matters, and that is said. `None`: any number.
    pub max_targets: Option<usize>,
    /// Where it is said how far it has come.
    pub shown: Shown,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            entries: Vec::new(),
            define: BTreeMap::new(),
            undef: BTreeSet::new(),
            set: BTreeMap::new(),
            nonnull: BTreeSet::new(),
            resolve: BTreeMap::new(),
            inline: BTreeSet::new(),
            unroll: 2,
            recursion: None,
            share: BTreeSet::new(),
            equal: BTreeSet::new(),
            units: BTreeMap::new(),
            slots: BTreeMap::new(),
            model: None,
            infer_contracts: false,
            coarse: false,
            max_paths: 50_000,
            expect: None,
            max_targets: None,
            shown: Shown::default(),
        }
    }
}
