//! Files to be written: none may be one that is read, or be written twice.

use std::path::{Path, PathBuf};

use crate::input::{Failure, shown};

/// Refuses to write over what is read, and to write two things to one file.
pub fn apart<P: AsRef<Path>>(written: &[&PathBuf], read: &[P]) -> Result<(), Failure> {
    let read: Vec<PathBuf> = read.iter().map(|path| place(path.as_ref())).collect();
    let mut places: Vec<PathBuf> = Vec::new();
    for path in written.iter().filter(|path| is_kept(path)) {
        let place = place(path);
        let path = shown(path);
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

/// Whether what is written there stays there: not so with devices and pipes.
fn is_kept(path: &Path) -> bool {
    path.metadata().map_or(true, |found| found.is_file())
}

/// The same for all names of a file, be it there or not.
fn place(path: &Path) -> PathBuf {
    let absolute = |path: &Path| path.canonicalize().ok();
    let beside = || {
        let folder = match path.parent()? {
            folder if folder.as_os_str().is_empty() => Path::new("."),
            folder => folder,
        };
        Some(absolute(folder)?.join(path.file_name()?))
    };
    absolute(path)
        .or_else(beside)
        .unwrap_or_else(|| path.to_owned())
}
