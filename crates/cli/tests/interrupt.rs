//! Ctrl-C: what was found so far is reported; a second one ends the program at once.

#![cfg(unix)]

mod common;

use common::{ENDLESS, command, scenario, scratch, stdout};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

fn start(name: &str) -> Child {
    let file = scratch(name, &scenario(1, ENDLESS));
    spawn(&["check", "--engine", "reference", &file])
}

fn spawn(args: &[&str]) -> Child {
    command(args)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts")
}

fn interrupt(child: &Child) {
    let sent = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(sent.expect("kill is there").success());
}

fn end(child: Child) -> Output {
    child.wait_with_output().expect("the program ends")
}

#[test]
fn what_was_found_is_reported() {
    let child = start("interrupted.json");
    std::thread::sleep(Duration::from_millis(300));
    let sent = Instant::now();
    interrupt(&child);
    let output = end(child);
    assert!(sent.elapsed() < Duration::from_secs(5));
    let text = stdout(&output);
    assert!(
        text.contains("slot-leak") && text.contains("Stopped early: interrupted"),
        "{text}"
    );
    assert!(
        text.contains("The same command starts over from the beginning.")
            && !text.contains("To go on"),
        "{text}"
    );
    assert_eq!(output.status.code(), Some(1), "{text}");
}

#[test]
fn test_stops_after_the_file_it_is_at() {
    let empty = scratch("before.json", &scenario(1, r#""tasks": [], "expect": []"#));
    let wrong = scratch(
        "wrong-before.json",
        &scenario(1, r#""tasks": [], "expect": ["deadlock"]"#),
    );
    let fields = format!(r#"{ENDLESS}, "expect": ["slot-leak"]"#);
    let endless = scratch("interrupted-test.json", &scenario(1, &fields));
    for (first, code, summary) in [
        (&empty, 3, "1 passed, 0 failed, 0 skipped, 1 inconclusive"),
        (&wrong, 1, "0 passed, 1 failed, 0 skipped, 1 inconclusive"),
    ] {
        let args = ["test", "--engine", "reference"];
        let child = spawn(&[&args[..], &[first, &endless, &empty, &empty]].concat());
        std::thread::sleep(Duration::from_millis(300));
        interrupt(&child);
        let output = end(child);
        let text = stdout(&output);
        assert!(
            text.ends_with(&format!("{summary}\nInterrupted: 2 files not run\n")),
            "{text}"
        );
        assert_eq!(output.status.code(), Some(code), "{text}");
    }
}
