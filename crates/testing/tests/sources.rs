//! What is held of the sources of the product.

use std::path::{Path, PathBuf};

/// The Rust files of the crates in the workspace, but for those that are tests.
fn sources() -> Vec<PathBuf> {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut folders: Vec<PathBuf> = (crates.read_dir().expect("the crates are there"))
        .map(|entry| entry.expect("they can be read").path())
        .filter(|path| !path.ends_with("bench") && !path.ends_with("mutants"))
        .map(|path| path.join("src"))
        .collect();
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in folder.read_dir().expect("a crate has sources") {
            let path = entry.expect("they can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") && !path.ends_with("tests.rs") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// What puts 0, or the greatest number, in place of one that there is not.
const MADE_UP: [&str; 8] = [
    "unwrap_or(0)",
    "map_or(0,",
    "map_or(u32::MAX",
    "map_or(u64::MAX",
    "map_or(usize::MAX",
    "saturating_add",
    "saturating_sub",
    "saturating_mul",
];

/// Whether there is such a thing in the line.
fn makes_a_number_up(line: &str) -> bool {
    MADE_UP.iter().any(|made_up| line.contains(made_up))
        || (line.contains("unwrap_or(") && line.contains("::MAX)"))
}

/// Whether the line has an ordinary comment. Documentation says what is done, not why.
fn is_commented(line: &str) -> bool {
    (line.split_once("// ")).is_some_and(|(before, _)| !before.ends_with('/'))
}

/// A number that does not fit, or is not there, must not become another one in silence: that is
/// how states are taken for one another, and findings are missed. Where 0 or the greatest number is
/// just right, a comment beside it says why; that the greatest of nothing is 0 needs none. What
/// `unwrap_or_default()` makes up is not looked at: without types nobody can tell whether it is a
/// number.
#[test]
fn a_number_that_is_made_up_says_why() {
    let sources = sources();
    assert!(sources.len() > 100, "{} files", sources.len());
    let mut found = Vec::new();
    for path in sources {
        let text = std::fs::read_to_string(&path).expect("it can be read");
        let lines: Vec<&str> = text.lines().collect();
        let end = lines.iter().position(|line| *line == "#[cfg(test)]");
        for i in 0..end.unwrap_or(lines.len()) {
            let near = |before: usize| &lines[i.saturating_sub(before)..=i];
            let explained = near(3).iter().any(|line| is_commented(line))
                || near(1).iter().any(|line| line.contains(".max()"));
            if makes_a_number_up(lines[i]) && !explained {
                found.push(format!("{}:{}: {}", path.display(), i + 1, lines[i].trim()));
            }
        }
    }
    assert!(found.is_empty(), "without a reason:\n{}", found.join("\n"));
}
