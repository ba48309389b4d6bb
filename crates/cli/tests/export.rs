//! `export`: what is written where, and refusals, each by name with its place and a remedy.

mod common;

use std::path::Path;

use common::{exits, scenario, scratch};

const DEADLOCK: &str = "scenarios/pte-highmem/mremap-two-pagetables.json";

#[test]
fn printed_or_written() {
    let (printed, _) = exits(&["export", "--to", "promela", DEADLOCK], 0);
    insta::assert_snapshot!("export_promela", printed);
    let file = scratch("exported.pml", "");
    let (nothing, _) = exits(&["export", "--to", "promela", DEADLOCK, "-o", &file], 0);
    assert_eq!(nothing, "");
    let written = std::fs::read_to_string(&file).expect("it was written");
    assert_eq!(written, printed);
}

#[test]
fn sizes_can_be_changed() {
    let args = ["export", "--to", "murphi", "--slots", "PAGETABLE=3"];
    let (out, _) = exits(&[&args[..], &["--tasks", "mremap=5", DEADLOCK]].concat(), 0);
    assert!(out.contains("PAGETABLE_used < 3"), "{out}");
    assert!(out.contains("0..4"), "{out}");
}

#[test]
fn a_module_has_the_name_of_its_file_and_its_configuration_beside_it() {
    let file = scratch("Mremap.tla", "");
    exits(&["export", "--to", "tla", DEADLOCK, "-o", &file], 0);
    let module = std::fs::read_to_string(&file).expect("it was written");
    assert!(module.starts_with("---- MODULE Mremap ----"), "{module}");
    let config = Path::new(&file).with_extension("cfg");
    let config = std::fs::read_to_string(config).expect("it was written");
    assert!(config.contains("INIT Init"), "{config}");
    let (both, _) = exits(&["export", "--to", "tla", DEADLOCK], 0);
    assert!(both.contains("---- CONFIGURATION ----"), "{both}");
}

/// What is refused: the command's arguments, and all that is said.
#[test]
fn refusals() {
    let grows = scratch(
        "grows.json",
        &scenario(
            2,
            r#""locks": { "sem": { "semaphore": 9 } },
   "tasks": [ { "name": "t", "program": [
     { "loop": [ { "down": "sem" }, { "choose": [ [ { "up": "sem" } ], [] ] } ] } ] } ]"#,
        ),
    );
    let low = "scenarios/regressions/starved-of-low-memory.json";
    let slots = "scenarios/classic/2-tasks-2-of-2-slots.json";
    let cases: [&[&str]; 10] = [
        &["promela", "scenarios/primitives/cpu-one-to-spare.json"],
        &["promela", "scenarios/any-number/ordered.json"],
        &["promela", "--tasks", "t=256", slots],
        &["promela", "--tasks", "mremap=126", DEADLOCK],
        &["murphi", "--tasks", "mremap=126", DEADLOCK],
        &["murphi", low],
        &["tla", &grows],
        &["pnml", "scenarios/primitives/alloc-waits-for-free.json"],
        &["pnml", "scenarios/primitives/stale-in-any.json"],
        &["tla", DEADLOCK, "-o", "two words.tla"],
    ];
    let mut told = String::new();
    for case in cases {
        let (_, err) = exits(&[&["export", "--to"], case].concat(), 2);
        let shown: Vec<String> = (case.iter())
            .map(|word| word.replace(&grows, "grows.json"))
            .collect();
        told += &format!(
            "{}\n{}\n",
            shown.join(" "),
            err.replace(&grows, "grows.json")
        );
    }
    insta::assert_snapshot!("export_refusals", told);
}

#[test]
fn a_place_that_cannot_be_written_is_2() {
    let (_, err) = exits(
        &["export", "--to", "pnml", DEADLOCK, "-o", "no/such/folder/m"],
        2,
    );
    assert!(err.contains("cannot write no/such/folder/m"), "{err}");
}
