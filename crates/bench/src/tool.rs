//! The tools, and how each is run on a case.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use crate::family::Case;
use crate::measure::{self, Run};

/// A tool in one of its modes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Tool {
    Plain { threads: u32 },
    Counted,
    Spin { reduce: bool, bfs: bool },
    Rumur { symmetry: bool },
    Stateright { mode: &'static str, threads: u32 },
}

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goal {
    /// Every state.
    Whole,
    /// A deadlock.
    Deadlock,
}

/// What a tool answered.
#[derive(Debug, Clone)]
pub struct Answer {
    /// How long the run took; making the verifier is not in it.
    pub time: Duration,
    /// The most memory.
    pub peak: Option<u64>,
    /// How many states it has seen.
    pub states: u64,
    /// Whether there is a deadlock.
    pub deadlock: bool,
}

/// Where things are.
#[derive(Debug, Clone)]
pub struct Places {
    /// A folder for models and verifiers.
    pub scratch: PathBuf,
    /// The binary `kmapcheck`.
    pub kmapcheck: PathBuf,
}

const ALL: [Tool; 12] = [
    Tool::Plain { threads: 1 },
    Tool::Plain { threads: 2 },
    Tool::Counted,
    Tool::Spin {
        reduce: true,
        bfs: false,
    },
    Tool::Spin {
        reduce: false,
        bfs: false,
    },
    Tool::Spin {
        reduce: false,
        bfs: true,
    },
    Tool::Rumur { symmetry: false },
    Tool::Rumur { symmetry: true },
    Tool::Stateright {
        mode: "bfs",
        threads: 1,
    },
    Tool::Stateright {
        mode: "bfs",
        threads: 2,
    },
    Tool::Stateright {
        mode: "dfs",
        threads: 1,
    },
    Tool::Stateright {
        mode: "dfs-symmetry",
        threads: 1,
    },
];

