//! From a path to a [`Program`]: the order in which things are read and checked.
//!
//! 1. The scenario's text, its JSON, its fields; then the model's.
//! 2. The model's series and operations; the declarations; the operations of every task.
//! 3. What the names in the tasks mean, and the nodes.
//!
//! A stage notes all it finds; the next begins only if the one before found nothing, so that no
//! error is the mere consequence of another.

pub(crate) mod model;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::check::blocks::Blocks;
use crate::check::declarations::Checked;
use crate::check::model::check_model;
use crate::lower::Shared;
use crate::program::{
    Assumption, Bound, Cpus, FindingKind, NamedBlock, Op, Origin, Program, SeriesId, Template,
};
use crate::read::decode::{Decode, Map, Name, entries};
use crate::read::json;
use crate::read::model::ModelFile;
use crate::read::scenario::{ExpectFile, ModelChoice, ScenarioFile};
use crate::source::diagnostic::{Code, Errors, Log, Problem};
use crate::source::files;
use crate::source::nearest::{help_for, quoted};

/// What the user wants different from the files, on this run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overrides {
    /// Another model: a name, or a path from the current directory.
    pub model: Option<String>,
    /// Other numbers of slots, by series.
    pub slots: Vec<(String, Bound)>,
    /// Other numbers of units, by semaphore or mempool that all tasks share.
    pub units: Vec<(String, Bound)>,
    /// Other numbers of instances, by task.
    pub tasks: Vec<(String, Bound)>,
}

impl Overrides {
    /// Whether they have other numbers of slots, units or tasks.
    #[must_use]
    pub fn has_numbers(&self) -> bool {
        !(self.slots.is_empty() && self.units.is_empty() && self.tasks.is_empty())
    }
}

/// Reads, checks and lowers a scenario file, together with the model it names.
///
/// # Errors
///
/// Whatever is wrong with the files or the overrides.
pub fn load(path: &Path, overrides: &Overrides) -> Result<Program, Errors> {
    load_with_sources(path, overrides).map(|(program, _)| program)
}

/// The keys of the object in a file, in their order; none if it is JSON and no object. `None`: it
/// cannot be read, or is no JSON.
#[must_use]
pub fn keys_of(path: &Path) -> Option<Vec<String>> {
    let mut log = Log::default();
    let text = files::read(path).ok()?;
    let file = log.sources.add(files::shown(path), text);
    Some(match json::parse(file, &mut log)?.value {
        json::Value::Object(members) => members.into_iter().map(|m| m.key.value).collect(),
        _ => Vec::new(),
    })
}

/// A file that went into a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// As [`Program::files`] has it.
    pub name: String,
    /// All that is in it.
    pub text: String,
}

/// [`load`], and the files that were read for it, as they were then.
///
/// # Errors
///
/// As [`load`].
pub fn load_with_sources(
    path: &Path,
    overrides: &Overrides,
) -> Result<(Program, Vec<Source>), Errors> {
    let mut log = Log::default();
    match files::read(path) {
        Ok(text) => load_text(path, text, overrides, log),
        Err(problem) => {
            log.push(problem);
            Err(log.into_errors())
        }
    }
}

/// [`load`] for a text that is already here; `file_name` is what it is called, and where the
/// paths and names in it are looked up from.
///
/// # Errors
///
/// Whatever is wrong with the text, the model it names or the overrides.
pub fn load_str(file_name: &str, text: &str, overrides: &Overrides) -> Result<Program, Errors> {
    load_str_with_sources(file_name, text, overrides).map(|(program, _)| program)
}

/// [`load_str`], and the files that were read for it, as they were then.
///
/// # Errors
///
/// As [`load_str`].
pub fn load_str_with_sources(
    file_name: &str,
    text: &str,
    overrides: &Overrides,
) -> Result<(Program, Vec<Source>), Errors> {
    let (path, text) = (Path::new(file_name), text.to_owned());
    load_text(path, text, overrides, Log::default())
}

