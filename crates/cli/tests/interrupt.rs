//! Ctrl-C: what was found so far is reported; a second one ends the program at once.

#![cfg(unix)]

mod common;

use common::{ENDLESS, command, scenario, scratch, stdout};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

fn start(name: &str) -> Child {
    let file = scratch(name, &scenario(1, ENDLESS));
    command(&["check", "--engine", "reference", &file])
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
    assert_eq!(output.status.code(), Some(1), "{text}");
}
