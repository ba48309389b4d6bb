//! Running the tools and reading what they say.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What a tool says.
#[derive(Debug)]
pub struct Answer {
    /// How many states it stored.
    pub states: u64,
    /// The fewest steps to each thing that it found.
    pub found: BTreeMap<String, u64>,
}

/// A folder for generated files.
pub struct Scratch {
    dir: PathBuf,
    /// The compiler for SPIN's verifiers.
    cc: &'static str,
}

impl Scratch {
    pub fn new(worker: usize) -> Scratch {
        let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("interop-{worker}"));
        std::fs::create_dir_all(&dir).expect("a folder can be made");
        let tcc = Command::new("tcc").arg("-v").output().is_ok();
        Scratch {
            dir,
            cc: if tcc { "tcc" } else { "gcc" },
        }
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.dir.join(name), text).expect("a file can be written");
    }

    /// Runs a command in the folder; its standard output.
    fn run(&self, command: &str, arguments: &[&str]) -> Result<String, String> {
        let output = Command::new(command)
            .args(arguments)
            .current_dir(&self.dir)
            .output()
            .map_err(|error| format!("{command}: {error}"))?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        // The verifiers fail when they find something; the others must not.
        if !output.status.success() && !command.starts_with("./") {
            let errors = String::from_utf8_lossy(&output.stderr);
            return Err(format!("{command} {arguments:?}: {said}{errors}"));
        }
        Ok(said)
    }
}

/// Breadth-first, every state stored in full, all errors counted. With `findings`, findings are
/// errors and deadlocks are not.
pub fn spin(scratch: &Scratch, model: &str, findings: bool) -> Result<Answer, String> {
    scratch.write("m.pml", model);
    let said = if findings {
        scratch.run("spin", &["-o2", "-DFINDINGS", "-a", "m.pml"])?
    } else {
        scratch.run("spin", &["-o2", "-a", "m.pml"])?
    };
    if said.contains("Error") {
        return Err(said);
    }
    let cc = [
        "-w",
        "-DSAFETY",
        "-DNOREDUCE",
        "-DBFS",
        "-DVECTORSZ=4096",
        "-o",
        "pan",
        "pan.c",
    ];
    scratch.run(scratch.cc, &cc)?;
    let said = scratch.run(
        "./pan",
        if findings {
            &["-E", "-c0", "-w18"]
        } else {
            &["-c0", "-w18"]
        },
    )?;
    let states = (said.lines())
        .find_map(|line| line.trim().strip_suffix(" states, stored"))
        .and_then(|n| n.trim().parse().ok())
        .ok_or_else(|| format!("no number of states in: {said}"))?;
    let mut found = BTreeMap::new();
    // pan:1: assertion violated  no_slot_leak (at depth 4)
    for line in said.lines().filter(|line| line.starts_with("pan:")) {
        let Some((what, depth)) = line.rsplit_once(" (at depth ") else {
            continue;
        };
        let depth: u64 =
            (depth.trim_end_matches(')').parse()).map_err(|_| format!("no depth in: {line}"))?;
        let (what, steps) = if what.contains("invalid end state") {
            ("deadlock".to_owned(), depth)
        } else {
            let name = (what.rsplit(|c: char| !c.is_ascii_alphanumeric() && c != '_'))
                .find_map(|word| word.strip_prefix("no_"))
                .ok_or_else(|| format!("an unknown error: {line}"))?;
            // Found by the step after `depth` others, or, while waiting, in the state before it.
            match name.strip_suffix("_while_waiting") {
                Some(name) => (name.replace('_', "-"), depth),
                None => (name.replace('_', "-"), depth + 1),
            }
        };
        let least = found.entry(what).or_insert(steps);
        *least = steps.min(*least);
    }
    Ok(Answer { states, found })
}

fn rumur_says(
    scratch: &Scratch,
    model: &str,
    deadlocks: &str,
    errors: &str,
) -> Result<String, String> {
    scratch.write("m.m", model);
    let rumur = [
        "--symmetry-reduction",
        "off",
        "--deadlock-detection",
        deadlocks,
        "--threads",
        "1",
        "--set-capacity",
        "1048576",
        "--max-errors",
        errors,
        "--output",
        "m.c",
        "m.m",
    ];
    scratch.run("rumur", &rumur)?;
    scratch.run(
        "gcc",
        &["-O0", "-w", "-mcx16", "-o", "m", "m.c", "-lpthread"],
    )?;
    scratch.run("./m", &[])
}

/// Breadth-first, every state stored in full, all deadlocks counted.
pub fn rumur(scratch: &Scratch, model: &str) -> Result<Answer, String> {
    let said = rumur_says(scratch, model, "stuck", "1000000")?;
    let states = (said.lines())
        .find_map(|line| line.trim().split_once(" states, "))
        .and_then(|(n, _)| n.parse().ok())
        .ok_or_else(|| format!("no number of states in: {said}"))?;
    let found = first(&said).map(|steps| ("deadlock".to_owned(), steps));
    Ok(Answer {
        states,
        found: found.into_iter().collect(),
    })
}

/// The number of steps to the first error other than a deadlock. Deadlocks would get in the way: one
/// is found when its state is expanded, and so after errors in steps from states as far away.
pub fn rumur_first(scratch: &Scratch, model: &str) -> Result<Option<u64>, String> {
    Ok(first(&rumur_says(scratch, model, "off", "1")?))
}

/// The length of the first trace: an error is in its last state, or in its last step.
fn first(said: &str) -> Option<u64> {
    let (_, trace) = said.split_once("The following is the error trace")?;
    let (trace, _) = trace.split_once("End of the error trace")?;
    let rules = trace
        .lines()
        .filter(|line| line.starts_with("Rule "))
        .count();
    Some(rules as u64)
}
