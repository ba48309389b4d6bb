//! `just real-sizes`: every scenario at real size, and whether it is settled in the time it has.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

use crate::measure::{self, Bounds};
use crate::scaled::scaled;

/// One process may take so much longer than its limit: it has to write its report.
const BESIDE: Duration = Duration::from_secs(20);

/// The limit of a run is one of wall time, what counts is processor time: other work on the machine must
/// not look like a scenario that is hard.
const WALL: f64 = 5.0;

/// Checks all scenarios below `scenarios`, one after the other, and prints those that are refused, not settled,
/// or took more than `seconds` of processor time.
///
/// # Errors
///
/// If a scenario cannot be read, or the checker cannot be run or says nothing.
pub fn real_sizes(kmapcheck: &Path, only: &str, seconds: f64, memory: u64) -> Result<(), String> {
    let kmapcheck = (kmapcheck.canonicalize())
        .map_err(|e| format!("{}: {e}; `just real-sizes` builds it", kmapcheck.display()))?;
    let kmapcheck = kmapcheck.display().to_string();
    let scratch = std::env::temp_dir().join(format!("kmapcheck-sizes-{}", std::process::id()));
    std::fs::create_dir_all(&scratch).map_err(|e| format!("{}: {e}", scratch.display()))?;
    let mut files = Vec::new();
    list(Path::new("scenarios"), &mut files)?;
    let wall = seconds * WALL;
    let (mut settled, mut slow, mut open, mut refused) = (0u32, 0u32, 0u32, 0u32);
    for file in files {
        let name = file.display().to_string();
        if !name.contains(only) {
            continue;
        }
        let text = scaled(&file, Path::new("models"))?.to_string();
        std::fs::write(scratch.join("scaled.json"), text).map_err(|e| e.to_string())?;
        let limit = format!("{wall}s");
        let command = [
            &kmapcheck,
            "check",
            "scaled.json",
            "--format",
            "json",
            "--loom-budget",
            "0",
            "--timeout",
            &limit,
        ];
        let bounds = Bounds {
            time: Duration::from_secs_f64(wall) + BESIDE,
            memory,
        };
        let run = match measure::run(&command, &scratch, bounds)? {
            Ok(run) => run,
            Err(ended) => {
                open += 1;
                println!("{name}: {ended}");
                continue;
            }
        };
        // More stale mappings than slots, for example.
        if run.said.trim().is_empty() {
            println!("{name}: refused at this size");
            refused += 1;
            continue;
        }
        let said: Value = serde_json::from_str(&run.said).map_err(|e| format!("{name}: {e}"))?;
        let verdict = said["verdict"].as_str().unwrap_or("no verdict");
        let left = [&said["undecided"], &said["stopped"]];
        let left: Vec<String> = left
            .iter()
            .filter(|of| !is_empty(of))
            .map(|of| of.to_string())
            .collect();
        let took = run.cpu.as_secs_f64();
        if verdict == "inconclusive" || !left.is_empty() {
            open += 1;
            println!(
                "{name}: {verdict}, {took:.1} s of CPU, open: {}",
                left.join(", ")
            );
        } else if took > seconds {
            slow += 1;
            println!("{name}: {verdict}, {took:.1} s of CPU");
        } else {
            settled += 1;
        }
    }
    println!(
        "{settled} settled in {seconds} s of CPU, {slow} settled later, {open} not settled, {refused} refused"
    );
    std::fs::remove_dir_all(&scratch).map_err(|e| e.to_string())
}

fn is_empty(of: &Value) -> bool {
    of.is_null() || of.as_array().is_some_and(Vec::is_empty)
}

/// The scenario files below a folder, by name.
fn list(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), String> {
    let named = |error: std::io::Error| format!("{}: {error}", folder.display());
    let mut entries = std::fs::read_dir(folder)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(named)?;
    entries.sort_by_key(std::fs::DirEntry::path);
    for path in entries.iter().map(std::fs::DirEntry::path) {
        if path.is_dir() {
            list(&path, files)?;
        } else if path.extension().is_some_and(|is| is == "json") {
            files.push(path);
        }
    }
    Ok(())
}
