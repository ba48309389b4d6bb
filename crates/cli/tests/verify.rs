//! Certificates: written, verified, changed.

mod common;

use std::path::Path;

use common::{command, exits, prints, root, scratch, stderr, stdout};
use kmapcheck_verify::FORMAT;

const ORDERED: &str = "scenarios/pte-highmem/mremap-proposed.json";

/// The format before [`FORMAT`].
const BEFORE: &str = "kmapcheck-certificate-2";

#[test]
fn a_certificate_is_written_and_verified() {
    let file = scratch("ordered.cert", "");
    let write = ["--engine", "proof", "--certificate", &file, ORDERED];
    exits(&[&["check"], &write[..]].concat(), 0);
    let said = prints(&["verify", &file], 0);
    assert!(said.starts_with("The certificate holds"), "{said}");
    let text = std::fs::read_to_string(&file).expect("it was written");
    for (from, to) in [("PAGETABLE2", "PAGETABLE3"), ("locals", "sets"), ("5", "6")] {
        let changed = scratch("changed.cert", &text.replacen(from, to, 1));
        let said = prints(&["verify", &changed], 1);
        assert!(
            said.starts_with("The certificate does not hold"),
            "{from} -> {to}: {said}"
        );
    }
}

/// Whatever has changed in the format since.
#[test]
fn a_certificate_of_the_format_before_has_to_be_made_again() {
    let file = scratch("before.cert", "");
    let write = ["--engine", "proof", "--certificate", &file, ORDERED];
    exits(&[&["check"], &write[..]].concat(), 0);
    let text = std::fs::read_to_string(&file).expect("it was written");
    let whole = text.replacen(FORMAT, BEFORE, 1);
    assert_ne!(whole, text);
    let other_fields = format!(
        r#"{{ "format": "{BEFORE}", "scenario": "{ORDERED}", "sets": [{{ "nobody": [] }}] }}"#
    );
    for text in [whole, other_fields] {
        let (out, err) = exits(&["verify", &scratch("before.cert", &text)], 1);
        assert!(
            out.contains(&format!("its format is `{BEFORE}`, not `{FORMAT}`"))
                && out.contains("make it again with `kmapcheck check --certificate`"),
            "{out}"
        );
        assert_eq!(err, "");
    }
}

#[test]
fn a_certificate_of_a_rule_is_verified() {
    let file = scratch("rule.cert", "");
    exits(&["rule", "proposed", "--certificate", &file], 0);
    exits(&["verify", &file], 0);
    exits(
        &["verify", &file, "--about", "models/pte-highmem-5.json"],
        1,
    );
}

/// Certificates in a folder of their own, of models and scenarios in others.
#[test]
fn what_a_certificate_is_about_is_found_where_it_was() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("certificates");
    std::fs::create_dir_all(folder.join("models")).expect("a folder");
    std::fs::create_dir_all(folder.join("kept")).expect("a folder");
    let text = std::fs::read_to_string(root().join("models/proposed.json")).expect("a model");
    let model = folder.join("models/mine.json");
    std::fs::write(&model, text.replacen("\"proposed\"", "\"mine\"", 1)).expect("a file");
    let ends = |at: &Path, args: &[&str], code: i32| -> String {
        let output = command(args)
            .current_dir(at)
            .output()
            .expect("the program starts");
        let said = stdout(&output) + &stderr(&output);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {said}");
        said
    };
    let write = [
        "rule",
        "models/mine.json",
        "--certificate",
        "kept/mine.cert",
    ];
    ends(&folder, &write, 0);
    // From where it was written, and from elsewhere.
    ends(&folder, &["verify", "kept/mine.cert"], 0);
    ends(&folder.join("kept"), &["verify", "mine.cert"], 0);
    let there = folder.join("kept/mine.cert").display().to_string();
    ends(&root(), &["verify", &there], 0);
    // A model that goes by its name is found by it.
    let named = scratch("named.cert", "");
    ends(&root(), &["rule", "proposed", "--certificate", &named], 0);
    ends(&folder, &["verify", &named], 0);
    // Another model in its place, and none at all.
    let other = text.replacen("\"proposed\"", "\"other\"", 1);
    std::fs::write(&model, other).expect("a file");
    let said = ends(&folder, &["verify", "kept/mine.cert"], 1);
    assert!(said.contains("does not hold"), "{said}");
    std::fs::remove_file(&model).expect("it was there");
    let said = ends(&folder, &["verify", "kept/mine.cert"], 2);
    assert!(
        said.contains("mine.json, and there is no such file: looked for kept/")
            && said.contains("--about FILE"),
        "{said}"
    );
    // A scenario: from where it was named.
    let file = scratch("named-scenario.cert", "");
    let prove = [
        "check",
        "--engine",
        "proof",
        "--certificate",
        &file,
        ORDERED,
    ];
    ends(&root(), &prove, 0);
    ends(&root(), &["verify", &file], 0);
    let said = ends(&folder, &["verify", &file], 2);
    assert!(said.contains("there is no such file"), "{said}");
}

#[test]
fn what_is_no_certificate_is_bad_input() {
    for text in ["", "[]", "{}", r#"{ "format": 7 }"#, "not JSON"] {
        let (_, said) = exits(&["verify", &scratch("none.cert", text)], 2);
        assert!(said.contains("is no certificate"), "{text}: {said}");
    }
    let (_, said) = exits(&["check", "--certificate", "x.cert", ORDERED], 2);
    assert!(said.contains("--engine proof"), "{said}");
    exits(&["rule", "proposed", "--write", "no-such-folder/x.json"], 2);
}
