//! Ctrl-C and requests to end: what was found so far is reported; a second one ends the program at
//! once.

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
    signal(child, "INT");
}

fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill")
        .args([&format!("-{name}"), &child.id().to_string()])
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

/// `kill`, `timeout` and closed terminals are no reason to lose what was found.
#[test]
fn a_request_to_end_is_an_interruption() {
    for name in ["TERM", "HUP"] {
        let child = start(&format!("request-{name}.json"));
        std::thread::sleep(Duration::from_millis(300));
        signal(&child, name);
        let text = stdout(&end(child));
        assert!(
            text.contains("slot-leak") && text.contains("Stopped early: interrupted"),
            "{name}: {text}"
        );
    }
}

/// So it is where nothing was found, which is no verdict; and with every command.
#[test]
fn a_request_to_end_before_anything_is_known_is_inconclusive() {
    let file = scratch("request-nothing.json", &scenario(1, ENDLESS));
    for args in [
        &["size", "--max-states", "1G"][..],
        &["simulate", "--runs", "1G", "--tasks", "leak=1"],
        &["check", "--quiet", "--reduce", "none", "--tasks", "a=60"],
    ] {
        let child = spawn(&[args, &[&file]].concat());
        std::thread::sleep(Duration::from_millis(300));
        signal(&child, "TERM");
        let output = end(child);
        assert!(!stdout(&output).is_empty(), "{args:?}");
        let code = output.status.code();
        assert!(code == Some(3) || code == Some(1), "{args:?}: {code:?}");
    }
}

/// `nohup` ignores SIGHUP on our behalf, and that is respected.
#[test]
fn what_is_ignored_on_our_behalf_stays_ignored() {
    let file = scratch("nohup.json", &scenario(1, ENDLESS));
    let program = env!("CARGO_BIN_EXE_kmapcheck");
    let script = format!("trap '' HUP; exec {program} check --engine reference {file}");
    let child = Command::new("sh")
        .args(["-c", &script])
        .current_dir(common::root())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("a shell starts");
    std::thread::sleep(Duration::from_millis(300));
    signal(&child, "HUP");
    std::thread::sleep(Duration::from_millis(300));
    let status = format!("/proc/{}/stat", child.id());
    if let Ok(stat) = std::fs::read_to_string(status) {
        let state = stat.rsplit(')').next().map(str::trim_start);
        assert!(state.is_some_and(|state| !state.starts_with('Z')), "{stat}");
    }
    interrupt(&child);
    assert!(stdout(&end(child)).contains("Stopped early: interrupted"));
}
