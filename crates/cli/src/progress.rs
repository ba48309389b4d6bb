//! How far a run has come: on standard error, if that is a terminal. And requests to end: Ctrl-C and
//! signals.

use std::io::IsTerminal;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};

use indicatif::{ProgressBar, ProgressStyle};
use kmapcheck_check::Progress;
use kmapcheck_report::escape;
use kmapcheck_report::words::number;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag::{register, register_conditional_shutdown};

/// A line that is rewritten while an engine runs.
pub struct Line {
    bar: ProgressBar,
}

impl Line {
    /// A line about `file`; nothing appears if `quiet`, or without a terminal.
    pub fn new(file: &Path, quiet: bool) -> Line {
        if quiet || !std::io::stderr().is_terminal() {
            return Line {
                bar: ProgressBar::hidden(),
            };
        }
        // The figures come first: where the line is too short, it is the file that is cut.
        let bar = ProgressBar::new_spinner().with_message(escape::path(file));
        if let Ok(style) = ProgressStyle::with_template("{spinner} {prefix}  {wide_msg}") {
            bar.set_style(style);
        }
        Line { bar }
    }

    /// Shows how many random runs are done.
    pub fn show_runs(&self, runs: u64, of: u64) {
        self.bar
            .set_prefix(format!("{} of {} runs", number(runs), number(of)));
    }

    /// Shows how many cells are done, and how far the next one has come.
    pub fn show_cells(&self, cells: usize, of: usize, progress: Progress<'_>) {
        self.bar
            .set_prefix(format!("{cells} of {of} cells, {progress}"));
    }

    /// Shows what is done now.
    #[cfg(feature = "extract")]
    pub fn show_text(&self, text: &str) {
        self.bar.set_prefix(escape::line(text).to_string());
        self.bar.tick();
    }

    /// Shows how far an engine has come.
    pub fn show(&self, progress: Progress<'_>) {
        self.bar.set_prefix(progress.to_string());
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// If this is in the environment, the program runs as if Ctrl-C had come before it began: tests want
/// a limit that is reached for sure, however fast the machine is.
const INTERRUPTED: &str = "KMAPCHECK_INTERRUPTED";

/// A flag that Ctrl-C sets, and a signal that asks the program to end; a second one ends it at once.
pub fn interrupt() -> Arc<AtomicBool> {
    static FLAG: OnceLock<Arc<AtomicBool>> = OnceLock::new();
    Arc::clone(FLAG.get_or_init(|| {
        let flag = Arc::new(AtomicBool::new(std::env::var_os(INTERRUPTED).is_some()));
        listen(&flag);
        flag
    }))
}

/// Has Ctrl-C set the flag, and requests to end that do not come from the keyboard: of `kill`,
/// `timeout` and job systems (SIGTERM), and when a terminal or a connection is closed (SIGHUP). One
/// that comes when it is set ends the program. Who ignores one of the latter on our behalf, as
/// `nohup` does, is not overruled.
fn listen(flag: &Arc<AtomicBool>) {
    let ignored = ignored();
    for &signal in ENDING {
        if signal == SIGINT || ignored >> (signal - 1) & 1 == 0 {
            // If this fails the signal ends the program, as it does others.
            let _ = register_conditional_shutdown(signal, 128 + signal, Arc::clone(flag))
                .and_then(|_| register(signal, Arc::clone(flag)));
        }
    }
}

#[cfg(unix)]
const ENDING: &[i32] = &[SIGINT, SIGTERM, signal_hook::consts::SIGHUP];
#[cfg(not(unix))]
const ENDING: &[i32] = &[SIGINT, SIGTERM];

/// A bit for each signal that is ignored, the lowest for signal 1; none if the system does not
/// say.
fn ignored() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    // Where the system does not say, no signal is ignored.
    line.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .unwrap_or(0)
}
