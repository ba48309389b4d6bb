//! A mapping file as it is written.
//!
//! JSON with comments. Every field is checked; docs/schema/c-mapping.schema.json says the same for
//! editors, and a test keeps the two alike.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::read::comments::blanked;
use crate::refusal::Refusal;

/// What the functions of a code base mean.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// What the file is called.
    pub name: String,
    /// For people.
    #[serde(default)]
    pub about: Option<String>,
    /// For editors.
    #[serde(default, rename = "$schema")]
    pub schema: Option<String>,
    /// The model that scenarios of this code base run on.
    #[serde(default)]
    pub model: Option<String>,
    /// The series of a map that names none.
    #[serde(default)]
    pub series: Option<String>,
    /// Names that `#if` and `#ifdef` take as defined.
    #[serde(default)]
    pub defines: Vec<String>,
    /// Numbers that names stand for.
    #[serde(default)]
    pub constants: BTreeMap<String, i64>,
    /// Words that say nothing here (`__init`) and are left out before the C is parsed.
    #[serde(default)]
    pub qualifiers: Vec<String>,
    /// Whether a writer who waits for a reader-writer semaphore holds new readers back.
    #[serde(default)]
    pub fair_rwsems: Option<bool>,
    /// What functions do to pages, locks and pools.
    #[serde(default)]
    pub ops: BTreeMap<String, Does>,
    /// What functions return that do nothing else of interest.
    #[serde(default)]
    pub returns: BTreeMap<String, Returned>,
    /// Functions whose result depends on their arguments only, and which change nothing.
    #[serde(default)]
    pub pure: Vec<String>,
    /// Functions that may sleep.
    #[serde(default)]
    pub sleeps: Vec<String>,
    /// Functions after which sleep is forbidden until their counterpart is called. That is not
    /// followed, and said not to be.
    #[serde(default)]
    pub atomic: Vec<String>,
    /// Functions that may sleep unless the argument of this number is one of `nowait`.
    #[serde(default)]
    pub sleeps_by_flags: BTreeMap<String, usize>,
    /// Allocation flags that forbid sleep.
    #[serde(default)]
    pub nowait: Vec<String>,
    /// Functions not to look into: they give back what they take.
    #[serde(default)]
    pub stop: Vec<String>,
    /// What earlier files say of these no longer counts: functions are followed, macros expanded.
    #[serde(default)]
    pub follow: Vec<String>,
    /// Functions after which nothing is followed (`BUG`, `panic`).
    #[serde(default)]
    pub ends: Vec<String>,
    /// Functions that end the path if their argument is true (`BUG_ON`).
    #[serde(default)]
    pub ends_if: Vec<String>,
    /// Functions that return their first argument (`likely`).
    #[serde(default)]
    pub same: Vec<String>,
    /// Functions that say whether their first argument is an error pointer, a negative number here.
    #[serde(default)]
    pub is_error: Vec<String>,
    /// Functions that say whether their first argument is null or an error pointer.
    #[serde(default)]
    pub is_error_or_null: Vec<String>,
    /// What fields of operations tables point to: a function's name, `pure` or `sleeps`.
    #[serde(default)]
    pub pointers: BTreeMap<String, String>,
    /// What the callers of functions hand in and expect back.
    #[serde(default)]
    pub contracts: BTreeMap<String, Contract>,
    /// What functions and macros initialise semaphores and pools with.
    #[serde(default)]
    pub counts: BTreeMap<String, Count>,
    /// Variables outside of functions that each task has its own of (`current`).
    #[serde(default)]
    pub own: Vec<String>,
    /// Copies from and to user memory.
    #[serde(default)]
    pub user_copy: Option<UserCopy>,
    /// Functions that cannot be expressed, and what to do about them.
    #[serde(default)]
    pub refused: BTreeMap<String, String>,
}

/// One or several things that a function does, in order.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Does {
    /// One.
    One(Box<Operation>),
    /// Several.
    Several(Vec<Operation>),
}

impl Does {
    /// All of them, in order.
    #[must_use]
    pub fn all(&self) -> &[Operation] {
        match self {
            Does::One(one) => std::slice::from_ref(one),
            Does::Several(several) => several,
        }
    }
}

