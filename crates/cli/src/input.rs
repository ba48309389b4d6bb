//! Files that are read.

use std::path::Path;

use kmapcheck_check::{Failure, Loaded, fault};
use kmapcheck_report::tame;
use kmapcheck_scenario::{Overrides, Program};

use crate::args::OverrideArgs;

/// Reads a scenario.
pub fn load(path: &Path, overrides: &Overrides) -> Result<Loaded, Failure> {
    fault::catch(|| kmapcheck_check::load(path, overrides))
        .map_err(Failure::Fault)?
        .map_err(Failure::Input)
}

/// Reads a scenario, of which the texts of its files are not needed any more.
pub fn program(path: &Path, overrides: &OverrideArgs) -> Result<Program, Failure> {
    load(path, &overrides.overrides()).map(|loaded| loaded.program)
}

/// The largest certificate or saved trace that is read, in bytes.
const LARGEST: u64 = 1 << 30;

/// The text of a file that this program wrote earlier: a certificate, or a saved trace.
pub fn text_of(path: &Path) -> Result<String, Failure> {
    let refused =
        |said: &dyn std::fmt::Display| Failure::Refused(format!("cannot be read: {said}"));
    let meta = std::fs::metadata(path).map_err(|error| refused(&error))?;
    if meta.is_file() && meta.len() > LARGEST {
        return Err(refused(&"it is larger than 1 GiB"));
    }
    std::fs::read_to_string(path).map_err(|error| refused(&error))
}

/// A path, fit for a terminal.
pub fn shown(path: &Path) -> String {
    tame::line(&path.display().to_string())
}
