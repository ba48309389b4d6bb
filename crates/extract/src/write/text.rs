//! JSON as a person would write it: what fits on a line is on one.

use serde_json::Value;

/// Characters of a line, if what is on it can be broken up.
const WIDTH: usize = 110;

/// The text of a value, with a line break at its end.
#[must_use]
pub fn written(value: &Value) -> String {
    let mut out = String::new();
    write(value, 0, 0, &mut out);
    out.push('\n');
    out
}

fn compact(value: &Value, out: &mut String) {
    match value {
        Value::Array(items) if items.is_empty() => out.push_str("[]"),
        Value::Array(items) => {
            for (i, item) in items.iter().enumerate() {
                out.push_str(if i == 0 { "[" } else { ", " });
                compact(item, out);
            }
            out.push(']');
        }
        Value::Object(fields) if fields.is_empty() => out.push_str("{}"),
        Value::Object(fields) => {
            for (i, (name, value)) in fields.iter().enumerate() {
                out.push_str(if i == 0 { "{ " } else { ", " });
                out.push_str(&Value::from(name.as_str()).to_string());
                out.push_str(": ");
                compact(value, out);
            }
            out.push_str(" }");
        }
        plain => out.push_str(&plain.to_string()),
    }
}

/// Writes a value at an indentation, after `before` characters of its line.
fn write(value: &Value, indent: usize, before: usize, out: &mut String) {
    let mut line = String::new();
    compact(value, &mut line);
    let (items, brackets): (Vec<(Option<&String>, &Value)>, _) = match value {
        Value::Array(items) => (items.iter().map(|item| (None, item)).collect(), ["[", "]"]),
        Value::Object(fields) => (
            fields
                .iter()
                .map(|(name, value)| (Some(name), value))
                .collect(),
            ["{", "}"],
        ),
        _ => (Vec::new(), ["", ""]),
    };
    // The whole file is never on one line.
    if items.is_empty() || (indent > 0 && before + line.chars().count() <= WIDTH) {
        out.push_str(&line);
        return;
    }
    out.push_str(brackets[0]);
    let last = items.len() - 1;
    for (i, (name, item)) in items.into_iter().enumerate() {
        out.push('\n');
        let mut start = " ".repeat(indent + 2);
        if let Some(name) = name {
            start.push_str(&Value::from(name.as_str()).to_string());
            start.push_str(": ");
        }
        out.push_str(&start);
        write(item, indent + 2, start.chars().count(), out);
        if i < last {
            out.push(',');
        }
    }
    out.push('\n');
    out.push_str(&" ".repeat(indent));
    out.push_str(brackets[1]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn short_things_are_on_a_line() {
        let value =
            json!({ "name": "a", "steps": [{ "kmap": "page" }, { "note": "x".repeat(120) }] });
        let expected = format!(
            "{{\n  \"name\": \"a\",\n  \"steps\": [\n    {{ \"kmap\": \"page\" }},\n    {{\n      \"note\": \"{}\"\n    }}\n  ]\n}}\n",
            "x".repeat(120)
        );
        assert_eq!(written(&value), expected);
    }
}
