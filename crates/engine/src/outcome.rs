//! What an engine returns: findings with traces, coverage, and whether it saw everything.

use kmapcheck_limits::Reached;
use kmapcheck_machine::Findings;
use kmapcheck_scenario::{FindingKind, Level, OriginId, TemplateId};

use crate::finding::Finding;

/// The answer of an engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Which engine.
    pub engine: &'static str,
    /// At most one finding of each kind, in the order of [`FindingKind::ALL`].
    pub findings: Vec<Finding>,
    /// Why the engine cannot vouch for kinds it has not found; `None`: it can.
    pub stopped: Option<Stopped>,
    /// What it saw.
    pub coverage: Coverage,
}

/// How much an engine saw.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Coverage {
    /// Distinct states.
    pub states: u64,
    /// Transitions taken, those to known states included.
    pub transitions: u64,
    /// Steps to the state that is farthest from the start.
    pub depth: u64,
    /// Whether every reachable state was visited. (An engine may be able to vouch for all kinds
    /// of finding without that.)
    pub exhaustive: bool,
    /// Operations that no interleaving executes: template and origin, in program order. Known
    /// only if `exhaustive`.
    pub never_executed: Vec<(TemplateId, OriginId)>,
    /// Idle waits in which tasks were seen at rest, in program order: see [`crate::Rests`]. Of an
    /// engine that visited every state, these are all there are; `None`: the engine did not look.
    pub rests: Option<Vec<(TemplateId, OriginId)>>,
    /// Of a run that was stopped: the kinds that were neither found nor excluded by an argument;
    /// `None`: no kind was excluded.
    pub open: Option<Findings>,
    /// The most bytes that the states took at once, frontier and successors under way included;
    /// of engines that count it.
    pub stored_bytes: Option<u64>,
    /// The reductions that were on, where they were chosen otherwise than by default. If one of
    /// them leaves out orders of steps, `states` and `exhaustive` are about what it left.
    pub reductions: Option<Vec<&'static str>>,
    /// If states were told apart by fingerprints only: of so many bits.
    pub fingerprint_bits: Option<u32>,
}

/// Why a run ended early.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stopped {
    /// `--max-states`.
    States(u64),
    /// `--max-memory`, in bytes.
    Memory(u64),
    /// `--timeout`, in milliseconds.
    Time(u64),
    /// Ctrl-C, or another signal that asks the program to end.
    Interrupted,
    /// A counter that can grow without bound, in words.
    Unbounded(String),
    /// The numbers by which an engine tells things apart are used up.
    Capacity {
        /// What there is too much of, in the plural.
        what: &'static str,
        /// So many of them the engine can tell apart.
        most: u64,
    },
    /// `--max-interleavings`.
    Interleavings(u64),
    /// A claim about every number of tasks or slots: which kinds of finding were not excluded, and
    /// not found with the numbers of the findings, in words.
    Undecided(String),
    /// A file could not be written or read, in words.
    Failed(String),
    /// `--preemptions`: all interleavings with at most so many, and no others.
    Preemptions(u32),
}

impl From<Reached> for Stopped {
    fn from(reached: Reached) -> Stopped {
        match reached {
            Reached::Memory(bytes) => Stopped::Memory(bytes),
            Reached::Time(millis) => Stopped::Time(millis),
            Reached::Interrupted => Stopped::Interrupted,
        }
    }
}

/// What a run says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// No error, and nothing left out.
    Clean,
    /// An error, with a trace.
    Violated,
    /// A limit came first.
    Inconclusive,
}

impl Outcome {
    /// What an engine says that was stopped before it saw anything.
    #[must_use]
    pub fn nothing(engine: &'static str, stopped: Stopped) -> Outcome {
        Outcome {
            engine,
            findings: Vec::new(),
            stopped: Some(stopped),
            coverage: Coverage::default(),
        }
    }

    /// What the run says. Warnings do not count; a run cut short is never clean.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        if self
            .findings
            .iter()
            .any(|finding| finding.kind.level() == Level::Error)
        {
            Verdict::Violated
        } else if self.stopped.is_some() {
            Verdict::Inconclusive
        } else {
            Verdict::Clean
        }
    }

    /// The kinds that were found.
    #[must_use]
    pub fn kinds(&self) -> Findings {
        self.findings.iter().map(|finding| finding.kind).collect()
    }

    /// The finding of a kind.
    #[must_use]
    pub fn finding(&self, kind: FindingKind) -> Option<&Finding> {
        self.findings.iter().find(|finding| finding.kind == kind)
    }
}

impl Verdict {
    /// Of an answer that is right whatever it says, as far as it goes: clean if it is whole.
    #[must_use]
    pub fn of_whole(whole: bool) -> Verdict {
        match whole {
            true => Verdict::Clean,
            false => Verdict::Inconclusive,
        }
    }

    /// The name in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Clean => "clean",
            Verdict::Violated => "violated",
            Verdict::Inconclusive => "inconclusive",
        }
    }
}
