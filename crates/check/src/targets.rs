//! Files to be written: none may be one that is read, or be written twice.
//!
//! A file may have several names: through symbolic links, through other ways to its folder, and as a
//! hard link. Two names are of one file if the system has one number for the files behind them, or,
//! where there is no file yet, if they lead to the same name in the same folder.

use std::fs::{Metadata, read_link};
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
    let read: Vec<Place> = read.iter().map(|path| Place::of(path.as_ref())).collect();
    let mut places: Vec<Place> = Vec::new();
    for path in written.iter().filter(|path| is_kept(path)) {
        if path.as_os_str() == "-" {
            // Standard output has the report already.
            return Err(Failure::Refused(
                "`-` names no file: give one a name, or say `./-`".to_owned(),
            ));
        }
        let place = Place::of(path);
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

/// Where a name leads: the same for all names of a file.
#[derive(Debug, PartialEq, Eq)]
enum Place {
    /// To a file that is there, of that number.
    Number(u64, u64),
    /// To that name, of which there may be no file yet.
    Name(PathBuf),
}

/// More links than this, one behind the other, no system follows.
const MOST_LINKS: usize = 40;

impl Place {
    fn of(path: &Path) -> Place {
        let number = path.metadata().ok().and_then(|found| number(&found));
        match number {
            Some((device, file)) => Place::Number(device, file),
            None => Place::Name(path.canonicalize().unwrap_or_else(|_| beyond_links(path))),
        }
    }
}

/// The numbers of the device and of the file on it.
#[cfg(unix)]
fn number(found: &Metadata) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    Some((found.dev(), found.ino()))
}

/// Other systems tell none without opening the file: there, hard links are not told.
#[cfg(not(unix))]
fn number(_: &Metadata) -> Option<(u64, u64)> {
    None
}

/// The name at the end of all links. There need be no file of that name: who writes to a link that
/// leads nowhere makes one there.
fn beyond_links(path: &Path) -> PathBuf {
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        let Ok(to) = read_link(&path) else { break };
        path = folder(&path).join(to);
    }
    let beside = || Some(folder(&path).canonicalize().ok()?.join(path.file_name()?));
    beside().unwrap_or(path)
}
