//! The arguments of every command: the one definition behind parser, help, manual page and
//! completions. It says what can be typed, and makes of it what the library is asked.

mod check;
#[cfg(feature = "extract")]
mod code;
mod engine;
#[cfg(feature = "extract")]
mod extract;
mod generated;
mod questions;
#[cfg(feature = "extract")]
mod scan;
mod shared;

use anstream::ColorChoice;
use clap::error::ErrorKind;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use kmapcheck_check::Overrides;
use kmapcheck_check::options::given_twice;
use kmapcheck_scenario::Bound;

pub use check::{Check, Test};
#[cfg(feature = "extract")]
pub use extract::Extract;
pub use generated::{completions, manual};
pub use questions::{
    Compare, Conform, Explain, Export, Matrix, Order, Replay, Rule, Simulate, Size, Suggest, Verify,
};
#[cfg(feature = "extract")]
pub use scan::Form;
use shared::one_of;
pub use shared::{Format, GraphArgs, LimitArgs, OverrideArgs, ScenarioArgs, SearchesArgs};

/// Exhaustive model checker for deadlocks on bounded pools: kmap slots, connections, permits, threads
///
/// Reads a scenario (what each task maps, locks and waits for, in which order), explores every
/// interleaving of its tasks on a model of the kernel's kmap and of other pools, and says whether they
/// can deadlock: clean, violated (with a shortest trace and who waits for whom), or inconclusive.
#[derive(Debug, Parser)]
#[command(name = "kmapcheck", version, arg_required_else_help = true, after_help = EXAMPLES, after_long_help = LONG)]
pub struct Args {
    /// What to do
    #[command(subcommand)]
    pub command: Command,
    /// When to use colours
    #[arg(long, value_parser = one_of(&COLORS), default_value = "auto", global = true, value_name = "WHEN", hide_possible_values = true, display_order = 100, help = "When to use colours: auto, always or never")]
    pub color: ColorChoice,
}

/// Examples, and before them the exit status where help is long.
macro_rules! examples {
    ($before:literal) => {
        concat!(
            $before,
            "\
Examples:
  kmapcheck check scenarios/pte-highmem/mremap-two-pagetables.json
  kmapcheck check --model proposed scenarios/pte-highmem/mremap-two-pagetables.json
  kmapcheck check --slots PAGETABLE=4 --tasks mremap=5 --format json FILE
  kmapcheck test scenarios
  kmapcheck explain FILE
  kmapcheck conform proposed scenarios/pte-highmem
  kmapcheck order FILE"
        )
    };
}

const EXAMPLES: &str = examples!("");

const LONG: &str = examples!(
    "\
Exit status:
   0  clean, or exactly as the scenario expects
   1  an error was found, or not as expected
   2  bad input or usage
   3  inconclusive: a limit came first
  70  a fault of kmapcheck itself

"
);

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
    Replay(Replay),
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
    /// Read C into a scenario, and say what was assumed
    #[cfg(feature = "extract")]
    Extract(Box<Extract>),
    /// Say how likely a deadlock is, by random runs
    Simulate(Simulate),
    /// Show what two models make of the same scenarios
    Compare(Compare),
    /// Show what each scenario does beside each other one, at several numbers of slots
    Matrix(Matrix),
    /// Print the JSON Schema of a file format, or of what a command prints
    Schema {
        /// Which format
        #[arg(value_parser = one_of(&SCHEMAS))]
        what: &'static str,
    },
    /// Print completions for a shell
    Completions {
        /// Which shell
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    Man,
}

/// The schema of that name, as docs/schema has it. Tests hold what is read and printed to them.
macro_rules! schema {
    ($name:literal, $of:literal) => {
        (
            $name,
            $of,
            include_str!(concat!("../../../docs/schema/", $name, ".schema.json")),
        )
    };
}

/// The formats that have a schema.
const SCHEMAS: [(&str, &str, &str); 16] = [
    schema!("model", "Model files"),
    schema!("scenario", "Scenario files"),
    schema!("c-mapping", "Mapping files of `extract`"),
    schema!("extract-cases", "Case files, `extract.json`"),
    schema!("report", "The JSON output of `check`"),
    schema!("rule", "The JSON output of `rule`"),
    schema!("conform", "The JSON output of `conform`"),
    schema!("order", "The JSON output of `order`"),
    schema!("size", "The JSON output of `size`"),
    schema!("suggest", "The JSON output of `suggest`"),
    schema!("simulation", "The JSON output of `simulate`"),
    schema!("comparison", "The JSON output of `compare`"),
    schema!("matrix", "The JSON output of `matrix`"),
    schema!("scan", "The JSON output of `extract --scan`"),
    schema!("trace", "What `check --save-trace` writes"),
    schema!("certificate", "What `check --certificate` writes"),
];

/// When to use colours.
const COLORS: [(&str, &str, ColorChoice); 3] = [
    (
        "auto",
        "On a terminal, unless `NO_COLOR` is set",
        ColorChoice::Auto,
    ),
    ("always", "Always", ColorChoice::Always),
    ("never", "Never", ColorChoice::Never),
];

/// `test` looks at many scenarios, and none should keep it for ever.
const TIMEOUT_OF_TEST: &str = "Stop after this time in each scenario; those without `expect` get at most 10s and, with the other engines than loom, 1,000,000 states";

/// `suggest` and `matrix` ask their question of all files at once.
const TIMEOUT_OF_ALL: &str = "Stop after this time, for all files together";

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
                suggest.mut_arg("timeout", |timeout| timeout.help(TIMEOUT_OF_ALL))
            })
            .mut_subcommand("matrix", |matrix| {
                matrix.mut_arg("timeout", |timeout| timeout.help(TIMEOUT_OF_ALL))
            });
        for sub in command.get_subcommands_mut() {
            *sub = std::mem::take(sub).mut_args(|arg| match arg.get_action().takes_values() {
                true if !arg.is_positional() => arg.allow_negative_numbers(true),
                _ => arg,
            });
        }
        command
    }

    /// The arguments of this program; what is wrong with them ends it.
    pub fn read() -> Args {
        let matches = Args::definition().get_matches();
        let args = Args::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
        let Some((name, given)) = matches.subcommand() else {
            return args;
        };
        let list = |option| {
            let list = given.try_get_many::<(String, Bound)>(option).ok().flatten();
            list.into_iter().flatten().cloned().collect()
        };
        if let Some(said) = given_twice(&Overrides {
            model: None,
            slots: list("slots"),
            units: list("units"),
            tasks: list("tasks"),
        }) {
            let mut command = Args::definition();
            command.build();
            let of = command.find_subcommand_mut(name).cloned();
            let mut of = of.unwrap_or(command);
            of.error(ErrorKind::ArgumentConflict, said).exit();
        }
        args
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_holds_together() {
        Args::definition().debug_assert();
    }
}