fn load_text(
    path: &Path,
    text: String,
    overrides: &Overrides,
    mut log: Log,
) -> Result<(Program, Vec<Source>), Errors> {
    match check_all(path, text, overrides, &mut log) {
        Some(program) => {
            let sources = log.sources.files.iter().map(|file| Source {
                name: file.name.clone(),
                text: file.text.clone(),
            });
            let sources = sources.collect();
            // The files' names come with the proof that nothing was noted.
            (log.finish()).map(|files| (Program { files, ..program }, sources))
        }
        None => Err(log.into_errors()),
    }
}

/// The whole way; `None` ends it early, after a problem was noted.
fn check_all(path: &Path, text: String, overrides: &Overrides, log: &mut Log) -> Option<Program> {
    let file = log.sources.add(files::shown(path), text);
    let json = json::parse(file, log)?;
    let scenario = ScenarioFile::decode(&json, log)?;
    let model_file = find_model(
        scenario.model.as_ref(),
        path,
        &scenario.name,
        overrides,
        log,
    )?;
    let model_file = with_its_own(model_file, &scenario, log);
    if log.has_problems() {
        return None;
    }

    let mut model = check_model(&model_file, log)?;
    model.has_own_words = scenario.series.is_some();
    log.model_of_run.clone_from(&overrides.model);
    check_expect(&scenario, log);
    let checked = Checked::new(&scenario, &model, overrides, log);
    let (blocks, steps) = checked.read_programs(log);
    if log.has_problems() {
        return None;
    }

    let mut shared = Shared::default();
    let templates = checked.lower(&blocks, &steps, &mut shared, log);
    if log.has_problems() {
        return None;
    }
    let Checked {
        slots,
        series_of_units,
        resources,
        pages,
        ..
    } = checked;
    let mut series = model.series;
    for (series, slots) in series.iter_mut().zip(slots) {
        series.slots = slots;
    }
    let pools = entries(scenario.series.as_ref())
        .iter()
        .filter(|(_, declared)| declared.reuse.is_none() && declared.for_holders.is_none());
    for (name, _) in pools {
        let declared = series.iter().position(|series| series.name == name.text());
        let id = declared.expect("what the scenario declares is part of its model");
        series[id].is_pool = !is_mapped_by_itself(&templates, &shared.origins, id);
    }
    series.extend(series_of_units);
    let expect = scenario.expect.map(|expected| {
        let mut kinds: Vec<FindingKind> = expected
            .into_iter()
            .map(|finding| finding.0.value)
            .collect();
        kinds.sort_unstable();
        kinds
    });
    let preemptible = scenario
        .preemptible
        .is_some_and(|preemptible| preemptible.value);
    Some(Program {
        name: scenario.name.text().to_owned(),
        about: scenario.about.map(|text| text.0),
        source: scenario.source.map(|text| text.0),
        note: scenario.note.map(|text| text.0),
        model: match (&overrides.model, &scenario.model) {
            (None, None) => String::new(),
            _ => model.name,
        },
        files: Vec::new(),
        series,
        atomic_types: shared.atomic_types,
        resources: resources.list,
        pages: pages.list,
        free_pages: scenario.free_pages.map(|number| number.0.value),
        cpus: scenario.cpus.map(|number| Cpus {
            count: number.0.value,
            preemptible,
        }),
        templates,
        origins: shared.origins,
        blocks: named_blocks(blocks, log),
        assumed: (scenario.assumed.into_iter().flatten())
            .map(Assumption::from)
            .collect(),
        expect,
    })
}

/// What is kept of the blocks once their steps are nodes.
fn named_blocks(blocks: Blocks, log: &Log) -> Vec<NamedBlock> {
    let named = blocks.list.into_iter().map(|block| NamedBlock {
        location: log.sources.locate(block.name.span()),
        name: block.name.0.value,
        is_run: block.is_run,
    });
    named.collect()
}

