//! A model by itself: what it holds, and the [`Program`] that a proof about its rule needs.

use std::path::Path;

use crate::check::model::{Model, check_model};
use crate::check::scope::{Kernel, Resources};
use crate::program::{Bound, Program, Resource, ResourceKind};
use crate::read::decode::Decode;
use crate::read::json;
use crate::read::model::ModelFile;
use crate::source::diagnostic::{Code, Errors, Log, Problem};
use crate::source::files;
use crate::source::nearest::{help_for, quoted};

/// What a model file holds, for those who check one by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelSummary {
    /// The model's name.
    pub name: String,
    /// What it is, in its author's words.
    pub about: Option<String>,
    /// Where it comes from.
    pub source: Option<String>,
    /// The names of its series.
    pub series: Vec<String>,
    /// The names of its locks.
    pub locks: Vec<String>,
    /// Its rule: series and locks, first to last.
    pub order: Vec<String>,
    /// The names of its operations.
    pub operations: Vec<String>,
}

/// Reads and checks a model file by itself.
///
/// # Errors
///
/// Whatever is wrong with the file.
pub fn load_model(path: &Path) -> Result<ModelSummary, Errors> {
    read(path).map(Checked::summary)
}

/// [`load_model`] for a text that is already here.
///
/// # Errors
///
/// Whatever is wrong with the text.
pub fn load_model_str(file_name: &str, text: &str) -> Result<ModelSummary, Errors> {
    check(file_name.to_owned(), text.to_owned(), Log::default()).map(Checked::summary)
}

/// [`load_model`] for a name in `models/`, looked up as a scenario in that place would, or a path
/// from the current directory. Comes with what to give as [`Overrides::model`] for other scenarios
/// to run on this very model.
///
/// # Errors
///
/// If there is no such model, or something is wrong with it.
///
/// [`Overrides::model`]: crate::Overrides::model
pub fn load_model_named(name: &str, scenario: &Path) -> Result<(ModelSummary, String), Errors> {
    if files::is_path(name) {
        return load_model(Path::new(name)).map(|model| (model, name.to_owned()));
    }
    let mut log = Log::default();
    match files::find_model(name, scenario) {
        Ok(Some(found)) => {
            // A model built into the program has no file, and goes by its name.
            let again = match Path::new(&found.name).is_file() {
                true => found.name.clone(),
                false => name.to_owned(),
            };
            check(found.name, found.text, log).map(|checked| (checked.summary(), again))
        }
        Ok(None) => {
            let known = files::known_models(scenario);
            let help = help_for(name, "models", known.iter().map(String::as_str));
            let message = format!("there is no model {}", quoted(name));
            log.push(Problem::nowhere(Code::UnknownModel, message).help(help));
            Err(log.into_errors())
        }
        Err(problem) => {
            log.push(problem);
            Err(log.into_errors())
        }
    }
}

/// Reads a model file as a [`Program`] without tasks and pages: its series, its locks, and their
/// places in its order. A name in the order that is declared nowhere is a lock that some scenario
/// has; here it is a semaphore of one unit.
///
/// # Errors
///
/// Whatever is wrong with the file.
pub fn load_model_program(path: &Path) -> Result<Program, Errors> {
    read(path).map(Checked::program)
}

/// [`load_model_program`] for a model that goes by a name, as in a scenario that would stand at
/// `from`; or by a path, which is then relative to the current directory.
///
/// # Errors
///
/// If there is no such model, or whatever is wrong with it.
pub fn load_model_program_named(name: &str, from: &Path) -> Result<Program, Errors> {
    if files::is_path(name) {
        return load_model_program(Path::new(name));
    }
    let mut log = Log::default();
    match files::find_model(name, from) {
        Ok(Some(found)) => check(found.name, found.text, log).map(Checked::program),
        Ok(None) => {
            let known = files::known_models(from);
            let message = format!("there is no model {}", quoted(name));
            let help = help_for(name, "models", known.iter().map(String::as_str));
            log.push(Problem::nowhere(Code::UnknownModel, message).help(help));
            Err(log.into_errors())
        }
        Err(problem) => {
            log.push(problem);
            Err(log.into_errors())
        }
    }
}

/// [`load_model_program`] for a text that is already here.
///
/// # Errors
///
/// Whatever is wrong with the text.
pub fn load_model_program_str(file_name: &str, text: &str) -> Result<Program, Errors> {
    check(file_name.to_owned(), text.to_owned(), Log::default()).map(Checked::program)
}

/// A model with nothing wrong in it.
struct Checked {
    file: ModelFile,
    model: Model,
    resources: Resources,
    files: Vec<String>,
}

fn read(path: &Path) -> Result<Checked, Errors> {
    let mut log = Log::default();
    match files::read(path) {
        Ok(text) => check(files::shown(path), text, log),
        Err(problem) => {
            log.push(problem);
            Err(log.into_errors())
        }
    }
}

fn check(name: String, text: String, mut log: Log) -> Result<Checked, Errors> {
    let file = log.sources.add(name, text);
    let decoded = json::parse(file, &mut log).and_then(|json| ModelFile::decode(&json, &mut log));
    let Some(file) = decoded.filter(|_| !log.has_problems()) else {
        return Err(log.into_errors());
    };
    let Some(model) = check_model(&file, &mut log) else {
        return Err(log.into_errors());
    };
    let slots: Vec<Bound> = model.series.iter().map(|series| series.slots).collect();
    let mut resources = Resources::default();
    resources.inherit(Kernel {
        model: &model,
        slots: &slots,
        units: &[],
    });
    model
        .order
        .check(&model.series_names, resources.lock_names(), &mut log);
    Ok(Checked {
        files: log.finish()?,
        file,
        model,
        resources,
    })
}

impl Checked {
    fn summary(self) -> ModelSummary {
        let Checked {
            file,
            model,
            resources,
            ..
        } = self;
        let order = model.order.names.iter();
        ModelSummary {
            name: model.name,
            about: file.about.map(|text| text.0),
            source: file.source.map(|text| text.0),
            series: model.series_names,
            locks: resources.lock_names().map(str::to_owned).collect(),
            order: order.map(|name| name.text().to_owned()).collect(),
            operations: model
                .signatures
                .into_iter()
                .map(|signature| signature.name)
                .collect(),
        }
    }

    fn program(self) -> Program {
        let Checked {
            file,
            model,
            mut resources,
            files,
        } = self;
        for (rank, name) in model.order.names.iter().enumerate() {
            let is_series = model.series_names.iter().any(|known| known == name.text());
            if !is_series && !resources.contains(name.text()) {
                let lock = Resource {
                    name: name.text().to_owned(),
                    kind: ResourceKind::Semaphore {
                        units: 1,
                        owned: true,
                        available: None,
                        fair: false,
                    },
                    follows: None,
                    rank: Some(rank),
                };
                resources.push((lock, Bound::Exactly(1)));
            }
        }
        Program {
            name: model.name.clone(),
            about: file.about.map(|text| text.0),
            source: file.source.map(|text| text.0),
            note: file.note.map(|text| text.0),
            model: model.name,
            files,
            series: model.series,
            atomic_types: Vec::new(),
            resources: resources.list,
            pages: Vec::new(),
            free_pages: None,
            cpus: None,
            templates: Vec::new(),
            origins: Vec::new(),
            blocks: Vec::new(),
            assumed: Vec::new(),
            expect: None,
        }
    }
}