/// One thing that a function does. Numbers are those of arguments, from 0.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Operation {
    /// The operation of scenarios, or `none`.
    pub op: String,
    /// The argument that is the page.
    #[serde(default)]
    pub page: Option<usize>,
    /// The argument that is an address in the mapped page.
    #[serde(default)]
    pub address: Option<usize>,
    /// The argument that points to what belongs to the page, such as a directory entry to its table.
    #[serde(default)]
    pub table: Option<usize>,
    /// The argument that is the lock.
    #[serde(default)]
    pub lock: Option<usize>,
    /// The lock, where no argument names it: a variable that all tasks share.
    #[serde(default)]
    pub lock_name: Option<String>,
    /// The argument that is the pool.
    #[serde(default)]
    pub pool: Option<usize>,
    /// The argument that is the completion.
    #[serde(default)]
    pub completion: Option<usize>,
    /// The result is the page.
    #[serde(default)]
    pub result: bool,
    /// The parameter of this name, in contracts.
    #[serde(default)]
    pub param: Option<String>,
    /// The argument that is the type of an atomic map.
    #[serde(default, rename = "type")]
    pub kind: Option<usize>,
    /// The type itself, where the function has only one.
    #[serde(default)]
    pub type_name: Option<String>,
    /// The series of a map.
    #[serde(default)]
    pub series: Option<String>,
    /// The argument with the allocation flags.
    #[serde(default)]
    pub flags: Option<usize>,
    /// What the function returns.
    #[serde(default)]
    pub returns: Returned,
    /// What a try returns when it has taken what it tried for; otherwise it returns 0, or 1 if this
    /// is 0.
    #[serde(default)]
    pub taken: Option<i64>,
    /// Units that the semaphore always has at the start: 1 of a mutex. Left out: what initialises it
    /// says.
    #[serde(default)]
    pub units: Option<u32>,
    /// The function may also do nothing and return this.
    #[serde(default, rename = "else")]
    pub otherwise: Option<i64>,
    /// The function may sleep besides.
    #[serde(default)]
    pub sleeps: bool,
    /// What forbids sleep, in a word: `rcu`. Sections of one name nest.
    #[serde(default)]
    pub section: Option<String>,
    /// What the page or lock is handed over to: it is given back here as if that always came to its
    /// end.
    #[serde(default)]
    pub hands_over: Option<String>,
}

/// What a function returns.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Returned {
    /// Any value.
    #[default]
    Unknown,
    /// Zero.
    Zero,
    /// A pointer that is neither null nor an error.
    Nonnull,
    /// The address that the page is mapped at.
    Address,
    /// A pointer, or null.
    Null,
    /// A pointer, or an error pointer.
    Error,
}

/// What a function or macro initialises a semaphore or pool with.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Count {
    /// The argument that is initialised; left out: what the result is assigned to.
    #[serde(default)]
    pub of: Option<usize>,
    /// The argument that says how many.
    #[serde(default)]
    pub count: Option<usize>,
    /// How many, where no argument says it.
    #[serde(default)]
    pub is: Option<u32>,
}

/// What the callers of a function hand in and expect back.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contract {
    /// What the caller has done before, on the function's parameters.
    #[serde(default)]
    pub enters: Vec<Operation>,
    /// What the caller does afterwards.
    #[serde(default)]
    pub leaves: Vec<Operation>,
}

/// Copies from and to user memory.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserCopy {
    /// Functions that may fault.
    pub functions: Vec<String>,
    /// What a fault does, as steps of a scenario. None: a fault sleeps, and no more.
    #[serde(default)]
    pub fault: Vec<serde_json::Value>,
    /// The pages in it.
    #[serde(default)]
    pub pages: Vec<String>,
    /// The locks in it, as a scenario declares them; all tasks share them.
    #[serde(default)]
    pub locks: BTreeMap<String, serde_json::Value>,
}

impl File {
    /// Reads a mapping file. `name` is what messages call it.
    ///
    /// # Errors
    ///
    /// A refusal that says which line is wrong, and why.
    pub fn read(name: &str, text: &str) -> Result<File, Refusal> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let file: File = serde_json::from_str(&blanked(text)).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            let said = error.to_string();
            let said = said.split(" at line ").next().unwrap_or_default();
            Refusal::in_mapping(name, line, column, said)
        })?;
        for (function, does) in &file.ops {
            for operation in does.all() {
                if let Some(wrong) = operation.wrong(false) {
                    return Err(Refusal::in_operation(name, text, function, &wrong));
                }
            }
        }
        for (function, count) in &file.counts {
            if count.count.is_some() == count.is.is_some() {
                let wrong = "it needs `count`, the number of an argument, or `is`, a number";
                return Err(Refusal::in_operation(name, text, function, wrong));
            }
        }
        for (function, contract) in &file.contracts {
            for operation in contract.enters.iter().chain(&contract.leaves) {
                if let Some(wrong) = operation.wrong(true) {
                    return Err(Refusal::in_operation(name, text, function, &wrong));
                }
            }
        }
        Ok(file)
    }
}