impl Tool {
    /// All of them.
    #[must_use]
    pub fn all() -> &'static [Tool] {
        &ALL
    }

    /// What it is called in the tables.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Tool::Plain { threads } => format!("kmapcheck --reduce none --threads {threads}"),
            Tool::Counted => "kmapcheck".to_owned(),
            Tool::Spin { reduce, bfs } => {
                let reduce = if reduce { "" } else { " -DNOREDUCE" };
                let bfs = if bfs { " -DBFS" } else { "" };
                format!("SPIN{reduce}{bfs}")
            }
            Tool::Rumur { symmetry } => {
                let symmetry = if symmetry { "on" } else { "off" };
                format!("Rumur, symmetry {symmetry}")
            }
            Tool::Stateright { mode, threads } => format!("stateright {mode}, {threads} thread(s)"),
        }
    }

    /// Whether its states are all the named ones: then all such tools must count the same.
    #[must_use]
    pub fn counts_named_states(self) -> bool {
        !matches!(
            self,
            Tool::Counted
                | Tool::Spin { reduce: true, .. }
                | Tool::Rumur { symmetry: true }
                | Tool::Stateright {
                    mode: "dfs-symmetry",
                    ..
                }
        )
    }

    /// Whether the case can be put to it at all.
    #[must_use]
    pub fn can(self, case: Case) -> bool {
        let tasks: usize = case.templates().iter().map(|t| t.count).sum();
        match self {
            Tool::Spin { .. } => tasks <= 255,
            // Pages are numbered by task, which a scalarset forbids.
            Tool::Rumur { symmetry: true } => !case.family.keeps(),
            _ => true,
        }
    }

    /// Runs it on the case; `None` if it did not end in time.
    ///
    /// # Errors
    ///
    /// If it does not run, or says something unknown.
    pub fn run(
        self,
        case: Case,
        goal: Goal,
        places: &Places,
        cap: Duration,
    ) -> Result<Option<Answer>, String> {
        let dir = &places.scratch;
        let file = dir.join("case.json");
        write(&file, &case.scenario().to_string())?;
        match self {
            Tool::Plain { threads } => {
                let threads = threads.to_string();
                let more = ["--reduce", "none", "--threads", &threads];
                kmapcheck(places, &more, cap)
            }
            Tool::Counted => kmapcheck(places, &[], cap),
            Tool::Spin { reduce, bfs } => {
                export(places, "promela", "m.pml")?;
                make(dir, "spin", &["-o2", "-a", "m.pml"])?;
                let mut cc = vec!["-O3", "-w", "-DSAFETY", "-DVECTORSZ=4096"];
                cc.extend((!reduce).then_some("-DNOREDUCE"));
                cc.extend(bfs.then_some("-DBFS"));
                cc.extend(["-o", "pan", "pan.c"]);
                make(dir, "gcc", &cc)?;
                let errors = if goal == Goal::Whole { "-c0" } else { "-c1" };
                let mut command = Command::new("./pan");
                command.args([errors, "-m1000000"]);
                let Some(run) = measure::run(&mut command, dir, cap)? else {
                    return Ok(None);
                };
                if run.said.contains("error: max search depth too small") {
                    return Err(format!("SPIN's depth is too small: {}", run.said));
                }
                let states = before(&run.said, " states, stored")?;
                let deadlock = run.said.contains("invalid end state (at");
                answer(&run, states, deadlock)
            }
            Tool::Rumur { symmetry } => {
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
                rumur.extend([
                    "--deadlock-detection",
                    "stuck",
                    "--threads",
                    "1",
                    "--max-errors",
                    errors,
                ]);
                rumur.extend(["--counterexample-trace", "off", "--output", "m.c", "m.m"]);
                make(dir, "rumur", &rumur)?;
                make(
                    dir,
                    "gcc",
                    &["-O3", "-w", "-mcx16", "-o", "m", "m.c", "-lpthread"],
                )?;
                let Some(run) = measure::run(&mut Command::new("./m"), dir, cap)? else {
                    return Ok(None);
                };
                let states = before(&run.said, " states, ")?;
                let deadlock = run.said.contains("deadlock");
                answer(&run, states, deadlock)
            }
            Tool::Stateright { mode, threads } => {
                let this = std::env::current_exe().map_err(|e| e.to_string())?;
                let mut command = Command::new(this);
                command.args(["stateright", case.family.name()]);
                command.args([case.tasks.to_string(), case.slots.to_string()]);
                command.args([mode.to_owned(), threads.to_string()]);
                command.args((goal == Goal::Whole).then_some("--whole"));
                let Some(run) = measure::run(&mut command, dir, cap)? else {
                    return Ok(None);
                };
                let said = json(&run.said)?;
                let states = said["states"].as_u64().ok_or("no number of states")?;
                answer(&run, states, !said["deadlock"].is_null())
            }
        }
    }
}

#[allow(clippy::unnecessary_wraps, reason = "it ends every way to run a tool")]
fn answer(run: &Run, states: u64, deadlock: bool) -> Result<Option<Answer>, String> {
    Ok(Some(Answer {
        time: run.time,
        peak: run.peak,
        states,
        deadlock,
    }))
}

fn kmapcheck(places: &Places, more: &[&str], cap: Duration) -> Result<Option<Answer>, String> {
    let mut command = Command::new(&places.kmapcheck);
    command.args([
        "check",
        "--engine",
        "search",
        "--format",
        "json",
        "--max-memory",
        "64G",
    ]);
    command.args(more).arg("case.json");
    let Some(run) = measure::run(&mut command, &places.scratch, cap)? else {
        return Ok(None);
    };
    let said = json(&run.said)?;
    if said["verdict"] == "inconclusive" {
        return Err(format!("kmapcheck is inconclusive: {}", said["stopped"]));
    }
    let states = said["coverage"]["states"]
        .as_u64()
        .ok_or("no number of states")?;
    let findings = said["findings"].as_array().ok_or("no findings")?;
    let deadlock = findings.iter().any(|f| f["kind"] == "deadlock");
    answer(&run, states, deadlock)
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
