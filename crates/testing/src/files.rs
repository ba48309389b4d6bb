//! The scenarios of the repository.

use std::path::{Path, PathBuf};

/// The folder that they are in.
#[must_use]
pub fn scenario_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios")
}

/// Every scenario file below `scenarios/`, in the order of their paths.
///
/// # Panics
///
/// If a folder cannot be read.
#[must_use]
pub fn scenario_files() -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![scenario_folder()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("the scenarios are there") {
            let path = entry.expect("they can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "json") {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}
