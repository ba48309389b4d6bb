//! A scenario with the texts of its files.

use std::path::Path;

use kmapcheck_report::tame;
use kmapcheck_scenario::{
    Errors, Overrides, Program, Source, load_str_with_sources, load_with_sources,
};

/// A scenario that has been read.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// What it comes to.
    pub program: Program,
    /// The files that went into it, the scenario first, with their texts.
    pub sources: Vec<Source>,
    /// What was asked for instead of what the file says.
    pub overrides: Overrides,
}

/// Reads a scenario. What it expects holds only for what it says itself: with overrides the
/// expectation is dropped.
///
/// # Errors
///
/// All that is wrong with the file, its model, or the overrides.
pub fn load(file: &Path, overrides: &Overrides) -> Result<Loaded, Errors> {
    Ok(Loaded::of(load_with_sources(file, overrides)?, overrides))
}

/// Reads a scenario from a text. `name` stands in messages; models are looked up from there.
///
/// # Errors
///
/// As [`load`].
pub fn load_str(name: &str, text: &str, overrides: &Overrides) -> Result<Loaded, Errors> {
    Ok(Loaded::of(
        load_str_with_sources(name, text, overrides)?,
        overrides,
    ))
}

impl Loaded {
    fn of((mut program, sources): (Program, Vec<Source>), overrides: &Overrides) -> Loaded {
        if *overrides != Overrides::default() {
            program.expect = None;
        }
        Loaded {
            program,
            sources,
            overrides: overrides.clone(),
        }
    }

    /// Makes all that a report may quote from the files fit for a terminal.
    pub fn tame(&mut self) {
        tame::program(&mut self.program);
    }
}
