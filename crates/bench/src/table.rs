//! Every run of a family, as a table.

use std::fmt::Write;
use std::time::Duration;

use crate::family::{Case, Family};
use crate::tool::{Answer, Goal, Outcome, Tool};

/// A run.
#[derive(Debug, Clone)]
pub struct Row {
    /// The scenario.
    pub case: Case,
    /// The tool.
    pub tool: Tool,
    /// How it ended.
    pub outcome: Outcome,
}

impl Row {
    /// What it answered.
    #[must_use]
    pub fn answer(&self) -> Option<&Answer> {
        match &self.outcome {
            Outcome::Answer(answer) => Some(answer),
            Outcome::Gave(_) => None,
        }
    }
}

/// The runs of one family with one goal.
#[derive(Debug)]
pub struct Table {
    /// The family.
    pub family: Family,
    /// What was asked.
    pub goal: Goal,
    /// The runs, smaller sizes first.
    pub rows: Vec<Row>,
}

const HEAD: &str = "| scenario | tool | s | states | states/s | bytes a state | time, of kmapcheck's |\n|---|---|--:|--:|--:|--:|--:|\n";

impl Table {
    /// How long a tool would take for a case if its time grew with a power of the number of tasks,
    /// as from its last size but one to its last: not long enough, where time grows exponentially.
    /// `None` where there is too little to go by, as where starting the program took the time.
    #[must_use]
    pub fn expected(&self, tool: Tool, case: Case) -> Option<Duration> {
        let mut done = (self.rows.iter().rev())
            .filter(|row| row.tool == tool)
            .filter_map(|row| Some((row.case.tasks as f64, row.answer()?.time.as_secs_f64())));
        let (tasks, time) = done.next()?;
        let (fewer, before) = done.next()?;
        if time < 1.0 {
            return None;
        }
        let power = (time / before).ln() / (tasks / fewer).ln();
        let expected = time * (case.tasks as f64 / tasks).powf(power);
        Duration::try_from_secs_f64(expected).ok()
    }

    /// All runs for which `shown` says so, as Markdown.
    #[must_use]
    pub fn show(&self, shown: impl Fn(Case) -> bool) -> String {
        let mut out = HEAD.to_owned();
        for row in self.rows.iter().filter(|row| shown(row.case)) {
            let (case, tool) = (row.case.name(), row.tool.name());
            let _ = match &row.outcome {
                Outcome::Gave(why) => writeln!(out, "| {case} | {tool} | {why} | | | | |"),
                Outcome::Answer(answer) => {
                    let seconds = answer.time.as_secs_f64();
                    let states = answer.states as f64;
                    writeln!(
                        out,
                        "| {case} | {tool} | {seconds:.3} | {} | {:.0} | {:.0} | {} |",
                        answer.states,
                        states / seconds,
                        answer.peak as f64 / states,
                        self.ratio(row.case, row.tool, answer)
                    )
                }
            };
        }
        out
    }

    /// The time of a run by that of kmapcheck on the same scenario: exploring as much where every
    /// state is asked for, in its default mode otherwise.
    fn ratio(&self, case: Case, tool: Tool, answer: &Answer) -> String {
        let ours = if self.goal == Goal::Whole && tool.counts_named_states() {
            Tool::Plain { threads: 1 }
        } else {
            Tool::Counted
        };
        let ours = (self.rows.iter()).find(|other| other.case == case && other.tool == ours);
        match ours.and_then(Row::answer) {
            Some(ours) => {
                let ratio = answer.time.as_secs_f64() / ours.time.as_secs_f64();
                format!("{ratio:.2}")
            }
            None => "kmapcheck did not end".to_owned(),
        }
    }

    /// The largest case that a tool that tells tasks apart, other than ours, came to the end of.
    #[must_use]
    pub fn largest_of_peers(&self) -> Option<Case> {
        let peer = |row: &&Row| {
            let peer = row.tool.counts_named_states() && !row.tool.is_ours();
            peer && row.answer().is_some()
        };
        (self.rows.iter().rev()).find(peer).map(|row| row.case)
    }

    /// How far a tool got.
    #[must_use]
    pub fn reach(&self, tool: Tool) -> String {
        let mut rows = self.rows.iter().rev().filter(|row| row.tool == tool);
        let Some(last) = rows.next() else {
            return "not run".to_owned();
        };
        match &last.outcome {
            Outcome::Answer(_) => format!("{}, the most tried", last.case.tasks),
            Outcome::Gave(why) => {
                let ended = rows.find(|row| row.answer().is_some());
                let ended = ended.map_or("none".to_owned(), |row| row.case.tasks.to_string());
                format!("{ended} ({}: {why})", last.case.tasks)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_expected_to_grow_with_a_power_of_the_tasks() {
        let tool = Tool::Counted;
        let case = |tasks| Case {
            family: Family::Ordered,
            tasks,
            slots: 2,
        };
        let took = |tasks, seconds| Row {
            case: case(tasks),
            tool,
            outcome: Outcome::Answer(Answer {
                time: Duration::from_secs_f64(seconds),
                peak: 0,
                states: 0,
                deadlock: false,
            }),
        };
        let table = |rows| Table {
            family: Family::Ordered,
            goal: Goal::Whole,
            rows,
        };
        let cubic = table(vec![took(4, 1.0), took(8, 8.0)]);
        let expected = cubic.expected(tool, case(16)).expect("two times");
        assert!((expected.as_secs_f64() - 64.0).abs() < 1e-6, "{expected:?}");
        let short = table(vec![took(4, 0.1), took(8, 0.8)]);
        assert_eq!(short.expected(tool, case(16)), None);
        let single = table(vec![took(8, 8.0)]);
        assert_eq!(single.expected(tool, case(16)), None);
    }
}
