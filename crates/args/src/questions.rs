//! The arguments of the commands that ask something else about scenarios, models and files.

use std::path::PathBuf;

use clap::Args as ClapArgs;
use kmapcheck_export::Target;
use kmapcheck_limits::units::amount;
use kmapcheck_scenario::Bound;

use crate::shared::{
    FORMATS, Format, GraphArgs, LimitArgs, OverrideArgs, ScenarioArgs, SearchesArgs, assignments,
    number, one_of,
};

/// `kmapcheck rule`.
#[derive(Debug, ClapArgs)]
pub struct Rule {
    /// A model: a name or a file
    pub model: String,
    /// Programs in which a task has at most so many slots of one series at once
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub pins: Option<u32>,
    /// The form of the answer
    #[arg(long, value_parser = one_of(&FORMATS), default_value = "text")]
    pub format: Format,
    /// Write the program that keeps the rule and deadlocks, if there is one, to a scenario file
    #[arg(long, value_name = "FILE")]
    pub write: Option<PathBuf>,
    /// Write the proof, if there is one, to a file
    #[arg(long, value_name = "FILE")]
    pub certificate: Option<PathBuf>,
    /// How long, and how much memory
    #[command(flatten)]
    pub limits: LimitArgs,
}

/// `kmapcheck explain`.
#[derive(Debug, ClapArgs)]
pub struct Explain {
    /// The scenario
    #[command(flatten)]
    pub of: ScenarioArgs,
    /// How long, and how much memory
    #[command(flatten)]
    pub limits: LimitArgs,
}

/// `kmapcheck verify`.
#[derive(Debug, ClapArgs)]
pub struct Verify {
    /// The certificate
    #[arg(value_name = "CERT")]
    pub file: PathBuf,
    /// The scenario, or the model, that it is about, if not where the certificate says
    #[arg(long, value_name = "FILE")]
    pub about: Option<PathBuf>,
    /// How long, and how much memory
    #[command(flatten)]
    pub limits: LimitArgs,
}

/// `kmapcheck replay`.
#[derive(Debug, ClapArgs)]
pub struct Replay {
    /// What `check --save-trace` wrote
    #[arg(value_name = "TRACE")]
    pub file: PathBuf,
    /// The scenario, if it is not where it was
    #[arg(long, value_name = "FILE")]
    pub scenario: Option<PathBuf>,
    /// Print the steps as text, on a terminal too
    #[arg(long)]
    pub text: bool,
    /// How long, and how much memory
    #[command(flatten)]
    pub limits: LimitArgs,
}

/// `kmapcheck conform`.
#[derive(Debug, ClapArgs)]
pub struct Conform {
    /// The model with the rule (its `order`): a name or a file
    pub model: String,
    /// Scenario files, or directories to search for them; each is judged on that model
    #[arg(required = true, value_name = "DIR|FILE")]
    pub paths: Vec<PathBuf>,
    /// The form of the report
    #[arg(long, value_parser = one_of(&FORMATS), default_value = "text", hide_possible_values = true, help = "The form of the report: text or json")]
    pub format: Format,
    /// Print nothing about scenarios that keep the rule
    #[arg(long, short)]
    pub quiet: bool,
    /// How long, and how much memory
    #[command(flatten)]
    pub limits: LimitArgs,
}

/// `kmapcheck order`.
#[derive(Debug, ClapArgs)]
pub struct Order {
    /// A scenario file; or a model, by name or file, for the order that it states
    pub file: PathBuf,
    /// What to run instead of what the file says
    #[command(flatten)]
    pub overrides: OverrideArgs,
    /// The pictures
    #[command(flatten)]
    pub pictures: GraphArgs,
    /// The form of the report
    #[arg(long, value_parser = one_of(&FORMATS), default_value = "text", hide_possible_values = true, help = "The form of the report: text or json")]
    pub format: Format,
    /// How long, and how much memory
    #[command(flatten)]
    pub limits: LimitArgs,
}

/// `kmapcheck size`.
#[derive(Debug, ClapArgs)]
pub struct Size {
    /// The scenario
    #[command(flatten)]
    pub of: ScenarioArgs,
    /// Try each number of slots from 1 to this
    #[arg(long, value_name = "N", value_parser = number, default_value = "8")]
    pub slots_up_to: u32,
    /// Try each number of tasks from 1 to this
    #[arg(long, value_name = "N", value_parser = number, default_value = "8")]
    pub tasks_up_to: u32,
    /// The form of the answer
    #[arg(long, value_parser = one_of(&FORMATS), default_value = "text")]
    pub format: Format,
    /// Draw the tables too, as a picture in this file
    #[arg(long, value_name = "FILE")]
    pub svg: Option<PathBuf>,
    /// How long, and how much of everything
    #[command(flatten)]
    pub limits: SearchesArgs,
}