/// The operations that a function may be, each with what it needs to know.
const OPERATIONS: [(&str, Needs); 34] = [
    ("kmap", Needs::Page),
    ("try_kmap", Needs::Page),
    ("kunmap", Needs::Page),
    ("kunmap_any", Needs::Page),
    ("kmap_atomic", Needs::Page),
    ("kunmap_atomic", Needs::Page),
    ("kmap_local", Needs::Page),
    ("kunmap_local", Needs::Page),
    ("lock_page", Needs::Page),
    ("unlock_page", Needs::Page),
    ("trylock_page", Needs::Page),
    ("alloc_page", Needs::Page),
    ("free_page", Needs::Page),
    ("spin_lock", Needs::Lock),
    ("spin_unlock", Needs::Lock),
    ("spin_trylock", Needs::Lock),
    ("down", Needs::Lock),
    ("up", Needs::Lock),
    ("down_trylock", Needs::Lock),
    ("down_read", Needs::Lock),
    ("up_read", Needs::Lock),
    ("down_read_trylock", Needs::Lock),
    ("down_write", Needs::Lock),
    ("up_write", Needs::Lock),
    ("down_write_trylock", Needs::Lock),
    ("wait_for_completion", Needs::Completion),
    ("complete", Needs::Completion),
    ("mempool_alloc", Needs::Pool),
    ("mempool_free", Needs::Pool),
    ("forbid_sleep", Needs::Section),
    ("allow_sleep", Needs::Section),
    ("enter", Needs::Section),
    ("leave", Needs::Section),
    ("none", Needs::Nothing),
];

/// What an operation is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// A page, or an address in one.
    Page,
    /// A lock or semaphore.
    Lock,
    /// A mempool.
    Pool,
    /// A completion.
    Completion,
    /// A section that nests.
    Section,
    /// Nothing.
    Nothing,
}

impl Operation {
    /// What it is about; `None`: there is no such operation.
    #[must_use]
    pub fn needs(&self) -> Option<Needs> {
        let known = OPERATIONS.iter().find(|(name, _)| *name == self.op);
        known.map(|(_, needs)| *needs)
    }

    /// Whether it is a try.
    #[must_use]
    pub fn is_try(&self) -> bool {
        self.op.contains("try")
    }

    /// What is wrong with it, if anything.
    fn wrong(&self, in_contract: bool) -> Option<String> {
        let Some(needs) = self.needs() else {
            let known: Vec<&str> = OPERATIONS.iter().map(|(name, _)| *name).collect();
            return Some(format!(
                "there is no operation `{}`; there are {}",
                self.op,
                known.join(", ")
            ));
        };
        if in_contract {
            if needs == Needs::Section {
                return Some(format!("`{}` is no part of a contract", self.op));
            }
            let said = self.param.is_none() && needs != Needs::Nothing;
            return said.then(|| format!("`{}` needs `param`, a parameter's name", self.op));
        }
        let page = [self.page, self.address, self.table];
        let (has, what) = match needs {
            Needs::Page => (
                page.iter().any(Option::is_some) || self.result,
                "`page`, `address`, `table` or `result`",
            ),
            Needs::Lock => (self.lock.is_some() || self.lock_name.is_some(), "`lock`"),
            Needs::Pool => (self.pool.is_some(), "`pool`"),
            Needs::Completion => (self.completion.is_some(), "`completion`"),
            Needs::Section => {
                let wrong = format!("`{}` needs `section`, a word for what it is", self.op);
                return self.section.is_none().then_some(wrong);
            }
            Needs::Nothing => (true, ""),
        };
        if !has {
            return Some(format!(
                "`{}` needs {what}, the number of an argument",
                self.op
            ));
        }
        // A try for a mapping returns an address, or null; of all others nothing says it.
        let says = self.taken.is_some() || self.result || self.returns == Returned::Address;
        (self.is_try() && !says).then(|| {
            format!(
                "`{}` needs `taken`, what the function returns when it has taken it",
                self.op
            )
        })
    }
}

/// The names of all operations.
pub fn operations() -> impl Iterator<Item = &'static str> {
    OPERATIONS.iter().map(|(name, _)| *name)
}

/// The name of an operation, as labels have it.
#[must_use]
pub fn name_of(op: &str) -> Option<&'static str> {
    OPERATIONS
        .iter()
        .find(|(name, _)| *name == op)
        .map(|(name, _)| *name)
}
