//! Files to be written: none may be one that is read, or be written twice.

use std::path::{Path, PathBuf};

use kmapcheck_report::escape;

use crate::failure::Failure;

/// Refuses to write over what is read, to write two things to one file, and to write where there is
/// no folder: before anything is explored.
///
/// # Errors
///
/// The first that is refused.
pub fn check<P: AsRef<Path>>(written: &[&PathBuf], read: &[P]) -> Result<(), Failure> {
    let read: Vec<PathBuf> = read.iter().map(|path| place(path.as_ref())).collect();
    let mut places: Vec<PathBuf> = Vec::new();
    for path in written.iter().filter(|path| is_kept(path)) {
        if path.as_os_str() == "-" {
            // Standard output has the report already.
            return Err(Failure::Refused(
                "`-` names no file: give one a name, or say `./-`".to_owned(),
            ));
        }
        let place = place(path);
        if !folder(path).is_dir() {
            let said = cannot_write(path, &"there is no such folder");
            return Err(Failure::Refused(said));
        }
        let path = escape::path(path);
        if read.contains(&place) {
            return Err(Failure::Refused(format!(
                "{path} is read by this run, and would be overwritten: name another file"
            )));
        }
        if places.contains(&place) {
            return Err(Failure::Refused(format!(
                "two things are to be written to {path}: name two files"
            )));
        }
        places.push(place);
    }
    Ok(())
}

/// What is said of a file that cannot be written.
pub fn cannot_write(file: &Path, why: &dyn std::fmt::Display) -> String {
    format!("cannot write {}: {why}", escape::path(file))
}

/// The folder that a file is in.
pub(crate) fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Whether what is written there stays there: not so with devices and pipes.
fn is_kept(path: &Path) -> bool {
    path.metadata().map_or(true, |found| found.is_file())
}

/// The same for all names of a file, be it there or not.
fn place(path: &Path) -> PathBuf {
    let absolute = |path: &Path| path.canonicalize().ok();
    let beside = || Some(absolute(folder(path))?.join(path.file_name()?));
    absolute(path)
        .or_else(beside)
        .unwrap_or_else(|| path.to_owned())
}
