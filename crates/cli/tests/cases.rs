//! C that is checked in one go: `check FILE.c --entry`, and case files.

mod common;

use common::{command, fresh, stderr, stdout};

const COPY: &str = "\
#include \"copy.h\"
int copy(struct page *from, struct page *to)
{
\tkmap(from);
\tkmap(to);
\tkunmap(to);
\tkunmap(from);
\treturn 0;
}
int one(struct page *page)
{
\tkmap(page);
#ifdef LEAKS
\treturn 0;
#endif
\tkunmap(page);
\treturn 0;
}
";

/// A folder with C and a case file.
fn folder(name: &str, cases: &str) -> String {
    let folder = fresh(name);
    std::fs::create_dir_all(&folder).expect("it can be made");
    std::fs::write(format!("{folder}/copy.c"), COPY).expect("it can be written");
    std::fs::write(format!("{folder}/extract.json"), cases).expect("it can be written");
    folder
}

const CASES: &str = r#"{
    // Two slots for two tasks that take two each.
    "common": { "files": ["copy.c"], "slots": { "PKMAP": 2 } },
    "cases": {
        "alone": { "entries": ["one:3"], "expect": [] },
        "leaks": { "entries": ["one"], "define": { "LEAKS": null }, "expect": ["slot-leak"] },
        "two": { "entries": ["copy:2"], "expect": ["deadlock"] }
    }
}"#;

#[cfg(not(feature = "extract"))]
#[test]
fn without_reading_c_cases_are_refused() {
    let folder = folder("cases-without", CASES);
    for args in [
        vec!["test", &folder],
        vec!["check", &format!("{folder}/extract.json#two")],
    ] {
        let said = command(&args).output().expect("the program starts");
        assert_eq!(said.status.code(), Some(2), "{}", stdout(&said));
        assert!(
            stderr(&said).contains("--features extract"),
            "{}",
            stderr(&said)
        );
    }
}

#[cfg(feature = "extract")]
mod with {
    #[cfg(unix)]
    use crate::common::Watching;

    use super::*;

    fn run(args: &[&str]) -> (Option<i32>, String, String) {
        let said = command(args).output().expect("the program starts");
        (said.status.code(), stdout(&said), stderr(&said))
    }

    #[test]
    fn a_folder_is_tested_case_by_case() {
        let folder = folder("cases-tested", CASES);
        let (exit, out, err) = run(&["test", &folder]);
        assert_eq!(exit, Some(0), "{out}{err}");
        for case in ["alone", "leaks", "two"] {
            assert!(out.contains(&format!("extract.json#{case}")), "{out}");
        }
        // Something else than expected, something that cannot be read.
        let changed = CASES
            .replace("\"LEAKS\": null", "")
            .replace("copy:2", "kopy:2");
        std::fs::write(format!("{folder}/extract.json"), changed).expect("it can be written");
        let (exit, out, err) = run(&["test", &folder]);
        assert_eq!(exit, Some(1), "{out}{err}");
        assert!(err.contains("did you mean `--entry copy`?"), "{err}");
        assert!(
            out.contains("extract.json#leaks") && out.contains("1 passed"),
            "{out}"
        );
    }

