//! The JSON Schemas of docs/schema, held against what is read and printed.

use jsonschema::Validator;
use serde_json::Value;

/// A schema of docs/schema, by its name.
///
/// # Panics
///
/// If there is none.
#[must_use]
pub fn schema(name: &str) -> Value {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    let text = std::fs::read_to_string(format!("{root}/docs/schema/{name}.schema.json"));
    serde_json::from_str(&text.expect("docs has it")).expect("it is JSON")
}

/// A schema that says no, moreover, to every field that it does not describe: readers of what is
/// printed should let such a field pass, but a test must not.
///
/// # Panics
///
/// If it is no schema.
#[must_use]
pub fn strict(name: &str) -> Validator {
    let mut schema = schema(name);
    let mut parts = Vec::new();
    parts_of_others(&schema, &mut parts);
    close(&mut schema);
    for (name, definition) in schema["$defs"].as_object_mut().into_iter().flatten() {
        if !parts.contains(&format!("#/$defs/{name}")) {
            close(definition);
        }
    }
    jsonschema::validator_for(&schema).expect("it is a schema")
}

/// What stands for some of the fields of an object, and so cannot be closed by itself.
fn parts_of_others(schema: &Value, parts: &mut Vec<String>) {
    if let (Some(part), true) = (schema["$ref"].as_str(), schema.get("properties").is_some()) {
        parts.push(part.to_owned());
    }
    match schema {
        Value::Object(fields) => fields
            .values()
            .for_each(|field| parts_of_others(field, parts)),
        Value::Array(items) => items.iter().for_each(|item| parts_of_others(item, parts)),
        _ => {}
    }
}

/// Every object with named fields has no others. Inner ones are closed by themselves; the branches
/// of a choice together with what stands beside it.
fn close(schema: &mut Value) {
    let Some(object) = schema.as_object_mut() else {
        return;
    };
    let named = object.contains_key("properties");
    if named && !object.contains_key("additionalProperties") {
        object.insert("unevaluatedProperties".to_owned(), Value::Bool(false));
    }
    for field in object
        .get_mut("properties")
        .and_then(Value::as_object_mut)
        .into_iter()
        .flatten()
    {
        close(field.1);
    }
    if let Some(items) = object.get_mut("items") {
        close(items);
    }
    // A choice stands for one of its branches; where fields stand beside it, these hold for all.
    for choice in ["anyOf", "oneOf"] {
        let branches = object.get_mut(choice).and_then(Value::as_array_mut);
        if !named {
            branches.into_iter().flatten().for_each(close);
        }
    }
}

/// Fails unless JSON fits a schema and has nothing that it does not describe.
///
/// # Panics
///
/// If it does not.
#[track_caller]
pub fn assert_fits(name: &str, value: &Value) {
    let errors: Vec<String> = (strict(name).iter_errors(value))
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{name}: {errors:?}");
}
