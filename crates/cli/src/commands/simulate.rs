//! `kmapcheck simulate`: how likely is a deadlock?

use std::io;
use std::path::PathBuf;

use kmapcheck_check::run::READING;
use kmapcheck_check::{Failure, Run, fault::catch};
use kmapcheck_limits::Limits;
use kmapcheck_questions::simulate::{Failure as Why, Options, one, picture, simulate, text};
use kmapcheck_report::tame;

use crate::args::Format;
use crate::exit::Exit;
use crate::failure::answer;
use crate::input;
use crate::options::simulate::Simulate;
use crate::output::{self, Output};
use crate::progress::Line;
use crate::run;
use crate::targets;

/// Runs the command. Without a deadlock it is inconclusive: random runs prove nothing.
pub fn run(args: &Simulate, output: &mut Output) -> io::Result<Exit> {
    let limits = args.limits.limits(None);
    let run = run::of_one(&limits, &args.file.display().to_string(), args.format);
    let simulated = simulated(args, &limits, &run);
    run.finish();
    match simulated {
        Ok((text, exit)) => {
            output.print(&text)?;
            Ok(exit)
        }
        Err(failure) => answer(&failure, &run, &args.file, args.format, output),
    }
}

fn simulated(args: &Simulate, limits: &Limits, run: &Run) -> Result<(String, Exit), Failure> {
    let program = run.phase(READING, || {
        let mut program = input::program(&args.file, &args.overrides)?;
        let written: Vec<&PathBuf> = args.svg.iter().collect();
        targets::check(&written, &program.files)?;
        if args.format == Format::Text {
            tame::program(&mut program);
        }
        Ok(program)
    })?;
    let options = Options {
        runs: args.runs,
        seed: args.seed,
        steps: args.steps,
        threads: usize::from(args.threads),
    };
    let failure = |why| match why {
        Why::Refused(said) => Failure::Refused(said),
        Why::Fault(said) => Failure::Fault(said),
    };
    if let Some(number) = args.run {
        let shown = run.phase("walking", || {
            (catch(|| one(&program, &options, number)).map_err(Failure::Fault)?).map_err(failure)
        });
        return Ok(match shown? {
            Some(shown) => (text::run(&shown, output::width()), Exit::Violated),
            None => (
                format!("Run {number} does not deadlock.\n"),
                Exit::Inconclusive,
            ),
        });
    }
    let line = Line::new(&args.file.display().to_string(), false);
    let found = run.phase("walking", || {
        let progress = &mut |runs| line.show_runs(runs, args.runs);
        (catch(|| simulate(&program, &options, limits, progress)).map_err(Failure::Fault)?)
            .map_err(failure)
    })?;
    drop(line);
    let mut exit = match found.deadlocks {
        0 => Exit::Inconclusive,
        _ => Exit::Violated,
    };
    if let Some(file) = &args.svg {
        exit = exit.max(targets::write(file, &picture::render(&found)));
    }
    let text = match args.format {
        Format::Text => text::render(&found, output::width()),
        Format::Json => {
            let json = serde_json::to_string_pretty(&found);
            json.map_err(|error| Failure::Fault(error.to_string()))? + "\n"
        }
    };
    Ok((text, exit))
}
