//! What the engines of this crate cannot do, refused by name.

use std::fmt;

use kmapcheck_scenario::Program;

use crate::Engine;
use crate::options::{Options, Storage};

/// An engine that cannot do what a program or the options ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    said: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.said)
    }
}

impl Refusal {
    pub(crate) fn new(engine: &'static str, what: String, remedy: String) -> Refusal {
        Refusal {
            said: format!("the engine `{engine}` cannot do {what}; {remedy}"),
        }
    }

    /// What is wrong, in words.
    pub(crate) fn because(said: String) -> Refusal {
        Refusal { said }
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

/// Checks that the search can do what the options ask for together.
pub(crate) fn check_options(program: &Program, options: &Options) -> Result<(), Refusal> {
    let by_fingerprint = options.storage != Storage::Exact;
    if by_fingerprint && program.has_loops() {
        return Err(Refusal::because(
            "fingerprints are for programs without loops: who starves is decided on the states, which have to be kept for that; leave `--storage fingerprint` out".to_owned(),
        ));
    }
    if let Storage::Fingerprint {
        spill: Some(folder),
    } = &options.storage
        && let Err(error) = tempfile::tempfile_in(folder)
    {
        // Tempfile's own words name a file that nobody has heard of.
        let error = std::io::Error::from(error.kind());
        return Err(Refusal::because(format!(
            "cannot keep states in {}: {error}",
            folder.display()
        )));
    }
    if options.check && options.checkpoint.is_some() {
        return Err(Refusal::because(
            "`--check-reductions` and `--checkpoint` do not go together: leave one of them out"
                .to_owned(),
        ));
    }
    Ok(())
}
