//! The limits of a command, and what is printed when one is reached.

use std::path::Path;
use std::time::Duration;

use clap::Args as ClapArgs;
use kmapcheck_check::Run;
use kmapcheck_check::run::{Doing, WRITING};
use kmapcheck_limits::{Limits, Reached};
use kmapcheck_report::{Stopped, tame};
use serde_json::json;

use crate::args::{Format, duration, size};
use crate::exit::Exit;
use crate::failure::{exit_of, tell};
use crate::output::Output;
use crate::progress;

/// Limits on time and memory, the same for every command.
#[derive(Debug, Clone, Copy, ClapArgs)]
pub struct LimitArgs {
    /// Stop at about this much memory, such as 512M or 4G
    #[arg(long, value_name = "SIZE", value_parser = size, default_value = "4G")]
    pub max_memory: u64,
    /// Stop after this time, such as 10s, 5m or 500ms; each file has this much
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub timeout: Option<Duration>,
}

impl LimitArgs {
    /// The limits, states among them where something counts states, with Ctrl-C.
    pub fn limits(&self, max_states: Option<u64>) -> Limits {
        Limits {
            max_states,
            interrupt: Some(progress::interrupt()),
            ..self.limits_of_machine()
        }
    }

    /// Time and memory alone.
    pub fn limits_of_machine(&self) -> Limits {
        Limits {
            max_memory: Some(self.max_memory),
            timeout: self.timeout,
            ..Limits::default()
        }
    }
}

/// Starts a run. Its last words are printed on standard output, and their exit status ends the
/// program.
pub fn start(
    limits: &Limits,
    last_words: impl Fn(&Doing<'_>) -> (String, Exit) + Send + 'static,
) -> Run {
    Run::start(limits, move |doing| {
        let (text, exit) = last_words(doing);
        end(&text, exit)
    })
}

/// All has been said: if what is still done has to be ended from outside, only the exit status is
/// left.
pub fn said(run: &Run, exit: Exit) {
    run.say_last(move |_| end("", exit));
}

fn end(text: &str, exit: Exit) {
    // There is nobody left to tell if this fails.
    let _ = Output::new().print(text);
    std::process::exit(exit.code().into());
}

/// A run whose command has nothing to say but that it was stopped.
pub fn of_one(limits: &Limits, file: &str, format: Format) -> Run {
    let file = file.to_owned();
    start(limits, move |doing| {
        let said = early(&file, doing.phase, doing.reached, format);
        (said, Exit::Inconclusive)
    })
}

/// Writes files, after all else is done; what that comes to. If it takes too long, that is told,
/// and costs nobody the rest.
pub fn write(run: &Run, about: &Path, what: impl FnOnce() -> Exit) -> Exit {
    let written = run.last(WRITING, || Ok(what()));
    written.unwrap_or_else(|failure| {
        tell(&failure, about);
        exit_of(&failure)
    })
}

/// What a command prints that a limit stopped before it had anything else to say.
pub fn early(file: &str, phase: &str, reached: Reached, format: Format) -> String {
    let mut stopped = Stopped::of(reached, phase);
    stopped.next = match &stopped.raise {
        Some((option, value)) => format!("give it more, such as `{option} {value}`"),
        None => stopped.next,
    };
    match format {
        Format::Text => {
            let file = tame::line(file);
            let Stopped { text, next, .. } = &stopped;
            format!("inconclusive {file}: stopped while {phase}\nStopped early: {text}; {next}.\n")
        }
        Format::Json => {
            let said = json!({ "file": file, "verdict": "inconclusive", "stopped": stopped });
            format!("{said:#}\n")
        }
    }
}
