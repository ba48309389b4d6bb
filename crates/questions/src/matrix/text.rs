//! A matrix as text for people, and as Markdown.

use std::fmt::Write;

use kmapcheck_report::words::{count, list, padded, width};
use kmapcheck_scenario::FindingKind;

use super::{Cell, Entry, Matrix, Ran, Sign, Table, Together};
use crate::markdown;

/// How a diagonal is to be read.
const DIAGONAL: &str =
    "On the diagonal a scenario is alone, and all that it has is new. Warnings have no sign.";

/// The whole, ending in a line feed.
#[must_use]
pub fn render(matrix: &Matrix) -> String {
    // Writing to a String cannot fail.
    let mut out = String::new();
    let _ = writeln!(out, "{}", head(matrix));
    let widths = Widths::of(matrix);
    for table in &matrix.tables {
        let _ = writeln!(out, "\n{}", on(table));
        widths.write(&mut out, matrix, table);
        for (head, lines) in told(matrix, table) {
            let _ = writeln!(out, "\n{head}");
            for line in lines {
                let _ = writeln!(out, "  {line}");
            }
        }
        for more in [perhaps_more(table), perhaps_further(table)]
            .into_iter()
            .flatten()
        {
            let _ = writeln!(out, "\n{more}");
        }
    }
    let _ = writeln!(out, "\n{DIAGONAL}");
    for sign in matrix.signs() {
        let _ = writeln!(out, "{}  {}", sign.character(), sign.words());
    }
    out
}

/// The same as Markdown.
#[must_use]
pub fn markdown(matrix: &Matrix) -> String {
    let mut out = format!("{}\n", markdown::text(&head(matrix)));
    for table in &matrix.tables {
        let _ = writeln!(out, "\n**{}**\n", markdown::text(&on(table)));
        let numbers: Vec<String> = (1..=matrix.scenarios.len())
            .map(|n| n.to_string())
            .collect();
        let _ = writeln!(out, "| | {} |", numbers.join(" | "));
        let _ = writeln!(out, "|---{}|", "|:-:".repeat(numbers.len()));
        for (n, (named, row)) in matrix.scenarios.iter().zip(&table.rows).enumerate() {
            let mut cells: Vec<String> = row
                .iter()
                .map(|cell| format!("`{}`", signs(cell)))
                .collect();
            cells.resize(numbers.len(), String::new());
            let name = markdown::text(&named.scenario);
            let _ = writeln!(out, "| {} {name} | {} |", n + 1, cells.join(" | "));
        }
        for (head, lines) in told(matrix, table) {
            let _ = writeln!(out, "\n{head}\n");
            for line in lines {
                let _ = writeln!(out, "- {}", markdown::text(&line));
            }
        }
        for more in [perhaps_more(table), perhaps_further(table)]
            .into_iter()
            .flatten()
        {
            let _ = writeln!(out, "\n{more}");
        }
    }
    let _ = writeln!(out, "\n{DIAGONAL}\n\n| | |\n|:-:|---|");
    for sign in matrix.signs() {
        let _ = writeln!(out, "| `{}` | {} |", sign.character(), sign.words());
    }
    out
}

fn head(matrix: &Matrix) -> String {
    let tasks = match matrix.any_tasks {
        true => "any number of tasks of each",
        false => "tasks as the files have them",
    };
    let scenarios = count(matrix.scenarios.len() as u64, "scenario");
    let at = match matrix.sizes.as_slice() {
        [size] if size.is_empty() => String::new(),
        [size] => format!(" With {size} {}.", matrix.sizes_of),
        sizes => format!(
            " In each cell a sign with {} {}.",
            list(sizes),
            matrix.sizes_of
        ),
    };
    format!("{scenarios}, each beside each: {tasks}.{at}")
}

fn on(table: &Table) -> String {
    match &table.model {
        Some(model) => format!("on {model}"),
        None => "as the files have it".to_owned(),
    }
}

/// A sign for each size.
pub(super) fn signs(cell: &Cell) -> String {
    cell.at
        .iter()
        .map(|entry| entry.sign().character())
        .collect()
}

/// How wide the columns are.
struct Widths {
    number: usize,
    name: usize,
    cell: usize,
}

impl Widths {
    fn of(matrix: &Matrix) -> Widths {
        let number = matrix.scenarios.len().to_string().len();
        let names = matrix.scenarios.iter().map(|named| width(&named.scenario));
        Widths {
            number,
            name: names.max().unwrap_or(0),
            cell: matrix.sizes.len().max(number),
        }
    }

    fn write(&self, out: &mut String, matrix: &Matrix, table: &Table) {
        let Widths { number, name, cell } = *self;
        let mut line = " ".repeat(number + name + 1);
        for n in 1..=matrix.scenarios.len() {
            let _ = write!(line, "  {n:<cell$}");
        }
        let _ = writeln!(out, "{}", line.trim_end());
        for (n, (named, row)) in matrix.scenarios.iter().zip(&table.rows).enumerate() {
            let scenario = padded(&named.scenario, name);
            let mut line = format!("{:>number$} {scenario}", n + 1);
            for at in row {
                let _ = write!(line, "  {:<cell$}", signs(at));
            }
            let _ = writeln!(out, "{}", line.trim_end());
        }
    }
}