/// `kmapcheck suggest`.
#[derive(Debug, ClapArgs)]
pub struct Suggest {
    /// Scenario files, on one model
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// What to run instead of what the file says
    #[command(flatten)]
    pub overrides: OverrideArgs,
    /// The form of the answer
    #[arg(long, value_parser = one_of(&FORMATS), default_value = "text")]
    pub format: Format,
    /// How long, and how much of everything
    #[command(flatten)]
    pub limits: SearchesArgs,
}

/// `kmapcheck export`.
#[derive(Debug, ClapArgs)]
pub struct Export {
    /// A scenario file
    pub file: PathBuf,
    /// The language
    #[arg(long, value_parser = one_of(&TARGETS))]
    pub to: Target,
    /// Where to write it; with `--to tla` the configuration goes beside it. Without this, or as `-`, it is printed
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// What to run instead of what the file says
    #[command(flatten)]
    pub overrides: OverrideArgs,
    /// How long, and how much memory
    #[command(flatten)]
    pub limits: LimitArgs,
}

/// `kmapcheck simulate`.
#[derive(Debug, ClapArgs)]
pub struct Simulate {
    /// The scenario
    #[command(flatten)]
    pub of: ScenarioArgs,
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
    #[arg(long, value_parser = one_of(&FORMATS), default_value = "text", hide_possible_values = true, help = "The form of the answer: text or json")]
    pub format: Format,
    /// Draw how many runs needed how many steps, as an SVG picture in this file
    #[arg(long, value_name = "FILE")]
    pub svg: Option<PathBuf>,
    /// How long, and how much memory
    #[command(flatten)]
    pub limits: LimitArgs,
}

/// `kmapcheck compare`.
#[derive(Debug, ClapArgs)]
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
    #[arg(long, value_parser = one_of(&TABLES), default_value = "text")]
    pub format: Format,
    /// Try each number of tasks up to this, where arithmetic does not say which are safe
    #[arg(long, value_name = "N", value_parser = number, default_value = "8")]
    pub tasks_up_to: u32,
    /// How long, and how much of everything
    #[command(flatten)]
    pub limits: SearchesArgs,
}

/// `kmapcheck matrix`.
#[derive(Debug, ClapArgs)]
pub struct Matrix {
    /// Scenario files, or directories to search for them: the rows and columns
    #[arg(required = true, value_name = "DIR|FILE")]
    pub paths: Vec<PathBuf>,
    /// Make a table on this model, a name or a file, instead of each scenario's own; for several tables, several times
    #[arg(long = "model", value_name = "NAME|PATH")]
    pub models: Vec<String>,
    /// Give every series this number of slots, or `any` for every number; several with commas, such as 1,2,1024, for a sign each
    #[arg(
        long,
        value_name = "N,..",
        value_delimiter = ',',
        conflicts_with = "units"
    )]
    pub slots: Vec<Bound>,
    /// The same for the units of one semaphore or mempool, such as connections=1,2,10
    #[arg(long, value_name = "NAME=N,..", value_parser = assignments)]
    pub units: Option<(String, Vec<Bound>)>,
    /// Give every task this number of instances, or `any` for every number
    #[arg(long, value_name = "N")]
    pub tasks: Option<Bound>,
    /// The form of the answer
    #[arg(long, value_parser = one_of(&MATRIX), default_value = "text")]
    pub format: Format,
    /// Draw the tables too, as a picture in this file
    #[arg(long, value_name = "FILE")]
    pub svg: Option<PathBuf>,
    /// Show one cell only, as `check` would: two scenarios by their names, or by the numbers of their rows; twice the same for one alone
    #[arg(long, num_args = 2, value_names = ["SCENARIO", "SCENARIO"], conflicts_with = "svg")]
    pub cell: Option<Vec<String>>,
    /// How long, and how much of everything
    #[command(flatten)]
    pub limits: SearchesArgs,
}

/// The languages of `export`.
const TARGETS: [(&str, &str, Target); 4] = [
    ("promela", "Promela, for SPIN", Target::Promela),
    ("murphi", "Murphi, for Rumur and CMurphi", Target::Murphi),
    ("tla", "TLA+, for TLC", Target::Tla),
    (
        "pnml",
        "A P/T net in PNML, where the scenario is one",
        Target::Pnml,
    ),
];

/// The forms of a table.
const TABLES: [(&str, &str, Format); 3] = [
    ("text", "For people", Format::Text),
    ("markdown", "A Markdown table", Format::Markdown),
    (
        "json",
        "For programs; see `kmapcheck schema comparison`",
        Format::Json,
    ),
];

/// The forms of a matrix.
const MATRIX: [(&str, &str, Format); 3] = [
    ("text", "For people", Format::Text),
    ("markdown", "Markdown tables", Format::Markdown),
    (
        "json",
        "For programs; see `kmapcheck schema matrix`",
        Format::Json,
    ),
];
