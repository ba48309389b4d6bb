//! C files, with what is asked of them.

use std::path::{Path, PathBuf};

use kmapcheck_extract::cases::{Case, Cases};
use kmapcheck_extract::map::shipped;
use kmapcheck_extract::{Extracted, File, Mapping, Options, Refusal, Source, extract};
use kmapcheck_limits::Limits;
use kmapcheck_report::place::Place;
use kmapcheck_scenario::Overrides;
use kmapcheck_show::suite::Mistake;

use crate::failure::{Failure, Unread};
use crate::loaded::{Loaded, load_str};
use crate::targets;

/// Bytes of the largest C file that is read.
const LARGEST: u64 = 64 << 20;

/// What is being done.
pub const READING_C: &str = "reading C";

/// C files, and how they are to be read.
#[derive(Debug, Clone)]
pub struct Code {
    /// The files.
    pub files: Vec<PathBuf>,
    /// Files whose functions stand for those of the same name.
    pub stubs: Vec<PathBuf>,
    /// What functions mean: shipped names, or files; later ones win.
    pub maps: Vec<String>,
    /// Where included files are.
    pub include: Vec<PathBuf>,
    /// Everything else.
    pub options: Options,
}

impl Code {
    /// What a case of a case file is about.
    pub(super) fn of_case(file: &Path, case: &Case) -> Code {
        let beside = |name: &String| file.with_file_name(name);
        let all = |names: &[String]| names.iter().map(beside).collect();
        let mut maps: Vec<String> = (case.maps.iter())
            .map(|name| match shipped::text(name) {
                Some(_) if !beside(name).is_file() => name.clone(),
                _ => beside(name).display().to_string(),
            })
            .collect();
        if maps.is_empty() {
            maps.push(shipped::FIRST.to_owned());
        }
        Code {
            files: all(&case.files),
            stubs: all(&case.stubs),
            maps,
            include: all(&case.include),
            options: case.options(),
        }
    }

    /// The folders of all files that it may read, those of headers included.
    pub(super) fn folders(&self) -> Vec<PathBuf> {
        let maps = self.maps.iter().map(PathBuf::from);
        let maps = maps.filter(|map| map.is_file());
        let files = self.files.iter().chain(&self.stubs).cloned().chain(maps);
        let folders = files.map(|file| targets::folder(&file).to_owned());
        folders.chain(self.include.iter().cloned()).collect()
    }

    /// The scenario of the entries.
    ///
    /// # Errors
    ///
    /// What cannot be read, with its place; a limit that was reached.
    pub fn extracted(&self) -> Result<Extracted, Failure> {
        let mut sources = Vec::new();
        for (files, is_stub) in [(&self.stubs, true), (&self.files, false)] {
            for file in files {
                sources.push(source(file, is_stub)?);
            }
        }
        let mapping = mapping(&self.maps)?;
        let find = |name: &str| included(&self.include, name);
        // The limits are those of the run around it.
        let limits = Limits::default();
        extract(&sources, &mapping, &self.options, &limits, &find).map_err(not_read)
    }

    /// The same as a scenario that was read. `name` stands in messages; a model is looked up from
    /// there.
    ///
    /// # Errors
    ///
    /// As [`Code::extracted`], and all that is wrong with the scenario or the overrides.
    pub fn loaded(&self, name: &str, overrides: &Overrides) -> Result<Loaded, Failure> {
        let extracted = self.extracted()?;
        let mut loaded = load_str(name, &extracted.scenario, overrides)?;
        let files = self.files.iter().chain(&self.stubs);
        let files = files.map(|file| file.display().to_string());
        let maps = self.maps.iter().filter(|name| Path::new(name).is_file());
        loaded.program.files.extend(files.chain(maps.cloned()));
        Ok(loaded)
    }
}

/// Why C was not read.
#[must_use]
pub fn not_read(failure: kmapcheck_extract::Failure) -> Failure {
    match failure {
        kmapcheck_extract::Failure::Refused(refusal) => refused(&refusal),
        kmapcheck_extract::Failure::Stopped(reached) => Failure::Stopped {
            phase: READING_C,
            reached,
        },
    }
}

fn refused(refusal: &Refusal) -> Failure {
    let place = refusal.place.as_ref().map(|place| Place {
        file: place.file.clone(),
        line: place.line,
        column: (place.column > 0).then_some(place.column),
    });
    Failure::Unread(Box::new(Unread {
        mistake: Mistake {
            place,
            message: format!("{} ({})", refusal.said, refusal.help),
        },
        text: refusal.to_string(),
    }))
}

/// What is wrong with a file as a whole.
fn cannot_read(file: &str, why: &dyn std::fmt::Display) -> Failure {
    let message = format!("cannot read `{file}`: {why}");
    Failure::Unread(Box::new(Unread {
        text: format!("kmapcheck: {message}"),
        mistake: Mistake {
            place: None,
            message,
        },
    }))
}

/// Reads a C file.
///
/// # Errors
///
/// If it is no file, or too large, or cannot be read.
pub fn source(path: &Path, is_stub: bool) -> Result<Source, Failure> {
    let name = path.display().to_string();
    let meta = std::fs::metadata(path).map_err(|error| cannot_read(&name, &error))?;
    if !meta.is_file() {
        let why = "it is no plain file; give the `.c` files themselves";
        return Err(cannot_read(&name, &why));
    }
    if meta.len() > LARGEST {
        let why = format!("it is larger than {} MiB", LARGEST >> 20);
        return Err(cannot_read(&name, &why));
    }
    let bytes = std::fs::read(path).map_err(|error| cannot_read(&name, &error))?;
    Ok(Source {
        name,
        bytes,
        is_stub,
    })
}

/// A file that is included, from the first folder that has it.
#[must_use]
pub fn included(folders: &[PathBuf], name: &str) -> Option<Source> {
    let mut paths = folders.iter().map(|folder| folder.join(name));
    let found = paths.find(|path| path.is_file());
    // One that cannot be read is like one that is not there: both are said to be.
    found.and_then(|path| source(&path, false).ok())
}

/// The mapping files together, of shipped names and paths.
///
/// # Errors
///
/// If one cannot be read, or is wrong.
pub fn mapping(names: &[String]) -> Result<Mapping, Failure> {
    let mut files = Vec::new();
    for name in names {
        let path = Path::new(name);
        let text = match shipped::text(name) {
            Some(text) if !path.is_file() => text.to_owned(),
            _ => std::fs::read_to_string(path).map_err(|error| {
                let shipped = shipped::names().join(", ");
                let why = format!("{error}; the mapping files that are shipped are {shipped}");
                cannot_read(name, &why)
            })?,
        };
        files.push(File::read(name, &text).map_err(|refusal| refused(&refusal))?);
    }
    Ok(Mapping::of(&files))
}

/// Reads a case file.
pub(super) fn cases(file: &Path) -> Result<Cases, Failure> {
    let name = file.display().to_string();
    let text = std::fs::read_to_string(file).map_err(|error| cannot_read(&name, &error))?;
    Cases::read(&name, &text).map_err(|refusal| refused(&refusal))
}
