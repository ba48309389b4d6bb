//! The arguments of `kmapcheck export`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::OverrideArgs;
use crate::run::LimitArgs;

/// `kmapcheck export`.
#[derive(Debug, Args)]
pub struct Export {
    /// A scenario file
    pub file: PathBuf,
    /// The language
    #[arg(long, value_enum)]
    pub to: TargetArg,
    /// Where to write it; with `--to tla` the configuration goes beside it. Without this, or as `-`, it is printed
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    #[command(flatten)]
    pub overrides: OverrideArgs,
    #[command(flatten)]
    pub limits: LimitArgs,
}

/// The languages of `export`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TargetArg {
    /// Promela, for SPIN
    Promela,
    /// Murphi, for Rumur and CMurphi
    Murphi,
    /// TLA+, for TLC
    Tla,
    /// A P/T net in PNML, where the scenario is one
    Pnml,
}
