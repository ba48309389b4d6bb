//! The files that are good fit the schemas, and those that are not do not.

use std::fs;
use std::path::{Path, PathBuf};

use jsonc_parser::{ParseOptions, parse_to_serde_value};
use kmapcheck_scenario::{Overrides, load, load_model};
use kmapcheck_testing::schema::schema;
use serde_json::Value;

const ROOT: &str = "../..";

/// All `.json` files below a directory, sorted.
fn files_below(directory: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut left = vec![directory.to_path_buf()];
    while let Some(directory) = left.pop() {
        for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                left.push(path);
            } else if path
                .extension()
                .is_some_and(|extension| extension == "json")
            {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

fn json_of(path: &Path) -> Value {
    let text = fs::read_to_string(path).expect("read the file");
    parse_to_serde_value(&text, &ParseOptions::default()).expect("JSON with comments")
}

fn models() -> Vec<PathBuf> {
    let mut files = files_below(&Path::new(ROOT).join("models"));
    // What functions of C mean is another format.
    files.retain(|path| !path.components().any(|part| part.as_os_str() == "c"));
    files.extend(files_below(Path::new("tests/good/models")));
    files
}

fn scenarios() -> Vec<PathBuf> {
    let mut files = files_below(&Path::new(ROOT).join("scenarios"));
    files.retain(|path| !path.components().any(|part| part.as_os_str() == "models"));
    files.extend(
        ["everything", "series", "slots"].map(|name| format!("tests/good/{name}.json").into()),
    );
    files
}

#[test]
fn good_files_load() {
    let mut wrong = Vec::new();
    for path in models() {
        wrong.extend(load_model(&path).err().map(|errors| errors.to_string()));
    }
    for path in scenarios() {
        wrong.extend(
            load(&path, &Overrides::default())
                .err()
                .map(|errors| errors.to_string()),
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn good_files_fit_their_schema() {
    let mut wrong = Vec::new();
    for (schema, files) in [
        (schema("model"), models()),
        (schema("scenario"), scenarios()),
    ] {
        let validator = jsonschema::validator_for(&schema).expect("the schema is one");
        for path in files {
            let json = json_of(&path);
            for error in validator.iter_errors(&json) {
                wrong.push(format!(
                    "{}: {}: {error}",
                    path.display(),
                    error.instance_path()
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What is wrong with a file as such, not only with the names in it, shows in the editor too.
#[test]
fn bad_files_do_not_fit_their_schema() {
    let validator = jsonschema::validator_for(&schema("scenario")).expect("the schema is one");
    for name in [
        "unknown-field",
        "unknown-field-in-lock",
        "slots-of",
        "unknown-finding",
        "unknown-value",
        "missing-field",
        "wrong-type",
        "slots-without-series",
        "zero-slots",
        "zero-tasks",
        "empty-loop",
        "several-operations",
        "unknown-operation-none",
        "write-true",
        "expect-twice",
        "control-characters",
        "control-characters-in-operations",
    ] {
        let json = json_of(&PathBuf::from(format!("tests/ui/{name}.json")));
        assert!(!validator.is_valid(&json), "{name}");
    }
}
