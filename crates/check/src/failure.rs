//! Why there is no report.

use std::fmt;

use kmapcheck_limits::Reached;
use kmapcheck_questions::{simulate, suggest};
use kmapcheck_report::Stopped;
use kmapcheck_scenario::Errors;
use kmapcheck_show::suite::Mistake;

use crate::ask::Unfit;

/// Why there is no report.
#[derive(Debug)]
pub enum Failure {
    /// Something is wrong with the file or the overrides.
    Input(Errors),
    /// What was asked for does not go together.
    Unfit(Unfit),
    /// The engine cannot do what the scenario asks for, in words.
    Refused(String),
    /// C that is to be read cannot be.
    Unread(Box<Unread>),
    /// Something is wrong with this program.
    Fault(String),
    /// A limit was reached.
    Stopped {
        /// What was being done, such as `reading`.
        phase: &'static str,
        /// Which limit.
        reached: Reached,
    },
}

/// Why C was not read. It says itself where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    /// What is wrong, for those who show it in their own way.
    pub mistake: Mistake,
    /// The same with the line, and what is wrong in it underlined.
    pub text: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Input(errors) => errors.fmt(f),
            Failure::Unfit(unfit) => unfit.fmt(f),
            Failure::Refused(said) => f.write_str(said),
            Failure::Unread(unread) => f.write_str(&unread.text),
            Failure::Fault(said) => write!(f, "a fault of kmapcheck: {said}"),
            Failure::Stopped { phase, reached } => f.write_str(&Stopped::line(*reached, phase)),
        }
    }
}

impl std::error::Error for Failure {}

impl From<Errors> for Failure {
    fn from(errors: Errors) -> Failure {
        Failure::Input(errors)
    }
}

impl From<simulate::Failure> for Failure {
    fn from(failure: simulate::Failure) -> Failure {
        match failure {
            simulate::Failure::Refused(said) => Failure::Refused(said),
            simulate::Failure::Fault(said) => Failure::Fault(said),
        }
    }
}

impl From<suggest::Refusal> for Failure {
    fn from(refusal: suggest::Refusal) -> Failure {
        Failure::Refused(refusal.to_string())
    }
}

impl From<Unfit> for Failure {
    fn from(unfit: Unfit) -> Failure {
        Failure::Unfit(unfit)
    }
}
