//! The commands, a file each.

mod check;
mod compare;
mod completions;
mod conform;
mod explain;
mod export;
mod man;
mod order;
pub mod replay;
mod rule;
mod schema;
mod simulate;
mod size;
mod suggest;
mod test;
mod verify;

use std::io;

use crate::args::{Args, Color, Command};
use crate::exit::Exit;
use crate::output::Output;

/// Runs the command.
pub fn run(args: Args) -> Exit {
    match args.color {
        Color::Auto => anstream::ColorChoice::Auto,
        Color::Always => anstream::ColorChoice::Always,
        Color::Never => anstream::ColorChoice::Never,
    }
    .write_global();
    let mut output = Output::new();
    let answers = args.command.answers();
    let done = match args.command {
        Command::Check(args) => check::run(&args, &mut output),
        Command::Test(args) => test::run(&args, &mut output),
        Command::Rule(args) => rule::run(&args, &mut output),
        Command::Explain(args) => explain::run(&args, &mut output),
        Command::Verify(args) => verify::run(&args, &mut output),
        Command::Replay(args) => replay::run(&args, &mut output),
        Command::Conform(args) => conform::run(&args, &mut output),
        Command::Order(args) => order::run(&args, &mut output),
        Command::Size(args) => size::run(&args, &mut output),
        Command::Suggest(args) => suggest::run(&args, &mut output),
        Command::Export(args) => export::run(&args, &mut output),
        Command::Simulate(args) => simulate::run(&args, &mut output),
        Command::Compare(args) => compare::run(&args, &mut output),
        Command::Schema(args) => schema::run(&args, &mut output),
        Command::Completions(args) => completions::run(&args, &mut output),
        Command::Man => man::run(&mut output),
    };
    let exit = done.unwrap_or_else(|error: io::Error| {
        anstream::eprintln!("kmapcheck: cannot write the output: {error}");
        Exit::BadInput
    });
    match (exit, output.is_broken() && answers) {
        // Nobody has read the answer to its end.
        (Exit::Clean | Exit::Violated, true) => Exit::Inconclusive,
        (exit, _) => exit,
    }
}

impl Command {
    /// Whether the exit status is an answer, and not only whether something could be printed.
    fn answers(&self) -> bool {
        match self {
            Command::Check(_)
            | Command::Test(_)
            | Command::Rule(_)
            | Command::Verify(_)
            | Command::Conform(_)
            | Command::Order(_)
            | Command::Size(_)
            | Command::Suggest(_)
            | Command::Simulate(_)
            | Command::Compare(_) => true,
            Command::Explain(_)
            | Command::Replay(_)
            | Command::Export(_)
            | Command::Schema(_)
            | Command::Completions(_)
            | Command::Man => false,
        }
    }
}
