//! How each tool is run on a case, and how its answer is read.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::{Answer, Goal, Outcome, Places, Tool};
use crate::family::Case;
use crate::measure::{self, Run};

impl Tool {
    /// Runs it on the case.
    ///
    /// # Errors
    ///
    /// If it does not run, or says something unknown.
    pub fn run(self, case: Case, goal: Goal, places: &Places) -> Result<Outcome, String> {
        let file = places.scratch.join("case.json");
        write(&file, &case.scenario().to_string())?;
        match self {
            Tool::Plain { threads } => {
                let threads = threads.to_string();
                kmapcheck(places, &["--reduce", "none", "--threads", &threads])
            }
            Tool::Counted => kmapcheck(places, &[]),
            Tool::Spin { reduce, bfs } => spin(goal, places, reduce, bfs),
            Tool::Rumur { symmetry } => rumur(goal, places, symmetry),
            Tool::Stateright { mode, threads } => stateright(case, goal, places, mode, threads),
        }
    }
}

/// Runs a command and has its answer read: states, and whether there is a deadlock.
fn measured(
    command: &[&str],
    places: &Places,
    read: impl FnOnce(&Run) -> Result<(u64, bool), String>,
) -> Result<Outcome, String> {
    let run = match measure::run(command, &places.scratch, places.bounds)? {
        Ok(run) => run,
        Err(why) => return Ok(Outcome::Gave(why)),
    };
    let (states, deadlock) = read(&run)?;
    Ok(Outcome::Answer(Answer {
        time: run.time,
        peak: run.peak,
        states,
        deadlock,
    }))
}

fn kmapcheck(places: &Places, more: &[&str]) -> Result<Outcome, String> {
    let program = places.kmapcheck.to_string_lossy();
    let memory = format!("{}M", places.bounds.memory >> 20);
    let mut command = vec![&*program, "check", "--engine", "search", "--format", "json"];
    command.extend(["--max-memory", &memory]);
    command.extend(more);
    command.push("case.json");
    let mut undecided = None;
    let outcome = measured(&command, places, |run| {
        let said = json(&run.said)?;
        if said["verdict"] == "inconclusive" {
            undecided = Some(format!("inconclusive: {}", said["stopped"]));
        }
        let states = (said["coverage"]["states"].as_u64()).ok_or("no number of states")?;
        let findings = said["findings"].as_array().ok_or("no findings")?;
        let deadlock = findings.iter().any(|f| f["kind"] == "deadlock");
        Ok((states, deadlock))
    })?;
    Ok(undecided.map_or(outcome, Outcome::Gave))
}

fn spin(goal: Goal, places: &Places, reduce: bool, bfs: bool) -> Result<Outcome, String> {
    let dir = &places.scratch;
    export(places, "promela", "m.pml")?;
    make(dir, "spin", &["-o2", "-a", "m.pml"])?;
    let mut cc = vec!["-O3", "-w", "-DSAFETY", "-DVECTORSZ=4096"];
    cc.extend((!reduce).then_some("-DNOREDUCE"));
    cc.extend(bfs.then_some("-DBFS"));
    cc.extend(["-o", "pan", "pan.c"]);
    make(dir, "gcc", &cc)?;
    let errors = if goal == Goal::Whole { "-c0" } else { "-c1" };
    measured(&["./pan", errors, "-m1000000"], places, |run| {
        if run.said.contains("error: max search depth too small") {
            return Err(format!("SPIN's depth is too small: {}", run.said));
        }
        let deadlock = run.said.contains("invalid end state (at");
        Ok((before(&run.said, " states, stored")?, deadlock))
    })
}

fn rumur(goal: Goal, places: &Places, symmetry: bool) -> Result<Outcome, String> {
    let dir = &places.scratch;
    export(places, "murphi", "m.m")?;
    if symmetry {
        scalarsets(&dir.join("m.m"))?;
    }
    let reduction = if symmetry { "heuristic" } else { "off" };
    let errors = if goal == Goal::Whole {
        "1000000000"
    } else {
        "1"
    };
    let mut rumur = vec!["--symmetry-reduction", reduction];
    if symmetry {
        // Only the steps of traces would be told apart by it, at a great price.
        rumur.extend(["--scalarset-schedules", "off"]);
    }
    rumur.extend(["--deadlock-detection", "stuck", "--threads", "1"]);
    rumur.extend(["--max-errors", errors, "--counterexample-trace", "off"]);
    rumur.extend(["--output", "m.c", "m.m"]);
    make(dir, "rumur", &rumur)?;
    let cc = ["-O3", "-w", "-mcx16", "-o", "m", "m.c", "-lpthread"];
    make(dir, "gcc", &cc)?;
    measured(&["./m"], places, |run| {
        let deadlock = run.said.contains("deadlock");
        Ok((before(&run.said, " states, ")?, deadlock))
    })
}

fn stateright(
    case: Case,
    goal: Goal,
    places: &Places,
    mode: &str,
    threads: u32,
) -> Result<Outcome, String> {
    let this = std::env::current_exe().map_err(|e| e.to_string())?;
    let this = this.to_string_lossy();
    let numbers = [case.tasks, case.slots].map(|n| n.to_string());
    let threads = threads.to_string();
    let mut command = vec![&*this, "stateright", case.family.name()];
    command.extend([numbers[0].as_str(), &numbers[1], mode, &threads]);
    command.extend((goal == Goal::Whole).then_some("--whole"));
    measured(&command, places, |run| {
        let said = json(&run.said)?;
        let states = said["states"].as_u64().ok_or("no number of states")?;
        Ok((states, !said["deadlock"].is_null()))
    })
}

fn export(places: &Places, to: &str, output: &str) -> Result<(), String> {
    let kmapcheck = places.kmapcheck.to_string_lossy();
    make(
        &places.scratch,
        &kmapcheck,
        &["export", "--to", to, "case.json", "-o", output],
    )
}

/// Makes the numbers of instances scalarsets, which is what Rumur's symmetry reduction is about.
fn scalarsets(file: &Path) -> Result<(), String> {
    let text = std::fs::read_to_string(file).map_err(|e| e.to_string())?;
    let mut changed = 0;
    let lines: Vec<String> = (text.lines())
        .map(|line| match line.split_once("_id: 0..") {
            Some((name, last)) if line.ends_with(';') => {
                let last: u64 = last.trim_end_matches(';').parse().unwrap_or(0);
                changed += 1;
                format!("{name}_id: scalarset({});", last + 1)
            }
            _ => line.to_owned(),
        })
        .collect();
    if changed == 0 {
        return Err("no instances to make a scalarset of".to_owned());
    }
    write(file, &lines.join("\n"))
}

fn write(file: &Path, text: &str) -> Result<(), String> {
    std::fs::write(file, text).map_err(|e| format!("{}: {e}", file.display()))
}

/// Runs what makes a verifier.
fn make(dir: &Path, command: &str, arguments: &[&str]) -> Result<(), String> {
    let output = (Command::new(command)
        .args(arguments)
        .current_dir(dir)
        .output())
    .map_err(|e| format!("{command}: {e}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    Err(format!("{command} {arguments:?}: {said}{errors}"))
}

fn json(said: &str) -> Result<Value, String> {
    serde_json::from_str(said).map_err(|e| format!("{e} in: {said}"))
}

/// The number before `text`, on the first line that has it.
fn before(said: &str, text: &str) -> Result<u64, String> {
    (said.lines())
        .find_map(|line| line.split_once(text)?.0.trim().parse().ok())
        .ok_or_else(|| format!("no `{text}` in: {said}"))
}
