//! A matrix as a picture, in SVG.

use kmapcheck_report::words::{self, list};
use svg::Document;
use svg::node::element::{Rectangle, Text, Title};

use super::{Cell, Entry, Matrix, Sign, Table};
use crate::canvas::canvas;

/// A side of a square, one for each size.
const SIDE: usize = 15;
const GAP: usize = 8;
const HEAD: usize = 60;
const LINE: usize = 18;

/// All tables, one below the other, and what the signs mean.
#[must_use]
pub fn render(matrix: &Matrix) -> String {
    let scenarios = matrix.scenarios.len();
    let longest = (matrix.scenarios.iter())
        .map(|named| words::width(&named.scenario))
        .max();
    let left = 40 + 7 * longest.unwrap_or(0);
    let cell = SIDE * matrix.sizes.len() + GAP;
    let height = HEAD + scenarios * (SIDE + GAP);
    let width = (left + scenarios * cell + GAP).max(520);
    let total = matrix.tables.len() * height + LINE * (Sign::ALL.len() + 3);
    let mut document = canvas(width, total);
    let mut top = 0;
    for table in &matrix.tables {
        document = draw(document, matrix, table, (left, top, cell));
        top += height;
    }
    top += LINE;
    if matrix.sizes.len() > 1 {
        let sizes = format!(
            "In each cell, from the left: {} {}",
            list(&matrix.sizes),
            matrix.sizes_of
        );
        document = document.add(Text::new(sizes).set("x", GAP).set("y", top));
        top += LINE;
    }
    for sign in matrix.signs() {
        document = square(document, sign, (GAP, top), None).add(
            Text::new(sign.words())
                .set("x", GAP + SIDE + GAP)
                .set("y", top + 12),
        );
        top += LINE;
    }
    document.to_string() + "\n"
}

fn draw(
    mut document: Document,
    matrix: &Matrix,
    table: &Table,
    (left, top, cell): (usize, usize, usize),
) -> Document {
    let of = table.model.as_ref().map_or_else(
        || "As the files have it".to_owned(),
        |model| format!("On {model}"),
    );
    document = document.add(
        Text::new(of)
            .set("x", GAP)
            .set("y", top + 22)
            .set("font-size", 14),
    );
    for (i, (named, row)) in matrix.scenarios.iter().zip(&table.rows).enumerate() {
        let (x, y) = (left + i * cell, top + HEAD + i * (SIDE + GAP));
        document = document
            .add(
                Text::new(format!("{} {}", i + 1, named.scenario))
                    .set("x", GAP)
                    .set("y", y + 12),
            )
            .add(
                Text::new((i + 1).to_string())
                    .set("x", x + (cell - GAP) / 2)
                    .set("y", top + HEAD - 8)
                    .set("text-anchor", "middle")
                    .set("font-size", 10),
            );
        for (j, pair) in row.iter().enumerate() {
            for (at, entry) in pair.at.iter().enumerate() {
                let x = left + j * cell + at * SIDE;
                let said = said(matrix, pair, at, entry);
                document = square(document, entry.sign(), (x, y), Some(said));
            }
        }
    }
    document
}

/// What a square says to whoever points at it.
fn said(matrix: &Matrix, pair: &Cell, at: usize, entry: &Entry) -> String {
    let of = match &pair.of {
        [one, other] if one == other => format!("{one} alone"),
        [one, other] => format!("{one} with {other}"),
    };
    let size = Some(&matrix.sizes[at]).filter(|size| !size.is_empty());
    let size = size.map(|size| format!(", {size} {}", matrix.sizes_of));
    let found = match entry {
        Entry::NotRun { why } => format!("not run: {why}"),
        Entry::Ran(ran) => match (ran.findings.is_empty(), &ran.stopped) {
            (false, _) => ran.findings.join(", "),
            (true, Some(why)) => format!("not found out: {why}"),
            (true, None) => "nothing found".to_owned(),
        },
    };
    format!("{of}{}: {found}", size.unwrap_or_default())
}

/// A square with its sign: not by colour alone.
fn square(
    document: Document,
    sign: Sign,
    (x, y): (usize, usize),
    said: Option<String>,
) -> Document {
    let mut square = Rectangle::new()
        .set("x", x)
        .set("y", y)
        .set("width", SIDE - 1)
        .set("height", SIDE - 1)
        .set("fill", colour(sign));
    if let Some(said) = said {
        square = square.add(Title::new(said));
    }
    document.add(square).add(
        Text::new(sign.character().to_string())
            .set("x", x + SIDE / 2)
            .set("y", y + 11)
            .set("text-anchor", "middle")
            .set("font-size", 10),
    )
}

fn colour(sign: Sign) -> &'static str {
    match sign {
        Sign::Nothing => "#bfe3c0",
        Sign::Stuck | Sign::StuckBesides => "#f2b8b0",
        Sign::StuckAlone => "#f7dcd6",
        Sign::Error => "#f5cba0",
        Sign::ErrorAlone => "#f9e6d2",
        Sign::Unknown => "#f3e3a2",
        Sign::NotRun => "#dddddd",
    }
}
