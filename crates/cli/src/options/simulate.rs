//! Options of `kmapcheck simulate`.

use std::path::PathBuf;

use clap::Args;

use crate::args::{Format, OverrideArgs, amount};
use crate::run::LimitArgs;

/// `kmapcheck simulate`.
#[derive(Debug, Args)]
pub struct Simulate {
    /// A scenario file
    pub file: PathBuf,
    #[command(flatten)]
    pub overrides: OverrideArgs,
    /// So many random runs
    #[arg(long, value_name = "N", value_parser = amount, default_value = "100k")]
    pub runs: u64,
    /// Where the random numbers come from: the same seed gives the same runs
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
    /// Cut a run short after so many steps
    #[arg(long, value_name = "N", value_parser = amount, default_value = "100k")]
    pub steps: u64,
    /// How many threads; the answer is the same for any number
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: u16,
    /// Walk this one run again and show its deadlock
    #[arg(long, value_name = "I", conflicts_with_all = ["svg", "format"])]
    pub run: Option<u64>,
    /// The form of the answer
    #[arg(long, value_enum, default_value_t = Format::Text, hide_possible_values = true, help = "The form of the answer: text or json")]
    pub format: Format,
    /// Draw how many runs needed how many steps, as an SVG picture in this file
    #[arg(long, value_name = "FILE")]
    pub svg: Option<PathBuf>,
    #[command(flatten)]
    pub limits: LimitArgs,
}
