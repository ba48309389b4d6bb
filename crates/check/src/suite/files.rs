//! The files of a suite: named, or in folders; and where something may change that they read.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use kmapcheck_scenario::{Overrides, keys_of};

use crate::code;
use crate::failure::Failure;
use crate::loaded::{any, load};
use crate::suite::natural::by_name;
use crate::targets::folder;

/// The scenario files that `paths` name or have below them, each with whether it was named.
///
/// # Errors
///
/// The first path with which something is wrong.
pub fn scenarios(paths: &[PathBuf]) -> Result<Vec<(PathBuf, bool)>, (PathBuf, Failure)> {
    let mut files = Vec::new();
    for path in paths {
        if let Err(error) = collect(path, true, &mut files) {
            // What is no file and no directory is told as where one scenario is read.
            let failure = match (error, load(path, &Overrides::default())) {
                (Error::Cases(failure), _) => failure,
                (_, Err(errors)) if !path.exists() => Failure::Input(errors),
                (Error::Io(error), _) => Failure::Refused(error.to_string()),
            };
            return Err((path.clone(), failure));
        }
    }
    Ok(files)
}

/// Why files cannot be found.
enum Error {
    /// A folder cannot be read.
    Io(io::Error),
    /// A case file cannot be read.
    Cases(Failure),
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Error {
        Error::Io(error)
    }
}

/// Adds the scenario files at or below `path`, in the order of their names. Files that are `named`
/// are taken as they are; of others only JSON files that look like scenarios.
fn collect(path: &Path, named: bool, files: &mut Vec<(PathBuf, bool)>) -> Result<(), Error> {
    match code::case_of(path) {
        Some((_, Some(_))) if named => {
            files.push((path.to_owned(), true));
            return Ok(());
        }
        Some((file, None)) if file.is_file() => {
            let cases = code::cases(&file).map_err(Error::Cases)?;
            files.extend(cases.into_iter().map(|case| (case, named)));
            return Ok(());
        }
        _ => {}
    }
    let kind = std::fs::metadata(path)?;
    if !kind.is_dir() {
        if named || looks_like_scenario(path) {
            files.push((path.to_owned(), named));
        }
        return Ok(());
    }
    let mut entries = std::fs::read_dir(path)?
        .map(|entry| entry.map(|entry| (entry.path(), entry.file_type())))
        .collect::<io::Result<Vec<_>>>()?;
    entries.sort_by(|(a, _), (b, _)| by_name(a, b));
    for (path, kind) in entries {
        // Links to directories could lead round in circles.
        let linked_directory = kind?.is_symlink() && path.is_dir();
        if !linked_directory && (path.is_dir() || is_json(&path)) {
            collect(&path, false, files)?;
        }
    }
    Ok(())
}

/// Whether a JSON file is meant to be a scenario. One that cannot be read is: its error should show.
fn looks_like_scenario(path: &Path) -> bool {
    keys_of(path).is_none_or(|keys| keys.iter().any(|key| key == "tasks"))
}

fn is_json(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension == "json")
}

/// The folders given and all below them, and those of the files that the scenarios read.
#[must_use]
pub fn folders(paths: &[PathBuf]) -> BTreeSet<PathBuf> {
    let mut folders = BTreeSet::new();
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            below(path, &mut folders, &mut files);
        } else {
            files.push(path.clone());
        }
    }
    for file in files {
        folders.insert(folder(&file).to_owned());
        if let Some((cases, _)) = code::case_of(&file) {
            folders.extend(code::folders(&cases).into_iter().filter(|it| it.is_dir()));
            continue;
        }
        let Ok(loaded) = any(&file, &Overrides::default()) else {
            continue;
        };
        // Built-in models have no file.
        let read = (loaded.program.files.iter()).map(|file| folder(Path::new(file)).to_owned());
        folders.extend(read.filter(|folder| folder.is_dir()));
    }
    folders
}

fn below(path: &Path, folders: &mut BTreeSet<PathBuf>, files: &mut Vec<PathBuf>) {
    folders.insert(path.to_owned());
    for entry in std::fs::read_dir(path).into_iter().flatten().flatten() {
        let path = entry.path();
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => below(&path, folders, files),
            _ if is_json(&path) => files.push(path),
            _ => {}
        }
    }
}

/// Whether a file with that name can be part of a scenario: JSON, and C where it is read.
fn may_be_read(path: &Path) -> bool {
    let is_c = |path: &Path| (path.extension()).is_some_and(|is| is == "c" || is == "h");
    is_json(path) || (cfg!(feature = "extract") && is_c(path))
}

/// The files in some folders that scenarios may be read from, each with its length and the time of its
/// last change.
#[derive(Debug, Clone, Default)]
pub struct Stamps(BTreeMap<PathBuf, (u64, Option<SystemTime>)>);

impl Stamps {
    /// Those that there are now.
    #[must_use]
    pub fn of(folders: &BTreeSet<PathBuf>) -> Stamps {
        let entries = (folders.iter())
            .flat_map(|folder| std::fs::read_dir(folder).into_iter().flatten().flatten());
        let files = entries.filter(|entry| may_be_read(&entry.path()));
        let stamps = files.filter_map(|entry| {
            let meta = entry.metadata().ok()?;
            Some((entry.path(), (meta.len(), meta.modified().ok())))
        });
        Stamps(stamps.collect())
    }

    /// Takes in others, which are newer.
    pub fn extend(&mut self, newer: Stamps) {
        self.0.extend(newer.0);
    }

    /// The files that are others than `before`, or there at one time only.
    #[must_use]
    pub fn differing(&self, before: &Stamps) -> Vec<PathBuf> {
        let paths: BTreeSet<&PathBuf> = self.0.keys().chain(before.0.keys()).collect();
        let differs = |path: &&PathBuf| self.0.get(*path) != before.0.get(*path);
        paths.into_iter().filter(differs).cloned().collect()
    }
}
