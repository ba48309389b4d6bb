//! `kmapcheck extract`: what it prints, writes and refuses.
#![cfg(feature = "extract")]

mod common;

use common::{command, fresh, stderr, stdout};

const COPY: &str = "\
int copy(struct page *from, struct page *to)
{
	kmap(from);
	kmap(to);
	kunmap(to);
	kunmap(from);
	return 0;
}
";

/// A C file of its own.
fn file(name: &str, text: &[u8]) -> String {
    let file = fresh(name);
    std::fs::write(&file, text).expect("it can be written");
    file
}

#[test]
fn a_scenario_is_printed_or_written() {
    let c = file("copy.c", COPY.as_bytes());
    let printed = command(&["extract", &c, "--entry", "copy:3", "--slots", "PKMAP=2"]).output();
    let printed = printed.expect("the program starts");
    assert_eq!(printed.status.code(), Some(0), "{}", stderr(&printed));
    let text = stdout(&printed);
    let value: serde_json::Value = serde_json::from_str(&text).expect("it is JSON");
    assert_eq!(value["tasks"][0]["count"], 3);
    assert_eq!(value["series"]["PKMAP"]["slots"], 2);
    assert_eq!(value["tasks"][0]["program"][1]["at"], format!("{c}:4 copy"));
    let to = fresh("copy.json");
    let written = command(&[
        "extract", &c, "--entry", "copy:3", "--slots", "PKMAP=2", "-o", &to,
    ])
    .output();
    let written = written.expect("the program starts");
    assert_eq!(written.status.code(), Some(0), "{}", stderr(&written));
    assert_eq!(std::fs::read_to_string(&to).expect("it is written"), text);
}

#[test]
fn what_is_refused_says_where_and_what_to_type() {
    let unmaps = b"int f(char *p)\n{\n\tkunmap_atomic(p, KM_USER0);\n\treturn 0;\n}\n";
    for (name, bytes, entry, said) in [
        ("unmaps.c", &unmaps[..], "f", "--stub FILE.c"),
        (
            "near.c",
            COPY.as_bytes(),
            "cpy",
            "did you mean `--entry copy`?",
        ),
        (
            "binary.c",
            &b"\x7fELF\0\0"[..],
            "f",
            "it holds bytes that no text has",
        ),
        (
            "open.c",
            &b"#ifdef A\nint f(void);\n"[..],
            "f",
            "never closed",
        ),
    ] {
        let c = file(name, bytes);
        let output = command(&["extract", &c, "--entry", entry]).output();
        let output = output.expect("the program starts");
        assert_eq!(output.status.code(), Some(2), "{name}");
        assert!(
            stderr(&output).contains(said),
            "{name}: {}",
            stderr(&output)
        );
        assert_eq!(stdout(&output), "", "{name}");
    }
    let missing = command(&["extract", "no-such-file.c", "--entry", "f"]).output();
    assert_eq!(missing.expect("the program starts").status.code(), Some(2));
    let c = file("map.c", COPY.as_bytes());
    let map = command(&["extract", &c, "--entry", "copy", "--map", "linux-9"]).output();
    let map = map.expect("the program starts");
    assert!(stderr(&map).contains("linux-2.4"), "{}", stderr(&map));
}

/// Limits are kept in every phase, and what they stop is no answer.
#[test]
fn a_limit_is_an_answer_of_its_own() {
    let many = "int f(struct page **p) { int i; for (i = 0; i < 1000000; i++) { kmap(p[i]); kunmap(p[i]); } return 0; }";
    let c = file("many.c", many.as_bytes());
    let output = command(&[
        "extract",
        &c,
        "--entry",
        "f",
        "--max-paths",
        "1G",
        "--timeout",
        "300ms",
    ])
    .output();
    let output = output.expect("the program starts");
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
}

#[test]
fn what_a_mapping_file_says_is_printed() {
    let help = command(&["extract", "--map-help"]).output();
    let help = help.expect("the program starts");
    assert_eq!(help.status.code(), Some(0), "{}", stderr(&help));
    let text = stdout(&help);
    for part in ["hands_over", "down_read_trylock", "\"ops\": {", "linux-6"] {
        assert!(text.contains(part), "{text}");
    }
}

#[test]
fn a_name_that_nothing_has_ends_with_2() {
    let c = file("named.c", COPY.as_bytes());
    for (option, near) in [
        ("--slots=PKMPA=2", "did you mean `--slots PKMAP`?"),
        ("--set=nothing=1", "`--set nothing`"),
        ("--share=a_lock", "`--share a_lock`"),
    ] {
        let done = command(&["extract", &c, "--entry", "copy", option]).output();
        let done = done.expect("the program starts");
        assert_eq!(done.status.code(), Some(2), "{option}: {}", stdout(&done));
        assert!(stderr(&done).contains(near), "{}", stderr(&done));
    }
}
