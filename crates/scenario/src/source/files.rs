//! Reading files, and finding models by name.
//!
//! Only plain files are read (a pipe could keep us waiting for ever), and none larger than
//! [`LARGEST`]. A model's name is looked up in `models/` of the nearest directory above the
//! scenario, then of the current directory, then among the copies built into the program, so
//! that an installed binary knows the models too.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Component, Path, PathBuf};

use crate::source::diagnostic::{Code, Problem};
use crate::source::nearest::quoted;

/// Bytes of the largest file that is read: 16 MiB, some hundred thousand operations.
const LARGEST: u64 = 16 * 1024 * 1024;

/// Directories looked at above the current one.
const HIGHEST: usize = 64;

macro_rules! built_in {
    ($($name:literal),+) => {
        &[$(($name, include_str!(concat!("../../../../models/", $name, ".json")))),+]
    };
}

/// The models of `models/` by name, as they were when the program was built.
const BUILT_IN: &[(&str, &str)] = built_in![
    "atomic",
    "holders-last",
    "linux-2.4",
    "one-pool",
    "pool",
    "proposed",
    "pte-highmem-5",
    "rekmap",
    "reservation"
];

/// A model's text and the name it is shown under.
pub(crate) struct Found {
    pub(crate) name: String,
    pub(crate) text: String,
}

/// A path as messages show it.
pub(crate) fn shown(path: &Path) -> String {
    path.display().to_string()
}

/// Reads a text file.
pub(crate) fn read(path: &Path) -> Result<String, Problem> {
    let name = quoted_path(path);
    let unreadable = |error: std::io::Error| {
        Problem::nowhere(
            Code::Unreadable,
            format!("cannot read {name}: {}", reason(&error)),
        )
        .help("check the path and its permissions")
    };
    let meta = fs::metadata(path).map_err(unreadable)?;
    if meta.is_dir() {
        return Err(
            Problem::nowhere(Code::NotAFile, format!("{name} is a directory"))
                .help("give a file in it"),
        );
    }
    if !meta.is_file() {
        return Err(
            Problem::nowhere(Code::NotAFile, format!("{name} is not a plain file"))
                .help("copy what it holds into a file"),
        );
    }
    let too_large = || {
        let megabytes = LARGEST / (1024 * 1024);
        Problem::nowhere(
            Code::TooLarge,
            format!("{name} is larger than {megabytes} MiB"),
        )
        .help("this is hardly a model or scenario; if it is, split it")
    };
    if meta.len() > LARGEST {
        return Err(too_large());
    }
    let mut bytes = Vec::new();
    // The file may grow, or not know its size: read no more than one byte beyond the limit.
    let file = File::open(path).map_err(unreadable)?;
    file.take(LARGEST + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    if bytes.len() as u64 > LARGEST {
        return Err(too_large());
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let byte = error.as_bytes().get(at).copied().unwrap_or_default();
        Problem::nowhere(
            Code::NotUtf8,
            format!("{name} is not UTF-8: byte {} is 0x{byte:02x}", at + 1),
        )
        .help("save the file as UTF-8")
    })
}

/// The system's reason, without its number and the same on every system where it can be.
fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".into(),
        std::io::ErrorKind::PermissionDenied => "permission denied".into(),
        _ => error.to_string(),
    }
}

pub(crate) fn quoted_path(path: &Path) -> String {
    let name = shown(path);
    if name.is_empty() {
        "the empty path".into()
    } else {
        quoted(&name)
    }
}

/// Whether a model is meant as a path rather than a name.
#[must_use]
pub fn is_path(model: &str) -> bool {
    model.contains('/') || model.ends_with(".json")
}

/// Looks a model's name up. `Ok(None)`: there is no model of that name.
pub(crate) fn find_model(name: &str, scenario: &Path) -> Result<Option<Found>, Problem> {
    let file = format!("{name}.json");
    for directory in model_directories(scenario) {
        let path = directory.join(&file);
        if path.is_file() {
            return read(&path).map(|text| {
                Some(Found {
                    name: shown(&path),
                    text,
                })
            });
        }
    }
    let built_in = BUILT_IN.iter().find(|(built_in, _)| *built_in == name);
    Ok(built_in.map(|(_, text)| Found {
        name: format!("models/{file}"),
        text: (*text).to_owned(),
    }))
}

/// The names of all models that can be found from a scenario, sorted.
pub(crate) fn known_models(scenario: &Path) -> Vec<String> {
    let mut names = BTreeSet::new();
    let mut add = |path: &Path| {
        if path.extension() == Some(OsStr::new("json")) {
            names.extend(
                path.file_stem()
                    .map(|stem| stem.to_string_lossy().into_owned()),
            );
        }
    };
    for directory in model_directories(scenario) {
        for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
            add(&entry.path());
        }
    }
    names.extend(BUILT_IN.iter().map(|(name, _)| (*name).to_owned()));
    names.into_iter().collect()
}

/// Where models may lie, nearest first: `models` beside the scenario, above it, and here.
fn model_directories(scenario: &Path) -> Vec<PathBuf> {
    let mut directories = Vec::new();
    let mut directory = scenario.parent().map(Path::to_path_buf).unwrap_or_default();
    for _ in 0..HIGHEST {
        directories.push(directory.join("models"));
        match directory.components().next_back() {
            Some(Component::Normal(_)) => {
                directory.pop();
            }
            Some(Component::RootDir | Component::Prefix(_)) => break,
            Some(Component::CurDir) => directory = PathBuf::from(".."),
            // Above the current directory: the path has no name for it but `..`.
            Some(Component::ParentDir) | None => directory.push(".."),
        }
        if is_root(&directory) {
            directories.push(directory.join("models"));
            break;
        }
    }
    directories.push(PathBuf::from("models"));
    directories
}

/// Whether a directory written as `../..` has nothing above it.
fn is_root(directory: &Path) -> bool {
    directory.ends_with("..")
        && fs::canonicalize(directory).is_ok_and(|whole| whole.parent().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_nearest_first() {
        let shown = |path: &str| -> Vec<String> {
            model_directories(Path::new(path))
                .iter()
                .map(|path| shown(path))
                .collect()
        };
        assert_eq!(
            shown("scenarios/zoo/x.json")[..4],
            [
                "scenarios/zoo/models",
                "scenarios/models",
                "models",
                "../models"
            ]
        );
        assert_eq!(shown("/a/x.json"), ["/a/models", "/models", "models"]);
        assert_eq!(shown("../x.json")[..2], ["../models", "../../models"]);
        assert_eq!(shown("./x.json")[..2], ["./models", "../models"]);
    }

    #[test]
    fn built_in_models_are_the_last_resort() {
        let far_away = Path::new("/nowhere/near/scenario.json");
        let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models");
        let mut names: Vec<String> = (fs::read_dir(models).expect("models/").flatten())
            .filter(|entry| entry.path().is_file())
            .map(|entry| {
                entry
                    .path()
                    .file_stem()
                    .expect("a name")
                    .display()
                    .to_string()
            })
            .collect();
        names.sort_unstable();
        assert_eq!(known_models(far_away), names);
        for name in names {
            let found = find_model(&name, far_away)
                .ok()
                .flatten()
                .expect("a built-in model");
            assert_eq!(found.name, format!("models/{name}.json"));
        }
    }
}
