//! `kmapcheck order`: what is held while something else is asked for?

use std::io;

use kmapcheck_proof::pairs::{Judged, Pairs, text};
use kmapcheck_report::tame;

use crate::args::{Format, Order};
use crate::exit::Exit;
use crate::fault;
use crate::input::{self, Failure};
use crate::output::Output;

/// Runs the command.
pub fn run(args: &Order, output: &mut Output) -> io::Result<Exit> {
    let pairs = input::load(&args.file, &args.overrides).and_then(|mut program| {
        if args.format == Format::Text {
            tame::program(&mut program);
        }
        fault::catch(|| Pairs::of(&program)).map_err(Failure::Fault)
    });
    let pairs = match pairs {
        Ok(pairs) => pairs,
        Err(failure) => {
            failure.tell(&args.file);
            return Ok(failure.exit());
        }
    };
    output.print(&match args.format {
        Format::Text => text::render(&pairs),
        Format::Json => serde_json::to_string_pretty(&pairs)? + "\n",
    })?;
    Ok(match pairs.judged {
        Judged::Excluded => Exit::Clean,
        Judged::Open | Judged::NotJudged => Exit::Inconclusive,
    })
}
