//! The arguments: the one definition behind parser, help, manual page and completions.

mod export;

use std::path::PathBuf;
use std::time::Duration;

use clap::error::ErrorKind;
use clap::{Args as ClapArgs, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use kmapcheck_check::ask::{Ask, Engine, Loom, Search};
use kmapcheck_limits::Limits;
use kmapcheck_report::tame::line;
use kmapcheck_scenario::{Bound, Overrides};
use kmapcheck_search::Reductions;

use crate::options::compare::Compare;
use crate::options::picture::{GraphArgs, PictureArgs};
use crate::options::simulate::Simulate;
use crate::options::suite::SuiteArgs;
use crate::run::LimitArgs;

pub use export::{Export, TargetArg};

/// Exhaustive model checker for kmap deadlocks
///
/// Reads a scenario (what each task maps, locks and waits for, in which order), explores every
/// interleaving of its tasks on a model of the kernel's kmap, and says whether they can deadlock:
/// clean, violated (with a shortest trace and who waits for whom), or inconclusive.
#[derive(Debug, Parser)]
#[command(name = "kmapcheck", version, arg_required_else_help = true, after_help = EXAMPLES, after_long_help = LONG)]
pub struct Args {
    /// What to do
    #[command(subcommand)]
    pub command: Command,
    /// When to use colours
    #[arg(long, value_enum, default_value_t = Color::Auto, global = true, value_name = "WHEN", hide_possible_values = true, display_order = 100, help = "When to use colours: auto, always or never")]
    pub color: Color,
}

const EXAMPLES: &str = "\
Examples:
  kmapcheck check scenarios/pte-highmem/mremap-two-pagetables.json
  kmapcheck check --model proposed scenarios/pte-highmem/mremap-two-pagetables.json
  kmapcheck check --slots PAGETABLE=4 --tasks mremap=5 --format json FILE
  kmapcheck test scenarios
  kmapcheck explain FILE
  kmapcheck conform proposed scenarios/pte-highmem
  kmapcheck order FILE";

const LONG: &str = "\
Exit status:
   0  clean, or exactly as the scenario expects
   1  an error was found, or not as expected
   2  bad input or usage
   3  inconclusive: a limit came first
  70  a fault of kmapcheck itself

Examples:
  kmapcheck check scenarios/pte-highmem/mremap-two-pagetables.json
  kmapcheck check --model proposed scenarios/pte-highmem/mremap-two-pagetables.json
  kmapcheck check --slots PAGETABLE=4 --tasks mremap=5 --format json FILE
  kmapcheck test scenarios
  kmapcheck explain FILE
  kmapcheck conform proposed scenarios/pte-highmem
  kmapcheck order FILE";

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Explore every interleaving of scenarios and report what is wrong
    Check(Box<Check>),
    /// Check that scenarios give exactly what they expect
    Test(Test),
    /// Decide whether the rule of a model rules out deadlock in every program that keeps it
    Rule(Rule),
    /// Show the task programs as they run: operations expanded to primitives
    Explain(Explain),
    /// Check a certificate that `check --certificate` or `rule --certificate` wrote
    Verify(Verify),
    /// Show a saved trace step by step
    Replay(crate::commands::replay::ReplayArgs),
    /// Check that every path of scenarios keeps a model's rule
    Conform(Conform),
    /// Show what is held while something else is asked for, and whether that goes in a circle
    Order(Order),
    /// Say how many slots are enough, and how many tasks are safe
    Size(Size),
    /// Say which orders and reuse policies make scenarios clean, and which kmap to change
    Suggest(Suggest),
    /// Write a scenario as a model for another tool: SPIN, Rumur, TLC or Petri nets
    Export(Export),
    /// Say how likely a deadlock is, by random runs
    Simulate(Simulate),
    /// Show what two models make of the same scenarios
    Compare(Compare),
    /// Print the JSON Schema of a file format, or of what a command prints
    Schema(Schema),
    /// Print completions for a shell
    Completions(Completions),
    /// Print the manual page
    Man,
}

