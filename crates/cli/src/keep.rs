//! What `check` writes to files besides its report: a page, and traces for `replay`.

use std::path::{Path, PathBuf};

use clap::Args as ClapArgs;
use kmapcheck_recording::saved::SavedTrace;
use kmapcheck_report::{NumberOf, Report, tame};
use kmapcheck_scenario::{Bound, Overrides, Program, Source, load_with_sources};

use crate::args::OverrideArgs;
use crate::exit::Exit;
use crate::fault;
use crate::input::{Failure, shown};
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
    pub fn write(&self, file: &Path, given: &OverrideArgs, report: &Report) -> Exit {
        if self.html.is_none() && self.save_trace.is_none() {
            return Exit::Clean;
        }
        let overrides = sized(given, report);
        let done = match read(file, &overrides) {
            Ok((mut program, sources)) => {
                let traces = self.write_traces(file, &program, report, &overrides, &sources);
                tame::program(&mut program);
                [traces, self.write_page(&program, report)]
            }
            Err(failure) => [Err(failure), Ok(Exit::Clean)],
        };
        done.into_iter().fold(Exit::Clean, |exit, done| {
            exit.max(done.unwrap_or_else(|failure| {
                failure.tell(file);
                failure.exit()
            }))
        })
    }

    fn write_traces(
        &self,
        file: &Path,
        program: &Program,
        report: &Report,
        overrides: &Overrides,
        sources: &[Source],
    ) -> Result<Exit, Failure> {
        let Some(to) = &self.save_trace else {
            return Ok(Exit::Clean);
        };
        if report.findings.is_empty() {
            let (to, file) = (shown(to), shown(file));
            anstream::eprintln!(
                "kmapcheck: {file}: nothing was found, so no trace is saved to {to}"
            );
            return Ok(Exit::Clean);
        }
        let saved = SavedTrace::new(program, report, overrides, sources);
        let text = saved
            .write()
            .map_err(|error| Failure::Fault(error.to_string()))?;
        Ok(targets::write(to, &text))
    }

    fn write_page(&self, program: &Program, report: &Report) -> Result<Exit, Failure> {
        let Some(to) = &self.html else {
            return Ok(Exit::Clean);
        };
        let page = fault::catch(|| kmapcheck_page::render(program, report))
            .map_err(Failure::Fault)?
            .map_err(|error| Failure::Fault(error.to_string()))?;
        Ok(targets::write(to, &page))
    }
}

/// Reads a scenario together with the texts of its files.
pub fn read(file: &Path, overrides: &Overrides) -> Result<(Program, Vec<Source>), Failure> {
    fault::catch(|| load_with_sources(file, overrides))
        .map_err(Failure::Fault)?
        .map_err(Failure::Input)
}

/// The overrides that give the program the traces are of: those given, and the numbers that stand
/// for `"any"`.
fn sized(given: &OverrideArgs, report: &Report) -> Overrides {
    let mut overrides = Overrides {
        model: given.model.clone(),
        slots: given.slots.clone(),
        tasks: given.tasks.clone(),
    };
    for size in report.proof.iter().flat_map(|proof| &proof.sizes) {
        let numbers = match size.of {
            NumberOf::Tasks => &mut overrides.tasks,
            NumberOf::Slots => &mut overrides.slots,
        };
        numbers.retain(|(name, _)| *name != size.name);
        numbers.push((size.name.clone(), Bound::Exactly(size.number)));
    }
    overrides
}
