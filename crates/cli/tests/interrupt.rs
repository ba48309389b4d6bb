//! Ctrl-C and requests to end: what was found so far is reported; a second one ends the program at
//! once.
//!
//! When to send a signal is not a matter of time: it is sent once the process takes it, or has done
//! some work, as Linux tells.

#![cfg(target_os = "linux")]

mod common;

use common::{ENDLESS, command, scenario, scratch, stdout};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

/// The number of SIGHUP.
const HUP: u32 = 1;

/// How often to look at a process before it is given up: for a minute at least.
const TRIES: u32 = 12_000;

/// What the system says of a process under that name.
fn said(child: &Child, name: &str) -> Option<String> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    Some(line.trim_start_matches(':').trim().to_owned())
}

/// Whether a signal is in the set of signals of that name.
fn is_in(child: &Child, set: &str, signal: u32) -> bool {
    let mask = said(child, set).and_then(|mask| u64::from_str_radix(&mask, 16).ok());
    mask.is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
}

fn wait_until(child: &Child, is_so: impl Fn(&Child) -> bool) {
    for _ in 0..TRIES {
        if is_so(child) {
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let state = said(child, "State");
    signal(child, "KILL");
    panic!("waited in vain for a process that is {state:?}");
}

/// Waits until signals are taken: SIGHUP is the last of them.
fn wait_until_it_listens(child: &Child) {
    wait_until(child, |child| is_in(child, "SigCgt", HUP));
}

/// Waits until the reference has explored [`ENDLESS`] for a while. Its leak is near the start, and it
/// is long past that when its states take so much memory.
fn wait_until_it_explores(child: &Child) {
    wait_until(child, |child| {
        let memory = said(child, "VmRSS");
        let megabytes = memory.and_then(|memory| {
            let kilobytes: u64 = memory.strip_suffix(" kB")?.parse().ok()?;
            Some(kilobytes >> 10)
        });
        megabytes.is_some_and(|megabytes| megabytes >= 48)
    });
}

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
    wait_until_it_explores(&child);
    interrupt(&child);
    let output = end(child);
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
        wait_until_it_explores(&child);
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
        wait_until_it_explores(&child);
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
        wait_until_it_listens(&child);
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
    wait_until_it_explores(&child);
    let (ignored, taken) = (is_in(&child, "SigIgn", HUP), is_in(&child, "SigCgt", HUP));
    signal(&child, "HUP");
    interrupt(&child);
    // Before anything is asserted: no process is left behind.
    let output = end(child);
    assert!(ignored && !taken);
    assert!(stdout(&output).contains("Stopped early: interrupted"));
}
