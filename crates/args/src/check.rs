//! The arguments of `kmapcheck check` and `kmapcheck test`.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use clap::Args as ClapArgs;
use kmapcheck_check::ask::{Ask, Engine};
use kmapcheck_check::suite::{Partition, Suite};
use kmapcheck_check::{Failure, Loaded, Overrides};
#[cfg(feature = "extract")]
use kmapcheck_extract::Shown;
use kmapcheck_limits::units::amount;
#[cfg(feature = "extract")]
use kmapcheck_scenario::Bound;

#[cfg(feature = "extract")]
use crate::code::CodeArgs;
use crate::engine::{ENGINES, LoomArgs, PlainArgs, StoreArgs, ask};
use crate::shared::{FORMATS, Format, LimitArgs, OverrideArgs, one_of};

/// `kmapcheck check`.
#[derive(Debug, ClapArgs)]
pub struct Check {
    #[cfg_attr(not(feature = "extract"), doc = "Scenario files")]
    #[cfg_attr(feature = "extract", doc = "Scenario files, or C files with `--entry`")]
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// One engine only. Without this the search decides (`proof` for a scenario about every number),
    /// and loom confirms it where it can
    #[arg(long, value_parser = one_of(&ENGINES))]
    pub engine: Option<Engine>,
    /// The form of the report; of several scenarios JSON is an array
    #[arg(long, value_parser = one_of(&FORMATS), default_value = "text")]
    pub format: Format,
    /// What to run instead of what the file says
    #[command(flatten)]
    pub overrides: OverrideArgs,
    /// Stop after so many states
    #[arg(long, value_name = "N", value_parser = amount, help = "Stop after so many states, such as 500000, 500k, 2M or 1e6")]
    pub max_states: Option<u64>,
    /// How long, and how much memory
    #[command(flatten)]
    pub limits: LimitArgs,
    /// What the search leaves out
    #[command(flatten)]
    pub plain: PlainArgs,
    /// Where the search keeps what it has seen
    #[command(flatten)]
    pub store: StoreArgs,
    /// What loom is told
    #[command(flatten)]
    pub loom: LoomArgs,
    /// How many steps of work loom may do to confirm the search, see docs/engines.md; 0 turns it off [default: 100k]
    #[arg(long, value_name = "N", value_parser = budget, conflicts_with = "engine")]
    pub loom_budget: Option<u64>,
    /// Write down what was proved, for `kmapcheck verify`; one scenario, with the engine `proof`
    #[arg(long, value_name = "FILE")]
    pub certificate: Option<PathBuf>,
    /// Draw who waits for whom at the deadlock as an SVG picture in this file
    #[arg(long, value_name = "FILE")]
    pub svg: Option<PathBuf>,
    /// Write who waits for whom at the deadlock in the DOT language, for Graphviz, to this file
    #[arg(long, value_name = "FILE")]
    pub dot: Option<PathBuf>,
    /// Write the trace as a Mermaid sequence diagram to this file
    #[arg(long, value_name = "FILE")]
    pub mermaid: Option<PathBuf>,
    /// Write a page for browsers: the programs, the slots and who waits for whom, step by step
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// Write the traces to a file, for `kmapcheck replay`
    #[arg(long, value_name = "FILE")]
    pub save_trace: Option<PathBuf>,
    /// Print the verdicts only, and no progress
    #[arg(long, short)]
    pub quiet: bool,
    #[cfg(feature = "extract")]
    /// How C is read
    #[command(flatten)]
    pub code: CodeArgs,
}

/// `kmapcheck test`.
#[derive(Debug, ClapArgs)]
pub struct Test {
    /// Scenario files, or directories to search for them
    #[arg(default_value = "scenarios", value_name = "DIR|FILE")]
    pub paths: Vec<PathBuf>,
    /// The engine. Without this the search, or `proof` where a scenario is about every number
    #[arg(long, value_parser = one_of(&ENGINES))]
    pub engine: Option<Engine>,
    /// How long, and how much memory
    #[command(flatten)]
    pub limits: LimitArgs,
    /// What the search leaves out
    #[command(flatten)]
    pub plain: PlainArgs,
    /// What loom is told
    #[command(flatten)]
    pub loom: LoomArgs,
    /// So many scenarios at once; what is printed is the same for any number
    #[arg(long, short, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub jobs: u16,
    /// Stop after the first scenario that is not as expected
    #[arg(long, overrides_with = "no_fail_fast")]
    pub fail_fast: bool,
    /// Run all scenarios, whatever they come to (the default)
    #[arg(long, overrides_with = "fail_fast")]
    pub no_fail_fast: bool,
    /// Run only every Nth scenario, from the Kth on, such as 1/3: for CI systems with N machines
    #[arg(long, value_name = "K/N")]
    pub partition: Option<Partition>,
    /// Write a test report in the JUnit format
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
    /// Write what is not as it should be in the SARIF format
    #[arg(long, value_name = "FILE")]
    pub sarif: Option<PathBuf>,
    /// Rewrite `expect` where it differs from what was found (with --require-expect, add it where there is none); look at the difference before you commit it
    #[arg(long)]
    pub update_expect: bool,
    /// Fail on scenarios without `expect`: nothing can be checked of them
    #[arg(long)]
    pub require_expect: bool,
    /// Run again whenever a file changes, until Ctrl-C
    #[arg(long)]
    pub watch: bool,
    /// Print only what is not as expected, and the summary
    #[arg(long, short)]
    pub quiet: bool,
}

