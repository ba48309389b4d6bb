//! Running the program.

#![allow(dead_code, reason = "every test file uses its own part of this")]

#[cfg(unix)]
use std::io::{BufRead, BufReader, Lines};
use std::path::{Path, PathBuf};
#[cfg(unix)]
use std::process::{Child, ChildStdout, Stdio};
use std::process::{Command, Output};

/// The root of the repository, from where tests run, so that paths in reports are short.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The program with these arguments, in a known environment.
pub fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kmapcheck"));
    command.args(args).current_dir(root());
    for variable in [
        "NO_COLOR",
        "CLICOLOR",
        "CLICOLOR_FORCE",
        "RUST_BACKTRACE",
        "COLUMNS",
        "TERM",
    ] {
        command.env_remove(variable);
    }
    command
}

/// Runs the program.
pub fn kmapcheck(args: &[&str]) -> Output {
    command(args).output().expect("the program starts")
}

/// Standard output of a run.
pub fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("the output is UTF-8")
}

/// Standard error of a run.
pub fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("the output is UTF-8")
}

/// Runs the program, which ends with that status: its standard output and standard error.
#[track_caller]
pub fn exits(args: &[&str], code: i32) -> (String, String) {
    let output = kmapcheck(args);
    let (out, err) = (stdout(&output), stderr(&output));
    assert_eq!(output.status.code(), Some(code), "{args:?}\n{out}\n{err}");
    assert!(!err.contains("panicked"), "{err}");
    (out, err)
}

/// The same: its standard output.
#[track_caller]
pub fn prints(args: &[&str], code: i32) -> String {
    exits(args, code).0
}

/// Writes a scenario to a temporary file and returns its path.
pub fn scratch(name: &str, text: &str) -> String {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, text).expect("the temporary directory can be written");
    path.display().to_string()
}

/// A path that nothing is at.
pub fn fresh(name: &str) -> String {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_file(&path);
    path.display().to_string()
}

/// A scenario on a model with one series of so many slots.
pub fn scenario(slots: u32, fields: &str) -> String {
    format!(
        r#"{{ "name": "s", "model": {{ "name": "m", "series": {{ "S": {{ "slots": {slots}, "reuse": "none" }} }} }}, {fields} }}"#
    )
}

/// A scenario that takes the reference engine for ever to explore.
pub const ENDLESS: &str = r#""tasks": [
    { "name": "a", "count": 40, "program": [ { "repeat": 40, "do": [ { "might_sleep": true } ] } ] },
    { "name": "leak", "pages": ["p"], "program": [ { "kmap": "p", "series": "S" } ] } ]"#;

/// The SARIF schema of OASIS; see tests/schema/README.md.
///
/// Its pattern for languages has a bracket too many, which a strict reader of regular expressions
/// takes for an error. It is left out: nothing here says a language.
pub fn sarif_schema() -> serde_json::Value {
    let text = include_str!("../schema/sarif-2.1.0.json");
    let mut schema: serde_json::Value = serde_json::from_str(text).expect("it is JSON");
    for of in ["run", "toolComponent"] {
        let language = &mut schema["definitions"][of]["properties"]["language"];
        let pattern = (language.as_object_mut()).and_then(|language| language.remove("pattern"));
        assert!(pattern.is_some(), "{of}");
    }
    schema
}

/// `kmapcheck test --watch`, running.
#[cfg(unix)]
pub struct Watching {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

#[cfg(unix)]
impl Watching {
    pub fn start(path: &str) -> Watching {
        let mut child = command(&["test", "--watch", path])
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .expect("the program starts");
        let lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        Watching { child, lines }
    }

    /// What it prints until it waits for changes.
    pub fn until_it_waits(&mut self) -> Vec<String> {
        let mut seen = Vec::new();
        for line in self.lines.by_ref() {
            let line = line.expect("the output is text");
            if line.starts_with("Waiting for changes") {
                return seen;
            }
            seen.push(line);
        }
        panic!("it ended: {seen:?}");
    }

    /// Its exit status after Ctrl-C.
    pub fn interrupted(mut self) -> Option<i32> {
        let sent = Command::new("kill")
            .args(["-INT", &self.child.id().to_string()])
            .status();
        assert!(sent.expect("kill is there").success());
        self.child.wait().expect("the program ends").code()
    }
}
