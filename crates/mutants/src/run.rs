//! The tests, with one switch on at a time.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::OpenOptions;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::compile::Compiled;
use crate::listed::Change;
use crate::{Args, Result};

/// What the tests said.
#[derive(Serialize, Deserialize, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Said {
    /// A test failed.
    Caught,
    /// No test came to its end in five times its usual time.
    TooLong,
    /// All tests passed.
    Survived,
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Said::Caught => "caught",
            Said::TooLong => "ran too long",
            Said::Survived => "survived",
        })
    }
}

#[derive(Serialize, Deserialize)]
struct Line {
    name: String,
    said: Said,
}

/// The least time that a test program gets: other work on the machine must not look like a program
/// that hangs.
const LEAST: Duration = Duration::from_secs(20);

/// What each change with a switch came to, by its name.
///
/// # Errors
///
/// Where the tests fail with no switch on, or the file of outcomes cannot be written.
pub(crate) fn all(
    args: &Args,
    home: &Path,
    compiled: &Compiled,
    changes: &[Change],
) -> Result<BTreeMap<String, Said>> {
    let kept = home.join("outcomes.jsonl");
    let mut known: BTreeMap<String, Said> = BTreeMap::new();
    for line in std::fs::read_to_string(&kept).unwrap_or_default().lines() {
        let line: Line = serde_json::from_str(line)?;
        known.insert(line.name, line.said);
    }
    let mut programs = Vec::new();
    for program in &compiled.programs {
        let began = Instant::now();
        if tested(compiled, program, 0, Duration::from_secs(3600))? != Said::Survived {
            return Err(format!("{} fails as it is", program.display()).into());
        }
        programs.push((began.elapsed(), program));
    }
    // What is quick finds most.
    programs.sort();
    let todo: Vec<(u32, &Change)> = (1..)
        .zip(changes)
        .filter(|(number, change)| {
            compiled.switched.contains(number)
                && !known.contains_key(&change.name)
                && args
                    .only
                    .as_ref()
                    .is_none_or(|only| change.name.contains(only))
        })
        .collect();
    let next = Mutex::new(todo.iter());
    let file = OpenOptions::new().create(true).append(true).open(&kept)?;
    let out = Mutex::new((file, known));
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..args.jobs.max(1))
            .map(|_| scope.spawn(|| one_after_the_other(compiled, &programs, &next, &out)))
            .collect();
        workers
            .into_iter()
            .try_for_each(|worker| match worker.join() {
                Ok(result) => result,
                Err(_) => Err("a worker panicked".to_string()),
            })
    })?;
    match out.into_inner() {
        Ok((_, known)) => Ok(known),
        Err(_) => Err("a worker panicked".into()),
    }
}

type Next<'a> = Mutex<std::slice::Iter<'a, (u32, &'a Change)>>;
type Out = Mutex<(std::fs::File, BTreeMap<String, Said>)>;

fn one_after_the_other(
    compiled: &Compiled,
    programs: &[(Duration, &std::path::PathBuf)],
    next: &Next<'_>,
    out: &Out,
) -> std::result::Result<(), String> {
    loop {
        let Some((number, change)) = next.lock().map_err(|e| e.to_string())?.next() else {
            return Ok(());
        };
        let mut said = Said::Survived;
        for (usual, program) in programs {
            let limit = LEAST.max(*usual * 5);
            said = tested(compiled, program, *number, limit).map_err(|e| e.to_string())?;
            if said != Said::Survived {
                break;
            }
        }
        let name = change.name.clone();
        let line = serde_json::to_string(&Line { name, said }).map_err(|e| e.to_string())?;
        let mut out = out.lock().map_err(|e| e.to_string())?;
        writeln!(out.0, "{line}").map_err(|e| e.to_string())?;
        out.1.insert(change.name.clone(), said);
        if said == Said::Survived {
            println!("survived: {}", change.name);
        }
    }
}

/// One test program with one switch on, until its first failure. Random tests do not look for smaller
/// failures.
fn tested(compiled: &Compiled, program: &Path, on: u32, limit: Duration) -> Result<Said> {
    let began = Instant::now();
    // Memory is limited too: a change may make something grow for ever.
    let mut child = Command::new("sh")
        .args(["-c", "ulimit -v 6000000; exec \"$0\""])
        .arg(program)
        .current_dir(&compiled.folder)
        .env("KMAPCHECK_SEEDED", on.to_string())
        .env("PROPTEST_MAX_SHRINK_ITERS", "0")
        .env("CARGO_MANIFEST_DIR", &compiled.folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    // It says so as soon as a test fails; the others would run to their ends.
    let failed = Arc::new(AtomicBool::new(false));
    let said = child.stdout.take().map(BufReader::new);
    let (lines, fails) = (said.into_iter().flat_map(BufRead::lines), failed.clone());
    let reader = std::thread::spawn(move || {
        let mut lines = lines.map_while(std::result::Result::ok);
        if lines.any(|line| line.starts_with("test ") && line.ends_with("FAILED")) {
            fails.store(true, Ordering::Relaxed);
        }
        // Nobody must wait for a reader of the rest.
        lines.for_each(drop);
    });
    let said = loop {
        if let Some(status) = child.try_wait()? {
            break match status.success() {
                true => Said::Survived,
                false => Said::Caught,
            };
        }
        let is_late = began.elapsed() > limit;
        if is_late || failed.load(Ordering::Relaxed) {
            child.kill()?;
            child.wait()?;
            break match is_late {
                true => Said::TooLong,
                false => Said::Caught,
            };
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    match reader.join() {
        Ok(()) => Ok(said),
        Err(_) => Err("the reader panicked".into()),
    }
}

/// The score, and the survivors one by one.
pub(crate) fn summary(changes: &[Change], compiled: &Compiled, outcomes: &BTreeMap<String, Said>) {
    let mut counts: BTreeMap<Said, usize> = BTreeMap::new();
    for change in changes {
        if let Some(said) = outcomes.get(&change.name) {
            *counts.entry(*said).or_default() += 1;
            if *said == Said::Survived {
                println!("{}", change.name);
            }
        }
    }
    println!("{} changes", changes.len());
    println!(
        "{} do not compile",
        changes.len() - compiled.switched.len() - compiled.without.len()
    );
    println!("{} cannot be switched", compiled.without.len());
    for (said, count) in counts {
        println!("{count} {said}");
    }
}
