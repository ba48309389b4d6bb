//! A scenario with the texts of its files.

use std::path::{Path, PathBuf};

use kmapcheck_report::escape;
use kmapcheck_scenario::{
    Errors, Overrides, Program, Source, load_str_with_sources, load_with_sources,
};

use crate::code;
use crate::failure::Failure;
use crate::targets;

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

/// Reads a scenario, or a case of a case file: see [`mod@code`].
///
/// # Errors
///
/// As [`load`], and what cannot be read of C.
pub fn any(file: &Path, overrides: &Overrides) -> Result<Loaded, Failure> {
    match code::case_of(file) {
        Some((file, case)) => code::load(&file, case.as_deref(), overrides),
        None if file.extension().is_some_and(|is| is == "c") => Err(Failure::Refused(
            "it is C: say with `--entry FUNCTION` what tasks run".to_owned(),
        )),
        None => Ok(load(file, overrides)?),
    }
}

/// Reads a scenario that something is to be asked about. Nothing that is read may be among what is to
/// be `written`; for a `terminal` what may be quoted is made fit.
///
/// # Errors
///
/// As [`load`], and as [`targets::check`].
pub fn read(
    file: &Path,
    overrides: &Overrides,
    written: &[&PathBuf],
    terminal: bool,
) -> Result<Loaded, Failure> {
    any(file, overrides)?.about_to_be_asked(written, terminal)
}

/// As [`read`], of which the texts of the files are not needed any more.
///
/// # Errors
///
/// As [`read`].
pub fn program(
    file: &Path,
    overrides: &Overrides,
    written: &[&PathBuf],
    terminal: bool,
) -> Result<Program, Failure> {
    read(file, overrides, written, terminal).map(|loaded| loaded.program)
}

/// The largest certificate or saved trace that is read, in bytes.
const LARGEST: u64 = 1 << 30;

/// The text of a file that this program wrote earlier: a certificate, or a saved trace.
///
/// # Errors
///
/// If it cannot be read, or is too large to be one.
pub fn text_of(path: &Path) -> Result<String, Failure> {
    let refused =
        |said: &dyn std::fmt::Display| Failure::Refused(format!("cannot be read: {said}"));
    let meta = std::fs::metadata(path).map_err(|error| refused(&error))?;
    if meta.is_file() && meta.len() > LARGEST {
        return Err(refused(&"it is larger than 1 GiB"));
    }
    std::fs::read_to_string(path).map_err(|error| refused(&error))
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

    /// As [`read`], of a scenario that is there.
    ///
    /// # Errors
    ///
    /// As [`targets::check`].
    pub fn about_to_be_asked(
        mut self,
        written: &[&PathBuf],
        terminal: bool,
    ) -> Result<Loaded, Failure> {
        targets::check(written, &self.program.files)?;
        if terminal {
            self.escape();
        }
        Ok(self)
    }

    /// Makes all that a report may quote from the files fit for a terminal.
    pub fn escape(&mut self) {
        escape::program(&mut self.program);
    }
}
