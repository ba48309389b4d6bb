//! The crate with its switches, compiled; what does not compile is left out.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::Result;
use crate::listed::Change;
use crate::switches::{ASKED, change_at, switched};

/// Test programs with all changes in them.
pub(crate) struct Compiled {
    pub(crate) programs: Vec<PathBuf>,
    /// Where tests run: the folder of the crate.
    pub(crate) folder: PathBuf,
    /// The changes that have a switch, by number: the place in the list, from 1.
    pub(crate) switched: BTreeSet<u32>,
    /// Those that can have none, though they may compile: an `impl Trait` is returned.
    pub(crate) without: BTreeSet<u32>,
}

/// Compiles the tests of a crate, with fewer changes each time, until they compile.
///
/// # Errors
///
/// Where a message of the compiler belongs to no change.
pub(crate) fn until_it_compiles(
    tree: &Path,
    target: &Path,
    name: &str,
    changes: &[Change],
) -> Result<Compiled> {
    let folder = tree.join("crates").join(name);
    let root = format!("crates/{name}/src/lib.rs");
    let mut files: BTreeMap<&str, Vec<(u32, &Change)>> = BTreeMap::new();
    files.entry(&root).or_default();
    for (number, change) in (1..).zip(changes) {
        files
            .entry(&change.file)
            .or_default()
            .push((number, change));
    }
    let original: BTreeMap<&str, String> = files
        .keys()
        .map(|file| Ok((*file, std::fs::read_to_string(tree.join(file))?)))
        .collect::<Result<_>>()?;
    let mut switched_on: BTreeSet<u32> = (1..).zip(changes).map(|(number, _)| number).collect();
    let mut left_out = BTreeSet::new();
    loop {
        let mut written = BTreeMap::new();
        for (file, changes) in &files {
            let some: Vec<_> = changes
                .iter()
                .filter(|(number, _)| switched_on.contains(number))
                .copied()
                .collect();
            let (mut text, without) = switched(&original[file], &some)?;
            switched_on.retain(|number| !without.contains(number));
            left_out.extend(without);
            if *file == root {
                text += ASKED;
            }
            std::fs::write(tree.join(file), &text)?;
            written.insert(*file, text);
        }
        let output = Command::new("cargo")
            .args(["test", "--locked", "--no-run", "--message-format", "json"])
            .args(["--package", &format!("kmapcheck-{name}")])
            .current_dir(tree)
            .env("CARGO_TARGET_DIR", target)
            .env("CARGO_INCREMENTAL", "0")
            .env("CARGO_PROFILE_DEV_DEBUG", "0")
            .output()?;
        let messages: Vec<Value> = String::from_utf8_lossy(&output.stdout)
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect();
        if output.status.success() {
            let programs = messages
                .iter()
                .filter(|message| message["profile"]["test"] == true)
                .filter_map(|message| message["executable"].as_str())
                .map(PathBuf::from)
                .collect();
            return Ok(Compiled {
                programs,
                folder,
                switched: switched_on,
                without: left_out,
            });
        }
        let mut wrong = BTreeSet::new();
        let errors = messages.iter().map(|message| &message["message"]);
        for error in errors.filter(|message| message["level"] == "error") {
            let spans = error["spans"].as_array().into_iter().flatten();
            wrong.extend(spans.filter_map(|span| {
                let span = written_down(span);
                let text = written.get(span["file_name"].as_str()?)?;
                change_at(text, span["byte_start"].as_u64()? as usize)
            }));
            let is_about_the_whole = error["spans"].as_array().is_none_or(Vec::is_empty);
            if wrong.is_empty() && !is_about_the_whole {
                return Err(format!("this belongs to no change:\n{}", error["rendered"]).into());
            }
        }
        if wrong.is_empty() {
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            return Err(format!("the tests do not compile:\n{said}").into());
        }
        eprintln!("{} changes do not compile", wrong.len());
        switched_on.retain(|number| !wrong.contains(number));
    }
}

/// Where the code of a message was written down: not within the macro that made it.
fn written_down(mut span: &Value) -> &Value {
    while span["expansion"]["span"].is_object() {
        span = &span["expansion"]["span"];
    }
    span
}
