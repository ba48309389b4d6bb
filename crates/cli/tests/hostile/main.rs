//! Limits hold whatever the input: nothing aborts, nothing runs on, nothing takes all the memory.
//!
//! [`inputs`] makes files that are wide, deep or many of one thing; every command is run on each. The
//! full harness is `just hostile`; a few small inputs are part of the ordinary tests, where only how
//! a run ends is looked at, and not the clock.

#![cfg(unix)]

mod blocks;
#[path = "../common/mod.rs"]
mod common;
mod inputs;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use common::root;
use inputs::{Input, Size};

/// What every run gets.
const MEMORY: &str = "256M";
const TIME: &str = "2s";
/// What it may take then, in megabytes: five percent more.
const MOST_MEMORY: u64 = 256 * 105 / 100;
/// What it may take then: the time, and a second and a half for the rest.
const MOST_TIME: Duration = Duration::from_millis(3_500);
/// A run that goes on for so long is ended.
const PATIENCE: Duration = Duration::from_secs(20);

/// The commands, as they are given a model and a scenario on it.
const COMMANDS: [(&str, &[&str]); 21] = [
    ("check", &["check", "SCENARIO"]),
    ("json", &["check", "--format", "json", "SCENARIO"]),
    (
        "html",
        &[
            "check", "--html", "OUT.html", "--svg", "OUT.svg", "SCENARIO",
        ],
    ),
    ("apart", &["check", "--reduce", "none", "SCENARIO"]),
    ("reference", &["check", "--engine", "reference", "SCENARIO"]),
    (
        "proof",
        &[
            "check",
            "--engine",
            "proof",
            "--certificate",
            "OUT.json",
            "SCENARIO",
        ],
    ),
    ("loom", &["check", "--engine", "loom", "SCENARIO"]),
    ("test", &["test", "SCENARIO"]),
    ("explain", &["explain", "SCENARIO"]),
    ("conform", &["conform", "MODEL", "SCENARIO"]),
    ("order", &["order", "--svg", "OUT.svg", "SCENARIO"]),
    ("size", &["size", "SCENARIO"]),
    ("suggest", &["suggest", "SCENARIO"]),
    ("compare", &["compare", "MODEL", "MODEL", "SCENARIO"]),
    ("matrix", &["matrix", "SCENARIO"]),
    ("simulate", &["simulate", "SCENARIO"]),
    ("rule", &["rule", "MODEL"]),
    ("promela", &["export", "--to", "promela", "SCENARIO"]),
    ("pnml", &["export", "--to", "pnml", "SCENARIO"]),
    ("verify", &["verify", "SCENARIO"]),
    ("replay", &["replay", "SCENARIO"]),
];

/// How a run ended, and what it took.
struct Ended {
    status: ExitStatus,
    wall: Duration,
    processor: Duration,
    megabytes: u64,
    ended_by_us: bool,
}

