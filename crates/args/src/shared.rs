//! Arguments that several commands have.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use clap::Args as ClapArgs;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use kmapcheck_check::Overrides;
use kmapcheck_limits::Limits;
use kmapcheck_limits::units::{amount, size, time};
use kmapcheck_report::escape::line;
use kmapcheck_scenario::Bound;
use serde_json::Result as JsonResult;

/// One of these names, each with its help and what it stands for.
pub fn one_of<T: Clone + Send + Sync>(
    values: &'static [(&'static str, &'static str, T)],
) -> impl TypedValueParser<Value = T> {
    let names = values
        .iter()
        .map(|(name, help, _)| PossibleValue::new(*name).help(*help));
    PossibleValuesParser::new(names).try_map(move |name| {
        let known = values.iter().find(|(known, ..)| *known == name);
        known.map(|(.., value)| value.clone()).ok_or("no such name")
    })
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
    /// Give a semaphore or mempool that all tasks share another number of units, such as permits=8, or
    /// permits=any for every number
    #[arg(long, value_name = "NAME=N", value_parser = assignment)]
    pub units: Vec<(String, Bound)>,
    /// Give a task another number of instances, such as mremap=5, or mremap=any for every number
    #[arg(long, value_name = "TASK=N", value_parser = assignment)]
    pub tasks: Vec<(String, Bound)>,
}

impl OverrideArgs {
    /// The same for the library.
    pub fn overrides(&self) -> Overrides {
        Overrides {
            model: self.model.clone(),
            slots: self.slots.clone(),
            units: self.units.clone(),
            tasks: self.tasks.clone(),
        }
    }
}

/// A scenario that something is asked about.
#[derive(Debug, ClapArgs)]
pub struct ScenarioArgs {
    /// A scenario file
    pub file: PathBuf,
    /// What to run instead of what the file says
    #[command(flatten)]
    pub overrides: OverrideArgs,
}

/// Limits on time and memory, the same for every command.
#[derive(Debug, Clone, Copy, ClapArgs)]
pub struct LimitArgs {
    /// Stop at about this much memory, such as 512M or 4G
    #[arg(long, value_name = "SIZE", value_parser = size, default_value = "4G")]
    pub max_memory: u64,
    /// Stop after this time, such as 10s, 5m or 500ms; each file has this much
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub timeout: Option<Duration>,
}

impl LimitArgs {
    /// The limits, states among them where something counts states. `interrupt` is set by Ctrl-C.
    pub fn limits(&self, max_states: Option<u64>, interrupt: Arc<AtomicBool>) -> Limits {
        Limits {
            max_states,
            max_memory: Some(self.max_memory),
            timeout: self.timeout,
            interrupt: Some(interrupt),
        }
    }
}

/// Limits where there are many searches.
#[derive(Debug, Clone, Copy, ClapArgs)]
pub struct SearchesArgs {
    /// Stop each search after so many states
    #[arg(long, value_name = "N", value_parser = amount, default_value = "100k")]
    pub max_states: u64,
    /// How long, and how much memory
    #[command(flatten)]
    pub limits: LimitArgs,
}

impl SearchesArgs {
    /// The limits. `interrupt` is set by Ctrl-C.
    pub fn limits(&self, interrupt: Arc<AtomicBool>) -> Limits {
        self.limits.limits(Some(self.max_states), interrupt)
    }
}

/// The forms of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Text,
    /// For documents.
    Markdown,
    /// For programs.
    Json,
}

/// Those of most commands.
pub const FORMATS: [(&str, &str, Format); 2] = [
    ("text", "For people", Format::Text),
    (
        "json",
        "For programs; `kmapcheck schema` prints what it looks like",
        Format::Json,
    ),
];

impl Format {
    /// Whether what is printed is for people.
    pub fn is_text(self) -> bool {
        self != Format::Json
    }

    /// An answer in this form.
    ///
    /// # Errors
    ///
    /// Those of `json`.
    pub fn render(
        self,
        text: impl FnOnce() -> String,
        json: impl FnOnce() -> JsonResult<String>,
    ) -> JsonResult<String> {
        match self {
            Format::Json => Ok(json()? + "\n"),
            Format::Text | Format::Markdown => Ok(text()),
        }
    }
}

/// Pictures of graphs.
#[derive(Debug, Clone, Default, ClapArgs)]
pub struct GraphArgs {
    /// Draw the graph as an SVG picture in this file
    #[arg(long, value_name = "FILE")]
    pub svg: Option<PathBuf>,
    /// Write the graph in the DOT language, for Graphviz, to this file
    #[arg(long, value_name = "FILE")]
    pub dot: Option<PathBuf>,
}

impl GraphArgs {
    /// The files to be written.
    pub fn files(&self) -> Vec<&PathBuf> {
        [&self.svg, &self.dot].into_iter().flatten().collect()
    }
}

/// `NAME=N`, `NAME=any`.
fn assignment(text: &str) -> Result<(String, Bound), String> {
    // A name may have a `=` in it, a number has none.
    let (name, number) = text
        .rsplit_once('=')
        .ok_or("expected NAME=NUMBER, such as PAGETABLE=4")?;
    match name {
        "" => Err("there is no name before the `=`".to_owned()),
        _ => Ok((name.to_owned(), number.parse()?)),
    }
}

/// `NAME=N,N`, `NAME=any`.
pub fn assignments(text: &str) -> Result<(String, Vec<Bound>), String> {
    let (name, numbers) = text
        .rsplit_once('=')
        .filter(|(name, _)| !name.is_empty())
        .ok_or("expected NAME=NUMBERS, such as connections=1,2,10")?;
    let numbers = numbers.split(',').map(str::parse);
    Ok((name.to_owned(), numbers.collect::<Result<_, _>>()?))
}

/// The largest side of a table.
const LARGEST_TABLE: u32 = 200;

/// A side of a table.
pub fn number(text: &str) -> Result<u32, String> {
    (text.parse().ok())
        .filter(|number| (1..=LARGEST_TABLE).contains(number))
        .ok_or_else(|| format!("`{}` is not a number from 1 to {LARGEST_TABLE}", line(text)))
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use kmapcheck_check::options::DEFAULT_MEMORY;

    use super::*;

    /// `options` leaves it out when a command is given again.
    #[test]
    fn the_default_of_memory_is_that_of_the_library() {
        let args = crate::Args::try_parse_from(["kmapcheck", "verify", "FILE"]);
        let args = args.expect("it is a command");
        let crate::Command::Verify(verify) = args.command else {
            panic!("not the command that was given");
        };
        assert_eq!(verify.limits.max_memory, DEFAULT_MEMORY);
    }

    #[test]
    fn numbers_have_names() {
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
