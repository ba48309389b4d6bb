//! `kmapcheck man`: the manual page, with a section for every command.

use std::io;

use crate::args::Args;
use crate::exit::Exit;
use crate::output::Output;

/// Runs the command.
pub fn run(output: &mut Output) -> io::Result<Exit> {
    let mut text = Vec::new();
    let mut command = Args::definition();
    command.build();
    clap_mangen::Man::new(command.clone()).render(&mut text)?;
    for sub in command
        .get_subcommands()
        .filter(|sub| sub.get_name() != "help")
    {
        let mut section = Vec::new();
        let name = sub.get_name().to_owned();
        let man = clap_mangen::Man::new(sub.clone());
        man.render_options_section(&mut section)?;
        let section = String::from_utf8_lossy(&section);
        let title = format!(".SH \"OPTIONS OF {}\"", name.to_uppercase());
        text.extend(section.replacen(".SH OPTIONS", &title, 1).into_bytes());
    }
    output.print(&String::from_utf8_lossy(&text))?;
    Ok(Exit::Clean)
}