/// Runs the program, and looks at what it takes while it runs.
fn run(args: &[String]) -> Ended {
    let begun = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_kmapcheck"))
        .args(args)
        .current_dir(root())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts");
    let (mut processor, mut megabytes, mut ended_by_us) = (Duration::ZERO, 0, false);
    loop {
        if let Some(status) = child.try_wait().expect("it can be waited for") {
            return Ended {
                status,
                wall: begun.elapsed(),
                processor,
                megabytes,
                ended_by_us,
            };
        }
        let of_child = Path::new("/proc").join(child.id().to_string());
        processor = processor_time(&of_child).unwrap_or(processor);
        megabytes = most_memory(&of_child).unwrap_or(megabytes);
        if begun.elapsed() > PATIENCE {
            ended_by_us = child.kill().is_ok();
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The processor time of a process, where the system says.
fn processor_time(process: &Path) -> Option<Duration> {
    let stat = std::fs::read_to_string(process.join("stat")).ok()?;
    // After the name, which may have anything in it, the 12th and 13th field, in hundredths.
    let (_, fields) = stat.rsplit_once(')')?;
    let ticks = fields.split_ascii_whitespace().skip(11).take(2);
    let ticks: u64 = ticks.filter_map(|field| field.parse::<u64>().ok()).sum();
    Some(Duration::from_millis(ticks * 10))
}

/// The most memory that a process has had, in megabytes, where the system says.
fn most_memory(process: &Path) -> Option<u64> {
    let status = std::fs::read_to_string(process.join("status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kilobytes: u64 = line.split_ascii_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes >> 10)
}

/// Writes an input down: its model and its scenario.
fn written(input: &Input) -> (PathBuf, PathBuf) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("hostile");
    std::fs::create_dir_all(&folder).expect("the temporary directory can be written");
    let model = folder.join(format!("{}.model.json", input.name));
    let scenario = folder.join(format!("{}.json", input.name));
    std::fs::write(&model, &input.model).expect("the model can be written");
    std::fs::write(&scenario, &input.scenario).expect("the scenario can be written");
    (model, scenario)
}

/// The arguments of a command on an input, with so much time.
fn arguments(template: &[&str], input: &Input, time: &str) -> Vec<String> {
    let (model, scenario) = written(input);
    let shown = |path: &Path| path.display().to_string();
    let out = shown(&scenario).replace(".json", ".out");
    let place = |word: &&str| {
        word.replace("MODEL", &shown(&model))
            .replace("SCENARIO", &shown(&scenario))
            .replace("OUT", &out)
    };
    let limits = ["--max-memory", MEMORY, "--timeout", time];
    let limits = limits.into_iter().map(str::to_owned);
    template.iter().map(place).chain(limits).collect()
}

/// How a run must not end, whatever the clock says.
fn fault(ended: &Ended) -> Option<String> {
    match ended.status.code() {
        _ if ended.ended_by_us => Some("ran on".to_owned()),
        Some(0..=3) => None,
        Some(code) => Some(format!("exit status {code}")),
        None => Some(ended.status.to_string()),
    }
}

/// A few inputs and commands, for every day.
const INPUTS: [&str; 11] = [
    "pages-shared-all-mapped",
    "stale-8",
    "stale-series-30",
    "locks-taken",
    "tasks-in-circles",
    "instances",
    "chain-doubling",
    "choose-often",
    "blocks-sharing-their-ends",
    "assumed-often",
    "deep",
];

#[test]
fn small_inputs_end_as_they_should() {
    let mut wrong = Vec::new();
    let few = inputs::all(Size::Small).into_iter();
    for input in few.filter(|input| INPUTS.contains(&input.name)) {
        let wanted = ["check", "order", "size", "promela"];
        for (name, template) in COMMANDS.iter().filter(|(name, _)| wanted.contains(name)) {
            if let Some(fault) = fault(&run(&arguments(template, &input, "200ms"))) {
                wrong.push(format!("{} {name}: {fault}", input.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// `KMAPCHECK_HOSTILE` names a part of the inputs or commands, such as `stale` or `size`.
#[test]
#[ignore = "takes half an hour: `just hostile`"]
fn the_limits_hold() {
    let part = std::env::var("KMAPCHECK_HOSTILE").unwrap_or_default();
    let inputs = inputs::all(Size::Full);
    assert!(inputs.len() >= 40, "{}", inputs.len());
    let mut wrong = Vec::new();
    println!(
        "{:<28} {:<10} {:>5} {:>8} {:>8} {:>6}",
        "input", "command", "exit", "wall", "cpu", "MB"
    );
    for input in &inputs {
        for (name, template) in COMMANDS {
            if !input.name.contains(&part) && !name.contains(&part) {
                continue;
            }
            let ended = run(&arguments(template, input, TIME));
            let late = ended.wall > MOST_TIME && ended.processor > MOST_TIME;
            let fault = fault(&ended)
                .or_else(|| late.then(|| "late".to_owned()))
                .or_else(|| (ended.megabytes > MOST_MEMORY).then(|| "memory".to_owned()));
            let code = ended
                .status
                .code()
                .map_or("-".to_owned(), |code| code.to_string());
            println!(
                "{:<28} {name:<10} {code:>5} {:>6.1} s {:>6.1} s {:>6} {}",
                input.name,
                ended.wall.as_secs_f64(),
                ended.processor.as_secs_f64(),
                ended.megabytes,
                fault.as_deref().unwrap_or_default()
            );
            wrong.extend(fault.map(|fault| format!("{} {name}: {fault}", input.name)));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
