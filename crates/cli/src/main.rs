//! The command line: parse, call, print, exit code. What happens in between is the other crates'.

mod args;
mod collect;
mod commands;
mod exit;
mod failure;
mod fault;
mod input;
mod keep;
mod options;
mod output;
mod pictures;
mod progress;
mod run;
mod targets;

use std::process::ExitCode;

fn main() -> ExitCode {
    let args = args::Args::read();
    kmapcheck_check::fault::install_hook();
    fault::guard("running", || commands::run(args)).into()
}