/// What to run instead of what the file says.
#[derive(Debug, Clone, Default, ClapArgs)]
pub struct OverrideArgs {
    /// Run on another model: a name or a file. What the scenario expects is left aside then
    #[arg(long, value_name = "NAME|PATH")]
    pub model: Option<String>,
    /// Give a series another number of slots, such as PAGETABLE=4, or PAGETABLE=any for every number
    #[arg(long, value_name = "SERIES=N", value_parser = assignment)]
    pub slots: Vec<(String, Bound)>,
    /// Give a task another number of instances, such as mremap=5, or mremap=any for every number
    #[arg(long, value_name = "TASK=N", value_parser = assignment)]
    pub tasks: Vec<(String, Bound)>,
}

/// `kmapcheck check`.
#[derive(Debug, ClapArgs)]
pub struct Check {
    /// Scenario files
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// One engine only. Without this the search decides (`proof` for a scenario about every number),
    /// and loom confirms it where it can
    #[arg(long, value_enum)]
    pub engine: Option<EngineArg>,
    /// The form of the report; of several scenarios JSON is an array
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    #[command(flatten)]
    pub overrides: OverrideArgs,
    /// Stop after so many states
    #[arg(long, value_name = "N", value_parser = amount, help = "Stop after so many states, such as 500000, 500k, 2M or 1e6")]
    pub max_states: Option<u64>,
    #[command(flatten)]
    pub limits: LimitArgs,
    #[command(flatten)]
    pub plain: PlainArgs,
    #[command(flatten)]
    pub store: StoreArgs,
    #[command(flatten)]
    pub loom: LoomArgs,
    /// How many steps of work loom may do to confirm the search, see docs/engines.md; 0 turns it off [default: 100k]
    #[arg(long, value_name = "N", value_parser = budget, conflicts_with = "engine")]
    pub loom_budget: Option<u64>,
    /// Write down what was proved, for `kmapcheck verify`; one scenario, with the engine `proof`
    #[arg(long, value_name = "FILE")]
    pub certificate: Option<PathBuf>,
    #[command(flatten)]
    pub pictures: PictureArgs,
    #[command(flatten)]
    pub keep: crate::keep::KeepArgs,
    /// Print the verdicts only, and no progress
    #[arg(long, short)]
    pub quiet: bool,
}

/// What the engine `loom` alone can be told.
#[derive(Debug, Clone, Copy, Default, ClapArgs)]
pub struct LoomArgs {
    /// With loom: explore only interleavings with at most so many preemptions; never clean then
    #[arg(long, value_name = "N")]
    pub preemptions: Option<u8>,
    /// With loom: stop after so many interleavings
    #[arg(long, value_name = "N", value_parser = amount)]
    pub max_interleavings: Option<u64>,
}

/// What the search alone can be told.
#[derive(Debug, Clone, Copy, ClapArgs)]
pub struct PlainArgs {
    /// What the search leaves out: a list of symmetry, pages, counted (these two), releases,
    /// stubborn and merge, or all or none; see docs/reductions.md
    #[arg(long, value_name = "LIST", value_parser = reduce, default_value = "counted")]
    pub reduce: Reduce,
    /// Check the premises of the reductions on every state met; slow
    #[arg(long)]
    pub check_reductions: bool,
    /// With `--reduce none`: how many threads; the report is the same for any number
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: u16,
}

/// Where the search keeps what it has seen.
#[derive(Debug, Clone, Default, ClapArgs)]
pub struct StoreArgs {
    /// How the search keeps states: exactly, or as 64 bits each, which may miss one; the report says
    /// how likely that is. Not with `--reduce none`
    #[arg(long, value_enum, default_value_t = StorageArg::Exact)]
    pub storage: StorageArg,
    /// With fingerprints: keep the states that are still to be expanded in this folder
    #[arg(long, value_name = "DIR")]
    pub spill: Option<PathBuf>,
    /// Write to this file, every minute and when a limit or Ctrl-C ends the run, how far the search
    /// has come; go on from it if it is there. Not with `--reduce none`
    #[arg(long, value_name = "FILE")]
    pub checkpoint: Option<PathBuf>,
}

/// How states are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum StorageArg {
    /// As they are
    #[default]
    Exact,
    /// As 64 bits each
    Fingerprint,
}

