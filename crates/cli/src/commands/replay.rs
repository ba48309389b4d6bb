//! `kmapcheck replay`: a saved trace, step by step.

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

use clap::Args as ClapArgs;
use kmapcheck_check::run::READING;
use kmapcheck_check::{Checked, Failure, Run};
use kmapcheck_limits::Limits;
use kmapcheck_report::tame;
use kmapcheck_show::recording::saved::SavedTrace;
use kmapcheck_show::screen::{Replay, lines};

use crate::args::Format;
use crate::exit::Exit;
use crate::failure::{answer, exit_of, tell};
use crate::input::{self, shown};
use crate::output::Output;
use crate::progress;
use crate::run::{self, LimitArgs};

/// `kmapcheck replay`.
#[derive(Debug, ClapArgs)]
pub struct ReplayArgs {
    /// What `check --save-trace` wrote
    #[arg(value_name = "TRACE")]
    pub file: PathBuf,
    /// The scenario, if it is not where it was
    #[arg(long, value_name = "FILE")]
    pub scenario: Option<PathBuf>,
    /// Print the steps as text, on a terminal too
    #[arg(long)]
    pub text: bool,
    #[command(flatten)]
    pub limits: LimitArgs,
}

/// Runs the command.
pub fn run(args: &ReplayArgs, output: &mut Output) -> io::Result<Exit> {
    let limits = Limits {
        // A screen is left by its own keys.
        interrupt: (!is_interactive(args)).then(progress::interrupt),
        ..args.limits.limits_of_machine()
    };
    let run = run::of_one(&limits, &args.file.display().to_string(), Format::Text);
    let unusable = |said: String| {
        run.finish();
        anstream::eprintln!("kmapcheck: {}: {}", shown(&args.file), tame::line(&said));
        Ok(Exit::BadInput)
    };
    let read = run.phase(READING, || {
        let text = input::text_of(&args.file)?;
        SavedTrace::read(&text).map_err(|error| Failure::Refused(tame::line(&error.to_string())))
    });
    let saved = match read {
        Ok(saved) => saved,
        Err(failure) => return answer(&failure, &run, &args.file, Format::Text, output),
    };
    let scenario = args.scenario.clone().unwrap_or_else(|| saved.path());
    let read = run.phase(READING, || input::load(&scenario, &saved.overrides()));
    let mut loaded = match read {
        Ok(loaded) => loaded,
        Err(failure @ Failure::Stopped { .. }) => {
            return answer(&failure, &run, &args.file, Format::Text, output);
        }
        Err(failure) => {
            run.finish();
            tell(&failure, &scenario);
            if args.scenario.is_none() {
                anstream::eprintln!(
                    "If the scenario is elsewhere now, say so with `--scenario FILE`."
                );
            }
            return Ok(exit_of(&failure));
        }
    };
    if let Err(error) = saved.check(&scenario, &args.file.display().to_string(), &loaded.sources) {
        return unusable(error.to_string());
    }
    loaded.tame();
    let replayed = run.phase("replaying", || kmapcheck_check::replay(&loaded, &saved));
    match replayed {
        Ok(checked) if checked.report.findings.is_empty() => {
            unusable("there is no trace in it".to_owned())
        }
        Ok(checked) => show(&checked, args, &run, output),
        Err(Failure::Refused(said)) => unusable(said),
        Err(failure) => answer(&failure, &run, Path::new(&saved.file), Format::Text, output),
    }
}

fn show(
    checked: &Checked<'_>,
    args: &ReplayArgs,
    run: &Run,
    output: &mut Output,
) -> io::Result<Exit> {
    let interactive = is_interactive(args);
    let shown = run.phase("replaying", || {
        let replay = Replay::new(&checked.report, checked.recordings()?);
        let text = (!interactive).then(|| lines::render(&replay));
        Ok((replay, text))
    });
    run.finish();
    match shown {
        Ok((_, Some(text))) => output.print(&text)?,
        #[cfg(feature = "screen")]
        Ok((mut replay, None)) => kmapcheck_show::screen::run(&mut replay)?,
        #[cfg(not(feature = "screen"))]
        Ok((_, None)) => unreachable!("without a screen everything is text"),
        Err(failure) => return answer(&failure, run, &args.file, Format::Text, output),
    }
    Ok(Exit::Clean)
}

/// Whether the trace is shown on a screen, and not as text.
fn is_interactive(args: &ReplayArgs) -> bool {
    cfg!(feature = "screen")
        && !args.text
        && io::stdout().is_terminal()
        && io::stdin().is_terminal()
}
