//! The arguments of `extract --scan`.

use std::path::PathBuf;

use clap::Args as ClapArgs;
use kmapcheck_limits::units::amount;

use crate::shared::{Format, one_of};

/// The forms of a scan.
const FORMATS: [(&str, &str, Form); 4] = [
    ("text", "For people", Form::As(Format::Text)),
    ("markdown", "For a document", Form::As(Format::Markdown)),
    (
        "json",
        "For programs; `kmapcheck schema scan` prints what it looks like",
        Form::As(Format::Json),
    ),
    (
        "sarif",
        "For CI systems and editors: SARIF 2.1.0",
        Form::Sarif,
    ),
];

/// The form of a scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// One of those that other commands have.
    As(Format),
    /// SARIF.
    Sarif,
}

/// `kmapcheck extract --scan`
#[derive(Debug, ClapArgs)]
#[command(next_help_heading = "Scan")]
pub struct Scan {
    /// Read every `.c` file of this folder, and take every function that can be an entry
    #[arg(long = "scan", id = "folders", value_name = "DIR", conflicts_with_all = ["files", "entries", "output"])]
    pub folders: Vec<PathBuf>,
    /// Check each entry alone and beside itself
    #[arg(long, requires = "folders")]
    pub check: bool,
    /// Check each entry beside every other that may wait for it, too
    #[arg(long, requires = "check")]
    pub pairs: bool,
    /// How to print what was found; by default as text
    #[arg(long, requires = "folders", value_parser = one_of(&FORMATS), value_name = "FORM")]
    pub format: Option<Form>,
    /// A file with alarms that were judged, each with a reason: they are counted, not told
    #[arg(long, requires = "check", value_name = "FILE")]
    pub baseline: Option<PathBuf>,
    /// Write the alarms of this scan into that file, with the reasons that it has
    #[arg(long, requires = "baseline")]
    pub update_baseline: bool,
    /// A pointer that may be more functions than this is not followed; by default 4
    #[arg(long, requires = "folders", value_name = "N")]
    pub max_targets: Option<usize>,
    /// Stop a check after so many states; by default 100k
    #[arg(long, requires = "folders", value_name = "N", value_parser = amount)]
    pub max_states: Option<u64>,
    /// How many entries are looked at at once; by default as many as there are processors
    #[arg(long, requires = "folders", value_name = "N")]
    pub threads: Option<usize>,
}

impl Scan {
    /// An option that says something only with `--scan`, if one is given.
    pub fn given(&self) -> Option<&'static str> {
        let all = [
            ("--check", self.check),
            ("--format", self.format.is_some()),
            ("--max-targets", self.max_targets.is_some()),
            ("--max-states", self.max_states.is_some()),
            ("--threads", self.threads.is_some()),
        ];
        let given = all.into_iter().find(|(_, is_given)| *is_given);
        given.map(|(name, _)| name)
    }
}
