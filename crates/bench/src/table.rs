//! What is printed: every run, the largest size of each tool, and ratios.

use std::fmt::Write;

use crate::family::Case;
use crate::tool::{Answer, Goal, Tool};

/// A run.
#[derive(Debug, Clone)]
pub struct Row {
    /// The scenario.
    pub case: Case,
    /// The tool.
    pub tool: Tool,
    /// What it said.
    pub answer: Answer,
}

/// The runs of one family.
#[derive(Debug, Default)]
pub struct Table {
    rows: Vec<Row>,
    too_long: Vec<Tool>,
}

/// Below this a run is mostly start-up, and memory mostly the program itself.
const ENOUGH_STATES: u64 = 100_000;

impl Table {
    /// Adds a run.
    pub fn add(&mut self, row: Row) {
        self.rows.push(row);
    }

    /// Notes that the tool did not end in time.
    pub fn too_long(&mut self, tool: Tool) {
        self.too_long.push(tool);
    }

    /// As Markdown.
    #[must_use]
    pub fn show(&self, goal: Goal) -> String {
        let mut out = String::from(
            "| scenario | tool | s | states | states/s | bytes a state |\n|---|---|--:|--:|--:|--:|\n",
        );
        for Row { case, tool, answer } in &self.rows {
            let seconds = answer.time.as_secs_f64();
            let rate = answer.states as f64 / seconds;
            let enough = answer.states >= ENOUGH_STATES;
            let bytes = match answer.peak {
                Some(peak) if enough => format!("{:.0}", peak as f64 / answer.states as f64),
                _ => "-".to_owned(),
            };
            let rate = if enough {
                format!("{rate:.0}")
            } else {
                "-".to_owned()
            };
            let _ = writeln!(
                out,
                "| {} | {} | {seconds:.3} | {} | {rate} | {bytes} |",
                case.name(),
                tool.name(),
                answer.states
            );
        }
        out.push_str("\n| tool | largest within the cap | time there, of what kmapcheck takes for the same |\n|---|---|--:|\n");
        for &tool in Tool::all() {
            if let Some(row) = self.rows.iter().rev().find(|row| row.tool == tool) {
                let more = if self.too_long.contains(&tool) {
                    ""
                } else {
                    " (the most tried)"
                };
                let ratio = self.ratio(row, goal);
                let _ = writeln!(
                    out,
                    "| {} | {}{more} | {ratio} |",
                    tool.name(),
                    row.case.name()
                );
            }
        }
        out
    }

    /// The time of a run by that of kmapcheck on the same scenario: exploring as much where every
    /// state is asked for, in its default mode where a deadlock is.
    fn ratio(&self, row: &Row, goal: Goal) -> String {
        let ours = match goal {
            Goal::Whole if row.tool.counts_named_states() => Tool::Plain { threads: 1 },
            _ => Tool::Counted,
        };
        let ours = (self.rows.iter()).find(|other| other.case == row.case && other.tool == ours);
        ours.map_or("-".to_owned(), |ours| {
            let ratio = row.answer.time.as_secs_f64() / ours.answer.time.as_secs_f64();
            format!("{ratio:.2}")
        })
    }
}
