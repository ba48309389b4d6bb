//! Running one process: how long it takes, and how much memory it holds at most.

use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// What a run came to.
#[derive(Debug, Clone)]
pub struct Run {
    /// Wall time.
    pub time: Duration,
    /// The most resident memory seen, in bytes: the kernel's own high-water mark (`VmHWM`), read
    /// every few milliseconds. Of a run that ends within the first of them nothing is known.
    pub peak: Option<u64>,
    /// Its standard output.
    pub said: String,
}

/// Runs the command; `None` if it took longer than `cap` and was ended.
///
/// # Errors
///
/// If it cannot be started.
pub fn run(command: &mut Command, dir: &Path, cap: Duration) -> Result<Option<Run>, String> {
    let named = |error: std::io::Error| format!("a run: {error}");
    let output = dir.join("stdout");
    let file = File::create(&output).map_err(named)?;
    let start = Instant::now();
    let mut child = (command.current_dir(dir))
        .stdin(Stdio::null())
        .stdout(file)
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| format!("{command:?}: {error}"))?;
    let status = format!("/proc/{}/status", child.id());
    let mut peak = None;
    loop {
        if child.try_wait().map_err(named)?.is_some() {
            break;
        }
        peak = high_water(&status).or(peak);
        if start.elapsed() > cap {
            child.kill().map_err(named)?;
            child.wait().map_err(named)?;
            return Ok(None);
        }
        let pause =
            (start.elapsed() / 100).clamp(Duration::from_micros(200), Duration::from_millis(5));
        std::thread::sleep(pause);
    }
    let time = start.elapsed();
    let said = std::fs::read_to_string(&output).map_err(named)?;
    Ok(Some(Run { time, peak, said }))
}

fn high_water(status: &str) -> Option<u64> {
    let text = std::fs::read_to_string(status).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}
