//! Scenarios that are read from C: cases of a case file, each `extract.json#NAME`, and files that are
//! named with their entries.
//!
//! A case is named like a file, so that whatever takes a scenario takes it. Reading C is a part that
//! may be left out of a build; then cases are refused, not passed over.

#[cfg(feature = "extract")]
mod reading;

use std::path::{Path, PathBuf};

use kmapcheck_scenario::Overrides;

use crate::failure::Failure;
use crate::loaded::Loaded;

#[cfg(feature = "extract")]
pub use reading::{Code, READING_C, included, mapping, not_read, source};

/// What a case file is called.
pub const CASES: &str = "extract.json";

/// The case file that a path names, and the case in it, if it names one.
#[must_use]
pub fn case_of(path: &Path) -> Option<(PathBuf, Option<String>)> {
    let name = path.file_name()?.to_str()?;
    match name.split_once('#') {
        Some((CASES, case)) => Some((path.with_file_name(CASES), Some(case.to_owned()))),
        None if name == CASES => Some((path.to_owned(), None)),
        _ => None,
    }
}

/// The path of a case.
#[must_use]
pub fn path_of(file: &Path, case: &str) -> PathBuf {
    file.with_file_name(format!("{CASES}#{case}"))
}

/// Reads a case as a scenario.
///
/// # Errors
///
/// If there is no such case, or its C cannot be read; and all that is wrong with the scenario.
#[cfg(feature = "extract")]
pub(crate) fn load(
    file: &Path,
    case: Option<&str>,
    overrides: &Overrides,
) -> Result<Loaded, Failure> {
    let cases = reading::cases(file)?;
    let known = || {
        let known = cases.cases.keys().map(|name| path_of(file, name));
        let known: Vec<String> = known.map(|path| format!("`{}`", path.display())).collect();
        known.join(", ")
    };
    let Some(case) = case else {
        let said = format!("it has several cases; name one: {}", known());
        return Err(Failure::Refused(said));
    };
    let Some(of) = cases.case(case) else {
        let said = format!("there is no case `{case}`; there are {}", known());
        return Err(Failure::Refused(said));
    };
    let code = Code::of_case(file, &of);
    let name = path_of(file, case);
    let mut loaded = code.loaded(&name.display().to_string(), overrides)?;
    loaded.program.files.push(file.display().to_string());
    Ok(loaded)
}

#[cfg(not(feature = "extract"))]
pub(crate) fn load(_: &Path, _: Option<&str>, _: &Overrides) -> Result<Loaded, Failure> {
    Err(without())
}

/// The cases of a file, each as a path.
///
/// # Errors
///
/// If the file cannot be read.
#[cfg(feature = "extract")]
pub(crate) fn cases(file: &Path) -> Result<Vec<PathBuf>, Failure> {
    let cases = reading::cases(file)?;
    Ok(cases.cases.keys().map(|name| path_of(file, name)).collect())
}

#[cfg(not(feature = "extract"))]
pub(crate) fn cases(_: &Path) -> Result<Vec<PathBuf>, Failure> {
    Err(without())
}

/// The folders that the cases of a file are read from; none if it cannot be read.
#[cfg(feature = "extract")]
pub(crate) fn folders(file: &Path) -> Vec<PathBuf> {
    let cases = reading::cases(file).ok();
    let cases = cases.iter().flat_map(|all| {
        let cases = all.cases.keys().filter_map(|name| all.case(name));
        cases.map(|case| Code::of_case(file, &case))
    });
    cases.flat_map(|code| code.folders()).collect()
}

#[cfg(not(feature = "extract"))]
pub(crate) fn folders(_: &Path) -> Vec<PathBuf> {
    Vec::new()
}

#[cfg(not(feature = "extract"))]
fn without() -> Failure {
    Failure::Refused(
        "it is about C, and this kmapcheck was built without reading C: build it with `--features extract`"
            .to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cases_are_named_like_files() {
        let of = |path: &str| case_of(Path::new(path));
        assert_eq!(of("a/extract.json"), Some(("a/extract.json".into(), None)));
        let named = Some(("a/extract.json".into(), Some("x#y".to_owned())));
        assert_eq!(of("a/extract.json#x#y"), named);
        assert_eq!(
            path_of(Path::new("a/extract.json"), "x#y"),
            Path::new("a/extract.json#x#y")
        );
        assert!(of("a/other.json").is_none() && of("extract.json/b.json").is_none());
    }
}
