//! The kinds of finding.

use std::fmt;

/// The kinds of finding, as docs/semantics.md defines them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FindingKind {
    /// A set of tasks waits, and nothing that still lives could ever give one of them what it
    /// waits for.
    Deadlock,
    /// A task waits and on no continuation takes another step, though its holder lives.
    Starved,
    /// An operation that may sleep is called in atomic context.
    SleepInAtomic,
    /// A page is freed while somebody has it mapped.
    FreedWhileMapped,
    /// A task ends with a map.
    SlotLeak,
    /// A task ends holding a lock, units or elements.
    LockLeak,
    /// A task takes an atomic type that it already holds.
    AtomicSlotClash,
    /// A page is used through a dangling name.
    UseAfterFree,
    /// A page is freed through a dangling name.
    DoubleFree,
    /// Something is released that is not held, or out of order; or a variable has no page.
    Misuse,
    /// A slot or lock is asked for against the model's order.
    OrderViolation,
    /// A set of tasks waits, nothing that still lives could ever give one of them what it waits for,
    /// and only that one of them gives up can end that.
    TimeoutRescue,
    /// A pin asked for in one series lies in another.
    SeriesMixture,
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Makes the verdict `violated`.
    Error,
    /// Reported, without changing the verdict.
    Warning,
}

impl Level {
    /// `error` or `warning`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Level::Error => "error",
            Level::Warning => "warning",
        }
    }
}

impl FindingKind {
    /// All kinds, in the order in which reports show them.
    pub const ALL: [FindingKind; 13] = [
        FindingKind::Deadlock,
        FindingKind::Starved,
        FindingKind::SleepInAtomic,
        FindingKind::FreedWhileMapped,
        FindingKind::SlotLeak,
        FindingKind::LockLeak,
        FindingKind::AtomicSlotClash,
        FindingKind::UseAfterFree,
        FindingKind::DoubleFree,
        FindingKind::Misuse,
        FindingKind::OrderViolation,
        FindingKind::TimeoutRescue,
        FindingKind::SeriesMixture,
    ];

    /// The name in files and reports, such as `sleep-in-atomic`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            FindingKind::Deadlock => "deadlock",
            FindingKind::Starved => "starved",
            FindingKind::SleepInAtomic => "sleep-in-atomic",
            FindingKind::FreedWhileMapped => "freed-while-mapped",
            FindingKind::SlotLeak => "slot-leak",
            FindingKind::LockLeak => "lock-leak",
            FindingKind::AtomicSlotClash => "atomic-slot-clash",
            FindingKind::UseAfterFree => "use-after-free",
            FindingKind::DoubleFree => "double-free",
            FindingKind::Misuse => "misuse",
            FindingKind::OrderViolation => "order-violation",
            FindingKind::TimeoutRescue => "timeout-rescue",
            FindingKind::SeriesMixture => "series-mixture",
        }
    }

    /// How bad it is.
    #[must_use]
    pub fn level(self) -> Level {
        match self {
            FindingKind::TimeoutRescue | FindingKind::SeriesMixture => Level::Warning,
            _ => Level::Error,
        }
    }
}

impl fmt::Display for FindingKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
