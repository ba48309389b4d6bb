//! `kmapcheck replay`: a saved trace, step by step.

use std::io::{self, IsTerminal};
use std::path::PathBuf;

use kmapcheck_args::{Format, Replay};
use kmapcheck_check::loaded::{any, text_of};
use kmapcheck_check::run::READING;
use kmapcheck_check::{Checked, Failure, Run};
use kmapcheck_limits::Limits;
use kmapcheck_report::escape;
use kmapcheck_show::recording::saved::SavedTrace;
use kmapcheck_show::screen::{Replay as Shown, lines};

use crate::exit::Exit;
use crate::failure::Wrong;
use crate::output::Output;
use crate::{progress, run};

const REPLAYING: &str = "replaying";

/// Runs the command.
pub fn run(args: &Replay, output: &mut Output) -> io::Result<Exit> {
    let interactive = cfg!(feature = "screen")
        && !args.text
        && io::stdout().is_terminal()
        && io::stdin().is_terminal();
    let limits = Limits {
        // A screen is left by its own keys.
        interrupt: (!interactive).then(progress::interrupt),
        max_memory: Some(args.limits.max_memory),
        timeout: args.limits.timeout,
        ..Limits::default()
    };
    let mut shown = Ok(());
    let exit = run::one(&args.file, &limits, Format::Text, output, |run| {
        let checked = replayed(args, run, |checked| {
            let recordings = run.phase(REPLAYING, || checked.recordings())?;
            let mut replay = Shown::new(&checked.report, recordings);
            if !interactive {
                return run.phase(REPLAYING, || Ok(lines::render(&replay)));
            }
            run.finish();
            shown = on_screen(&mut replay);
            Ok(String::new())
        });
        checked.map(|text| (text, Exit::Clean))
    })?;
    shown.map(|()| exit)
}

#[cfg(feature = "screen")]
use kmapcheck_show::screen::run as on_screen;

#[cfg(not(feature = "screen"))]
fn on_screen(_: &mut Shown<'_>) -> io::Result<()> {
    unreachable!("without a screen everything is text")
}

/// Runs a saved trace again and has it shown.
fn replayed(
    args: &Replay,
    run: &Run,
    show: impl FnOnce(&Checked<'_>) -> Result<String, Failure>,
) -> Result<String, Wrong> {
    let unusable = |said: String| Failure::Refused(escape::line(&said));
    let saved = run.phase(READING, || {
        SavedTrace::read(&text_of(&args.file)?).map_err(|error| unusable(error.to_string()))
    })?;
    let scenario = args.scenario.clone().unwrap_or_else(|| saved.path());
    let read = run.phase(READING, || any(&scenario, &saved.overrides()));
    let mut loaded = read.map_err(|failure| match (failure, &args.scenario) {
        (failure @ Failure::Stopped { .. }, _) => failure.into(),
        (failure, Some(_)) => Wrong::of(&scenario, failure),
        (failure, None) => Wrong::of(&scenario, failure)
            .advised("If the scenario is elsewhere now, say so with `--scenario FILE`."),
    })?;
    let file = args.file.display().to_string();
    saved
        .check(&scenario, &file, &loaded.sources)
        .map_err(|error| unusable(error.to_string()))?;
    loaded.escape();
    let replayed = run.phase(REPLAYING, || kmapcheck_check::replay(&loaded, &saved));
    let checked = replayed.map_err(|failure| match failure {
        Failure::Refused(said) => unusable(said).into(),
        failure => Wrong::of(&PathBuf::from(&saved.file), failure),
    })?;
    if checked.report.findings.is_empty() {
        return Err(unusable("there is no trace in it".to_owned()).into());
    }
    Ok(show(&checked)?)
}
