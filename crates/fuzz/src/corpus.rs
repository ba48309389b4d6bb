//! What fuzzing begins with, made of the repository's own scenarios and models.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use kmapcheck_prove::certificate;
use kmapcheck_prove::reasons::Reasons;
use kmapcheck_scenario::{Overrides, Program, Source, load_with_sources};
use kmapcheck_search::{Engine, run};
use kmapcheck_show::recording::saved::SavedTrace;
use kmapcheck_verify::{Certificate, States};
use serde_json::{Value, json};

use crate::{FILE, limits, shown};

/// Larger inputs are changed where it matters too seldom.
const LARGEST: usize = 8 * 1024;

/// Real sizes have tests of their own, and take long.
const MOST_TASKS: u64 = 64;

/// States of the searches for traces.
const MAX_STATES: u64 = 2_000;

/// Writes what a target begins with into the folder that `KMAPCHECK_SEEDS` names, made of
/// `scenarios/` and `models/`; nothing if there is such a folder already, or the variable is not
/// set. So whoever runs the target needs no other program for it.
///
/// # Panics
///
/// If something cannot be read or written.
pub fn prepare(target: &str) {
    if let Some(folder) = std::env::var_os("KMAPCHECK_SEEDS").map(PathBuf::from)
        && !folder.is_dir()
    {
        let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let written = write(target, &repository, &folder);
        if let Err(error) = written {
            panic!("{}: {error}", folder.display());
        }
    }
}

fn write(target: &str, repository: &Path, folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let models = repository.join("models");
    let of = repository.join(if target == "model" {
        "models"
    } else {
        "scenarios"
    });
    for file in files(&of)? {
        let input = match target {
            "model" => Some(plain(&file)?),
            _ => about(target, &file, &models)?,
        };
        let text = input.map(|input| input.to_string());
        if let Some(text) = text.filter(|text| text.len() <= LARGEST) {
            fs::write(folder.join(name(repository, &file)), text)?;
        }
    }
    Ok(())
}

/// A scenario, or a scenario and what the target is about; `None`: it is too large, or there is
/// nothing about it.
fn about(target: &str, file: &Path, models: &Path) -> io::Result<Option<Value>> {
    let Ok((program, sources)) = load_with_sources(file, &Overrides::default()) else {
        return Ok(None);
    };
    if program.task_count().is_some_and(|n| n > MOST_TASKS) {
        return Ok(None);
    }
    let scenario = with_model(plain(file)?, models)?;
    let about = match target {
        "trace" => saved(&program, &sources),
        "certificate" => certificate(&program, &Reasons::of(&program), FILE, None)
            .ok()
            .map(|certificate| json!(small(certificate))),
        _ => return Ok(Some(scenario)),
    };
    Ok(about.map(|about| json!({ "scenario": scenario, target: about })))
}

/// The traces of a scenario, if there are any.
fn saved(program: &Program, sources: &[Source]) -> Option<Value> {
    let outcome = run(Engine::Search, program, &limits(MAX_STATES), &mut |_| {}).ok()?;
    let report = shown::built(program, &outcome).ok()?;
    let saved = SavedTrace::new(program, &report, &Overrides::default(), sources);
    (!saved.findings.is_empty()).then(|| json!(saved))
}

/// A certificate; without its local states if these are many. The target fills them in, as a forger
/// can.
fn small(mut certificate: Certificate) -> Certificate {
    let text = json!(certificate).to_string();
    if text.len() > LARGEST / 2 {
        certificate.locals = States::default();
    }
    certificate
}

/// A file without its comments.
fn plain(file: &Path) -> io::Result<Value> {
    let text = fs::read_to_string(file)?;
    jsonc_parser::parse_to_serde_value(&text, &Default::default()).map_err(io::Error::other)
}

/// A scenario with its model in it, so that changes reach both.
fn with_model(mut scenario: Value, models: &Path) -> io::Result<Value> {
    let model = scenario["model"]
        .as_str()
        .filter(|name| !name.contains('/'));
    if let Some(model) = model.map(|name| models.join(format!("{name}.json"))) {
        scenario["model"] = plain(&model)?;
        only_what_is_used(&mut scenario);
    }
    Ok(scenario)
}

/// Leaves out operations of the model that nobody uses: they would be most of the input.
fn only_what_is_used(scenario: &mut Value) {
    let mut texts = vec![scenario["tasks"].to_string()];
    let Some(mut left) = scenario["model"]["operations"]
        .as_object_mut()
        .map(std::mem::take)
    else {
        return;
    };
    let mut used = serde_json::Map::new();
    while let Some(text) = texts.pop() {
        let called: Vec<String> = (left.keys())
            .filter(|name| text.contains(&format!("\"{name}\"")))
            .cloned()
            .collect();
        for name in called {
            if let Some(operation) = left.shift_remove(&name) {
                texts.push(operation.to_string());
                used.insert(name, operation);
            }
        }
    }
    scenario["model"]["operations"] = Value::Object(used);
}

/// A file's name in a folder of its own.
fn name(repository: &Path, file: &Path) -> String {
    let path = file.strip_prefix(repository).unwrap_or(file);
    path.display().to_string().replace('/', "-")
}

/// All files below a folder, in the order of their paths.
fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files(&path)?);
        } else {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}
