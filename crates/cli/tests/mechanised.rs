//! What the documentation calls a theorem is one: each link ``[`name`](.../File.v)`` in a page of
//! the book names a theorem or lemma of that file. And `docs/mechanised/README.md` names every
//! theorem there is. Whether they are proved, `.ci/mechanised` asks Rocq.

mod common;

use std::path::{Path, PathBuf};

use common::root;

const FOLDERS: [&str; 2] = ["docs", "docs/mechanised"];

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The files of the book's folders with that extension.
fn files(extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for folder in FOLDERS {
        for entry in std::fs::read_dir(root().join(folder)).expect("there is such a folder") {
            let path = entry.expect("it can be read").path();
            if path.extension().is_some_and(|e| e == extension) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// Names and files of the links to theorems in a page.
fn links(text: &str) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    for rest in text.split("[`").skip(1) {
        if let Some((name, after)) = rest.split_once("`](")
            && let Some((target, _)) = after.split_once(')')
            && target.ends_with(".v")
        {
            found.push((name, target));
        }
    }
    found
}

/// Whether the text states it, under one of these words.
fn states(text: &str, words: &[&str], name: &str) -> bool {
    text.lines().any(|line| {
        words.iter().any(|word| {
            line.strip_prefix(word)
                .and_then(|rest| rest.strip_prefix(' '))
                .and_then(|rest| rest.split([' ', ':']).next())
                == Some(name)
        })
    })
}

#[test]
fn linked_theorems_are_there() {
    let mut followed = 0;
    for page in files("md") {
        let text = read(&page);
        for (name, target) in links(&text) {
            let file = page.parent().expect("it lies in a folder").join(target);
            assert!(
                states(&read(&file), &["Theorem", "Lemma"], name),
                "{}: {target} has no theorem {name}",
                page.display()
            );
            followed += 1;
        }
    }
    assert!(followed > 30, "{followed} links to theorems only");
}

#[test]
fn every_theorem_is_listed() {
    let page = read(&root().join("docs/mechanised/README.md"));
    let listed = links(&page);
    let mut theorems = 0;
    for file in files("v") {
        let target = file.file_name().expect("it has a name").to_string_lossy();
        for line in read(&file).lines() {
            let Some(rest) = line.strip_prefix("Theorem ") else {
                continue;
            };
            let name = rest.split([' ', ':']).next().expect("it has a name");
            assert!(
                listed.contains(&(name, &*target)),
                "docs/mechanised/README.md does not list {name} of {target}"
            );
            theorems += 1;
        }
    }
    assert!(theorems > 30, "{theorems} theorems only");
}

/// What is checked is all there is.
#[test]
fn every_file_is_checked() {
    let project = read(&root().join("docs/mechanised/_CoqProject"));
    for file in files("v") {
        let name = file.file_name().expect("it has a name").to_string_lossy();
        assert!(
            project.lines().any(|line| line == name),
            "docs/mechanised/_CoqProject does not list {name}"
        );
        let lines = read(&file).lines().count();
        assert!(lines <= 500, "{name} has {lines} lines");
    }
}
