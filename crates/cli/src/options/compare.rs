//! Options of `kmapcheck compare`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::args::{amount, duration, number};

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
    /// Stop each search after this time, such as 10s or 500ms
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub timeout: Option<Duration>,
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
