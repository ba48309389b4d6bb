//! The command line: parse, call, print, exit code. What happens in between is the other crates'.

mod commands;
mod exit;
mod failure;
mod output;
mod progress;
mod run;
mod targets;

use std::process::ExitCode;

fn main() -> ExitCode {
    let args = kmapcheck_args::Args::read();
    kmapcheck_check::fault::install_hook();
    failure::guard(|| commands::run(args)).code().into()
}
