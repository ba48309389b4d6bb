//! `kmapcheck simulate`: how likely is a deadlock?

use std::io;
use std::path::PathBuf;

use kmapcheck_report::tame;
use kmapcheck_simulate::{Failure as Why, Options, one, picture, simulate, text};

use crate::args::Format;
use crate::exit::Exit;
use crate::fault;
use crate::input::{self, Failure};
use crate::options::simulate::Simulate;
use crate::output::{self, Output};
use crate::progress::{self, Line};
use crate::targets;

/// Runs the command. Without a deadlock it is inconclusive: random runs prove nothing.
pub fn run(args: &Simulate, output: &mut Output) -> io::Result<Exit> {
    match answer(args) {
        Ok((text, exit)) => {
            output.print(&text)?;
            Ok(exit)
        }
        Err(failure) => {
            failure.tell(&args.file);
            Ok(failure.exit())
        }
    }
}

fn answer(args: &Simulate) -> Result<(String, Exit), Failure> {
    let mut program = input::load(&args.file, &args.overrides)?;
    let written: Vec<&PathBuf> = args.svg.iter().collect();
    targets::check(&written, &program.files)?;
    if args.format == Format::Text {
        tame::program(&mut program);
    }
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
    if let Some(run) = args.run {
        let shown = fault::catch(|| one(&program, &options, run)).map_err(Failure::Fault)?;
        return Ok(match shown.map_err(failure)? {
            Some(shown) => (text::run(&shown, output::width()), Exit::Violated),
            None => (
                format!("Run {run} does not deadlock.\n"),
                Exit::Inconclusive,
            ),
        });
    }
    let interrupt = progress::interrupt();
    let line = Line::new(&args.file.display().to_string(), false);
    let found = fault::catch(|| {
        simulate(&program, &options, &interrupt, &mut |runs| {
            line.show_runs(runs, args.runs)
        })
    });
    let found = found.map_err(Failure::Fault)?.map_err(failure)?;
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
