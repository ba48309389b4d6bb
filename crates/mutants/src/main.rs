//! Seeded faults: does a crate's own test suite notice when one small thing in it is changed?
//!
//! cargo-mutants says which changes there are; its `--list` is taken as it is. To compile a crate and
//! its tests once for each change takes most of a minute here, a test run a few seconds, and there are
//! thousands of changes. So all of them are compiled into one program, each behind a switch, and the
//! tests run with one switch on at a time (mutant schemata: Untch, Offutt and Harrold, *Mutation
//! analysis using mutant schemata*, ISSTA 1993). A change that does not compile is found by the place
//! of the compiler's message, and left out.
//!
//! What came out so far is in `target/mutants/CRATE/outcomes.jsonl`; a run that was stopped goes on
//! there.

mod compile;
mod listed;
mod run;
mod switches;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use clap::Parser;

/// What went wrong, in words.
pub(crate) type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// Changes one thing after the other in a crate of kmapcheck, and asks its tests each time.
#[derive(Parser)]
struct Args {
    /// The crate, without `kmapcheck-`.
    name: String,
    /// So many changes are tested at once.
    #[arg(long, default_value_t = 1)]
    jobs: usize,
    /// Only changes whose name contains this.
    #[arg(long)]
    only: Option<String>,
}

fn main() -> ExitCode {
    match all(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

fn all(args: &Args) -> Result<()> {
    let package = format!("kmapcheck-{}", args.name);
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or("target".into(), PathBuf::from);
    let root = std::path::absolute(target)?.join("mutants");
    let home = root.join(&args.name);
    let tree = home.join("tree");
    let changes = listed::changes(&package)?;
    eprintln!("{}: {} changes", args.name, changes.len());
    copy_tracked(&tree)?;
    let compiled = compile::until_it_compiles(&tree, &root.join("build"), &args.name, &changes)?;
    eprintln!("{} of them compile", compiled.switched.len());
    let outcomes = run::all(args, &home, &compiled, &changes)?;
    run::summary(&changes, &compiled, &outcomes);
    Ok(())
}

/// The files that git knows, as they are now.
fn copy_tracked(tree: &Path) -> Result<()> {
    if tree.exists() {
        std::fs::remove_dir_all(tree)?;
    }
    let listed = Command::new("git").args(["ls-files", "-z"]).output()?;
    for name in String::from_utf8(listed.stdout)?.split_terminator('\0') {
        let to = tree.join(name);
        if let Some(folder) = to.parent() {
            std::fs::create_dir_all(folder)?;
        }
        // A file that is tracked and was deleted since is not there to be copied.
        if Path::new(name).exists() {
            std::fs::copy(name, to)?;
        }
    }
    Ok(())
}
