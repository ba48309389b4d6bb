//! Whatever came of a file: a report, even if a limit stopped the run before an engine had anything
//! to say.

use std::path::Path;

use kmapcheck_report::Report;
use kmapcheck_scenario::{Overrides, Program};

use crate::ask::Ask;
use crate::checked::Checked;
use crate::failure::Failure;
use crate::run::Doing;

/// What came of a file.
#[derive(Debug)]
pub enum Came<'a> {
    /// Whatever the engine said.
    Checked(Box<Checked<'a>>),
    /// A limit came before the engine had anything to say.
    Stopped(Box<Report>),
}

impl<'a> Came<'a> {
    /// What came of `file`, of which as much of the program is known.
    ///
    /// # Errors
    ///
    /// If there is something wrong with the file, the question or this program.
    pub fn of(
        checked: Result<Checked<'a>, Failure>,
        file: &Path,
        program: Option<&Program>,
        ask: &Ask,
        overrides: &Overrides,
    ) -> Result<Came<'a>, Failure> {
        let mut came = match checked {
            Ok(checked) => Came::Checked(Box::new(checked)),
            Err(Failure::Stopped { phase, reached }) => {
                let (name, engine) = (file.display().to_string(), ask.engine_name(program));
                let report = Report::stopped_while(phase, &name, program, engine, reached);
                Came::Stopped(Box::new(report))
            }
            Err(failure) => return Err(failure),
        };
        let report = match &mut came {
            Came::Checked(checked) => &mut checked.report,
            Came::Stopped(report) => report,
        };
        say_how_to_go_on(report, file, ask, overrides);
        Ok(came)
    }

    /// What is found.
    #[must_use]
    pub fn report(&self) -> &Report {
        match self {
            Came::Checked(checked) => &checked.report,
            Came::Stopped(report) => report,
        }
    }

    /// The same, alone.
    #[must_use]
    pub fn into_report(self) -> Report {
        match self {
            Came::Checked(checked) => checked.report,
            Came::Stopped(report) => *report,
        }
    }
}

impl Doing<'_> {
    /// What is known of `file` where a run is ended from outside.
    #[must_use]
    pub fn report(&self, file: &Path, ask: &Ask, overrides: &Overrides) -> Report {
        let mut report = self.known.cloned().unwrap_or_else(|| {
            let engine = self.engine.unwrap_or(ask.engine_name(None));
            let file = file.display().to_string();
            Report::stopped_while(self.phase, &file, None, engine, self.reached)
        });
        say_how_to_go_on(&mut report, file, ask, overrides);
        report
    }
}

/// Makes a report that ended early say how to go on: by the same command, with more.
fn say_how_to_go_on(report: &mut Report, file: &Path, ask: &Ask, overrides: &Overrides) {
    if let Some(stopped) = &mut report.stopped {
        let file = file.display().to_string();
        stopped.repeat(&report.coverage.engine, &ask.options(overrides), &file);
    }
}