impl StoreArgs {
    /// The options that differ from what they are if nobody gives them.
    fn given(&self) -> Vec<(&'static str, String)> {
        let path = |path: &PathBuf| path.display().to_string();
        let mut given = Vec::new();
        if self.storage == StorageArg::Fingerprint {
            given.push(("--storage", "fingerprint".to_owned()));
        }
        given.extend(self.spill.as_ref().map(|dir| ("--spill", path(dir))));
        given.extend(
            self.checkpoint
                .as_ref()
                .map(|file| ("--checkpoint", path(file))),
        );
        given
    }
}

impl PlainArgs {
    /// The options that differ from what they are if nobody gives them.
    fn given(self) -> Vec<(&'static str, String)> {
        let mut given = Vec::new();
        match self.reduce {
            Reduce::None => given.push(("--reduce", "none".to_owned())),
            Reduce::By(reductions) if reductions != Reductions::COUNTED => {
                given.push(("--reduce", reductions.names().join(",")));
            }
            Reduce::By(_) => {}
        }
        if self.threads > 1 {
            given.push(("--threads", self.threads.to_string()));
        }
        given
    }
}

/// What the search leaves out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reduce {
    /// Nothing: every task is told apart, by an engine made for that.
    None,
    /// By these reductions.
    By(Reductions),
}

/// `none`, `all`, or a list of names, of which `counted` is one for several.
fn reduce(text: &str) -> Result<Reduce, String> {
    let mut reductions = Reductions::NONE;
    match text {
        "none" => return Ok(Reduce::None),
        "all" => return Ok(Reduce::By(Reductions::ALL)),
        list => {
            for name in list.split(',').map(str::trim) {
                let names = match name {
                    "counted" => Reductions::COUNTED.names(),
                    "all" | "none" => return Err(format!("`{name}` stands alone")),
                    _ => vec![name],
                };
                if !names.into_iter().all(|name| reductions.turn_on(name)) {
                    let known = Reductions::ALL.names().join(", ");
                    return Err(format!(
                        "`{name}` is none of {known}; or say all, counted or none"
                    ));
                }
            }
        }
    }
    Ok(Reduce::By(reductions))
}

/// `kmapcheck test`.
#[derive(Debug, ClapArgs)]
pub struct Test {
    /// Scenario files, or directories to search for them
    #[arg(default_value = "scenarios", value_name = "DIR|FILE")]
    pub paths: Vec<PathBuf>,
    /// The engine. Without this the search, or `proof` where a scenario is about every number
    #[arg(long, value_enum)]
    pub engine: Option<EngineArg>,
    #[command(flatten)]
    pub limits: LimitArgs,
    #[command(flatten)]
    pub plain: PlainArgs,
    #[command(flatten)]
    pub loom: LoomArgs,
    #[command(flatten)]
    pub suite: SuiteArgs,
    /// Print only what is not as expected, and the summary
    #[arg(long, short)]
    pub quiet: bool,
}

/// `kmapcheck rule`.
#[derive(Debug, ClapArgs)]
pub struct Rule {
    /// A model: a name or a file
    pub model: String,
    /// Programs in which a task has at most so many slots of one series at once
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub pins: Option<u32>,
    /// The form of the answer
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// Write the program that keeps the rule and deadlocks, if there is one, to a scenario file
    #[arg(long, value_name = "FILE")]
    pub write: Option<PathBuf>,
    /// Write the proof, if there is one, to a file
    #[arg(long, value_name = "FILE")]
    pub certificate: Option<PathBuf>,
    #[command(flatten)]
    pub limits: LimitArgs,
}

/// `kmapcheck explain`.
#[derive(Debug, ClapArgs)]
pub struct Explain {
    /// A scenario file
    pub file: PathBuf,
    #[command(flatten)]
    pub overrides: OverrideArgs,
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
    #[arg(long, value_enum, default_value_t = Format::Text, hide_possible_values = true, help = "The form of the report: text or json")]
    pub format: Format,
    /// Print nothing about scenarios that keep the rule
    #[arg(long, short)]
    pub quiet: bool,
    #[command(flatten)]
    pub limits: LimitArgs,
}

/// `kmapcheck order`.
#[derive(Debug, ClapArgs)]
pub struct Order {
    /// A scenario file; or a model, by name or file, for the order that it states
    pub file: PathBuf,
    #[command(flatten)]
    pub overrides: OverrideArgs,
    #[command(flatten)]
    pub pictures: GraphArgs,
    /// The form of the report
    #[arg(long, value_enum, default_value_t = Format::Text, hide_possible_values = true, help = "The form of the report: text or json")]
    pub format: Format,
    #[command(flatten)]
    pub limits: LimitArgs,
}

