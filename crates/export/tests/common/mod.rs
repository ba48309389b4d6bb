//! What the tests of exported models share.

#![allow(dead_code, reason = "each test uses a part of it")]

pub mod expected;

use std::path::{Path, PathBuf};

use kmapcheck_scenario::{Overrides, Program, load};

/// Every scenario below `scenarios/` with `only` in its path: its name and its program.
pub fn scenarios(only: &str) -> Vec<(String, Program)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios");
    let mut files: Vec<PathBuf> = Vec::new();
    let mut open = vec![root.clone()];
    while let Some(dir) = open.pop() {
        for entry in std::fs::read_dir(dir).expect("the scenarios can be listed") {
            let path = entry.expect("the scenarios can be listed").path();
            if path.is_dir() {
                open.push(path);
            } else {
                files.push(path);
            }
        }
    }
    files.sort();
    let named = files.into_iter().filter_map(|file| {
        let name = file.strip_prefix(&root).ok()?.display().to_string();
        if !name.contains(only) {
            return None;
        }
        Some((name, load(&file, &Overrides::default()).ok()?))
    });
    named.collect()
}

/// The program of one scenario, with its file named as from the root of the repository.
pub fn scenario(name: &str) -> Program {
    let (_, mut program) = (scenarios(name).into_iter())
        .find(|(found, _)| found == name)
        .unwrap_or_else(|| panic!("there is a scenario {name}"));
    program.files[0] = format!("scenarios/{name}");
    program
}
