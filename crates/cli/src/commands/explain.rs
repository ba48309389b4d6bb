//! `kmapcheck explain`: the task programs as they run.

use std::io;

use kmapcheck_check::run::READING;
use kmapcheck_report::tame;
use kmapcheck_show::listing;

use crate::args::{Explain, Format};
use crate::exit::Exit;
use crate::failure::answer;
use crate::input;
use crate::output::Output;
use crate::run;

/// Runs the command.
pub fn run(args: &Explain, output: &mut Output) -> io::Result<Exit> {
    let limits = args.limits.limits(None);
    let run = run::of_one(&limits, &args.file.display().to_string(), Format::Text);
    let listed = run.phase(READING, || {
        let mut program = input::program(&args.file, &args.overrides)?;
        tame::program(&mut program);
        Ok(listing::render(&program))
    });
    run.finish();
    match listed {
        Ok(text) => {
            output.print(&text)?;
            Ok(Exit::Clean)
        }
        Err(failure) => answer(&failure, &run, &args.file, Format::Text, output),
    }
}
