//! `kmapcheck test` for CI: parts, jobs, reports for other tools, rewritten expectations.

mod common;

use std::path::{Path, PathBuf};
use std::process::Output;

#[cfg(unix)]
use common::Watching;
use common::{command, kmapcheck, root, sarif_schema, scenario, stderr, stdout};
use junit_parser::TestStatus;
use serde_json::Value;

const LEAKS: &str = r#""tasks": [ { "name": "t", "pages": ["p"], "program": [
    { "kmap": "p", "series": "S", "at": "mm/x.c:12" } ] } ]"#;
const STUCK: &str = r#""tasks": [ { "name": "t", "count": 2, "pages": ["a", "b"], "program": [
    { "kmap": "a", "series": "S" },
    { "kmap": "b", "series": "S" }, { "kunmap": "b" }, { "kunmap": "a" } ] } ]"#;

/// A fresh folder with these scenarios on a model with two slots.
fn folder(name: &str, files: &[(&str, String)]) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("a folder can be made");
    for (file, text) in files {
        std::fs::write(folder.join(file), text).expect("a file can be written");
    }
    folder
}

fn with(fields: &str, expect: &str) -> String {
    scenario(2, &format!("{fields}, \"expect\": {expect}"))
}

/// One of each: as expected, not as expected in three ways, without expectation, unreadable.
fn mixed(name: &str) -> PathBuf {
    folder(
        name,
        &[
            ("a-ok.json", with(STUCK, r#"["deadlock"]"#)),
            ("b-deadlock.json", with(STUCK, "[]")),
            ("c-leak.json", with(LEAKS, "[]")),
            (
                "d-missing.json",
                with(LEAKS, r#"["slot-leak", "deadlock"]"#),
            ),
            ("e-open.json", scenario(2, LEAKS)),
            (
                "f-broken.json",
                scenario(
                    2,
                    r#""tasks": [ { "name": "t", "program": [ { "kmop": "p" } ] } ]"#,
                ),
            ),
        ],
    )
}

fn path(folder: &Path, file: &str) -> String {
    folder.join(file).display().to_string()
}

/// Standard output without the folder's path.
fn short(output: &Output, folder: &Path) -> String {
    stdout(output).replace(&format!("{}/", folder.display()), "")
}

fn test(folder: &Path, args: &[&str]) -> Output {
    let folder = folder.display().to_string();
    kmapcheck(&[&["test", &folder], args].concat())
}

#[test]
fn the_same_output_for_any_number_of_jobs() {
    let folder = mixed("jobs");
    let one = test(&folder, &[]);
    assert_eq!(one.status.code(), Some(1));
    for jobs in ["2", "7"] {
        let many = test(&folder, &["--jobs", jobs]);
        assert_eq!(stdout(&many), stdout(&one));
        assert_eq!(stderr(&many), stderr(&one));
        assert_eq!(many.status.code(), one.status.code());
    }
    let text = short(&one, &folder);
    assert!(text.contains("\n1 passed, 4 failed, 1 skipped\n"), "{text}");
}

#[test]
fn parts_have_every_scenario_once() {
    let folder = mixed("parts");
    let named = |args: &[&str]| -> Vec<String> {
        let text = short(&test(&folder, args), &folder);
        // What differs is told in lines that are indented.
        let lines = text.lines().filter(|line| !line.starts_with(' '));
        let lines = lines.filter_map(|line| line.split_once(".json:"));
        lines
            .map(|(head, _)| {
                head.split_whitespace()
                    .last()
                    .unwrap_or_default()
                    .to_owned()
            })
            .collect()
    };
    let all = named(&[]);
    assert_eq!(all.len(), 6);
    assert_eq!(named(&["--partition", "1/2"]), ["a-ok", "c-leak", "e-open"]);
    assert_eq!(
        named(&["--partition", "2/2"]),
        ["b-deadlock", "d-missing", "f-broken"]
    );
    // More parts than scenarios: some have none.
    assert!(named(&["--partition", "7/7"]).is_empty());
    let wrong = test(&folder, &["--partition", "3/2"]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(
        stderr(&wrong).contains("K from 1 to N"),
        "{}",
        stderr(&wrong)
    );
}

#[test]
fn fail_fast_stops_at_the_first_failure_in_order() {
    let folder = mixed("fast");
    for jobs in ["1", "4"] {
        let output = test(&folder, &["--fail-fast", "--jobs", jobs]);
        let text = short(&output, &folder);
        let lines: Vec<&str> = text
            .lines()
            .filter(|line| line.contains(".json:"))
            .collect();
        assert!(
            lines[0].starts_with("ok   a-ok.json") && lines[1].starts_with("FAIL b-deadlock.json"),
            "{text}"
        );
        assert!(
            text.ends_with("1 passed, 1 failed, 0 skipped\nStopped at the first failure: 4 files not run; `--no-fail-fast` runs all\n"),
            "{text}"
        );
        assert_eq!(output.status.code(), Some(1));
    }
    let all = test(&folder, &["--fail-fast", "--no-fail-fast"]);
    assert!(stdout(&all).contains("\n1 passed, 4 failed, 1 skipped\n"));
}

/// Read by a parser of JUnit files other than the writer's own.
#[test]
fn junit() {
    let folder = mixed("junit");
    let file = path(&folder, "report.xml");
    let output = test(&folder, &["--junit", &file, "--quiet"]);
    assert_eq!(output.status.code(), Some(1));
    let text = std::fs::read_to_string(&file).expect("it is written");
    let read = junit_parser::from_reader(text.as_bytes()).expect("it is JUnit");
    assert_eq!((read.tests, read.failures, read.errors), (6, 3, 1));
    let [suite] = &read.suites[..] else {
        panic!("{read:?}")
    };
    let cases: Vec<(String, &str)> = (suite.cases.iter())
        .map(|case| {
            let status = match &case.status {
                TestStatus::Success => "success",
                TestStatus::Failure(_) => "failure",
                TestStatus::Error(_) => "error",
                TestStatus::Skipped(_) => "skipped",
            };
            (
                case.original_name
                    .replace(&format!("{}/", folder.display()), ""),
                status,
            )
        })
        .collect();
    let expected = [
        ("a-ok.json", "success"),
        ("b-deadlock.json", "failure"),
        ("c-leak.json", "failure"),
        ("d-missing.json", "failure"),
        ("e-open.json", "skipped"),
        ("f-broken.json", "error"),
    ];
    assert_eq!(
        cases,
        expected.map(|(name, status)| (name.to_owned(), status))
    );
    assert!(
        text.contains("deadlock is expected") || text.contains("not found: deadlock"),
        "{text}"
    );
}

/// What was written is valid by the schema that Jenkins reads JUnit files by; see
/// tests/schema/README.md.
#[test]
#[ignore = "needs xmllint (Debian's libxml2-utils): `just outside`"]
fn junit_by_its_schema() {
    let folder = mixed("junit-schema");
    let file = path(&folder, "report.xml");
    test(&folder, &["--junit", &file, "--quiet"]);
    let schema = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/schema/junit-10.xsd");
    let valid = |file: &str| {
        let lint = std::process::Command::new("xmllint")
            .args(["--nonet", "--noout", "--schema", schema, file])
            .output();
        let lint = lint.expect("xmllint runs");
        (lint.status.success(), stderr(&lint))
    };
    let (is_valid, said) = valid(&file);
    assert!(is_valid, "{said}");
    // The schema is one that something can fail.
    let text = std::fs::read_to_string(&file).expect("it is written");
    let other = path(&folder, "other.xml");
    std::fs::write(&other, text.replace("<testcase ", "<test ")).expect("it can be written");
    assert!(!valid(&other).0);
}

#[test]
fn sarif() {
    let folder = mixed("sarif");
    let file = path(&folder, "report.sarif");
    let written = || {
        test(&folder, &["--sarif", &file, "--quiet"]);
        std::fs::read_to_string(&file).expect("it is written")
    };
    let text = written();
    assert_eq!(text, written(), "the same bytes every time");
    let sarif: Value = serde_json::from_str(&text).expect("it is JSON");
    let validator = jsonschema::validator_for(&sarif_schema()).expect("the schema is one");
    let errors: Vec<String> = validator
        .iter_errors(&sarif)
        .map(|error| error.to_string())
        .collect();
    assert!(errors.is_empty(), "{errors:?}");
    // The schema is one that something can fail.
    assert!(!validator.is_valid(&serde_json::json!({ "version": "2.1.0", "runs": [ {} ] })));

    let run = &sarif["runs"][0];
    let rules = run["tool"]["driver"]["rules"]
        .as_array()
        .expect("there are rules");
    let results = run["results"].as_array().expect("there are results");
    let told: Vec<(String, String, u64)> = (results.iter())
        .map(|result| {
            let rule = result["ruleId"].as_str().unwrap_or_default();
            let index = usize::try_from(result["ruleIndex"].as_u64().unwrap_or(u64::MAX))
                .unwrap_or(usize::MAX);
            assert_eq!(rules[index]["id"], rule);
            let place = &result["locations"][0]["physicalLocation"];
            let uri = place["artifactLocation"]["uri"]
                .as_str()
                .unwrap_or_default();
            let uri = uri.rsplit('/').next().unwrap_or_default();
            let uri = if uri == "x.c" { "mm/x.c" } else { uri };
            (
                rule.to_owned(),
                uri.to_owned(),
                place["region"]["startLine"].as_u64().unwrap_or(0),
            )
        })
        .collect();
    let expected = [
        // The second kmap, in which both wait.
        ("deadlock", "b-deadlock.json", 3),
        // `at` names a file and a line.
        ("slot-leak", "mm/x.c", 12),
        ("expected-finding-missing", "d-missing.json", 1),
        // It expects nothing, so nothing was checked; what was found is told too.
        ("no-expectation", "e-open.json", 1),
        ("slot-leak", "mm/x.c", 12),
        ("unreadable", "f-broken.json", 1),
    ];
    assert_eq!(
        told,
        expected.map(|(rule, uri, line)| (rule.to_owned(), uri.to_owned(), line))
    );
    let steps = &results[0]["codeFlows"][0]["threadFlows"][0]["locations"];
    assert_eq!(steps.as_array().map(Vec::len), Some(2));
}

/// They are no results: nothing is wrong with them.
#[test]
fn idle_waits_are_notes_in_sarif() {
    let text = root().join("scenarios/primitives/idle-server.json");
    let text = std::fs::read_to_string(text).expect("it is there");
    let folder = folder("sarif-idle", &[("server.json", text)]);
    let file = path(&folder, "report.sarif");
    test(&folder, &["--sarif", &file, "--quiet"]);
    let text = std::fs::read_to_string(&file).expect("it is written");
    let sarif: Value = serde_json::from_str(&text).expect("it is JSON");
    let validator = jsonschema::validator_for(&sarif_schema()).expect("the schema is one");
    assert!(validator.is_valid(&sarif), "{text}");
    let run = &sarif["runs"][0];
    assert_eq!(run["results"], serde_json::json!([]));
    let note = &run["invocations"][0]["toolExecutionNotifications"][0];
    assert_eq!(note["level"], "note");
    assert_eq!(
        note["message"]["text"],
        "server can stay for ever in an idle wait, wait_for_completion(request), for completion request."
    );
    let known = &run["tool"]["driver"]["notifications"][0];
    assert_eq!(note["descriptor"]["id"], known["id"]);
}

#[test]
fn annotations_on_github_only() {
    let folder = mixed("github");
    let run = |value: Option<&str>| {
        let shown = folder.display().to_string();
        let mut command = command(&["test", &shown, "--quiet"]);
        command.env_remove("GITHUB_ACTIONS");
        command.envs(value.map(|value| ("GITHUB_ACTIONS", value)));
        let output = command.output().expect("the program starts");
        let text = short(&output, &folder);
        text.lines()
            .filter(|line| line.starts_with("::"))
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(run(None), [""; 0]);
    assert_eq!(run(Some("false")), [""; 0]);
    let lines = run(Some("true"));
    assert_eq!(lines.len(), 6, "{lines:?}");
    assert!(
        lines[0].starts_with("::error file=b-deadlock.json,line=3,col=5,title=kmapcheck%3A deadlock::t#1 and t#2 each pin"),
        "{lines:?}"
    );
    assert!(
        lines[1].starts_with("::error file=mm/x.c,line=12,title=kmapcheck%3A slot-leak::"),
        "{lines:?}"
    );
    assert!(
        lines[3]
            .starts_with("::warning file=e-open.json,line=1,title=kmapcheck%3A no-expectation::"),
        "{lines:?}"
    );
    assert!(
        lines[5].starts_with("::error file=f-broken.json,line=1,col="),
        "{lines:?}"
    );
}

#[test]
fn expectations_are_rewritten_and_nothing_else() {
    let commented = format!(
        "// head\n{}",
        with(STUCK, "[\n  // never so\n  \"slot-leak\" // one\n]")
            .replace("\"name\": \"s\"", "\"name\":   \"s\" /* odd */")
    );
    let files = [
        ("a.json", commented),
        ("b.json", with(LEAKS, r#"["slot-leak", "deadlock"]"#)),
        ("c.json", scenario(2, LEAKS)),
        ("d.json", with(STUCK, r#"["deadlock"]"#)),
    ];
    let folder = folder("update", &files);
    let output = test(&folder, &["--update-expect"]);
    assert_eq!(output.status.code(), Some(0), "{}", stdout(&output));
    assert!(
        stdout(&output).contains("3 passed, 0 failed, 1 skipped\n`expect` rewritten in 2 files\n"),
        "{}",
        stdout(&output)
    );
    let text = |file: &str| std::fs::read_to_string(folder.join(file)).expect("it is there");
    let a = text("a.json");
    for kept in [
        "// head\n",
        "\"name\":   \"s\" /* odd */",
        "// never so",
        "\"deadlock\"",
    ] {
        assert!(a.contains(kept), "{kept}: {a}");
    }
    assert!(!a.contains("slot-leak"), "{a}");
    assert!(
        text("b.json").contains(r#""expect": ["slot-leak"] }"#),
        "{}",
        text("b.json")
    );
    // Nothing is expected there, and that is left so; what is right is left as it is.
    assert_eq!(
        (text("c.json"), text("d.json")),
        (files[2].1.clone(), files[3].1.clone())
    );
    let again = test(&folder, &[]);
    assert!(
        stdout(&again).contains("\n3 passed, 0 failed, 1 skipped\n"),
        "{}",
        stdout(&again)
    );
}

/// A run that was cut short says nothing about what to expect.
#[test]
fn an_unfinished_run_rewrites_nothing() {
    let text = scenario(2, &format!("{}, \"expect\": []", common::ENDLESS));
    let folder = folder("unfinished", &[("a.json", text.clone())]);
    let args = [
        "--update-expect",
        "--engine",
        "reference",
        "--timeout",
        "300ms",
    ];
    let output = test(&folder, &args);
    assert_eq!(output.status.code(), Some(3), "{}", stdout(&output));
    assert_eq!(
        std::fs::read_to_string(folder.join("a.json")).expect("it is there"),
        text
    );
    let refused = test(&folder, &["--update-expect", "--engine", "loom"]);
    assert_eq!(refused.status.code(), Some(2));
}

#[test]
fn files_that_cannot_be_written_are_told() {
    let folder = mixed("unwritable");
    let nowhere = folder.display().to_string();
    for option in ["--junit", "--sarif"] {
        let output = test(&folder, &[option, &nowhere]);
        let said = stderr(&output);
        assert!(said.contains(&format!("cannot write {nowhere}")), "{said}");
        // What came of the scenarios is there all the same.
        assert!(stdout(&output).contains(" passed, "), "{}", stdout(&output));
        assert_eq!(output.status.code(), Some(2));
    }
}

#[cfg(unix)]
#[test]
fn watching_runs_again_after_a_change() {
    let folder = folder("watch", &[("a.json", with(STUCK, "[]"))]);
    let mut watching = Watching::start(&folder.display().to_string());
    let first = watching.until_it_waits();
    assert!(
        first.contains(&"0 passed, 1 failed, 0 skipped".to_owned()),
        "{first:?}"
    );
    std::fs::write(folder.join("a.json"), with(STUCK, r#"["deadlock"]"#))
        .expect("it can be written");
    let second = watching.until_it_waits();
    let told = |line: &String| line.starts_with("Changed: ") && line.ends_with("a.json");
    assert!(second.iter().any(told), "{second:?}");
    assert!(
        second.contains(&"1 passed, 0 failed, 0 skipped".to_owned()),
        "{second:?}"
    );
    // What the last run came to.
    assert_eq!(watching.interrupted(), Some(0));
}
