//! What the engines of this crate cannot do, refused by name.

use std::fmt;

use kmapcheck_scenario::Program;

use crate::Engine;

/// An engine that cannot do what a program asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    engine: &'static str,
    what: String,
    remedy: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the engine `{}` cannot do {}; {}",
            self.engine, self.what, self.remedy
        )
    }
}

impl Refusal {
    pub(crate) fn new(engine: &'static str, what: String, remedy: String) -> Refusal {
        Refusal {
            engine,
            what,
            remedy,
        }
    }
}

impl std::error::Error for Refusal {}

/// Checks that an explicit-state engine can do the program: all numbers must be given.
pub(crate) fn check(engine: Engine, program: &Program) -> Result<(), Refusal> {
    match program.first_open() {
        None => Ok(()),
        Some(open) => Err(Refusal::new(engine.name(), open.what(), open.remedy())),
    }
}
