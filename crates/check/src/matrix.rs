//! Scenarios read on several models and at several sizes, to be put side by side.

use std::path::{Path, PathBuf};

use kmapcheck_questions::matrix::{Named, OnModel, Sized};
use kmapcheck_report::escape;
use kmapcheck_scenario::{Bound, Overrides, Program};

use crate::conform::first_message;
use crate::failure::Failure;
use crate::loaded::program;
use crate::model::Named as Model;

/// Which sizes are looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sizes {
    /// Those of the files.
    AsGiven,
    /// So many slots in each series.
    Slots(Vec<Bound>),
    /// So many units of the semaphore or mempool of that name.
    Units(String, Vec<Bound>),
}

/// What is to be put side by side.
#[derive(Debug)]
pub struct Asked<'a> {
    /// The scenarios.
    pub files: &'a [PathBuf],
    /// The models; none: each scenario's own.
    pub models: &'a [Model],
    /// The sizes.
    pub sizes: &'a Sizes,
    /// How many instances of each task; `None`: as the files have it.
    pub tasks: Option<Bound>,
    /// Files that will be written.
    pub written: &'a [&'a PathBuf],
    /// Whether what is quoted goes to a terminal.
    pub terminal: bool,
}

/// What is wrong, and with which file; without one, with what was asked for.
pub type Wrong = (Option<PathBuf>, Failure);

/// The scenarios, and what they are on each model and at each size. One that is not for some model or
/// size is not run there.
///
/// # Errors
///
/// If something is wrong with a file whatever the model and size, or there is nothing that has these sizes.
pub fn read(asked: &Asked<'_>) -> Result<(Vec<Named>, Vec<OnModel>), Wrong> {
    let of = |file: &PathBuf, failure| (Some(file.clone()), failure);
    let mut own = Vec::new();
    for file in asked.files {
        let program = program(file, &Overrides::default(), asked.written, asked.terminal);
        own.push(program.map_err(|failure| of(file, failure))?);
    }
    asked
        .fits(&own)
        .map_err(|said| (None, Failure::Refused(said)))?;
    let models: Vec<Option<&Model>> = match asked.models {
        [] => vec![None],
        models => models.iter().map(Some).collect(),
    };
    let mut on_each = Vec::new();
    for model in models {
        let mut programs = Vec::new();
        for file in asked.files {
            programs.push(
                asked
                    .at_each(file, model)
                    .map_err(|failure| of(file, failure))?,
            );
        }
        on_each.push(OnModel {
            model: model.map(|model| model.name.clone()),
            programs,
        });
    }
    Ok((named(asked.files, &own), on_each))
}

/// The scenarios by name; where two have the same, with their files.
fn named(files: &[PathBuf], programs: &[Program]) -> Vec<Named> {
    let is_twice = |name: &str| programs.iter().filter(|other| other.name == name).count() > 1;
    let named = files
        .iter()
        .zip(programs)
        .enumerate()
        .map(|(i, (file, program))| {
            let scenario = match is_twice(&program.name) {
                true => format!("{} {} ({})", program.name, i + 1, escape::path(file)),
                false => program.name.clone(),
            };
            Named {
                scenario,
                file: file.display().to_string(),
            }
        });
    named.collect()
}

impl Asked<'_> {
    /// Whether there is something that has these sizes.
    fn fits(&self, programs: &[Program]) -> Result<(), String> {
        let has_series = |program: &Program| program.series.iter().any(|series| !series.of_units);
        match self.sizes {
            Sizes::Slots(_) if !programs.iter().any(has_series) => Err(
                "none of these scenarios has a series of slots\n  For a semaphore or mempool: \
                 --units NAME=1,2,10"
                    .to_owned(),
            ),
            Sizes::Units(name, _) if !programs.iter().any(|program| has_pool(program, name)) => {
                Err(format!(
                    "none of these scenarios has a semaphore or mempool `{}` that all its tasks share",
                    escape::line(name)
                ))
            }
            _ => Ok(()),
        }
    }

    /// The program at each size, or why there is none.
    fn at_each(&self, file: &Path, model: Option<&Model>) -> Result<Sized, Failure> {
        let read =
            |overrides: &Overrides| match program(file, overrides, self.written, self.terminal) {
                Ok(program) => Ok(Ok(program)),
                Err(Failure::Input(errors)) => Ok(Err(first_message(&errors))),
                Err(failure) => Err(failure),
            };
        let on_model = Overrides {
            model: model.map(|model| model.file.clone()),
            ..Overrides::default()
        };
        let given = match read(&on_model)? {
            Ok(given) => given,
            Err(why) => return Ok(vec![Err(why); self.sizes.labels().0.len()]),
        };
        let tasks = self.tasks.map(|n| {
            let names = given.templates.iter().map(|template| template.name.clone());
            names.map(|name| (name, n)).collect()
        });
        let with = |slots, units| {
            read(&Overrides {
                slots,
                units,
                tasks: tasks.clone().unwrap_or_default(),
                ..on_model.clone()
            })
        };
        match self.sizes {
            Sizes::AsGiven => Ok(vec![with(Vec::new(), Vec::new())?]),
            Sizes::Slots(numbers) => {
                let series = || given.series.iter().filter(|series| !series.of_units);
                let slots = |&n: &Bound| series().map(|series| (series.name.clone(), n)).collect();
                numbers.iter().map(|n| with(slots(n), Vec::new())).collect()
            }
            Sizes::Units(name, numbers) => {
                let units = |&n: &Bound| match has_pool(&given, name) {
                    true => vec![(name.clone(), n)],
                    false => Vec::new(),
                };
                numbers.iter().map(|n| with(Vec::new(), units(n))).collect()
            }
        }
    }
}

/// Whether the tasks of a program share a semaphore or mempool of that name.
fn has_pool(program: &Program, name: &str) -> bool {
    let mut resources = program.resources.iter();
    resources.any(|resource| resource.name == name && resource.kind.units().is_some())
}

impl Sizes {
    /// Each size in words, and what they are sizes of.
    #[must_use]
    pub fn labels(&self) -> (Vec<String>, String) {
        let labels = |numbers: &[Bound], noun: &str| {
            let label = |n: &Bound| match n {
                Bound::Exactly(1) => format!("1 {noun}"),
                Bound::Exactly(n) => format!("{n} {noun}s"),
                Bound::Any => format!("every number of {noun}s"),
            };
            numbers.iter().map(label).collect()
        };
        match self {
            Sizes::AsGiven => (vec![String::new()], String::new()),
            Sizes::Slots(numbers) => (labels(numbers, "slot"), "in each series".to_owned()),
            Sizes::Units(name, numbers) => (
                labels(numbers, "unit"),
                format!("of {}", escape::line(name)),
            ),
        }
    }
}
