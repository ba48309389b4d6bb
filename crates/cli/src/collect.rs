//! Scenario files, named or in folders.

use std::io;
use std::path::{Path, PathBuf};

use kmapcheck_scenario::keys_of;

use crate::args::OverrideArgs;
use crate::failure::tell;
use crate::input;

/// The scenario files that `paths` name or have below them, each with whether it was named. `None`:
/// there is something wrong with the paths, and that has been told.
pub fn scenarios(paths: &[PathBuf]) -> Option<Vec<(PathBuf, bool)>> {
    let mut files = Vec::new();
    for path in paths {
        if let Err(error) = collect(path, true, &mut files) {
            // What is no file and no directory is told as in `check`.
            match input::program(path, &OverrideArgs::default()) {
                Err(failure) if !path.exists() => tell(&failure, path),
                _ => anstream::eprintln!("kmapcheck: {}: {error}", input::shown(path)),
            }
            return None;
        }
    }
    if files.is_empty() {
        let paths: Vec<String> = paths.iter().map(|path| input::shown(path)).collect();
        anstream::eprintln!("kmapcheck: no scenarios in {}", paths.join(", "));
        return None;
    }
    Some(files)
}

/// Adds the scenario files at or below `path`, in the order of their names. Files that are `named`
/// are taken as they are; of others only JSON files that look like scenarios.
fn collect(path: &Path, named: bool, files: &mut Vec<(PathBuf, bool)>) -> io::Result<()> {
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
    entries.sort_by(|(a, _), (b, _)| a.cmp(b));
    for (path, kind) in entries {
        // Links to directories could lead round in circles.
        let linked_directory = kind?.is_symlink() && path.is_dir();
        let json = path
            .extension()
            .is_some_and(|extension| extension == "json");
        if !linked_directory && (path.is_dir() || json) {
            collect(&path, false, files)?;
        }
    }
    Ok(())
}

/// Whether a JSON file is meant to be a scenario. One that cannot be read is: its error should show.
fn looks_like_scenario(path: &Path) -> bool {
    keys_of(path).is_none_or(|keys| keys.iter().any(|key| key == "tasks"))
}