/// `kmapcheck size`.
#[derive(Debug, ClapArgs)]
pub struct Size {
    /// A scenario file
    pub file: PathBuf,
    #[command(flatten)]
    pub overrides: OverrideArgs,
    /// Try each number of slots from 1 to this
    #[arg(long, value_name = "N", value_parser = number, default_value = "8")]
    pub slots_up_to: u32,
    /// Try each number of tasks from 1 to this
    #[arg(long, value_name = "N", value_parser = number, default_value = "8")]
    pub tasks_up_to: u32,
    /// The form of the answer
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// Draw the tables too, as a picture in this file
    #[arg(long, value_name = "FILE")]
    pub svg: Option<PathBuf>,
    /// Stop each search after so many states
    #[arg(long, value_name = "N", value_parser = amount, default_value = "100k")]
    pub max_states: u64,
    #[command(flatten)]
    pub limits: LimitArgs,
}

/// `kmapcheck suggest`.
#[derive(Debug, ClapArgs)]
pub struct Suggest {
    /// Scenario files, on one model
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    #[command(flatten)]
    pub overrides: OverrideArgs,
    /// The form of the answer
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// Stop each search after so many states
    #[arg(long, value_name = "N", value_parser = amount, default_value = "100k")]
    pub max_states: u64,
    #[command(flatten)]
    pub limits: LimitArgs,
}

/// `kmapcheck schema`.
#[derive(Debug, ClapArgs)]
pub struct Schema {
    /// Which format
    #[arg(value_enum)]
    pub what: SchemaOf,
}

/// `kmapcheck completions`.
#[derive(Debug, ClapArgs)]
pub struct Completions {
    /// Which shell
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}

/// The engines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum EngineArg {
    /// Counted states: instances of a task are not told apart
    Search,
    /// Every task told apart: plain, and slow
    Reference,
    /// The kernel's own allocator, run by loom in every interleaving of at most five tasks
    Loom,
    /// Arguments for every number of tasks and slots, and searches for what they leave open
    Proof,
}

impl From<EngineArg> for Engine {
    fn from(engine: EngineArg) -> Engine {
        match engine {
            EngineArg::Search => Engine::Search,
            EngineArg::Reference => Engine::Reference,
            EngineArg::Loom => Engine::Loom,
            EngineArg::Proof => Engine::Proof,
        }
    }
}

/// The forms of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    Text,
    /// For programs; `kmapcheck schema` prints what it looks like
    Json,
}

/// The formats that have a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SchemaOf {
    /// Model files
    Model,
    /// Scenario files
    Scenario,
    /// The JSON output of `check`
    Report,
    /// The JSON output of `rule`
    Rule,
    /// The JSON output of `conform`
    Conform,
    /// The JSON output of `order`
    Order,
    /// The JSON output of `size`
    Size,
    /// The JSON output of `suggest`
    Suggest,
    /// The JSON output of `simulate`
    Simulation,
    /// The JSON output of `compare`
    Comparison,
    /// What `check --save-trace` writes
    Trace,
}

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless `NO_COLOR` is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// `NAME=N`, `NAME=any`.
fn assignment(text: &str) -> Result<(String, Bound), String> {
    // A name may have a `=` in it, a number has none.
    let (name, number) = text
        .rsplit_once('=')
        .ok_or("expected NAME=NUMBER, such as PAGETABLE=4")?;
    if name.is_empty() {
        return Err("there is no name before the `=`".to_owned());
    }
    let bound = match number {
        "any" => Bound::Any,
        _ => (number.parse().ok())
            .filter(|number| (1..=LARGEST_NUMBER).contains(number))
            .map(Bound::Exactly)
            .ok_or_else(|| {
                format!("`{number}` is neither `any` nor a number from 1 to {LARGEST_NUMBER}")
            })?,
    };
    Ok((name.to_owned(), bound))
}

/// The largest number of slots or instances that scenarios allow.
const LARGEST_NUMBER: u32 = 1_000_000;

