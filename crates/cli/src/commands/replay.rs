//! `kmapcheck replay`: a saved trace, step by step.

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args as ClapArgs;
use kmapcheck_machine::Trace;
use kmapcheck_recording::saved::SavedTrace;
use kmapcheck_report::{Report, tame};
use kmapcheck_scenario::Program;
use kmapcheck_search::{Limits, point_of_no_return};
use kmapcheck_terminal::{Replay, lines};

use crate::args::Format;
use crate::exit::Exit;
use crate::input::{self, Failure, POINT_OF_NO_RETURN_STATES, shown};
use crate::output::Output;
use crate::run::{LimitArgs, READING, Run};
use crate::{fault, keep, progress};

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
    let run = Run::of_one(&limits, &args.file.display().to_string(), Format::Text);
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
        Err(failure) => return failure.answer(&run, &args.file, Format::Text, output),
    };
    let scenario = args.scenario.clone().unwrap_or_else(|| saved.path());
    let read = run.phase(READING, || keep::read(&scenario, &saved.overrides()));
    let (mut program, sources) = match read {
        Ok(read) => read,
        Err(failure @ Failure::Stopped { .. }) => {
            return failure.answer(&run, &args.file, Format::Text, output);
        }
        Err(failure) => {
            run.finish();
            failure.tell(&scenario);
            if args.scenario.is_none() {
                anstream::eprintln!(
                    "If the scenario is elsewhere now, say so with `--scenario FILE`."
                );
            }
            return Ok(failure.exit());
        }
    };
    if let Err(error) = saved.check(&scenario, &args.file.display().to_string(), &sources) {
        return unusable(error.to_string());
    }
    tame::program(&mut program);
    let replayed = run.phase("replaying", || report(&program, &saved));
    match replayed {
        Ok(Ok(report)) if report.findings.is_empty() => {
            unusable("there is no trace in it".to_owned())
        }
        Ok(Ok(report)) => show(&program, &report, args, &run, output),
        Ok(Err(error)) => unusable(format!(
            "{error}: the file was changed, or another version of kmapcheck wrote it; save the trace anew"
        )),
        Err(failure) => failure.answer(&run, Path::new(&saved.file), Format::Text, output),
    }
}

fn show(
    program: &Program,
    report: &Report,
    args: &ReplayArgs,
    run: &Run,
    output: &mut Output,
) -> io::Result<Exit> {
    let interactive = is_interactive(args);
    let shown = run.phase("replaying", || {
        let replay =
            Replay::new(program, report).map_err(|error| Failure::Fault(error.to_string()))?;
        let text = (!interactive).then(|| lines::render(&replay));
        Ok((replay, text))
    });
    run.finish();
    match shown {
        Ok((_, Some(text))) => output.print(&text)?,
        #[cfg(feature = "screen")]
        Ok((mut replay, None)) => kmapcheck_terminal::run(&mut replay)?,
        #[cfg(not(feature = "screen"))]
        Ok((_, None)) => unreachable!("without a screen everything is text"),
        Err(failure) => return failure.answer(run, &args.file, Format::Text, output),
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

/// The report of the saved findings, if they hold: every step is run again.
fn report(
    program: &Program,
    saved: &SavedTrace,
) -> Result<Result<Report, kmapcheck_report::Fault>, Failure> {
    let lost = |trace: &Trace, core: &[usize]| {
        let limits = Limits {
            max_states: Some(POINT_OF_NO_RETURN_STATES),
            ..Limits::default()
        };
        point_of_no_return(program, trace, core, &limits).step()
    };
    fault::catch(|| Report::build(program, &saved.outcome(), Duration::ZERO, &lost))
        .map_err(Failure::Fault)
}
