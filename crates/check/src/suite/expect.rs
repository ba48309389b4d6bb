//! Rewrites `expect` in a scenario's file and nothing else in it.
//!
//! The file is edited as a concrete syntax tree (crate jsonc-parser), so comments and layout stay:
//! names that were not found go, those that are missing are added at the end, the others stay where
//! they are, with the comments beside them. A file without `expect` gets one as its last field.

use std::path::Path;

use jsonc_parser::ParseOptions;
use jsonc_parser::cst::{CstInputValue, CstRootNode};
use kmapcheck_scenario::FindingKind;

use crate::code;

/// Writes what was found into the file.
///
/// # Errors
///
/// In words, if `expect` is no list, or the file cannot be written.
pub(crate) fn rewrite(file: &Path, found: &[FindingKind]) -> Result<(), String> {
    let (file, case) = match code::case_of(file) {
        Some((file, case)) => (file, case),
        None => (file.to_owned(), None),
    };
    let text = std::fs::read_to_string(&file).map_err(|error| error.to_string())?;
    let text = rewritten(&text, case.as_deref(), found)?;
    std::fs::write(file, text).map_err(|error| error.to_string())
}

/// The text with that expectation, of a scenario, or of a case of a case file.
fn rewritten(text: &str, case: Option<&str>, found: &[FindingKind]) -> Result<String, String> {
    let root =
        CstRootNode::parse(text, &ParseOptions::default()).map_err(|error| error.to_string())?;
    let mut object = root.object_value().ok_or("it is no object")?;
    if let Some(case) = case {
        let cases = object.object_value("cases");
        let of = cases.and_then(|cases| cases.object_value(case));
        object = of.ok_or("there is no such case")?;
    }
    if object.get("expect").is_none() {
        let names = found.iter().map(|kind| kind.name().to_owned());
        let names = names.map(CstInputValue::String).collect();
        object.append("expect", CstInputValue::Array(names));
        return Ok(root.to_string());
    }
    let list = (object.array_value("expect")).ok_or("`expect` is no list")?;
    let mut missing: Vec<&str> = found.iter().map(|kind| kind.name()).collect();
    for element in list.elements() {
        let name = (element.as_string_lit()).and_then(|text| text.decoded_value().ok());
        match missing
            .iter()
            .position(|kind| name.as_deref() == Some(*kind))
        {
            Some(at) => {
                missing.remove(at);
            }
            None => element.remove(),
        }
    }
    for kind in missing {
        list.append(CstInputValue::String(kind.to_owned()));
    }
    Ok(root.to_string())
}

#[cfg(test)]
mod tests {
    use super::rewritten;
    use kmapcheck_scenario::FindingKind::{Deadlock, Misuse, SlotLeak};

    #[test]
    fn comments_and_layout_stay() {
        let text = "{ // first\n  \"name\" : \"s\",\n  \"expect\": [\n    // why it leaks\n    \"slot-leak\", // here\n    \"misuse\"\n  ], /* last */ \"note\": \"n\"\n}\n";
        let kept = rewritten(text, None, &[SlotLeak, Misuse]).expect("it has a list");
        assert_eq!(kept, text);
        let fewer = rewritten(text, None, &[SlotLeak]).expect("it has a list");
        for part in [
            "{ // first\n  \"name\" : \"s\",\n",
            "// why it leaks\n    \"slot-leak\"",
            "], /* last */ \"note\": \"n\"\n}\n",
        ] {
            assert!(fewer.contains(part), "{fewer}");
        }
        assert!(!fewer.contains("misuse"), "{fewer}");
        let other = rewritten(text, None, &[Deadlock]).expect("it has a list");
        assert!(
            other.contains("\"deadlock\"") && !other.contains("\"slot-leak\""),
            "{other}"
        );
    }

    #[test]
    fn lists_on_one_line_stay_there() {
        let changed =
            |text: &str, found: &[_]| rewritten(text, None, found).expect("it has a list");
        assert_eq!(
            changed(r#"{ "expect": [] }"#, &[Deadlock]),
            r#"{ "expect": ["deadlock"] }"#
        );
        assert_eq!(
            changed(r#"{ "expect": ["deadlock"] }"#, &[]),
            r#"{ "expect": [] }"#
        );
        assert_eq!(
            changed(r#"{ "expect": ["deadlock"] }"#, &[Deadlock, SlotLeak]),
            r#"{ "expect": ["deadlock", "slot-leak"] }"#
        );
    }

    #[test]
    fn a_file_without_expect_gets_one() {
        let changed =
            |text: &str, found: &[_]| rewritten(text, None, found).expect("it is an object");
        assert_eq!(
            changed(r#"{ "name": "s" }"#, &[Deadlock, SlotLeak]),
            "{\n  \"name\": \"s\",\n  \"expect\": [\"deadlock\", \"slot-leak\"]\n}"
        );
        assert_eq!(
            changed("{\n  \"name\": \"s\" // last\n}\n", &[]),
            "{\n  \"name\": \"s\", // last\n  \"expect\": []\n}\n"
        );
    }

    #[test]
    fn a_case_has_its_own() {
        let text = r#"{ "cases": { "a": { "expect": ["misuse"] }, "b": { "entries": ["f"] } } }"#;
        let changed = |case, found: &[_]| rewritten(text, Some(case), found);
        assert_eq!(
            changed("a", &[Deadlock]).as_deref(),
            Ok(r#"{ "cases": { "a": { "expect": ["deadlock"] }, "b": { "entries": ["f"] } } }"#)
        );
        let added = changed("b", &[]).expect("it is there");
        assert!(added.contains("\"expect\": []"), "{added}");
        assert!(
            added.contains(r#""a": { "expect": ["misuse"] }"#),
            "{added}"
        );
        assert!(changed("c", &[]).is_err());
    }

    #[test]
    fn a_file_without_a_list_is_left_alone() {
        for text in ["[]", r#"{ "expect": 3 }"#, "{"] {
            assert!(rewritten(text, None, &[]).is_err(), "{text}");
        }
    }
}
