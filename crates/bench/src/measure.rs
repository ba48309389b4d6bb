//! Running one process: how long it takes, and how much memory it holds at most.
//!
//! Each is started by a process of its own (`measure`, a hidden command of this binary), so that
//! what the kernel counts for ended children is about that one alone: `ru_maxrss`, exact and also
//! there for a run of a millisecond. It is never less than what the measuring process itself
//! holds, a few megabytes.

use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};
use serde_json::json;

/// What a run may take.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Wall time.
    pub time: Duration,
    /// Resident memory, in bytes.
    pub memory: u64,
}

/// What a run came to.
#[derive(Debug, Clone)]
pub struct Run {
    /// Wall time.
    pub time: Duration,
    /// Time on a CPU, of all threads.
    pub cpu: Duration,
    /// The most resident memory, in bytes.
    pub peak: u64,
    /// Its standard output.
    pub said: String,
}

/// Where a command's standard output goes.
const OUTPUT: &str = "stdout";

/// Runs a command in `dir`; `Err` inside: it was ended, and why.
///
/// # Errors
///
/// If it cannot be run.
pub fn run(command: &[&str], dir: &Path, bounds: Bounds) -> Result<Result<Run, String>, String> {
    let this = std::env::current_exe().map_err(|e| e.to_string())?;
    let milliseconds = bounds.time.as_millis().to_string();
    let output = (Command::new(this).current_dir(dir))
        .args(["measure", &milliseconds, &bounds.memory.to_string(), "--"])
        .args(command)
        .stdin(Stdio::null())
        .output()
        .map_err(|e| format!("{command:?}: {e}"))?;
    if !output.status.success() {
        let errors = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{command:?}: {errors}"));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let measured: serde_json::Value =
        serde_json::from_str(&text).map_err(|e| format!("{e} in: {text}"))?;
    if let Some(why) = measured["ended"].as_str() {
        return Ok(Err(why.to_owned()));
    }
    let number = |name: &str| measured[name].as_f64();
    let (Some(seconds), Some(cpu), Some(peak)) =
        (number("seconds"), number("cpu"), measured["peak"].as_u64())
    else {
        return Err(format!("no measurement in: {text}"));
    };
    let said = std::fs::read_to_string(dir.join(OUTPUT)).map_err(|e| e.to_string())?;
    Ok(Ok(Run {
        time: Duration::from_secs_f64(seconds),
        cpu: Duration::from_secs_f64(cpu),
        peak,
        said,
    }))
}

/// Runs a command here and says what it took, as one line of JSON.
///
/// # Errors
///
/// If it cannot be run.
pub fn here(command: &[String], bounds: Bounds) -> Result<String, String> {
    let named = |error: std::io::Error| format!("{command:?}: {error}");
    let (program, arguments) = command.split_first().ok_or("no command")?;
    let file = File::create(OUTPUT).map_err(named)?;
    let start = Instant::now();
    let mut child = (Command::new(program).args(arguments))
        .stdin(Stdio::null())
        .stdout(file)
        .stderr(Stdio::null())
        .spawn()
        .map_err(named)?;
    let status = format!("/proc/{}/status", child.id());
    let mut ended = None;
    while child.try_wait().map_err(named)?.is_none() {
        if start.elapsed() > bounds.time {
            ended = Some(format!("> {} s", bounds.time.as_secs()));
        } else if high_water(&status).is_some_and(|peak| peak > bounds.memory) {
            ended = Some(format!("> {} GB", bounds.memory >> 30));
        }
        if ended.is_some() {
            child.kill().map_err(named)?;
            child.wait().map_err(named)?;
            break;
        }
        // Never off by more than a hundredth, and no more awake than that needs.
        let pause =
            (start.elapsed() / 100).clamp(Duration::from_micros(100), Duration::from_millis(5));
        std::thread::sleep(pause);
    }
    let seconds = start.elapsed().as_secs_f64();
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).map_err(|e| e.to_string())?;
    let peak = u64::try_from(usage.max_rss()).map_err(|e| e.to_string())? * 1024;
    let cpu: f64 = [usage.user_time(), usage.system_time()]
        .iter()
        .map(|time| time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6)
        .sum();
    Ok(json!({ "seconds": seconds, "cpu": cpu, "peak": peak, "ended": ended }).to_string())
}

fn high_water(status: &str) -> Option<u64> {
    let text = std::fs::read_to_string(status).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}
