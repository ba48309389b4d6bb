//! The run of a command: its limits, its answer, and what is printed when a limit is reached.

use std::io;
use std::path::Path;

use kmapcheck_args::Format;
use kmapcheck_check::run::{Doing, WRITING};
use kmapcheck_check::{Failure, Run};
use kmapcheck_limits::{Limits, Reached};
use kmapcheck_report::{Stopped, escape};
use serde_json::json;

use crate::exit::Exit;
use crate::failure::{Wrong, tell, usage};
use crate::output::Output;

/// Answers a question about one file: `ask` says the text and what it comes to.
pub fn one(
    file: &Path,
    limits: &Limits,
    format: Format,
    output: &mut Output,
    ask: impl FnOnce(&Run) -> Result<(String, Exit), Wrong>,
) -> io::Result<Exit> {
    let run = of_one(limits, file, format);
    let said = ask(&run);
    // It takes as long as whoever reads it likes.
    run.finish();
    let wrong = match said {
        Ok((text, exit)) => {
            output.print(&text)?;
            return Ok(exit);
        }
        Err(wrong) => wrong,
    };
    let about = wrong.about.unwrap_or_else(|| Some(file.to_owned()));
    let exit = match (wrong.failure, about) {
        // A limit that was reached is an answer, and goes where answers go.
        (Failure::Stopped { phase, reached }, Some(about)) => {
            let about = about.display().to_string();
            output.print(&early(&about, phase, reached, format))?;
            Exit::Inconclusive
        }
        (failure, Some(about)) => tell(&failure, &about),
        (failure, None) => usage(&failure.to_string()),
    };
    if let Some(advice) = wrong.advice {
        anstream::eprintln!("{advice}");
    }
    Ok(exit)
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
pub fn of_one(limits: &Limits, file: &Path, format: Format) -> Run {
    let file = file.display().to_string();
    start(limits, move |doing| {
        let said = early(&file, doing.phase, doing.reached, format);
        (said, Exit::Inconclusive)
    })
}

/// Writes files, after all else is done; what that comes to. If it takes too long, that is told,
/// and costs nobody the rest.
pub fn write(run: &Run, about: &Path, what: impl FnOnce() -> Exit) -> Exit {
    run.last(WRITING, || Ok(what()))
        .unwrap_or_else(|failure| tell(&failure, about))
}

/// What a command prints that a limit stopped before it had anything else to say.
pub fn early(file: &str, phase: &str, reached: Reached, format: Format) -> String {
    let mut stopped = Stopped::of(reached, phase);
    stopped.next = match &stopped.raise {
        Some((option, value)) => format!("give it more, such as `{option} {value}`"),
        None => stopped.next,
    };
    match format {
        Format::Text | Format::Markdown => {
            let file = escape::line(file);
            let Stopped { text, next, .. } = &stopped;
            format!("inconclusive {file}: stopped while {phase}\nStopped early: {text}; {next}.\n")
        }
        Format::Json => {
            let said = json!({ "file": file, "verdict": "inconclusive", "stopped": stopped });
            format!("{said:#}\n")
        }
    }
}
