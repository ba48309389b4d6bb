//! The commands.

mod ask;
mod check;
#[cfg(feature = "extract")]
mod extract;
mod matrix;
mod models;
mod replay;
#[cfg(feature = "extract")]
mod scan;
mod test;

use std::io;
use std::path::PathBuf;

use kmapcheck_args::{Args, Command, completions, manual};
use kmapcheck_check::suite::files;
use kmapcheck_report::escape;

use crate::exit::Exit;
use crate::failure::{tell, usage};
use crate::output::Output;

/// Runs the command.
pub fn run(args: Args) -> Exit {
    args.color.write_global();
    let mut output = Output::new();
    let answers = answers(&args.command);
    let done = match args.command {
        Command::Check(args) => check::run(&args, &mut output),
        Command::Test(args) => test::run(&args, &mut output),
        Command::Rule(args) => ask::rule(&args, &mut output),
        Command::Explain(args) => ask::explain(&args, &mut output),
        Command::Verify(args) => ask::verify(&args, &mut output),
        Command::Replay(args) => replay::run(&args, &mut output),
        Command::Conform(args) => models::conform(&args, &mut output),
        Command::Order(args) => ask::order(&args, &mut output),
        Command::Size(args) => ask::size(&args, &mut output),
        Command::Suggest(args) => ask::suggest(&args, &mut output),
        Command::Export(args) => ask::export(&args, &mut output),
        #[cfg(feature = "extract")]
        Command::Extract(args) => extract::run(&args, &mut output),
        Command::Simulate(args) => ask::simulate(&args, &mut output),
        Command::Compare(args) => models::compare(&args, &mut output),
        Command::Matrix(args) => matrix::run(&args, &mut output),
        Command::Schema { what } => output.print(what).map(|()| Exit::Clean),
        Command::Completions { shell } => output.print(&completions(shell)).map(|()| Exit::Clean),
        Command::Man => manual().and_then(|page| output.print(&page).map(|()| Exit::Clean)),
    };
    let exit =
        done.unwrap_or_else(|error: io::Error| usage(&format!("cannot write the output: {error}")));
    match (exit, output.is_broken() && answers) {
        // Nobody has read the answer to its end.
        (Exit::Clean | Exit::Violated, true) => Exit::Inconclusive,
        (exit, _) => exit,
    }
}

/// Whether the exit status is an answer, and not only whether something could be printed.
fn answers(command: &Command) -> bool {
    #[cfg(feature = "extract")]
    let writes = matches!(command, Command::Extract(_));
    #[cfg(not(feature = "extract"))]
    let writes = false;
    !writes
        && !matches!(
            command,
            Command::Explain(_)
                | Command::Replay(_)
                | Command::Export(_)
                | Command::Schema { .. }
                | Command::Completions { .. }
                | Command::Man
        )
}

/// The scenario files that `paths` name or have below them, each with whether it was named. `None`:
/// there is something wrong with the paths, and that has been told.
fn scenarios(paths: &[PathBuf]) -> Option<Vec<(PathBuf, bool)>> {
    match files::scenarios(paths) {
        Ok(files) if files.is_empty() => {
            let paths: Vec<String> = paths.iter().map(|path| escape::path(path)).collect();
            usage(&format!("no scenarios in {}", paths.join(", ")));
            None
        }
        Ok(files) => Some(files),
        Err((path, failure)) => {
            tell(&failure, &path);
            None
        }
    }
}