/// `100000`, `500k`, `2M`, `1e6`: from 1 on.
pub fn amount(text: &str) -> Result<u64, String> {
    let (digits, zeros) = match text.split_once(['e', 'E']) {
        Some((digits, zeros)) => (digits, zeros.parse().ok()),
        None => match text.char_indices().next_back() {
            Some((end, 'k' | 'K')) => (&text[..end], Some(3)),
            Some((end, 'M')) => (&text[..end], Some(6)),
            Some((end, 'G')) => (&text[..end], Some(9)),
            _ => (text, Some(0)),
        },
    };
    let number: Option<u64> = digits.parse().ok();
    number
        .zip(zeros.and_then(|zeros| 10u64.checked_pow(zeros)))
        .and_then(|(number, factor)| number.checked_mul(factor))
        .filter(|&number| number > 0)
        .ok_or_else(|| {
            "expected a whole number from 1 on, such as 500000, 500k, 2M or 1e6".to_owned()
        })
}

/// The largest side of a table.
const LARGEST_TABLE: u32 = 200;

/// A side of a table.
pub fn number(text: &str) -> Result<u32, String> {
    (text.parse().ok())
        .filter(|number| (1..=LARGEST_TABLE).contains(number))
        .ok_or_else(|| format!("`{}` is not a number from 1 to {LARGEST_TABLE}", line(text)))
}

/// `test` looks at many scenarios, and none should keep it for ever.
const TIMEOUT_OF_TEST: &str = "Stop after this time in each scenario; those without `expect` get at most 10s and, with the other engines than loom, 1,000,000 states";

/// `suggest` asks its question of all files at once.
const TIMEOUT_OF_SUGGEST: &str = "Stop after this time, for all files together";

impl Args {
    /// The definition, in which an option takes a negative number as its value: no option looks like
    /// one, and what is wrong with it is said better by who knows what the value is.
    pub fn definition() -> clap::Command {
        let mut command = Args::command()
            .mut_subcommand("test", |test| {
                test.mut_arg("timeout", |timeout| {
                    timeout.default_value("60s").help(TIMEOUT_OF_TEST)
                })
            })
            .mut_subcommand("suggest", |suggest| {
                suggest.mut_arg("timeout", |timeout| timeout.help(TIMEOUT_OF_SUGGEST))
            });
        let names: Vec<String> = (command.get_subcommands())
            .map(|command| command.get_name().to_owned())
            .collect();
        for name in names {
            command = command.mut_subcommand(name, |command| {
                command.mut_args(|arg| match arg.get_action().takes_values() {
                    true if !arg.is_positional() => arg.allow_negative_numbers(true),
                    _ => arg,
                })
            });
        }
        command
    }

    /// The arguments of this program; what is wrong with them ends it.
    pub fn read() -> Args {
        let args = Args::definition().get_matches();
        let args = Args::from_arg_matches(&args).unwrap_or_else(|error| error.exit());
        let (name, overrides) = match &args.command {
            Command::Check(check) => ("check", &check.overrides),
            Command::Explain(explain) => ("explain", &explain.overrides),
            Command::Order(order) => ("order", &order.overrides),
            Command::Size(size) => ("size", &size.overrides),
            Command::Suggest(suggest) => ("suggest", &suggest.overrides),
            Command::Export(export) => ("export", &export.overrides),
            Command::Simulate(simulate) => ("simulate", &simulate.overrides),
            _ => return args,
        };
        if let Some(said) = overrides.given_twice() {
            let mut command = Args::definition();
            command.build();
            let command = command
                .find_subcommand_mut(name)
                .map_or_else(Args::definition, |command| command.clone());
            command
                .clone()
                .error(ErrorKind::ArgumentConflict, said)
                .exit();
        }
        args
    }
}

impl OverrideArgs {
    /// What is to be run instead of what the file says.
    pub fn overrides(&self) -> Overrides {
        Overrides {
            model: self.model.clone(),
            slots: self.slots.clone(),
            tasks: self.tasks.clone(),
        }
    }

    /// An override that is given twice, in words.
    fn given_twice(&self) -> Option<String> {
        let twice = |option: &str, given: &[(String, Bound)]| {
            given.iter().enumerate().find_map(|(i, (name, number))| {
                let (_, first) = given[..i].iter().find(|(other, _)| other == name)?;
                let name = line(name);
                Some(format!(
                    "`{option}` is given twice for {name}: {name}={first} and {name}={number}"
                ))
            })
        };
        twice("--slots", &self.slots).or_else(|| twice("--tasks", &self.tasks))
    }

