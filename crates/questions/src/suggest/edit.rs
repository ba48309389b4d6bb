//! The smallest change in the file that has the model: its comments and layout are kept.

use jsonc_parser::ParseOptions;
use jsonc_parser::cst::{CstInputValue, CstRootNode};
use similar::TextDiff;

use super::Smallest;

/// What a series says that says nothing.
const NO_REUSE: &str = "none";

/// The text with the change made; `None` if the series are not in it. A scenario's text has the model
/// inside, or series of its own; there is no place for an order beside those.
#[must_use]
pub fn edited(text: &str, change: &Smallest) -> Option<String> {
    let root = CstRootNode::parse(text, &ParseOptions::default()).ok()?;
    let mut model = root.object_value()?;
    let mut has_order = model.get("tasks").is_none();
    if let Some(inline) = model.object_value("model") {
        (model, has_order) = (inline, true);
    }
    let series = model.object_value("series")?;
    for policy in &change.policies {
        let series = series.object_value(&policy.series)?;
        let wanted = || CstInputValue::String(policy.reuse.to_owned());
        let Some(reuse) = series.get("reuse") else {
            if policy.reuse != NO_REUSE {
                series.append("reuse", wanted());
            }
            continue;
        };
        let same = (reuse.value().and_then(|value| value.as_string_lit()))
            .and_then(|value| value.decoded_value().ok())
            .is_some_and(|value| value == policy.reuse);
        if !same {
            reuse.set_value(wanted());
        }
    }
    if !has_order {
        return Some(root.to_string());
    }
    match model.get("order") {
        Some(known) => {
            let elements = (known.array_value()).map_or_else(Vec::new, |array| array.elements());
            let before: Vec<String> = (elements.iter())
                .filter_map(|element| element.as_string_lit()?.decoded_value().ok())
                .collect();
            let after = put(&before, change);
            if before != after {
                known.set_value(array(after));
            }
        }
        None if change.order.is_empty() => {}
        None => {
            // After the series; if there are none, first.
            let at = (model.get("series")).map_or(0, |series| series.property_index() + 1);
            model.insert(at, "order", array(change.order.clone()));
        }
    }
    Some(root.to_string())
}

fn array(names: Vec<String>) -> CstInputValue {
    CstInputValue::Array(names.into_iter().map(CstInputValue::String).collect())
}

/// The order with the series in question in their new places, and what is not in question (locks,
/// series that the scenarios do not use) where it was.
fn put(before: &[String], change: &Smallest) -> Vec<String> {
    let in_question = |name: &String| change.policies.iter().any(|p| p.series == *name);
    let mut next = change.order.iter().cloned();
    let mut after: Vec<String> = (before.iter())
        .filter_map(|name| {
            if in_question(name) {
                next.next()
            } else {
                Some(name.clone())
            }
        })
        .collect();
    after.extend(next);
    after
}

/// The change as a unified diff, empty if there is nothing to change.
#[must_use]
pub fn diff(file: &str, text: &str, change: &Smallest) -> Option<String> {
    let changed = edited(text, change)?;
    let diff = TextDiff::from_lines(text, &changed);
    let (before, after) = (format!("a/{file}"), format!("b/{file}"));
    Some(
        diff.unified_diff()
            .context_radius(1)
            .header(&before, &after)
            .to_string(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::suggest::variant::Policy;

    fn change(policies: &[(&str, &'static str)], order: &[&str]) -> Smallest {
        Smallest {
            policies: (policies.iter())
                .map(|&(series, reuse)| Policy {
                    series: series.to_owned(),
                    reuse,
                })
                .collect(),
            changes: 0,
            order: order.iter().map(|&name| name.to_owned()).collect(),
            orders_all: true,
            diff: None,
        }
    }

    const MODEL: &str = r#"{
  "name": "m",
  "series": {
    // as it was
    "A": { "slots": 4, "reuse": "any" },
    "B": { "slots": 4, "reuse": "own" }
  },
  "order": ["lock", "A", "C", "B"]
}
"#;

    #[test]
    fn only_what_changes_is_touched() {
        let change = change(&[("A", "none"), ("B", "own")], &["B", "A"]);
        assert_eq!(
            diff("m.json", MODEL, &change).expect("it is a model"),
            r#"--- a/m.json
+++ b/m.json
@@ -4,6 +4,6 @@
     // as it was
-    "A": { "slots": 4, "reuse": "any" },
+    "A": { "slots": 4, "reuse": "none" },
     "B": { "slots": 4, "reuse": "own" }
   },
-  "order": ["lock", "A", "C", "B"]
+  "order": ["lock", "B", "C", "A"]
 }
"#
        );
    }

    #[test]
    fn what_is_there_already_is_no_change() {
        let change = change(&[("A", "any"), ("B", "own")], &["A", "B"]);
        assert_eq!(diff("m.json", MODEL, &change).as_deref(), Some(""));
    }

    #[test]
    fn series_of_a_scenario_get_no_order() {
        let text = r#"{ "name": "s", "series": { "A": { "slots": 1 }, "B": { "slots": 1 } }, "tasks": [] }"#;
        let change = change(&[("A", "any"), ("B", "none")], &["A", "B"]);
        let edited = edited(text, &change).expect("there are series");
        let value: serde_json::Value = serde_json::from_str(&edited).expect("it is JSON");
        let series =
            serde_json::json!({ "A": { "slots": 1, "reuse": "any" }, "B": { "slots": 1 } });
        assert_eq!(value["series"], series);
        assert_eq!(value.get("order"), None);
    }

    #[test]
    fn a_model_inside_a_scenario_gets_an_order() {
        let text = r#"{ "name": "s", "model": { "name": "m", "series": { "A": { "slots": 1, "reuse": "any" } } } }"#;
        let edited = edited(text, &change(&[("A", "any")], &["A"])).expect("there is a model");
        let value: serde_json::Value = serde_json::from_str(&edited).expect("it is JSON");
        assert_eq!(value["model"]["order"], serde_json::json!(["A"]));
    }
}
