//! What of a run goes into docs/performance.md.

use std::fmt::Write;
use std::path::Path;
use std::process::Command;

use crate::family::{Case, Family};
use crate::table::{Row, Table};
use crate::tool::{Goal, Outcome, Places, Tool};

/// Between these lines of a document `record` writes.
const BEGIN: &str = "<!-- results of `just bench` -->";
const END: &str = "<!-- end of results -->";

/// The summary of a run, as Markdown: the tables, and kmapcheck at real sizes.
#[must_use]
pub fn summary(tables: &[Table], real: &[Row], places: &Places) -> String {
    let mut out = circumstances(places);
    let whole = || tables.iter().filter(|table| table.goal == Goal::Whole);
    out.push_str("\n### Every state\n\nThe largest size of each family that some other tool came to the end of with the tasks told apart, and ORDERED(14, 2).\n");
    for table in whole() {
        let largest = table.largest_of_peers();
        let ordered = (table.family == Family::Ordered).then_some(14);
        let shown = |case: Case| Some(case) == largest || Some(case.tasks) == ordered;
        let _ = write!(out, "\n{}", table.show(shown));
    }
    for (goal, title, about) in [
        (
            Goal::Whole,
            "The most tasks with every state explored",
            "in brackets the size at which a tool gave up, and why",
        ),
        (
            Goal::Deadlock,
            "The most tasks with a deadlock found",
            "for kmapcheck this is a whole check",
        ),
    ] {
        let tables: Vec<&Table> = tables.iter().filter(|table| table.goal == goal).collect();
        if !tables.is_empty() {
            let cap = places.bounds.time.as_secs();
            let _ = writeln!(out, "\n### {title}\n\nWithin {cap} s a run; {about}.\n");
            out.push_str(&reaches(goal, &tables));
        }
    }
    out.push_str(
        "\n### kmapcheck at real sizes\n\n| scenario | s | states | MB |\n|---|--:|--:|--:|\n",
    );
    for row in real {
        let name = row.case.name();
        let _ = match &row.outcome {
            Outcome::Answer(answer) => writeln!(
                out,
                "| {name} | {:.3} | {} | {} |",
                answer.time.as_secs_f64(),
                answer.states,
                answer.peak >> 20
            ),
            Outcome::Gave(why) => writeln!(out, "| {name} | {why} | | |"),
        };
    }
    out
}

fn reaches(goal: Goal, tables: &[&Table]) -> String {
    let names: Vec<&str> = tables.iter().map(|table| table.family.name()).collect();
    let mut out = format!("| tool | {} |\n|---|", names.join(" | "));
    out.push_str(&"---|".repeat(tables.len()));
    out.push('\n');
    for tool in Tool::all().iter().filter(|tool| tool.answers(goal)) {
        let cells: Vec<String> = tables.iter().map(|table| table.reach(*tool)).collect();
        let _ = writeln!(out, "| {} | {} |", tool.name(), cells.join(" | "));
    }
    out
}

/// With what, and on what, the run was made.
fn circumstances(places: &Places) -> String {
    let kmapcheck = places.kmapcheck.to_string_lossy();
    let versions = [
        first_line(&kmapcheck, "--version"),
        first_line("spin", "-V"),
        first_line("rumur", "--version"),
        first_line("gcc", "--version"),
    ];
    let cpus = std::thread::available_parallelism().map_or(1, usize::from);
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let cpu = (info.lines())
        .find_map(|line| line.strip_prefix("model name")?.split_once(':'))
        .map_or("of an unknown kind", |(_, name)| name.trim());
    format!(
        "{}; stateright 0.31. {cpus} CPUs, {cpu}; at most {} s and {} GB a run.\n",
        versions.join("; "),
        places.bounds.time.as_secs(),
        places.bounds.memory >> 30
    )
}

fn first_line(command: &str, argument: &str) -> String {
    let output = Command::new(command).arg(argument).output();
    let said = output.map_or(Vec::new(), |output| output.stdout);
    let said = String::from_utf8_lossy(&said);
    (said.lines().next()).map_or(format!("{command} of an unknown version"), |line| {
        line.trim().to_owned()
    })
}

/// Puts the summary into a document, between the two marks.
///
/// # Errors
///
/// If the document cannot be read or written, or has no marks.
pub fn record(document: &Path, summary: &str) -> Result<(), String> {
    let named = |e: std::io::Error| format!("{}: {e}", document.display());
    let text = std::fs::read_to_string(document).map_err(named)?;
    let new = between(&text, summary)
        .ok_or_else(|| format!("{}: no lines `{BEGIN}` and `{END}`", document.display()))?;
    std::fs::write(document, new).map_err(named)
}

fn between(text: &str, summary: &str) -> Option<String> {
    let (before, rest) = text.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    let summary = summary.trim();
    Some(format!("{before}{BEGIN}\n\n{summary}\n\n{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_between_the_marks_changes() {
        let text = format!("# Title\n{BEGIN}\nold\n{END}\nafter\n");
        let new = between(&text, "new").expect("there are marks");
        assert_eq!(new, format!("# Title\n{BEGIN}\n\nnew\n\n{END}\nafter\n"));
        assert_eq!(between(&new, "new").as_ref(), Some(&new));
        assert_eq!(between("no marks", "new"), None);
    }
}
