//! The tools, and what can be asked of them.

mod run;

use std::path::PathBuf;
use std::time::Duration;

use crate::family::Case;
use crate::measure::Bounds;

/// A tool in one of its modes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Tool {
    Plain { threads: u32 },
    Counted,
    Spin { reduce: bool, bfs: bool },
    Rumur { symmetry: bool },
    Stateright { mode: &'static str, threads: u32 },
}

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goal {
    /// Every state.
    Whole,
    /// A deadlock.
    Deadlock,
}

impl Goal {
    /// What it is called.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Goal::Whole => "every state",
            Goal::Deadlock => "to a deadlock",
        }
    }
}

/// What a tool answered.
#[derive(Debug, Clone)]
pub struct Answer {
    /// How long the run took; making the verifier is not in it.
    pub time: Duration,
    /// The most resident memory, in bytes.
    pub peak: u64,
    /// How many states it has seen.
    pub states: u64,
    /// Whether there is a deadlock.
    pub deadlock: bool,
}

/// How a run ended.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// With an answer.
    Answer(Answer),
    /// Without one, and why: `> 60 s`.
    Gave(String),
}

/// Where things are, and what a run may take.
#[derive(Debug, Clone)]
pub struct Places {
    /// A folder for models and verifiers.
    pub scratch: PathBuf,
    /// The binary `kmapcheck`.
    pub kmapcheck: PathBuf,
    /// What a run may take.
    pub bounds: Bounds,
}

const ALL: [Tool; 12] = [
    Tool::Plain { threads: 1 },
    Tool::Plain { threads: 2 },
    Tool::Counted,
    Tool::Spin {
        reduce: true,
        bfs: false,
    },
    Tool::Spin {
        reduce: false,
        bfs: false,
    },
    Tool::Spin {
        reduce: false,
        bfs: true,
    },
    Tool::Rumur { symmetry: false },
    Tool::Rumur { symmetry: true },
    Tool::Stateright {
        mode: "bfs",
        threads: 1,
    },
    Tool::Stateright {
        mode: "bfs",
        threads: 2,
    },
    Tool::Stateright {
        mode: "dfs",
        threads: 1,
    },
    Tool::Stateright {
        mode: "dfs-symmetry",
        threads: 1,
    },
];

impl Tool {
    /// All of them.
    #[must_use]
    pub fn all() -> &'static [Tool] {
        &ALL
    }

    /// What it is called in the tables.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Tool::Plain { threads } => format!("kmapcheck --reduce none --threads {threads}"),
            Tool::Counted => "kmapcheck".to_owned(),
            Tool::Spin { reduce, bfs } => {
                let reduce = if reduce { "" } else { " -DNOREDUCE" };
                let bfs = if bfs { " -DBFS" } else { "" };
                format!("SPIN{reduce}{bfs}")
            }
            Tool::Rumur { symmetry } => {
                let symmetry = if symmetry { "on" } else { "off" };
                format!("Rumur, symmetry {symmetry}")
            }
            Tool::Stateright { mode, threads: 1 } => format!("stateright {mode}"),
            Tool::Stateright { mode, threads } => format!("stateright {mode}, {threads} threads"),
        }
    }

    /// Whether its states are all the named ones: then all such tools must count the same.
    #[must_use]
    pub fn counts_named_states(self) -> bool {
        !matches!(
            self,
            Tool::Counted
                | Tool::Spin { reduce: true, .. }
                | Tool::Rumur { symmetry: true }
                | Tool::Stateright {
                    mode: "dfs-symmetry",
                    ..
                }
        )
    }

    /// Whether it is a mode of kmapcheck.
    #[must_use]
    pub fn is_ours(self) -> bool {
        matches!(self, Tool::Plain { .. } | Tool::Counted)
    }

    /// Whether it is asked that. Without reductions kmapcheck explores everything, whatever is
    /// asked for, so it is asked once.
    #[must_use]
    pub fn answers(self, goal: Goal) -> bool {
        goal == Goal::Whole || !matches!(self, Tool::Plain { .. })
    }

    /// Whether the case can be put to it at all.
    #[must_use]
    pub fn can(self, case: Case) -> bool {
        let tasks: usize = case.templates().iter().map(|t| t.count).sum();
        match self {
            Tool::Spin { .. } => tasks <= 255,
            // Pages are numbered by task, which a scalarset forbids.
            Tool::Rumur { symmetry: true } => !case.family.keeps(),
            _ => true,
        }
    }
}
