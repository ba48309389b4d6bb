//! What the tests of exported models share.

#![allow(dead_code, reason = "each test uses a part of it")]

pub mod expected;

use kmapcheck_scenario::{Overrides, Program, load};

/// Every scenario below `scenarios/` with `only` in its path: its name and its program.
pub fn scenarios(only: &str) -> Vec<(String, Program)> {
    let folder = kmapcheck_testing::scenario_folder();
    let files = kmapcheck_testing::scenario_files().into_iter();
    let named = files.filter_map(|file| {
        let name = file.strip_prefix(&folder).ok()?.display().to_string();
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
