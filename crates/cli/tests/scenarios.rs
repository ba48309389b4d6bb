//! Every scenario of the repository gives exactly what it expects, with either engine.
//!
//! Those with hundreds of tasks are left to `kmapcheck test scenarios`: they take too long for
//! unoptimised programs.

mod common;

use std::path::Path;

use common::{kmapcheck, root, stdout};
use kmapcheck_scenario::{Overrides, load};

const MOST_TASKS: u64 = 100;

/// The scenario files at or below a directory, relative to the root of the repository.
fn scenarios(below: &Path, files: &mut Vec<String>) {
    for entry in std::fs::read_dir(below).expect("the directory can be read") {
        let path = entry.expect("the directory can be read").path();
        if path.is_dir() {
            scenarios(&path, files);
        } else if path
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            let program =
                load(&path, &Overrides::default()).unwrap_or_else(|errors| panic!("{errors}"));
            if program
                .task_count()
                .is_some_and(|tasks| tasks <= MOST_TASKS)
            {
                files.push(
                    path.strip_prefix(root())
                        .expect("it is below the root")
                        .display()
                        .to_string(),
                );
            }
        }
    }
}

fn all_as_expected(engine: &str) {
    let mut files = Vec::new();
    scenarios(&root().join("scenarios"), &mut files);
    files.sort();
    assert!(files.len() > 100, "{files:?}");
    let mut args = vec!["test", "--quiet", "--engine", engine];
    args.extend(files.iter().map(String::as_str));
    let output = kmapcheck(&args);
    assert_eq!(output.status.code(), Some(0), "{}", stdout(&output));
}

#[test]
fn with_the_search() {
    all_as_expected("search");
}

#[test]
fn with_the_reference() {
    all_as_expected("reference");
}