    /// The options as they were given, each with its value.
    fn given(&self) -> Vec<(&'static str, String)> {
        let mut given = Vec::new();
        given.extend(self.model.clone().map(|model| ("--model", model)));
        for (option, list) in [("--slots", &self.slots), ("--tasks", &self.tasks)] {
            given.extend(
                list.iter()
                    .map(|(name, number)| (option, format!("{name}={number}"))),
            );
        }
        given
    }
}

/// What is asked of each scenario.
pub fn ask(
    engine: Option<EngineArg>,
    plain: PlainArgs,
    store: &StoreArgs,
    loom: LoomArgs,
    limits: Limits,
) -> Ask {
    Ask {
        engine: engine.map(Engine::from),
        search: Search {
            reductions: match plain.reduce {
                Reduce::None => None,
                Reduce::By(reductions) => Some(reductions),
            },
            check_reductions: plain.check_reductions,
            threads: usize::from(plain.threads),
            fingerprints: store.storage == StorageArg::Fingerprint,
            spill: store.spill.clone(),
            checkpoint: store.checkpoint.clone(),
        },
        loom: Loom {
            preemptions: loom.preemptions,
            max_interleavings: loom.max_interleavings,
        },
        limits,
        certificate: false,
    }
}

impl Check {
    /// What is asked of each scenario.
    pub fn ask(&self, limits: &Limits) -> Ask {
        Ask {
            certificate: self.certificate.is_some(),
            ..ask(
                self.engine,
                self.plain,
                &self.store,
                self.loom,
                limits.clone(),
            )
        }
    }

    /// The files to be written, each with its option: all of one scenario.
    pub fn written(&self) -> impl Iterator<Item = (&'static str, &PathBuf)> {
        let others = [
            ("--certificate", &self.certificate),
            ("--checkpoint", &self.store.checkpoint),
        ];
        (self.keep.files().into_iter())
            .chain(self.pictures.files())
            .chain(others)
            .filter_map(|(option, file)| Some((option, file.as_ref()?)))
    }

    /// The options that change the question or bound the answer, as they were given, each with its
    /// value. The engine is not among them: reports know theirs.
    pub fn given(&self) -> Vec<(&'static str, String)> {
        let mut given = self.overrides.given();
        let mut add = |option, value: Option<String>| {
            given.extend(value.map(|value| (option, value)));
        };
        add("--max-states", self.max_states.map(|n| n.to_string()));
        let memory = Some(self.limits.max_memory).filter(|&memory| memory != DEFAULT_MEMORY);
        add("--max-memory", memory.map(shown_size));
        add("--timeout", self.limits.timeout.map(shown_duration));
        for (option, value) in self.plain.given().into_iter().chain(self.store.given()) {
            add(option, Some(value));
        }
        add(
            "--preemptions",
            self.loom.preemptions.map(|n| n.to_string()),
        );
        add(
            "--max-interleavings",
            self.loom.max_interleavings.map(|n| n.to_string()),
        );
        given
    }
}

/// What `--max-memory` is if nobody gives it.
const DEFAULT_MEMORY: u64 = 4 << 30;

/// With less nothing can be explored: the program itself takes about this much.
const LEAST_MEMORY: u64 = 16 << 20;

/// What [`size`] reads.
fn shown_size(bytes: u64) -> String {
    if bytes.is_multiple_of(1 << 20) {
        format!("{}M", bytes >> 20)
    } else {
        bytes.to_string()
    }
}

/// What [`duration`] reads.
fn shown_duration(time: Duration) -> String {
    let millis = time.as_millis();
    if millis.is_multiple_of(1000) {
        format!("{}s", millis / 1000)
    } else {
        format!("{millis}ms")
    }
}

