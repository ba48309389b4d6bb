//! What `check` writes to files besides its report: a page, and traces for `replay`.

use std::path::{Path, PathBuf};

use clap::Args as ClapArgs;
use kmapcheck_check::{Checked, Failure};

use crate::exit::Exit;
use crate::failure::{exit_of, tell};
use crate::input::shown;
use crate::targets;

/// Files to write.
#[derive(Debug, Clone, Default, ClapArgs)]
pub struct KeepArgs {
    /// Write a page for browsers: the programs, the slots and who waits for whom, step by step
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// Write the traces to a file, for `kmapcheck replay`
    #[arg(long, value_name = "FILE")]
    pub save_trace: Option<PathBuf>,
}

impl KeepArgs {
    /// The files to be written, each with its option.
    pub fn files(&self) -> [(&'static str, &Option<PathBuf>); 2] {
        [("--html", &self.html), ("--save-trace", &self.save_trace)]
    }

    /// Writes what is asked for. What fails is told, and keeps nothing else from being written.
    pub fn write(&self, file: &Path, checked: &Checked<'_>) -> Exit {
        let done = [self.write_traces(file, checked), self.write_page(checked)];
        done.into_iter().fold(Exit::Clean, |exit, done| {
            exit.max(done.unwrap_or_else(|failure| {
                tell(&failure, file);
                exit_of(&failure)
            }))
        })
    }

    fn write_traces(&self, file: &Path, checked: &Checked<'_>) -> Result<Exit, Failure> {
        let Some(to) = &self.save_trace else {
            return Ok(Exit::Clean);
        };
        if checked.report.findings.is_empty() {
            let (to, file) = (shown(to), shown(file));
            anstream::eprintln!(
                "kmapcheck: {file}: nothing was found, so no trace is saved to {to}"
            );
            return Ok(Exit::Clean);
        }
        let text = (checked.saved().write()).map_err(|error| Failure::Fault(error.to_string()))?;
        Ok(targets::write(to, &text))
    }

    fn write_page(&self, checked: &Checked<'_>) -> Result<Exit, Failure> {
        let Some(to) = &self.html else {
            return Ok(Exit::Clean);
        };
        Ok(targets::write(to, &checked.page()?))
    }
}
