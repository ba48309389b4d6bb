//! What is printed: snapshots, and that pipes get neither colours nor panics.

mod common;

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use common::{ENDLESS, command, kmapcheck, scenario, scratch, stderr, stdout};
use kmapcheck_testing::schema::assert_fits;

const CLEAN: &str = "scenarios/pte-highmem/mremap-proposed.json";
const DEADLOCK: &str = "scenarios/pte-highmem/mremap-two-pagetables.json";

/// A snapshot of standard output, times left out.
macro_rules! assert_output {
    ($name:literal, $args:expr) => {
        insta::with_settings!({ filters => [
            (r"Took .*", "Took [time]"),
            (r#""elapsed_ms": [0-9.]+"#, r#""elapsed_ms": "[time]""#),
        ] }, { insta::assert_snapshot!($name, stdout(&kmapcheck($args))) })
    };
}

#[test]
fn text() {
    assert_output!("clean", &["check", CLEAN]);
    assert_output!("deadlock", &["check", DEADLOCK]);
    assert_output!("several_quiet", &["check", "--quiet", CLEAN, DEADLOCK]);
    assert_output!(
        "mixture",
        &[
            "check",
            "scenarios/pte-highmem/mremap-pagetable2-any-leftover.json"
        ]
    );
    assert_output!("no_tasks", &["check", "scenarios/zoo/no-tasks.json"]);
    assert_output!("inconclusive", &["check", "--max-states", "5", CLEAN]);
    assert_output!(
        "explain",
        &[
            "explain",
            "scenarios/pte-highmem/fork-pte-offset-nowait.json"
        ]
    );
}

#[test]
fn json() {
    assert_output!("json_deadlock", &["check", "--format", "json", DEADLOCK]);
    assert_output!("json_clean", &["check", "--format", "json", CLEAN]);
    assert_output!(
        "json_inconclusive",
        &["check", "--format", "json", "--max-states", "5", CLEAN]
    );
}

#[test]
fn help() {
    assert_output!("help_short", &["-h"]);
    assert_output!("help_long", &["--help"]);
    assert_output!("help_check", &["check", "--help"]);
    assert_output!("help_test", &["test", "--help"]);
    assert_output!("help_explain", &["explain", "--help"]);
}

#[test]
fn real_sizes_fold_to_one_line() {
    let text = stdout(&kmapcheck(&[
        "check",
        "scenarios/pte-highmem/mremap-1024-slots-1024-tasks.json",
    ]));
    assert!(
        text.contains("1-1024 ┆ kmap(old_pte, PAGETABLE) x1024"),
        "{text}"
    );
    assert!(text.lines().count() < 20, "{text}");
}

#[test]
fn json_follows_the_schema() {
    let files = [
        CLEAN,
        DEADLOCK,
        "scenarios/zoo/starved-and-stuck.json",
        "scenarios/zoo/never-gets-a-cpu.json",
    ];
    let mut args = vec!["check", "--format", "json"];
    args.extend(files);
    let reports: serde_json::Value =
        serde_json::from_str(&stdout(&kmapcheck(&args))).expect("it is JSON");
    let reports = reports.as_array().expect("several scenarios give an array");
    assert_eq!(reports.len(), files.len());
    for report in reports {
        assert_fits("report", report);
    }
}

#[test]
fn pipes_get_no_colours_unless_forced() {
    let escapes = |output: &std::process::Output| {
        output.stdout.contains(&0x1b) || output.stderr.contains(&0x1b)
    };
    assert!(!escapes(&kmapcheck(&["check", DEADLOCK])));
    assert!(!escapes(&kmapcheck(&["check", "no-such-file.json"])));
    assert!(escapes(&kmapcheck(&[
        "check", "--color", "always", DEADLOCK
    ])));
    let force = |variables: &[(&str, &str)], args: &[&str]| {
        let mut command = command(args);
        command.envs(variables.iter().copied());
        escapes(&command.output().expect("the program starts"))
    };
    assert!(force(&[("CLICOLOR_FORCE", "1")], &["check", DEADLOCK]));
    assert!(!force(
        &[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")],
        &["check", DEADLOCK]
    ));
    assert!(!force(
        &[("CLICOLOR_FORCE", "1")],
        &["check", "--color", "never", DEADLOCK]
    ));
    assert!(!force(
        &[("NO_COLOR", "1")],
        &["test", "scenarios/tutorial"]
    ));
}

#[test]
fn no_progress_in_pipes() {
    let file = scratch("progress.json", &scenario(1, ENDLESS));
    let output = kmapcheck(&[
        "check",
        "--engine",
        "reference",
        "--timeout",
        "500ms",
        &file,
    ]);
    assert_eq!(stderr(&output), "");
}

#[test]
fn a_reader_that_goes_away_is_no_panic() {
    let mut child = command(&["explain", "scenarios/pte-highmem/everything-proposed.json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("the program ends");
    assert_eq!(stderr(&output), "");
    assert_eq!(output.status.code(), Some(0));
}

/// What nobody read was not checked, so it does not count as clean.
#[test]
fn a_reader_that_goes_away_early_makes_it_inconclusive() {
    let mut args = vec!["check"];
    args.extend(std::iter::repeat_n(CLEAN, 200));
    let mut child = command(&args)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut line = String::new();
    let mut reader = BufReader::new(child.stdout.take().expect("it is piped"));
    reader.read_line(&mut line).expect("there is a line");
    drop(reader);
    let output = child.wait_with_output().expect("the program ends");
    assert_eq!(stderr(&output), "");
    assert_eq!(output.status.code(), Some(3));
}

/// So is an answer that nobody reads: the exit status alone is none.
#[test]
fn an_answer_that_nobody_reads_is_none() {
    for (args, code) in [
        (&["check", CLEAN][..], 3),
        (&["check", DEADLOCK], 3),
        (&["check", "--format", "json", CLEAN], 3),
        (&["test", CLEAN], 3),
        (&["order", DEADLOCK], 3),
        (&["size", DEADLOCK], 3),
        (&["suggest", DEADLOCK], 3),
        (&["rule", "proposed"], 3),
        (&["conform", "proposed", CLEAN], 3),
        (&["compare", "proposed", "pte-highmem-5", CLEAN], 3),
        (&["simulate", "--runs", "10", DEADLOCK], 3),
        (&["verify", "no-such-certificate.json"], 2),
        (&["explain", CLEAN], 0),
        (&["export", "--to", "promela", DEADLOCK], 0),
        (&["schema", "report"], 0),
        (&["man"], 0),
    ] {
        let (reader, writer) = std::io::pipe().expect("there is room for a pipe");
        // Before the program starts: what it has written by then nobody would miss.
        drop(reader);
        let child = command(args)
            .stdout(writer)
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let output = child.wait_with_output().expect("the program ends");
        assert_eq!(output.status.code(), Some(code), "{args:?}");
    }
}

#[test]
#[cfg(unix)]
fn nothing_from_files_controls_the_terminal() {
    let fields = r#""about": "first\nclean", "note": "a\ttab", "tasks": [ { "name": "t", "pages": ["p"], "program": [
        { "kmap": "p", "series": "S", "at": "here", "note": "two\nlines" } ] } ], "expect": []"#;
    let file = scratch("esc\u{1b}[31m\u{7}\nname.json", &scenario(1, fields));
    for args in [
        &["check", "--color", "always"][..],
        &["check", "--quiet"],
        &["check", "--engine", "loom", "--max-interleavings", "1"],
        &["check", "--max-states", "1"],
        &["check", "--max-states", "1", "--engine", "loom"],
        &["test", "--color", "always"],
        &["explain"],
    ] {
        let output = kmapcheck(&[args, &[&file]].concat());
        for text in [stdout(&output), stderr(&output)] {
            assert!(
                !text.contains("esc\u{1b}") && !text.contains('\u{7}') && !text.contains('\t'),
                "{args:?}: {text:?}"
            );
            assert!(
                !text
                    .lines()
                    .any(|line| line.starts_with("name.json") || line == "clean"),
                "{args:?}: {text:?}"
            );
        }
    }
    let (about, listing) = ("first\n  clean\n", stdout(&kmapcheck(&["explain", &file])));
    assert!(listing.contains(about), "{listing}");
    assert!(
        listing.contains(r"esc\u{1b}[31m\u{7}\nname.json"),
        "{listing}"
    );
}

#[test]
fn a_counter_without_bound_is_told_in_a_sentence() {
    let fields = r#""completions": ["c"], "tasks": [ { "name": "t", "program": [ { "loop": [ { "complete": "c" } ] } ] } ]"#;
    let file = scratch("unbounded.json", &scenario(1, fields));
    let text = stdout(&kmapcheck(&["check", &file]));
    assert!(
        text.contains("No limit helps there: let a loop take back what it gives")
            && !text.contains("To go on"),
        "{text}"
    );
}
