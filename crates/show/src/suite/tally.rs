//! What came of many scenarios, for people in a terminal: a line for each, and how many came to what.

use std::path::PathBuf;

use anstyle::{AnsiColor, Style};
use kmapcheck_report::words::{count, list, number};
use kmapcheck_report::{Report, escape, quoted};

use super::{Case, Tested};
use crate::text;

const GREEN: Style = AnsiColor::Green.on_default();
const RED: Style = AnsiColor::Red.on_default().bold();
const YELLOW: Style = AnsiColor::Yellow.on_default();

/// So many files without `expect` are named.
const MOST_NAMED: usize = 5;

/// What was found, in a few words.
#[must_use]
pub fn found(report: &Report) -> String {
    match report.kinds().as_slice() {
        [] => report.verdict.name().to_owned(),
        kinds => text::expected_kinds(kinds),
    }
}

/// What came of a scenario, in a line. `quiet`: if that is not as expected.
#[must_use]
pub fn line(case: &Case, quiet: bool) -> Option<String> {
    let (style, word, rest) = match &case.tested {
        Tested::Passed => {
            let mut said = case.report.as_ref().map_or_else(String::new, found);
            if let Some(condition) = case.report.as_ref().and_then(text::condition) {
                said += &format!(", {condition}");
            }
            (GREEN, "ok", said)
        }
        Tested::NoExpectation(unexpecting) => match unexpecting.required {
            true => (RED, "FAIL", unexpecting.to_string()),
            false => (YELLOW, "?", unexpecting.to_string()),
        },
        Tested::Failed(said) => (RED, "FAIL", said.clone()),
        Tested::Inconclusive(said) => (YELLOW, "stop", said.clone()),
        Tested::Refused(said) => (YELLOW, "skip", said.clone()),
        Tested::Unreadable(_) => (RED, "FAIL", "cannot be read".to_owned()),
        Tested::Fault(_) => (RED, "FAIL", "internal fault".to_owned()),
    };
    if quiet && ["ok", "?", "skip"].contains(&word) {
        return None;
    }
    Some(one_line(style, word, &case.file, &rest))
}

/// That a scenario had to be ended from outside, and everything with it.
#[must_use]
pub fn ended(file: &str, said: &str) -> String {
    let rest = "what follows was not tested; run it without this one";
    one_line(
        YELLOW,
        "stop",
        file,
        &format!("inconclusive: {said}; {rest}"),
    )
}

fn one_line(style: Style, word: &str, file: &str, rest: &str) -> String {
    format!("{style}{word:<4}{style:#} {}: {rest}\n", escape::line(file))
}

/// How many scenarios came to what.
#[derive(Debug, Default)]
pub struct Tally {
    /// Those that are as expected.
    pub passed: usize,
    /// Those that are not.
    pub failed: usize,
    /// Those that have no `expect`, and need none: their files as shown.
    pub unexpecting: Vec<String>,
    /// Those that the engine cannot run.
    pub refused: usize,
    /// Those that a limit came first in.
    pub inconclusive: usize,
    /// Of the failed: those that could not be read.
    pub unreadable: usize,
    /// Of the failed: faults of this program.
    pub faults: usize,
    /// Those whose `expect` was rewritten; they count as passed.
    pub updated: usize,
    /// Those that Ctrl-C or `--fail-fast` came before.
    pub not_run: usize,
    /// Whether that was Ctrl-C.
    pub interrupted: bool,
}

impl Tally {
    /// Counts a scenario in.
    pub fn add(&mut self, case: &Case) {
        match &case.tested {
            Tested::Passed => self.passed += 1,
            Tested::NoExpectation(unexpecting) if unexpecting.required => self.failed += 1,
            Tested::NoExpectation(_) => {
                self.unexpecting.push(escape::line(&case.file));
            }
            Tested::Refused(_) => self.refused += 1,
            Tested::Inconclusive(_) => self.inconclusive += 1,
            Tested::Failed(_) => self.failed += 1,
            Tested::Unreadable(_) => {
                self.failed += 1;
                self.unreadable += 1;
            }
            Tested::Fault(_) => {
                self.failed += 1;
                self.faults += 1;
            }
        }
    }

    /// The last lines of the output, for a run on these paths.
    #[must_use]
    pub fn summary(&self, paths: &[PathBuf]) -> String {
        let skipped = self.unexpecting.len() + self.refused;
        let style: Style = match (self.failed, self.passed, skipped) {
            (1.., ..) => RED,
            (0, 0, 1..) => YELLOW,
            _ => GREEN,
        };
        let inconclusive = match self.inconclusive {
            0 => String::new(),
            n => format!(", {n} inconclusive"),
        };
        let updated = match self.updated {
            0 => String::new(),
            n => format!("`expect` rewritten in {}\n", count(n as u64, "file")),
        };
        let not_run = match (self.not_run, self.interrupted) {
            (0, _) => String::new(),
            (n, true) => format!("Interrupted: {} not run\n", count(n as u64, "file")),
            (n, false) => format!(
                "Stopped at the first failure: {} not run; `--no-fail-fast` runs all\n",
                count(n as u64, "file")
            ),
        };
        format!(
            "{style}{} passed, {} failed, {skipped} skipped{inconclusive}{style:#}\n{updated}{not_run}{}",
            self.passed,
            self.failed,
            self.unchecked(paths)
        )
    }

    /// What was skipped because nothing says what is right, and what to do about it.
    fn unchecked(&self, paths: &[PathBuf]) -> String {
        let n = self.unexpecting.len();
        let (have, them) = match n {
            0 => return String::new(),
            1 => ("has", "it"),
            _ => ("have", "them"),
        };
        let mut names: Vec<&str> = self.unexpecting.iter().map(String::as_str).collect();
        // Shown only where there are more.
        let more = format!("{} more", number(n.saturating_sub(MOST_NAMED) as u64));
        if n > MOST_NAMED {
            names.truncate(MOST_NAMED);
            names.push(&more);
        }
        let paths: Vec<String> = (paths.iter())
            .map(|path| format!(" {}", quoted(&path.display().to_string())))
            .collect();
        format!(
            "{} {have} no `expect`, so nothing was checked of {them}: {}.\n\
             To fail on {them}: kmapcheck test --require-expect{paths}\n\
             To write what is found into {them}: kmapcheck test --require-expect --update-expect{paths}\n",
            count(n as u64, "file"),
            list(&names),
            paths = paths.concat()
        )
    }
}
