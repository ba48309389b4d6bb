//! How the house is built: which room may use which, and what may be in which room.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The rooms, each after all those that it may use.
const ROOMS: [&str; 21] = [
    "limits",
    "scenario",
    "machine",
    "engine",
    "stuck",
    "local",
    "linear",
    "equations",
    "search",
    "loom",
    "verify",
    "report",
    "prove",
    "show",
    "questions",
    "extract",
    "check",
    "export",
    "scan",
    "args",
    "cli",
];

/// Rooms that must not use others although these come before them, and why not.
const APART: [(&str, &[&str]); 4] = [
    // It writes text, which is read like any other.
    (
        "extract",
        &[
            "scenario",
            "machine",
            "search",
            "report",
            "show",
            "questions",
        ],
    ),
    // It checks what they claim.
    ("verify", &["local", "equations", "search", "loom"]),
    // It writes the semantics a second time, for other tools to disagree.
    ("export", &["search", "local", "equations", "loom", "prove"]),
    // It is for any inequalities.
    ("linear", &["scenario", "machine"]),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The crates of the product that each crate uses.
fn uses() -> BTreeMap<String, Vec<String>> {
    let folders = fs::read_dir(root().join("crates")).expect("the crates are there");
    let mut uses = BTreeMap::new();
    for folder in folders {
        let folder = folder.expect("it can be read").path();
        let name = folder.file_name().and_then(|name| name.to_str());
        let name = name.expect("folders have plain names").to_owned();
        let manifest = text(&folder.join("Cargo.toml"));
        let sections = manifest.split("\n[");
        let dependencies = sections.filter(|section| section.starts_with("dependencies]"));
        let used = dependencies
            .flat_map(str::lines)
            .filter_map(|line| line.strip_prefix("kmapcheck-"))
            .map(|line| line.split(['.', ' ']).next().unwrap_or_default().to_owned());
        uses.insert(name, used.collect());
    }
    uses
}

/// The Rust files below a folder of each crate.
fn files(of: &[&str], below: &str) -> Vec<PathBuf> {
    let crates = root().join("crates");
    let mut folders: Vec<PathBuf> = of
        .iter()
        .map(|room| crates.join(room).join(below))
        .collect();
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten() {
            let path = entry.expect("it can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The lines of the sources of some rooms, comments and tests left out, with where they are.
fn lines(of: &[&str]) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for path in files(of, "src") {
        if path.ends_with("tests.rs") {
            continue;
        }
        for (i, line) in text(&path).lines().enumerate() {
            if line == "#[cfg(test)]" {
                break;
            }
            let code = line.split("//").next().unwrap_or_default();
            all.push((format!("{}:{}", path.display(), i + 1), code.to_owned()));
        }
    }
    assert!(!all.is_empty());
    all
}

#[track_caller]
fn assert_none(found: &[String]) {
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn a_room_uses_those_above_it_only() {
    let uses = uses();
    let place = |room: &str| ROOMS.iter().position(|other| *other == room);
    let mut wrong = Vec::new();
    for (i, room) in ROOMS.iter().enumerate() {
        let used = uses.get(*room).unwrap_or_else(|| panic!("no room {room}"));
        for other in used {
            if place(other).is_none_or(|j| j >= i) {
                wrong.push(format!("{room} uses {other}"));
            }
        }
        let apart = APART.iter().find(|(name, _)| name == room);
        for other in apart.map_or(&[][..], |(_, others)| others) {
            if used.iter().any(|used| used == other) {
                wrong.push(format!("{room} uses {other}, which it must not"));
            }
        }
    }
    let known = |name: &String| {
        place(name).is_some() || ["testing", "bench", "fuzz", "mutants"].contains(&name.as_str())
    };
    wrong.extend(uses.keys().filter(|name| !known(name)).cloned());
    assert_none(&wrong);
}

#[test]
fn every_room_is_in_the_architecture() {
    let architecture = text(&root().join("ARCHITECTURE.md"));
    let mut missing: Vec<String> = (uses().into_keys())
        .filter(|name| !architecture.contains(&format!("`{name}/`")))
        .collect();
    missing.retain(|name| name != "target");
    assert_none(&missing);
}

/// How something is typed is for `report` and what is below it to say.
#[test]
fn no_engine_knows_a_flag() {
    let end = ROOMS.iter().position(|room| *room == "report");
    let engines = &ROOMS[..end.expect("there is a report")];
    let flag = |code: &str| {
        code.match_indices("--").any(|(i, _)| {
            code[i + 2..].starts_with(|c: char| c.is_ascii_lowercase())
                && !code[..i].ends_with('-')
                && code[..i].contains('"')
        })
    };
    let found: Vec<String> = (lines(engines).into_iter())
        .filter(|(_, code)| flag(code))
        .map(|(place, code)| format!("{place}: {}", code.trim()))
        .collect();
    assert_none(&found);
}

#[test]
fn only_the_command_line_prints() {
    let rooms = &ROOMS[..ROOMS.len() - 1];
    let prints = [
        "println!",
        "print!",
        "eprintln!",
        "eprint!",
        "stdout()",
        "stderr()",
    ];
    let found: Vec<String> = (lines(rooms).into_iter())
        .filter(|(_, code)| prints.iter().any(|print| code.contains(print)))
        .map(|(place, code)| format!("{place}: {}", code.trim()))
        .collect();
    assert_none(&found);
}

#[test]
fn the_semantics_read_and_write_nothing() {
    let found: Vec<String> =
        (lines(&["machine", "stuck", "local", "linear", "equations", "verify"]).into_iter())
            .filter(|(_, code)| {
                ["std::fs", "std::io", "std::net", "std::env", "std::time"]
                    .iter()
                    .any(|outside| code.contains(outside))
            })
            .map(|(place, code)| format!("{place}: {}", code.trim()))
            .collect();
    assert_none(&found);
}

/// A file says at its top what it holds, is short enough to be read in one go, and lies beside the
/// folder of its parts.
#[test]
fn files_are_short_and_say_what_they_hold() {
    let all: Vec<String> = uses().into_keys().collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    let mut wrong = Vec::new();
    let sources = files(&all, "src");
    for path in sources.iter().chain(&files(&all, "tests")) {
        let text = text(path);
        if !text.starts_with("//!") {
            wrong.push(format!("{} does not say what it holds", path.display()));
        }
        let lines = text.lines().count();
        if lines > 500 {
            wrong.push(format!("{} has {lines} lines", path.display()));
        }
    }
    wrong.extend(
        (sources.iter().filter(|path| path.ends_with("mod.rs")))
            .map(|path| format!("{} lies in the folder of its parts", path.display())),
    );
    assert_none(&wrong);
}

/// What the documents point at is there.
#[test]
fn paths_in_documents_exist() {
    let docs = fs::read_dir(root().join("docs")).expect("there are documents");
    let pages = docs.map(|entry| entry.expect("it can be read").path());
    let tops = ["ARCHITECTURE.md", "CONTRIBUTING.md", "README.md"].map(|name| root().join(name));
    let mut wrong = Vec::new();
    let mut seen = 0;
    for page in pages
        .chain(tops)
        .filter(|path| path.extension().is_some_and(|e| e == "md"))
    {
        for quoted in text(&page).split('`').skip(1).step_by(2) {
            let path = quoted.split_whitespace().next().unwrap_or_default();
            if !path.starts_with("crates/") || path.contains(['*', '{', '<']) {
                continue;
            }
            seen += 1;
            if !root().join(path).exists() {
                wrong.push(format!("{}: {path}", page.display()));
            }
        }
    }
    assert!(seen > 100, "{seen} paths");
    assert_none(&wrong);
}
