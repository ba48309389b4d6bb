//! How C is read: the arguments that `extract` and `check` have for that.

use std::fmt::Display;
use std::path::PathBuf;

use clap::Args as ClapArgs;
use kmapcheck_check::code::Code;
use kmapcheck_extract::{Entry, Options, Shown};
use kmapcheck_limits::units::amount;

/// How C is read.
#[derive(Debug, Clone, ClapArgs)]
#[command(next_help_heading = "Reading C")]
pub struct CodeArgs {
    /// A function that tasks run, and how many of them
    #[arg(long = "entry", value_name = "FUNCTION[:COUNT]")]
    pub entries: Vec<Entry>,
    /// What the functions of the code mean: a shipped name or a file; later ones win
    #[arg(long = "map", value_name = "NAME|FILE", default_value = "linux-2.4")]
    pub maps: Vec<String>,
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
    /// Refuse after so many states: 50k, and with --scan 3k for each entry
    #[arg(long, value_name = "N", value_parser = amount)]
    pub max_paths: Option<u64>,
}

impl CodeArgs {
    /// The files, read so. Units, slots and a model are to be added.
    pub fn code(&self, files: &[PathBuf], shown: Shown) -> Code {
        let usual = Options::default();
        // More than fit in memory anyway.
        let max_paths = |most: u64| usize::try_from(most).unwrap_or(usize::MAX);
        Code {
            files: files.to_vec(),
            stubs: self.stub.clone(),
            maps: self.maps.clone(),
            include: self.include.clone(),
            options: Options {
                entries: self.entries.clone(),
                define: self.define.iter().cloned().collect(),
                undef: self.undef.iter().cloned().collect(),
                set: self.set.iter().cloned().collect(),
                nonnull: self.nonnull.iter().cloned().collect(),
                resolve: self.resolve.iter().cloned().collect(),
                inline: self.inline.iter().cloned().collect(),
                unroll: self.unroll,
                recursion: self.recursion,
                share: self.share.iter().cloned().collect(),
                equal: self.maybe_equal.iter().cloned().collect(),
                max_paths: self.max_paths.map_or(usual.max_paths, max_paths),
                shown,
                ..usual
            },
        }
    }

    /// The options as they are to be given again, with `more` files, which have no option.
    pub fn again(&self, more: &[PathBuf]) -> Vec<(&'static str, String)> {
        fn each<T>(
            option: &'static str,
            of: &[T],
            text: impl Fn(&T) -> String,
        ) -> impl Iterator<Item = (&'static str, String)> {
            let texts: Vec<String> = of.iter().map(text).collect();
            texts.into_iter().map(move |text| (option, text))
        }
        fn pair<A: Display, B: Display>((a, b): &(A, B)) -> String {
            format!("{a}={b}")
        }
        let path = |path: &PathBuf| path.display().to_string();
        let number = |(name, number): &(String, Option<i64>)| match number {
            Some(number) => format!("{name}={number}"),
            None => name.clone(),
        };
        let numbers = [
            (self.unroll != Options::default().unroll)
                .then(|| ("--unroll", self.unroll.to_string())),
            self.recursion.map(|n| ("--recursion", n.to_string())),
            self.max_paths.map(|n| ("--max-paths", n.to_string())),
        ];
        let entry = |entry: &Entry| match entry.count {
            1 => entry.function.clone(),
            count => format!("{}:{count}", entry.function),
        };
        each("--entry", &self.entries, entry)
            .chain(each("--map", &self.maps, String::clone))
            .chain(each("--include", &self.include, path))
            .chain(each("--define", &self.define, number))
            .chain(each("--undef", &self.undef, String::clone))
            .chain(each("--set", &self.set, pair))
            .chain(each("--nonnull", &self.nonnull, String::clone))
            .chain(each("--resolve", &self.resolve, pair))
            .chain(each("--stub", &self.stub, path))
            .chain(each("--inline", &self.inline, String::clone))
            .chain(each("--share", &self.share, String::clone))
            .chain(each("--maybe-equal", &self.maybe_equal, pair))
            .chain(numbers.into_iter().flatten())
            .chain(each("", more, path))
            .collect()
    }
}

/// The two sides of a `=`.
pub fn sides<'t>(text: &'t str, like: &str) -> Result<(&'t str, &'t str), String> {
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