impl Check {
    /// What is asked of each scenario. `interrupt` is set by Ctrl-C.
    pub fn ask(&self, interrupt: Arc<AtomicBool>) -> Ask {
        let limits = self.limits.limits(self.max_states, interrupt);
        Ask {
            certificate: self.certificate.is_some(),
            code: self.code_again(),
            ..ask(self.engine, self.plain, &self.store, self.loom, limits)
        }
    }

    /// The files that are a scenario each: of C files with entries only the first, which stands for
    /// all.
    pub fn scenarios(&self) -> &[PathBuf] {
        #[cfg(feature = "extract")]
        if !self.code.entries.is_empty() {
            return &self.files[..1];
        }
        &self.files
    }

    /// The scenario that is read from C, if that was asked for.
    #[cfg(feature = "extract")]
    pub fn code(&self, overrides: &Overrides) -> Option<Result<Loaded, Failure>> {
        if self.code.entries.is_empty() {
            return None;
        }
        let mut code = self.code.code(&self.files, Shown::default());
        // What is about every number is put in afterwards.
        let mut rest = overrides.clone();
        for (given, options) in [
            (&mut rest.slots, &mut code.options.slots),
            (&mut rest.units, &mut code.options.units),
        ] {
            for (name, bound) in &*given {
                let number = if let Bound::Exactly(number) = bound {
                    *number
                } else {
                    1
                };
                options.insert(name.clone(), number);
            }
            given.retain(|(_, bound)| *bound == Bound::Any);
        }
        code.options.model = rest.model.take();
        let entries = self
            .code
            .entries
            .iter()
            .map(|entry| entry.function.as_str());
        let entries: Vec<&str> = entries.collect();
        let name = format!("{}#{}", self.files[0].display(), entries.join("+"));
        Some(code.loaded(&name, &rest))
    }

    /// Nothing: this program reads no C.
    #[cfg(not(feature = "extract"))]
    pub fn code(&self, _: &Overrides) -> Option<Result<Loaded, Failure>> {
        None
    }

    /// The options that say how C is read, to be given again.
    fn code_again(&self) -> Vec<(&'static str, String)> {
        #[cfg(feature = "extract")]
        if !self.code.entries.is_empty() {
            return self.code.again(&self.files[1..]);
        }
        Vec::new()
    }

    /// The files to be written, each with its option: all of one scenario.
    pub fn written(&self) -> impl Iterator<Item = (&'static str, &PathBuf)> {
        [
            ("--html", &self.html),
            ("--save-trace", &self.save_trace),
            ("--svg", &self.svg),
            ("--dot", &self.dot),
            ("--mermaid", &self.mermaid),
            ("--certificate", &self.certificate),
            ("--checkpoint", &self.store.checkpoint),
        ]
        .into_iter()
        .filter_map(|(option, file)| Some((option, file.as_ref()?)))
    }
}

impl Test {
    /// What is asked of all scenarios. `interrupt` is set by Ctrl-C.
    pub fn suite(&self, interrupt: Arc<AtomicBool>) -> Suite {
        let limits = self.limits.limits(None, interrupt);
        let store = StoreArgs::default();
        Suite {
            ask: ask(self.engine, self.plain, &store, self.loom, limits),
            require_expect: self.require_expect,
            update_expect: self.update_expect,
            fail_fast: self.fail_fast,
            jobs: usize::from(self.jobs),
        }
    }
}

/// An amount, or `0` for none.
fn budget(text: &str) -> Result<u64, String> {
    if text == "0" { Ok(0) } else { amount(text) }
}
