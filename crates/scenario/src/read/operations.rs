//! The operations that need no definition: one table, from which come their reading and the text
//! that traces show.

/// A built-in operation.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Primitive {
    pub(crate) name: &'static str,
    pub(crate) verb: Verb,
    /// What the value of its key is.
    pub(crate) operand: Operand,
    /// The other keys it takes, besides `at` and `note`.
    pub(crate) arguments: &'static [Argument],
}

impl Primitive {
    /// Whether other operations stand in it, or it says which of them is next.
    pub(crate) fn is_control(&self) -> bool {
        use Verb::{Break, Choose, Exit, Loop, Repeat, Run, Select};
        matches!(
            self.verb,
            Choose | Select | Repeat | Loop | Break | Exit | Run
        )
    }
}

/// Which operation it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the operations of docs/semantics.md")]
pub(crate) enum Verb {
    Kmap,
    TryKmap,
    Kunmap,
    KunmapAny,
    KmapAtomic,
    KunmapAtomic,
    KmapLocal,
    KunmapLocal,
    SpinLock,
    SpinUnlock,
    SpinTrylock,
    Down,
    Up,
    DownTrylock,
    DownRead,
    DownReadTrylock,
    UpRead,
    DownWrite,
    DownWriteTrylock,
    UpWrite,
    LockPage,
    UnlockPage,
    TrylockPage,
    WaitForCompletion,
    TryWaitForCompletion,
    Complete,
    AllocPage,
    TryAllocPage,
    FreePage,
    MempoolAlloc,
    MempoolFree,
    MempoolTryAlloc,
    MightSleep,
    Choose,
    Select,
    Repeat,
    Loop,
    Break,
    Exit,
    Run,
}

impl Verb {
    /// Whether it has a success and a failure branch.
    pub(crate) fn is_try(self) -> bool {
        matches!(
            self,
            Verb::TryKmap
                | Verb::SpinTrylock
                | Verb::DownTrylock
                | Verb::DownReadTrylock
                | Verb::DownWriteTrylock
                | Verb::TrylockPage
                | Verb::TryWaitForCompletion
                | Verb::TryAllocPage
                | Verb::MempoolTryAlloc
        )
    }
}

/// What the value of an operation's key is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operand {
    /// The name of a page.
    Page,
    /// The name that a page is bound to.
    NewPage,
    Spinlock,
    Semaphore,
    Rwsem,
    Mempool,
    Completion,
    /// `true`: there is nothing to say.
    Nothing,
    /// How many times.
    Times,
    /// Operations, at least one.
    Block,
    /// Lists of operations, at least one.
    Branches,
    /// The name of a block of the scenario.
    NamedBlock,
}

/// A further key of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Argument {
    Series,
    Type,
    Units,
    Flush,
    Idle,
    GivesUp,
    Then,
    Else,
    Do,
}

impl Argument {
    pub(crate) const ALL: [Argument; 9] = [
        Argument::Series,
        Argument::Type,
        Argument::Units,
        Argument::Flush,
        Argument::Idle,
        Argument::GivesUp,
        Argument::Then,
        Argument::Else,
        Argument::Do,
    ];

    pub(crate) fn key(self) -> &'static str {
        match self {
            Argument::Series => "series",
            Argument::Type => "type",
            Argument::Units => "n",
            Argument::Flush => "flush",
            Argument::Idle => "idle",
            Argument::GivesUp => "gives_up",
            Argument::Then => "then",
            Argument::Else => "else",
            Argument::Do => "do",
        }
    }

    /// Whether an operation that takes it needs it.
    pub(crate) fn is_required(self) -> bool {
        matches!(self, Argument::Series | Argument::Type | Argument::Do)
    }
}

impl Primitive {
    /// Whether a task can have to wait for it, asleep.
    pub(crate) fn waits_asleep(&self) -> bool {
        self.arguments.contains(&Argument::Idle)
    }
}

/// Keys that ride on every operation.
pub(crate) const RIDERS: [&str; 2] = ["at", "note"];

const fn primitive(
    name: &'static str,
    verb: Verb,
    operand: Operand,
    arguments: &'static [Argument],
) -> Primitive {
    Primitive {
        name,
        verb,
        operand,
        arguments,
    }
}

const NONE: &[Argument] = &[];
const BRANCHES: &[Argument] = &[Argument::Then, Argument::Else];
const UNITS: &[Argument] = &[Argument::Units];
/// Those of operations that can wait asleep.
const WAITS: &[Argument] = &[
    Argument::Idle,
    Argument::GivesUp,
    Argument::Then,
    Argument::Else,
];