/// What is told in words: heads with lines, those without lines left out.
fn told(matrix: &Matrix, table: &Table) -> Vec<(&'static str, Vec<String>)> {
    let is_alone = |cell: &&Cell| cell.of[0] == cell.of[1];
    let cells = || table.rows.iter().flatten();
    let pair = |cell: &Cell| format!("{} with {}", cell.of[0], cell.of[1]);
    let together = (cells().filter(|cell| !is_alone(cell)))
        .filter_map(|cell| Some(format!("{}: {}", pair(cell), found(matrix, cell)?)));
    let alone = (cells().filter(is_alone))
        .filter_map(|cell| Some(format!("{}: {}", cell.of[0], found(matrix, cell)?)));
    let mut not_run: Vec<(&str, Vec<String>)> = Vec::new();
    let mut unknown: Vec<(&str, Vec<String>)> = Vec::new();
    // Those alone first: what is not run alone is not run beside another either, for the same reason.
    let alone_first = cells()
        .filter(is_alone)
        .chain(cells().filter(|cell| !is_alone(cell)));
    for cell in alone_first {
        for entry in &cell.at {
            let (list, why) = match entry {
                Entry::NotRun { why } => (&mut not_run, why.as_str()),
                Entry::Ran(Ran { stopped, .. }) if entry.sign() == Sign::Unknown => {
                    (&mut unknown, stopped.as_deref().unwrap_or("not decided"))
                }
                Entry::Ran(_) => continue,
            };
            let same = list.iter().position(|(known, _)| *known == why);
            let same = same.unwrap_or_else(|| {
                list.push((why, Vec::new()));
                list.len() - 1
            });
            let of = if is_alone(&cell) {
                cell.of[0].clone()
            } else {
                pair(cell)
            };
            let named = &mut list[same].1;
            if !named.contains(&of) && !cell.of.iter().any(|of| named.contains(of)) {
                named.push(of);
            }
        }
    }
    let told = |reasons: Vec<(&str, Vec<String>)>| {
        let told = reasons
            .into_iter()
            .map(|(why, of)| format!("{}: {why}", shortened(&of)));
        told.collect::<Vec<String>>()
    };
    let mut together: Vec<String> = together.collect();
    if together.is_empty() && matrix.scenarios.len() > 1 {
        together.push("nothing".to_owned());
    }
    [
        ("Found with one alone:", alone.collect()),
        ("Found with two together, and with neither alone:", together),
        ("Not run:", told(not_run)),
        ("Not found out:", told(unknown)),
    ]
    .into_iter()
    .filter(|(_, lines): &(_, Vec<String>)| !lines.is_empty())
    .collect()
}

/// The first of many.
fn shortened(of: &[String]) -> String {
    const MOST: usize = 6;
    match of.len().checked_sub(MOST) {
        None | Some(0) => list(of),
        Some(more) => format!("{} and {more} more", of[..MOST].join(", ")),
    }
}

/// Says of how many cells with a finding it is not known whether there are other errors.
fn perhaps_more(table: &Table) -> Option<String> {
    let is_open = |cell: &&Cell| {
        let mut entries = cell.at.iter();
        entries.any(|entry| !entry.is_complete() && entry.sign() != Sign::Unknown)
    };
    let open = table.rows.iter().flatten().filter(is_open).count() as u64;
    (open > 0).then(|| {
        format!(
            "In {} with a finding a limit came first: there may be errors of other kinds.",
            count(open, "cell")
        )
    })
}

/// Says of how many cells it is not known whether there is a deadlock of tasks of both besides.
fn perhaps_further(table: &Table) -> Option<String> {
    let is_open = |cell: &&Cell| {
        let of_both = |entry: &Entry| match entry {
            Entry::Ran(Ran { together, .. }) => matches!(together, Some(Together::NotKnown { .. })),
            Entry::NotRun { .. } => false,
        };
        let mut open = cell
            .at
            .iter()
            .filter(|entry| entry.sign() == Sign::StuckAlone);
        open.any(of_both)
    };
    let open = table.rows.iter().flatten().filter(is_open).count() as u64;
    (open > 0).then(|| {
        format!(
            "In {} with `o` it is not known whether there is a deadlock of tasks of both besides.",
            count(open, "cell")
        )
    })
}

/// Takes note of something that is found at a size.
fn note(kinds: &mut Vec<(String, Vec<usize>)>, kind: String, at: usize) {
    match kinds.iter_mut().find(|(known, _)| *known == kind) {
        Some((_, places)) => places.push(at),
        None => kinds.push((kind, vec![at])),
    }
}

/// What is new in a cell, and at which sizes.
fn found(matrix: &Matrix, cell: &Cell) -> Option<String> {
    let mut kinds: Vec<(String, Vec<usize>)> = Vec::new();
    for (at, entry) in cell.at.iter().enumerate() {
        let Entry::Ran(ran) = entry else { continue };
        for kind in &ran.new {
            let class = ran
                .class
                .as_ref()
                .filter(|_| *kind == FindingKind::Deadlock.name());
            let kind = match class {
                Some(class) => format!("{kind} ({class})"),
                None => (*kind).to_owned(),
            };
            note(&mut kinds, kind, at);
        }
        if let Some(Together::Found { class, .. }) = &ran.together {
            let kind = FindingKind::Deadlock.name();
            note(&mut kinds, format!("{kind} of tasks of both ({class})"), at);
        }
    }
    let said = kinds.into_iter().map(|(kind, places)| {
        if places.len() == cell.at.len() {
            return kind;
        }
        let at: Vec<&str> = places.iter().map(|&at| matrix.sizes[at].as_str()).collect();
        format!("{kind} only with {}", list(&at))
    });
    let said: Vec<String> = said.collect();
    (!said.is_empty()).then(|| said.join("; "))
}
