//! The arguments of `extract`.

use std::path::PathBuf;

use clap::Args as ClapArgs;
use kmapcheck_extract::Entry;
use kmapcheck_limits::units::amount;

use super::scan::Scan;
use super::shared::LimitArgs;

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
    /// A function that tasks run, and how many of them
    #[arg(long = "entry", required_unless_present_any = ["map_help", "folders"], value_name = "FUNCTION[:COUNT]", value_parser = entry)]
    pub entries: Vec<Entry>,
    /// Where to write the scenario. Without this, or as `-`, it is printed
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// What the functions of the code mean: a shipped name or a file; later ones win
    #[arg(long = "map", value_name = "NAME|FILE", default_value = "linux-2.4")]
    pub maps: Vec<String>,
    /// Print what a mapping file can say, with an example
    #[arg(long)]
    pub map_help: bool,
    /// Where included files are
    #[arg(long, value_name = "DIR")]
    pub include: Vec<PathBuf>,
    /// A name that `#ifdef` takes as defined, with a number if it has one
    #[arg(long, value_name = "NAME[=N]", value_parser = definition)]
    pub define: Vec<(String, Option<i64>)>,
    /// A name that it does not, although the mapping says so
    #[arg(long, value_name = "NAME")]
    pub undef: Vec<String>,
    /// The number that a field or variable has
    #[arg(long, value_name = "FIELD=N", value_parser = set)]
    pub set: Vec<(String, i64)>,
    /// A function, field or variable that is never null
    #[arg(long, value_name = "NAME")]
    pub nonnull: Vec<String>,
    /// What a pointer to a function points to
    #[arg(long, value_name = "FIELD=FUNCTION", value_parser = resolution)]
    pub resolve: Vec<(String, String)>,
    /// A file whose functions stand for those of the same name
    #[arg(long, value_name = "FILE.c")]
    pub stub: Vec<PathBuf>,
    /// A function to follow although nothing says that it matters
    #[arg(long, value_name = "FUNCTION")]
    pub inline: Vec<String>,
    /// Rounds of a loop that are followed where nothing decides how many there are
    #[arg(long, value_name = "N", default_value_t = 2)]
    pub unroll: u32,
    /// How often a function may call itself; beyond that nothing is followed
    #[arg(long, value_name = "N")]
    pub recursion: Option<u32>,
    /// A lock or page that all tasks share although it is no variable outside of functions; `all`:
    /// every lock and page
    #[arg(long, value_name = "NAME")]
    pub share: Vec<String>,
    /// Two names that may mean one lock or page: both answers are followed
    #[arg(long, value_name = "NAME=NAME", value_parser = equal)]
    pub maybe_equal: Vec<(String, String)>,
    /// The units of a semaphore, or elements of a pool, at the start
    #[arg(long, value_name = "NAME=N", value_parser = units)]
    pub units: Vec<(String, u32)>,
    /// The number of slots of a series
    #[arg(long, value_name = "SERIES=N", value_parser = slots)]
    pub slots: Vec<(String, u32)>,
    /// The model that the scenario runs on
    #[arg(long, value_name = "NAME|PATH")]
    pub model: Option<String>,
    /// Refuse after so many states: 50k, and with --scan 3k for each entry
    #[arg(long, value_name = "N", value_parser = amount)]
    pub max_paths: Option<u64>,
    #[command(flatten)]
    pub scan: Scan,
    #[command(flatten)]
    pub limits: LimitArgs,
}

/// `FUNCTION`, `FUNCTION:COUNT`.
fn entry(text: &str) -> Result<Entry, String> {
    let (function, count) = match text.split_once(':') {
        Some((function, count)) => {
            let count = count.parse().ok().filter(|count| *count > 0);
            (
                function,
                count.ok_or("after the `:` stands a number of tasks, such as 2")?,
            )
        }
        None => (text, 1),
    };
    match function {
        "" => Err("there is no function".to_owned()),
        _ => Ok(Entry {
            function: function.to_owned(),
            count,
        }),
    }
}

/// The two sides of a `=`.
fn sides<'t>(text: &'t str, like: &str) -> Result<(&'t str, &'t str), String> {
    let sides = text
        .split_once('=')
        .filter(|(left, right)| !left.is_empty() && !right.is_empty());
    sides.ok_or(format!("expected {like}"))
}

fn definition(text: &str) -> Result<(String, Option<i64>), String> {
    match text.contains('=') {
        true => set(text).map(|(name, number)| (name, Some(number))),
        false => Ok((text.to_owned(), None)),
    }
}

fn set(text: &str) -> Result<(String, i64), String> {
    let (name, number) = sides(text, "NAME=NUMBER, such as rq_bytes_sent=0")?;
    let number = number
        .parse()
        .map_err(|_| format!("`{number}` is no number"))?;
    Ok((name.to_owned(), number))
}

fn resolution(text: &str) -> Result<(String, String), String> {
    let (field, function) = sides(text, "FIELD=FUNCTION, such as readpage=ext2_readpage")?;
    Ok((field.to_owned(), function.to_owned()))
}

fn equal(text: &str) -> Result<(String, String), String> {
    let (one, other) = sides(text, "NAME=NAME, such as from=to")?;
    Ok((one.to_owned(), other.to_owned()))
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