/// Notes findings expected twice: each is reported once.
fn check_expect(scenario: &ScenarioFile, log: &mut Log) {
    let mut seen = BTreeSet::new();
    for ExpectFile(kind) in scenario.expect.iter().flatten() {
        if !seen.insert(kind.value) {
            let message = format!("{} is expected twice", quoted(kind.value.name()));
            log.push(
                Problem::at(Code::DuplicateName, kind.span, message)
                    .label("again")
                    .help("each kind of finding is reported once: take this out"),
            );
        }
    }
}

/// The model with the series and operations that the scenario adds to it.
fn with_its_own(mut model: ModelFile, scenario: &ScenarioFile, log: &mut Log) -> ModelFile {
    add_to(&mut model.series, scenario.series.as_ref(), "a series", log);
    let operations = model.operations.get_or_insert_with(|| Map(Vec::new()));
    add_to(
        operations,
        scenario.operations.as_ref(),
        "an operation",
        log,
    );
    model
}

/// Adds what is declared to what there is; notes a name that both have.
fn add_to<T: Clone>(known: &mut Map<T>, added: Option<&Map<T>>, what: &str, log: &mut Log) {
    for (name, declared) in entries(added) {
        if (known.0.iter()).any(|(known, _)| known.text() == name.text()) {
            let message = format!("the model has {what} {} already", quoted(name.text()));
            log.push(
                Problem::at(Code::DuplicateName, name.span(), message)
                    .label("a second one of that name")
                    .help("call it something else, or take it out"),
            );
        } else {
            known.0.push((name.clone(), declared.clone()));
        }
    }
}

/// Whether some kmap of a series is written as that, and not as an operation that is declared.
fn is_mapped_by_itself(templates: &[Template], origins: &[Origin], series: SeriesId) -> bool {
    let mut nodes = templates.iter().flat_map(|template| &template.nodes);
    nodes.any(|node| match node.op {
        Op::Kmap { series: id, .. } | Op::TryKmap { series: id, .. } => {
            id == series && origins[node.origin].chain.len() == 1
        }
        _ => false,
    })
}

/// What a scenario without a model runs on, but for what it declares.
fn no_model(name: &Name) -> ModelFile {
    ModelFile {
        name: name.clone(),
        about: None,
        source: None,
        note: None,
        series: Map(Vec::new()),
        locks: None,
        order: None,
        operations: None,
        schema: None,
    }
}

/// Reads the model that the override or else the scenario names.
fn find_model(
    choice: Option<&ModelChoice>,
    scenario: &Path,
    name_of_scenario: &Name,
    overrides: &Overrides,
    log: &mut Log,
) -> Option<ModelFile> {
    let beside = scenario.parent().map(Path::to_path_buf).unwrap_or_default();
    let (name, span, base) = match (&overrides.model, choice) {
        (Some(name), _) => (name.as_str(), None, PathBuf::new()),
        (None, Some(ModelChoice::Named(name))) => (name.value.as_str(), Some(name.span), beside),
        (None, Some(ModelChoice::Inline(model))) => return Some((**model).clone()),
        (None, None) => return Some(no_model(name_of_scenario)),
    };
    let found = if files::is_path(name) {
        // Taken apart and put together: `dir/./file` becomes `dir/file`.
        let path: PathBuf = base.join(name).components().collect();
        files::read(&path).map(|text| {
            Some(files::Found {
                name: files::shown(&path),
                text,
            })
        })
    } else {
        files::find_model(name, scenario)
    };
    match found {
        Ok(Some(found)) => {
            let file = log.sources.add(found.name, found.text);
            let json = json::parse(file, log)?;
            ModelFile::decode(&json, log)
        }
        Ok(None) => {
            let known = files::known_models(scenario);
            let message = format!("there is no model {}", quoted(name));
            let help = help_for(name, "models", known.iter().map(String::as_str));
            log.push(
                Problem {
                    span,
                    ..Problem::nowhere(Code::UnknownModel, message)
                }
                .label("no such model")
                .help(help),
            );
            None
        }
        Err(problem) => {
            // Point at who asked for the file.
            log.push(Problem {
                span,
                label: Some("asked for here".into()),
                ..problem
            });
            None
        }
    }
}