/// `512M`, `4G`, `100000`.
pub fn size(text: &str) -> Result<u64, String> {
    let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let shift = match text[digits.len()..]
        .trim_end_matches("iB")
        .trim_end_matches('B')
    {
        "" => 0,
        "K" | "k" => 10,
        "M" | "m" => 20,
        "G" | "g" => 30,
        "T" | "t" => 40,
        other => return Err(format!("unknown unit `{other}`; use K, M, G or T")),
    };
    let number: u64 = digits
        .parse()
        .map_err(|_| "expected a size, such as 512M or 4G".to_owned())?;
    number
        .checked_mul(1 << shift)
        .ok_or_else(|| "out of range".to_owned())
        .and_then(|bytes| match bytes < LEAST_MEMORY {
            true => Err(format!(
                "kmapcheck itself takes some: give {} or more",
                shown_size(LEAST_MEMORY)
            )),
            false => Ok(bytes),
        })
}

/// `10s`, `5m`, `500ms`, `1h`.
pub fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let millis = match &text[digits.len()..] {
        "ms" => 1,
        "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        "" if digits.starts_with(|c: char| c.is_ascii_digit()) => {
            return Err(format!("a unit is missing: {text}s, {text}m or {text}ms?"));
        }
        "" => 1,
        other => return Err(format!("unknown unit `{other}`; use ms, s, m or h")),
    };
    let number: u64 = digits
        .parse()
        .map_err(|_| "expected a time, such as 10s or 5m".to_owned())?;
    match number.checked_mul(millis) {
        None => Err("out of range".to_owned()),
        Some(0) => Err("in no time nothing can be done: give 1ms or more".to_owned()),
        Some(millis) => Ok(Duration::from_millis(millis)),
    }
}

/// An amount, or `0` for none.
fn budget(text: &str) -> Result<u64, String> {
    if text == "0" { Ok(0) } else { amount(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_holds_together() {
        Args::definition().debug_assert();
    }

    #[test]
    fn sizes_and_times_have_units() {
        assert_eq!(size("512M"), Ok(512 << 20));
        assert_eq!(size("4GiB"), Ok(4 << 30));
        assert_eq!(size("20000000"), Ok(20_000_000));
        assert!(
            size("4X").is_err()
                && size("").is_err()
                && size("0").is_err_and(|said| said.ends_with("give 16M or more"))
                && size("16383K").is_err()
                && size("99999999999T").is_err()
        );
        assert_eq!(reduce("all"), Ok(Reduce::By(Reductions::ALL)));
        assert_eq!(reduce("counted"), Ok(Reduce::By(Reductions::COUNTED)));
        assert_eq!(
            reduce("counted, stubborn"),
            reduce("symmetry,pages,stubborn")
        );
        assert!(reduce("counted,none").is_err_and(|said| said.contains("alone")));
        assert_eq!(reduce("symmetry,pages"), reduce("counted"));
        assert!(reduce("none") == Ok(Reduce::None) && reduce("some").is_err());
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("2m"), Ok(Duration::from_secs(120)));
        assert!(duration("10").is_err_and(|said| said.contains("10s")));
        assert!(duration("0s").is_err_and(|said| said.contains("1ms or more")));
        assert_eq!(size(&shown_size(512 << 20)), Ok(512 << 20));
        assert_eq!(size(&shown_size(20_000_000)), Ok(20_000_000));
        for time in [Duration::from_millis(1500), Duration::from_secs(120)] {
            assert_eq!(duration(&shown_duration(time)), Ok(time));
        }
        assert_eq!(size("4G"), Ok(DEFAULT_MEMORY));
        for (text, number) in [
            ("7", 7),
            ("500k", 500_000),
            ("2M", 2_000_000),
            ("1e6", 1_000_000),
        ] {
            assert_eq!(amount(text), Ok(number));
        }
        for text in ["0", "0k", "", "k", "1e", "1e30", "-1", "1.5M", "10x", "é"] {
            assert!(
                amount(text).is_err_and(|said| said.contains("500k, 2M or 1e6")),
                "{text}"
            );
        }
        assert_eq!(assignment("A=3"), Ok(("A".to_owned(), Bound::Exactly(3))));
        assert_eq!(assignment("A=any"), Ok(("A".to_owned(), Bound::Any)));
        for wrong in ["A=0", "A=1000001", "A=x"] {
            assert!(assignment(wrong).is_err_and(|said| said.ends_with("from 1 to 1000000")));
        }
        assert!(
            assignment("A").is_err() && assignment("=3").is_err() && assignment("A=x").is_err()
        );
    }
}