/// All built-in operations.
pub(crate) const PRIMITIVES: &[Primitive] = &[
    primitive(
        "kmap",
        Verb::Kmap,
        Operand::Page,
        &[
            Argument::Series,
            Argument::Idle,
            Argument::GivesUp,
            Argument::Then,
            Argument::Else,
        ],
    ),
    primitive(
        "try_kmap",
        Verb::TryKmap,
        Operand::Page,
        &[
            Argument::Series,
            Argument::Flush,
            Argument::Then,
            Argument::Else,
        ],
    ),
    primitive("kunmap", Verb::Kunmap, Operand::Page, NONE),
    primitive("kunmap_any", Verb::KunmapAny, Operand::Page, NONE),
    primitive(
        "kmap_atomic",
        Verb::KmapAtomic,
        Operand::Page,
        &[Argument::Type],
    ),
    primitive("kunmap_atomic", Verb::KunmapAtomic, Operand::Page, NONE),
    primitive("kmap_local", Verb::KmapLocal, Operand::Page, NONE),
    primitive("kunmap_local", Verb::KunmapLocal, Operand::Page, NONE),
    primitive("spin_lock", Verb::SpinLock, Operand::Spinlock, NONE),
    primitive("spin_unlock", Verb::SpinUnlock, Operand::Spinlock, NONE),
    primitive(
        "spin_trylock",
        Verb::SpinTrylock,
        Operand::Spinlock,
        BRANCHES,
    ),
    primitive(
        "down",
        Verb::Down,
        Operand::Semaphore,
        &[
            Argument::Units,
            Argument::Idle,
            Argument::GivesUp,
            Argument::Then,
            Argument::Else,
        ],
    ),
    primitive("up", Verb::Up, Operand::Semaphore, UNITS),
    primitive(
        "down_trylock",
        Verb::DownTrylock,
        Operand::Semaphore,
        &[Argument::Units, Argument::Then, Argument::Else],
    ),
    primitive("down_read", Verb::DownRead, Operand::Rwsem, WAITS),
    primitive(
        "down_read_trylock",
        Verb::DownReadTrylock,
        Operand::Rwsem,
        BRANCHES,
    ),
    primitive("up_read", Verb::UpRead, Operand::Rwsem, NONE),
    primitive("down_write", Verb::DownWrite, Operand::Rwsem, WAITS),
    primitive(
        "down_write_trylock",
        Verb::DownWriteTrylock,
        Operand::Rwsem,
        BRANCHES,
    ),
    primitive("up_write", Verb::UpWrite, Operand::Rwsem, NONE),
    primitive("lock_page", Verb::LockPage, Operand::Page, WAITS),
    primitive("unlock_page", Verb::UnlockPage, Operand::Page, NONE),
    primitive("trylock_page", Verb::TrylockPage, Operand::Page, BRANCHES),
    primitive(
        "wait_for_completion",
        Verb::WaitForCompletion,
        Operand::Completion,
        WAITS,
    ),
    primitive(
        "try_wait_for_completion",
        Verb::TryWaitForCompletion,
        Operand::Completion,
        BRANCHES,
    ),
    primitive("complete", Verb::Complete, Operand::Completion, NONE),
    primitive("alloc_page", Verb::AllocPage, Operand::NewPage, WAITS),
    primitive(
        "try_alloc_page",
        Verb::TryAllocPage,
        Operand::NewPage,
        BRANCHES,
    ),
    primitive("free_page", Verb::FreePage, Operand::Page, NONE),
    primitive("mempool_alloc", Verb::MempoolAlloc, Operand::Mempool, WAITS),
    primitive("mempool_free", Verb::MempoolFree, Operand::Mempool, NONE),
    primitive(
        "mempool_try_alloc",
        Verb::MempoolTryAlloc,
        Operand::Mempool,
        BRANCHES,
    ),
    primitive("might_sleep", Verb::MightSleep, Operand::Nothing, NONE),
    primitive("choose", Verb::Choose, Operand::Branches, NONE),
    primitive("select", Verb::Select, Operand::Branches, WAITS),
    primitive("repeat", Verb::Repeat, Operand::Times, &[Argument::Do]),
    primitive("loop", Verb::Loop, Operand::Block, NONE),
    primitive("break", Verb::Break, Operand::Nothing, NONE),
    primitive("exit", Verb::Exit, Operand::Nothing, NONE),
    primitive("run", Verb::Run, Operand::NamedBlock, NONE),
];

/// The built-in operation of that name.
pub(crate) fn find(name: &str) -> Option<&'static Primitive> {
    PRIMITIVES.iter().find(|primitive| primitive.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    /// The built-in operations that a schema describes: their keys, and those they cannot be without.
    fn described(schema: &str) -> Vec<(Vec<String>, Vec<String>)> {
        let path = format!("../../docs/schema/{schema}.schema.json");
        let text = std::fs::read_to_string(path).expect("docs has it");
        let schema: Value = serde_json::from_str(&text).expect("it is JSON");
        let kinds = schema["$defs"]["Operation"]["anyOf"].as_array();
        let mut all: Vec<_> = (kinds.expect("operations are of several kinds").iter())
            // The last is any operation of a model.
            .filter(|kind| kind["additionalProperties"] == Value::Bool(false))
            .map(|kind| {
                let keys = kind["properties"].as_object().expect("it has keys");
                let needed = kind["required"].as_array().expect("it needs some");
                let mut keys: Vec<String> = keys.keys().cloned().collect();
                let mut needed: Vec<String> = (needed.iter())
                    .map(|key| key.as_str().expect("a key is text").to_owned())
                    .collect();
                keys.sort_unstable();
                needed.sort_unstable();
                (keys, needed)
            })
            .collect();
        all.sort_unstable();
        all
    }

    /// What editors complete is what is read here.
    #[test]
    fn the_schemas_describe_these_operations() {
        let mut table: Vec<_> = (PRIMITIVES.iter())
            .map(|primitive| {
                let keys = primitive.arguments.iter().map(|argument| argument.key());
                let required = (primitive.arguments.iter())
                    .filter(|argument| argument.is_required())
                    .map(|argument| argument.key());
                let mut keys: Vec<String> = ([primitive.name].into_iter())
                    .chain(RIDERS)
                    .chain(keys)
                    .map(str::to_owned)
                    .collect();
                let mut needed: Vec<String> = ([primitive.name].into_iter())
                    .chain(required)
                    .map(str::to_owned)
                    .collect();
                keys.sort_unstable();
                needed.sort_unstable();
                (keys, needed)
            })
            .collect();
        table.sort_unstable();
        assert_eq!(described("scenario"), table);
        // A model has no blocks to run.
        table.retain(|(_, needed)| needed != &["run"]);
        assert_eq!(described("model"), table);
    }
}
