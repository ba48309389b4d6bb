//! The mapping files of `models/c/`, as they were when the program was built.

use include_dir::{Dir, include_dir};

static BUILT_IN: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/../../models/c");

/// The names of the shipped mapping files, in order, without `.json`.
#[must_use]
pub fn names() -> Vec<&'static str> {
    let stems = BUILT_IN.files().filter_map(|file| file.path().file_stem());
    let mut names: Vec<&str> = stems.filter_map(|stem| stem.to_str()).collect();
    names.sort_unstable();
    names
}

/// The text of the shipped mapping file of that name, with or without `.json`.
#[must_use]
pub fn text(name: &str) -> Option<&'static str> {
    let name = name.strip_suffix(".json").unwrap_or(name);
    BUILT_IN.get_file(format!("{name}.json"))?.contents_utf8()
}
