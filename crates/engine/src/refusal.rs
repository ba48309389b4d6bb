//! What an engine cannot do: it is refused before anything starts, by a message that names it.

use std::fmt;

use kmapcheck_scenario::{Open, Program};

/// What an engine cannot do, and what helps. How the help is asked for (a flag, a setting of an
/// editor) is for whoever shows it to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// What cannot be done.
    pub what: Refused,
    /// What helps.
    pub remedy: Remedy,
}

/// What cannot be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// Something that a program asks for, such as `` `loop` ``.
    Cannot {
        /// The engine.
        engine: &'static str,
        /// What it is asked to do.
        what: String,
    },
    /// Something that came up on the way.
    GaveUp {
        /// The engine.
        engine: &'static str,
        /// What it met.
        what: String,
    },
    /// Settings that do not go together, or a file that cannot be used, in words.
    Unusable(String),
}

/// What helps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remedy {
    /// What is wrong says it already.
    None,
    /// A number of instances of this task.
    Count(String),
    /// A number of slots of this series.
    Slots(String),
    /// A number of units of this semaphore or mempool.
    Units(String),
    /// The search that counts tasks.
    Search,
    /// The same, or fewer tasks.
    SearchOrFewerTasks,
    /// Not to tell tasks apart, or smaller numbers.
    CountTasks,
    /// To keep states as they are.
    ExactStorage,
    /// To leave one of two things out: checks of the reductions, or a checkpoint.
    ChecksOrCheckpoint,
}

impl Refusal {
    /// An engine cannot do something that a program asks for.
    #[must_use]
    pub fn cannot(engine: &'static str, what: impl Into<String>, remedy: Remedy) -> Refusal {
        let what = what.into();
        Refusal {
            what: Refused::Cannot { engine, what },
            remedy,
        }
    }

    /// Something cannot be used, in words that say what helps.
    #[must_use]
    pub fn unusable(said: String) -> Refusal {
        Refusal {
            what: Refused::Unusable(said),
            remedy: Remedy::None,
        }
    }

    /// Refuses a program that leaves a number open.
    ///
    /// # Errors
    ///
    /// If it does.
    pub fn of_open_numbers(engine: &'static str, program: &Program) -> Result<(), Refusal> {
        let Some(open) = program.first_open() else {
            return Ok(());
        };
        Err(Refusal::cannot(engine, open.what(), Remedy::number(open)))
    }
}

impl Remedy {
    /// To give a number that is open.
    #[must_use]
    pub fn number(open: Open<'_>) -> Remedy {
        match open {
            Open::Count(template) => Remedy::Count(template.name.clone()),
            Open::Slots(series) => Remedy::Slots(series.name.clone()),
            Open::Units(series) => Remedy::Units(series.name.clone()),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.what {
            Refused::Cannot { engine, what } => write!(f, "the engine `{engine}` cannot do {what}"),
            Refused::GaveUp { engine, what } => {
                write!(f, "the engine `{engine}` gave up on {what}")
            }
            Refused::Unusable(said) => f.write_str(said),
        }
    }
}

impl std::error::Error for Refusal {}
