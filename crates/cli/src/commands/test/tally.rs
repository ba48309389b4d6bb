//! How many scenarios came to what.

use anstyle::Style;
use kmapcheck_report::suite::Tested;
use kmapcheck_report::words::count;

use super::{GREEN, RED};
use crate::exit::Exit;

/// How many scenarios came to what.
#[derive(Debug, Default)]
pub struct Tally {
    pub passed: usize,
    pub failed: usize,
    pub skipped: usize,
    pub inconclusive: usize,
    /// Of the failed: those that could not be read.
    pub unreadable: usize,
    pub faults: usize,
    /// Those whose `expect` was rewritten; they count as passed.
    pub updated: usize,
    /// Those that Ctrl-C or `--fail-fast` came before.
    pub not_run: usize,
    /// Whether that was Ctrl-C.
    pub interrupted: bool,
}

impl Tally {
    /// Counts a scenario in.
    pub fn add(&mut self, tested: &Tested) {
        match tested {
            Tested::Passed => self.passed += 1,
            Tested::NoExpectation(_) | Tested::Refused(_) => self.skipped += 1,
            Tested::Inconclusive(_) => self.inconclusive += 1,
            Tested::Failed(_) => self.failed += 1,
            Tested::Unreadable(_) => {
                self.failed += 1;
                self.unreadable += 1;
            }
            Tested::Fault(_) => {
                self.failed += 1;
                self.faults += 1;
            }
        }
    }

    /// The last lines of the output.
    pub fn summary(&self) -> String {
        let style: Style = if self.failed > 0 { RED } else { GREEN };
        let inconclusive = match self.inconclusive {
            0 => String::new(),
            n => format!(", {n} inconclusive"),
        };
        let updated = match self.updated {
            0 => String::new(),
            n => format!("`expect` rewritten in {}\n", count(n as u64, "file")),
        };
        let not_run = match (self.not_run, self.interrupted) {
            (0, _) => String::new(),
            (n, true) => format!("Interrupted: {} not run\n", count(n as u64, "file")),
            (n, false) => format!(
                "Stopped at the first failure: {} not run; `--no-fail-fast` runs all\n",
                count(n as u64, "file")
            ),
        };
        format!(
            "{style}{} passed, {} failed, {} skipped{inconclusive}{style:#}\n{updated}{not_run}",
            self.passed, self.failed, self.skipped
        )
    }

    /// What they come to together.
    pub fn exit(&self) -> Exit {
        if self.faults > 0 {
            Exit::Fault
        } else if self.failed > self.unreadable {
            Exit::Violated
        } else if self.unreadable > 0 {
            Exit::BadInput
        } else if self.inconclusive + self.not_run > 0 {
            Exit::Inconclusive
        } else {
            Exit::Clean
        }
    }
}
