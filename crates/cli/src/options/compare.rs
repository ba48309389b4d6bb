//! Options of `kmapcheck compare`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::args::{Format, amount, number};
use crate::run::LimitArgs;

/// `kmapcheck compare`.
#[derive(Debug, Args)]
pub struct Compare {
    /// A model: a name or a file
    #[arg(value_name = "MODEL_A")]
    pub first: String,
    /// Another one
    #[arg(value_name = "MODEL_B")]
    pub second: String,
    /// Scenario files, or directories to search for them
    #[arg(required = true, value_name = "SCENARIO")]
    pub paths: Vec<PathBuf>,
    /// The form of the answer
    #[arg(long, value_enum, default_value_t = TableFormat::Text)]
    pub format: TableFormat,
    /// Try each number of tasks up to this, where arithmetic does not say which are safe
    #[arg(long, value_name = "N", value_parser = number, default_value = "8")]
    pub tasks_up_to: u32,
    /// Stop each search after so many states
    #[arg(long, value_name = "N", value_parser = amount, default_value = "100k")]
    pub max_states: u64,
    #[command(flatten)]
    pub limits: LimitArgs,
}

/// The forms of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TableFormat {
    /// For people
    Text,
    /// A Markdown table
    Markdown,
    /// For programs; see `kmapcheck schema comparison`
    Json,
}

impl TableFormat {
    /// The form of what is said of one scenario alone.
    pub fn of_one(self) -> Format {
        match self {
            TableFormat::Json => Format::Json,
            TableFormat::Text | TableFormat::Markdown => Format::Text,
        }
    }
}
