//! Certificates: written, verified, changed.

mod common;

use common::{kmapcheck, scratch, stderr, stdout};

const ORDERED: &str = "scenarios/pte-highmem/mremap-proposed.json";

fn run(args: &[&str]) -> (Option<i32>, String) {
    let output = kmapcheck(args);
    (output.status.code(), stdout(&output) + &stderr(&output))
}

#[test]
fn a_certificate_is_written_and_verified() {
    let file = scratch("ordered.cert", "");
    let (code, said) = run(&[
        "check",
        "--engine",
        "proof",
        "--certificate",
        &file,
        ORDERED,
    ]);
    assert_eq!(code, Some(0), "{said}");
    let (code, said) = run(&["verify", &file]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.starts_with("The certificate holds"), "{said}");
    let text = std::fs::read_to_string(&file).expect("it was written");
    for (from, to) in [("PAGETABLE2", "PAGETABLE3"), ("locals", "sets"), ("5", "6")] {
        let changed = scratch("changed.cert", &text.replacen(from, to, 1));
        let (code, said) = run(&["verify", &changed]);
        assert_eq!(code, Some(1), "{from} -> {to}: {said}");
        assert!(said.starts_with("The certificate does not hold"), "{said}");
    }
}

#[test]
fn a_certificate_of_a_rule_is_verified() {
    let file = scratch("rule.cert", "");
    let (code, said) = run(&["rule", "proposed", "--certificate", &file]);
    assert_eq!(code, Some(0), "{said}");
    let (code, said) = run(&["verify", &file]);
    assert_eq!(code, Some(0), "{said}");
    let (code, said) = run(&["verify", &file, "--about", "models/pte-highmem-5.json"]);
    assert_eq!(code, Some(1), "{said}");
}

#[test]
fn what_is_no_certificate_is_bad_input() {
    for text in ["", "[]", "{}", r#"{ "format": 7 }"#, "not JSON"] {
        let (code, said) = run(&["verify", &scratch("none.cert", text)]);
        assert_eq!(code, Some(2), "{text}: {said}");
        assert!(said.contains("is no certificate"), "{said}");
    }
    let (code, said) = run(&["check", "--certificate", "x.cert", ORDERED]);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("--engine proof"), "{said}");
    let (code, said) = run(&["rule", "proposed", "--write", "no-such-folder/x.json"]);
    assert_eq!(code, Some(2), "{said}");
}
