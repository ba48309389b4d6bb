//! Certificates: written, verified, changed.

mod common;

use common::{exits, prints, scratch};

const ORDERED: &str = "scenarios/pte-highmem/mremap-proposed.json";

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
