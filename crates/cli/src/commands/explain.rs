//! `kmapcheck explain`: the task programs as they run.

use std::io;

use kmapcheck_report::{listing, tame};

use crate::args::Explain;
use crate::exit::Exit;
use crate::input;
use crate::output::Output;

/// Runs the command.
pub fn run(args: &Explain, output: &mut Output) -> io::Result<Exit> {
    match input::load(&args.file, &args.overrides) {
        Ok(mut program) => {
            tame::program(&mut program);
            output.print(&listing::render(&program))?;
            Ok(Exit::Clean)
        }
        Err(failure) => {
            failure.tell(&args.file);
            Ok(failure.exit())
        }
    }
}
