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

use crate::exit::Exit;
use crate::input::{Failure, POINT_OF_NO_RETURN_STATES, shown};
use crate::output::Output;
use crate::{fault, keep};

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
}

/// Runs the command.
pub fn run(args: &ReplayArgs, output: &mut Output) -> io::Result<Exit> {
    let unusable = |said: String| {
        anstream::eprintln!("kmapcheck: {}: {}", shown(&args.file), tame::line(&said));
        Ok(Exit::BadInput)
    };
    let text = match std::fs::read_to_string(&args.file) {
        Ok(text) => text,
        Err(error) => return unusable(format!("cannot be read: {error}")),
    };
    let saved = match SavedTrace::read(&text) {
        Ok(saved) => saved,
        Err(error) => return unusable(error.to_string()),
    };
    let scenario = args.scenario.clone().unwrap_or_else(|| saved.path());
    let (mut program, sources) = match keep::read(&scenario, &saved.overrides()) {
        Ok(read) => read,
        Err(failure) => {
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
    match report(&program, &saved) {
        Ok(Ok(report)) if report.findings.is_empty() => {
            unusable("there is no trace in it".to_owned())
        }
        Ok(Ok(report)) => show(&program, &report, args, output),
        Ok(Err(error)) => unusable(format!(
            "{error}: the file was changed, or another version of kmapcheck wrote it; save the trace anew"
        )),
        Err(failure) => {
            failure.tell(Path::new(&saved.file));
            Ok(failure.exit())
        }
    }
}

fn show(
    program: &Program,
    report: &Report,
    args: &ReplayArgs,
    output: &mut Output,
) -> io::Result<Exit> {
    let mut replay = match Replay::new(program, report) {
        Ok(replay) => replay,
        Err(error) => {
            let failure = Failure::Fault(error.to_string());
            failure.tell(&args.file);
            return Ok(failure.exit());
        }
    };
    if args.text || !io::stdout().is_terminal() || !io::stdin().is_terminal() {
        output.print(&lines::render(&replay))?;
    } else {
        kmapcheck_terminal::run(&mut replay)?;
    }
    Ok(Exit::Clean)
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
