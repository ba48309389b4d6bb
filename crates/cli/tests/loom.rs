//! The engine `loom`: its line under a check, its own reports, its refusals; and that nothing of
//! what loom itself prints ever shows.

mod common;

use common::{command, scenario, scratch, stderr, stdout};

const DEADLOCK: &str = "scenarios/pte-highmem/mremap-two-pagetables.json";
const LARGE: &str = "scenarios/pte-highmem/freelist-proposed.json";

/// Runs the program with backtraces on; returns the exit code and all it prints.
fn run(args: &[&str]) -> (i32, String) {
    let output = command(args)
        .env("RUST_BACKTRACE", "1")
        .output()
        .expect("the program starts");
    let text = stdout(&output) + &stderr(&output);
    for word in [
        "panicked",
        "stack backtrace",
        "Id(",
        "Blocked(",
        "threads =",
    ] {
        assert!(!text.contains(word), "{word} in:\n{text}");
    }
    (output.status.code().unwrap_or(-1), text)
}

#[test]
fn a_check_shows_the_lines_of_both_engines() {
    let (_, text) = run(&["check", DEADLOCK]);
    let search = text.find("(engine search)").expect("the search's line");
    let loom = text
        .find("loom agrees: every interleaving")
        .expect("loom's line");
    assert!(search < loom, "{text}");
    let (_, without) = run(&["check", "--loom-budget", "0", DEADLOCK]);
    assert!(!without.contains("loom"), "{without}");
}

#[test]
fn alone_it_reports_like_any_engine() {
    let (code, text) = run(&["check", "--engine", "loom", DEADLOCK]);
    assert_eq!(code, 0, "as expected: {text}");
    assert!(
        text.contains("slot-exhaustion") && text.contains("(engine loom)"),
        "{text}"
    );
    let (_, json) = run(&["check", "--engine", "loom", "--format", "json", DEADLOCK]);
    assert!(json.contains("\"interleavings\": 38"), "{json}");
    let (code, text) = run(&["test", "--engine", "loom", "scenarios/zoo/all-finish.json"]);
    assert_eq!(code, 0, "{text}");
}

#[test]
fn what_is_left_out_is_never_clean() {
    for limit in [
        ["--preemptions", "1"],
        ["--max-interleavings", "5"],
        ["--timeout", "10ms"],
    ] {
        let (code, text) = run(&["check", "--engine", "loom", limit[0], limit[1], LARGE]);
        assert_eq!(code, 3, "{text}");
        assert!(
            text.contains("inconclusive") && text.contains("Stopped early"),
            "{text}"
        );
    }
    let (_, text) = run(&["check", "--engine", "loom", "--preemptions", "1", LARGE]);
    assert!(
        text.contains("all interleavings with at most 1 preemption"),
        "{text}"
    );
}

#[test]
fn what_loom_cannot_do_is_refused_by_name() {
    let tasks =
        r#""tasks": [ { "name": "t", "count": 6, "program": [ { "might_sleep": true } ] } ]"#;
    let six = scratch("six.json", &scenario(1, tasks));
    for (file, why) in [
        (six.as_str(), "6 tasks"),
        ("scenarios/primitives/loop-for-ever.json", "`loop`"),
        ("scenarios/primitives/cpu-one-to-spare.json", "`cpus`"),
    ] {
        let (code, text) = run(&["check", "--engine", "loom", file]);
        assert_eq!(code, 2, "{text}");
        assert!(text.contains(why), "{text}");
        // Without being asked for it, nobody hears of it.
        let (_, text) = run(&["check", file]);
        assert!(!text.contains("loom"), "{text}");
    }
    for option in ["--preemptions", "--max-interleavings"] {
        assert_eq!(
            run(&["check", "--engine", "search", option, "2", DEADLOCK]).0,
            2
        );
    }
    assert_eq!(
        run(&["check", "--engine", "loom", "--max-states", "5", DEADLOCK]).0,
        2
    );
}
