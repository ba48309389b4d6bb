//! What is made of the definition beside the parser: the manual page, and completions for shells.

use std::io;

use clap_complete::Shell;
use clap_mangen::Man;

use crate::Args;

/// The manual page, in the language of `man`, with a section for every command.
///
/// # Errors
///
/// None that memory does not give: it is written to memory.
pub fn manual() -> io::Result<String> {
    let mut text = Vec::new();
    let mut command = Args::definition();
    command.build();
    Man::new(command.clone()).render(&mut text)?;
    let commands = command.get_subcommands();
    for sub in commands.filter(|sub| sub.get_name() != "help") {
        let mut section = Vec::new();
        let name = sub.get_name().to_owned();
        Man::new(sub.clone()).render_options_section(&mut section)?;
        let section = String::from_utf8_lossy(&section);
        let title = format!(".SH \"OPTIONS OF {}\"", name.to_uppercase());
        text.extend(section.replacen(".SH OPTIONS", &title, 1).into_bytes());
    }
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// Completions for a shell, in its own language.
pub fn completions(shell: Shell) -> String {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Args::definition(), "kmapcheck", &mut text);
    String::from_utf8_lossy(&text).into_owned()
}
