//! `kmapcheck completions`: completions for a shell.

use std::io;

use crate::args::{Args, Completions};
use crate::exit::Exit;
use crate::output::Output;

/// Runs the command.
pub fn run(args: &Completions, output: &mut Output) -> io::Result<Exit> {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut Args::definition(), "kmapcheck", &mut text);
    output.print(&String::from_utf8_lossy(&text))?;
    Ok(Exit::Clean)
}
