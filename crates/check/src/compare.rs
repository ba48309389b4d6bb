//! A scenario's file on two models.

use std::path::Path;

use kmapcheck_engine::Progress;
use kmapcheck_questions::compare::{Compared, Side, side};
use kmapcheck_questions::size::Options;
use kmapcheck_report::{Stopped, escape};
use kmapcheck_scenario::Overrides;

use crate::conform::first_message;
use crate::failure::Failure;
use crate::loaded::program;
use crate::run::{EXPLORING, READING, Run};

/// What came of a file.
#[derive(Debug)]
pub struct OnBoth {
    /// The scenario's name, if it could be read on either model.
    name: Option<String>,
    sides: [Side; 2],
    /// What went wrong, if it is more than that the file is not for one of the models.
    pub failed: Option<Failed>,
}

/// What went wrong.
#[derive(Debug)]
pub enum Failed {
    /// On both models, the same to all appearances: the first.
    Both(Failure),
    /// On one: a limit was reached, or there is a fault of this program. The comparison has it.
    One(Failure),
}

/// What holds of a file on either model.
pub fn on_both(
    file: &Path,
    models: [&str; 2],
    options: &Options,
    run: &Run,
    watcher: &mut dyn FnMut(&Progress),
) -> OnBoth {
    let mut name = None;
    let mut failures = Vec::new();
    let sides = models.map(|model| {
        on_model(file, model, options, run, watcher)
            .map(|(own, side)| {
                name.get_or_insert(own);
                side
            })
            .unwrap_or_else(|failure| {
                let why = why(&failure);
                failures.push(failure);
                Side::NotRun { why }
            })
    });
    let both = failures.len() == 2;
    let is_stopped = |failure: &Failure| matches!(failure, Failure::Stopped { .. });
    let failed = match failures.iter().position(is_stopped) {
        Some(at) => Some(Failed::One(failures.swap_remove(at))),
        None if both => Some(Failed::Both(failures.swap_remove(0))),
        None => (failures.pop())
            .filter(|failure| matches!(failure, Failure::Fault(_)))
            .map(Failed::One),
    };
    OnBoth {
        name,
        sides,
        failed,
    }
}

impl OnBoth {
    /// The same as a part of a comparison. A scenario that runs on neither model has the name that it
    /// has on its own, or that of its file.
    #[must_use]
    pub fn compared(self, file: &Path, run: &Run) -> Compared {
        // What is wrong with a file has its text, which takes memory.
        drop(self.failed);
        let alone = || {
            let own = run.phase(READING, || program(file, &Overrides::default(), &[], true));
            own.map_or_else(|_| escape::path(file), |program| program.name)
        };
        Compared {
            scenario: self.name.unwrap_or_else(alone),
            file: file.display().to_string(),
            sides: self.sides,
        }
    }
}

/// The scenario's name and what holds on that model.
fn on_model(
    file: &Path,
    model: &str,
    options: &Options,
    run: &Run,
    watcher: &mut dyn FnMut(&Progress),
) -> Result<(String, Side), Failure> {
    let overrides = Overrides {
        model: Some(model.to_owned()),
        ..Overrides::default()
    };
    let program = run.phase(READING, || program(file, &overrides, &[], true))?;
    let side = run.phase(EXPLORING, || Ok(side(&program, options, watcher)))?;
    Ok((program.name, side))
}

/// Why a scenario was not run, in a line.
fn why(failure: &Failure) -> String {
    match failure {
        Failure::Input(errors) => first_message(errors),
        Failure::Unfit(unfit) => unfit.in_options(),
        Failure::Refused(said) | Failure::Fault(said) => escape::line(said),
        Failure::Unread(unread) => escape::line(&unread.mistake.to_string()),
        Failure::Stopped { phase, reached } => Stopped::line(*reached, phase),
    }
}