    #[cfg(unix)]
    #[test]
    fn watching_sees_c_wherever_it_is() {
        let folder = folder("cases-watched", r#"{ "cases": {} }"#);
        std::fs::create_dir_all(format!("{folder}/cases")).expect("it can be made");
        let cases = CASES.replace("copy.c", "../copy.c");
        std::fs::write(format!("{folder}/cases/extract.json"), cases).expect("it can be written");
        let mut watching = Watching::start(&format!("{folder}/cases"));
        let first = watching.until_it_waits();
        assert!(
            first.contains(&"3 passed, 0 failed, 0 skipped".to_owned()),
            "{first:?}"
        );
        let mended = COPY.replace("#ifdef LEAKS\n\treturn 0;\n#endif\n", "");
        std::fs::write(format!("{folder}/copy.c"), mended).expect("it can be written");
        let second = watching.until_it_waits();
        let told = |line: &String| line.starts_with("Changed: ") && line.ends_with("copy.c");
        assert!(second.iter().any(told), "{second:?}");
        assert!(
            second.contains(&"2 passed, 1 failed, 0 skipped".to_owned()),
            "{second:?}"
        );
        assert_eq!(watching.interrupted(), Some(1));
    }

    #[test]
    fn what_is_expected_can_be_rewritten() {
        let folder = folder(
            "cases-updated",
            &CASES.replace("[\"deadlock\"]", "[\"misuse\"]"),
        );
        let (exit, out, err) = run(&["test", "--update-expect", &folder]);
        assert_eq!(exit, Some(0), "{out}{err}");
        let text = std::fs::read_to_string(format!("{folder}/extract.json")).expect("it is there");
        assert_eq!(text, CASES);
    }

    #[test]
    fn a_case_is_a_scenario_for_every_command() {
        let folder = folder("cases-asked", CASES);
        let case = format!("{folder}/extract.json#two");
        let (exit, out, err) = run(&["check", &case]);
        assert_eq!(exit, Some(0), "{out}{err}");
        assert!(out.contains("copy.c:5 copy"), "{out}");
        let (exit, out, err) = run(&["size", &case]);
        assert_eq!(exit, Some(0), "{out}{err}");
        let trace = fresh("cases-trace.json");
        let (exit, out, err) = run(&["check", "-q", &case, "--save-trace", &trace]);
        assert_eq!(exit, Some(0), "{out}{err}");
        let (exit, out, err) = run(&["replay", &trace]);
        assert_eq!(exit, Some(0), "{out}{err}");
        // A case that there is not, and none.
        let (exit, _, err) = run(&["check", &format!("{folder}/extract.json#three")]);
        assert!(exit == Some(2) && err.contains("extract.json#two"), "{err}");
        let (exit, _, err) = run(&["check", &format!("{folder}/extract.json")]);
        assert!(exit == Some(2) && err.contains("name one"), "{err}");
        // Nothing that is read may be written.
        let c = format!("{folder}/copy.c");
        let (exit, _, err) = run(&["check", &case, "--html", &c]);
        assert_eq!(exit, Some(2), "{err}");
        assert_eq!(std::fs::read_to_string(&c).expect("it is there"), COPY);
    }

    #[test]
    fn c_is_checked_in_one_go() {
        let folder = folder("cases-check", CASES);
        let c = format!("{folder}/copy.c");
        let (exit, out, err) = run(&["check", &c, "--entry", "copy:2", "--slots", "PKMAP=2"]);
        assert_eq!(exit, Some(1), "{out}{err}");
        assert!(
            out.contains("deadlock") && out.contains("copy.c:5 copy"),
            "{out}"
        );
        let (exit, out, err) = run(&["check", &c, "--entry", "one:2", "--slots", "PKMAP=any"]);
        assert_eq!(exit, Some(0), "{out}{err}");
        let (exit, out, err) = run(&[
            "check", &c, "--entry", "one", "--define", "LEAKS", "--format", "json",
        ]);
        assert_eq!(exit, Some(1), "{out}{err}");
        assert!(out.contains("slot-leak"), "{out}");
        let (exit, _, err) = run(&["check", &c]);
        assert!(exit == Some(2) && err.contains("--entry FUNCTION"), "{err}");
        // What stopped it is said with all that has to be typed again.
        let (exit, out, err) = run(&[
            "check",
            &c,
            "--entry",
            "copy:2",
            "--slots",
            "PKMAP=2",
            "--unroll",
            "3",
            "--reduce",
            "none",
            "--max-states",
            "2",
        ]);
        assert_eq!(exit, Some(3), "{out}{err}");
        for again in ["--entry copy:2", "--unroll 3", "--slots PKMAP=2"] {
            assert!(out.contains(again), "{again}: {out}");
        }
    }
}
