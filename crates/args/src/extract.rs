//! The arguments of `extract`.

use std::path::PathBuf;

use clap::Args as ClapArgs;

use crate::code::{CodeArgs, sides};
use crate::scan::Scan;
use crate::shared::LimitArgs;

/// Examples.
const EXAMPLES: &str = "\
Examples:
  kmapcheck extract mm/mremap.c --entry do_mremap:2 --slots PAGETABLE=2 -o mremap.json
  kmapcheck extract fs/bio.c --entry bio_copy --include include --define CONFIG_BLOCK
  kmapcheck extract server.c --map pthreads --entry worker:4
  kmapcheck extract --scan fs --scan mm --check --pairs --baseline judged.json";

/// `kmapcheck extract`
#[derive(Debug, ClapArgs)]
#[command(after_help = EXAMPLES)]
pub struct Extract {
    /// C files
    #[arg(required_unless_present_any = ["map_help", "folders"], value_name = "FILE.c")]
    pub files: Vec<PathBuf>,
    /// Where to write the scenario. Without this, or as `-`, it is printed
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Print what a mapping file can say, with an example
    #[arg(long)]
    pub map_help: bool,
    /// How C is read
    #[command(flatten)]
    pub code: CodeArgs,
    /// The units of a semaphore, or elements of a pool, at the start
    #[arg(long, value_name = "NAME=N", value_parser = units)]
    pub units: Vec<(String, u32)>,
    /// The number of slots of a series
    #[arg(long, value_name = "SERIES=N", value_parser = slots)]
    pub slots: Vec<(String, u32)>,
    /// The model that the scenario runs on
    #[arg(long, value_name = "NAME|PATH")]
    pub model: Option<String>,
    /// Folders instead of files
    #[command(flatten)]
    pub scan: Scan,
    /// How long, and how much memory
    #[command(flatten)]
    pub limits: LimitArgs,
}

fn units(text: &str) -> Result<(String, u32), String> {
    let (name, number) = sides(text, "NAME=NUMBER, such as gate=2")?;
    let number = number
        .parse()
        .map_err(|_| format!("`{number}` is no number of units"))?;
    Ok((name.to_owned(), number))
}

fn slots(text: &str) -> Result<(String, u32), String> {
    let (series, number) = sides(text, "SERIES=NUMBER, such as PKMAP=2")?;
    let number = number.parse().ok().filter(|number| *number > 0);
    Ok((
        series.to_owned(),
        number.ok_or("a series has at least one slot")?,
    ))
}
