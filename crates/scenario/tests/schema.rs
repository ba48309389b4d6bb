//! The schemas in docs/schema are the ones the types give, and the files that are good fit them.

use std::path::{Path, PathBuf};
use std::{env, fs};

use jsonc_parser::{ParseOptions, parse_to_serde_value};
use kmapcheck_scenario::{Overrides, load, load_model, schema_model, schema_scenario};
use serde_json::Value;

const ROOT: &str = "../..";

#[test]
fn schemas_in_docs_are_up_to_date() {
    for (name, schema) in [("model", schema_model()), ("scenario", schema_scenario())] {
        let path = format!("{ROOT}/docs/schema/{name}.schema.json");
        let text = serde_json::to_string_pretty(&schema).expect("a schema is JSON") + "\n";
        if env::var_os("KMAPCHECK_UPDATE").is_some() {
            fs::create_dir_all(format!("{ROOT}/docs/schema")).expect("make docs/schema");
            fs::write(&path, text).expect("write the schema");
        } else {
            let stored = fs::read_to_string(&path).unwrap_or_default();
            assert!(
                stored == text,
                "{path} is out of date: KMAPCHECK_UPDATE=1 writes it"
            );
        }
    }
}

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
    for (schema, files) in [(schema_model(), models()), (schema_scenario(), scenarios())] {
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
    let validator = jsonschema::validator_for(&schema_scenario()).expect("the schema is one");
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
