//! The tables as a picture, in SVG.

use kmapcheck_report::words::on_model;
use svg::Document;
use svg::node::element::{Rectangle, Text, Title};

use super::cells::Cell;
use super::{SizeReport, Table};
use crate::canvas::canvas;

const SIDE: usize = 22;
const LEFT: usize = 70;
const HEAD: usize = 56;
const GAP: usize = 30;

/// All tables, one below the other.
#[must_use]
pub fn render(report: &SizeReport) -> String {
    let height = |table: &Table| HEAD + table.rows.len() * SIDE + GAP;
    // Without rows there are no columns.
    let columns = |table: &Table| table.rows.first().map_or(0, |row| row.cells.len());
    let widest = report.tables.iter().map(columns).max().unwrap_or(0);
    let total: usize = 40 + report.tables.iter().map(height).sum::<usize>();
    let width = (LEFT + widest * SIDE + GAP).max(520);
    let mut document = canvas(width, total).add(
        Text::new(format!(
            "Sizes of {}",
            on_model(&report.scenario, &report.model)
        ))
        .set("x", 10)
        .set("y", 22)
        .set("font-size", 14),
    );
    let mut top = 40;
    for table in &report.tables {
        document = draw(document, table, top);
        top += height(table);
    }
    document.to_string() + "\n"
}

fn draw(mut document: Document, table: &Table, top: usize) -> Document {
    let head = format!(
        "{} of {} (down) by {} (across)",
        table.counts, table.series, table.tasks
    );
    document = document.add(Text::new(head).set("x", 10).set("y", top + 18));
    // Without rows there are no columns.
    let columns = table.rows.first().map_or(0, |row| row.cells.len());
    let number = |n: usize, x: usize, y: usize| {
        Text::new(n.to_string())
            .set("x", x)
            .set("y", y)
            .set("text-anchor", "middle")
            .set("font-size", 10)
    };
    for n in 0..columns {
        document = document.add(number(n + 1, LEFT + n * SIDE + SIDE / 2, top + HEAD - 8));
    }
    for (i, row) in table.rows.iter().enumerate() {
        let y = top + HEAD + i * SIDE;
        document = document.add(number(row.slots as usize, LEFT - 16, y + 15));
        for (n, cell) in row.cells.iter().enumerate() {
            let x = LEFT + n * SIDE;
            let said = format!("{} {}, {}: {}", row.slots, table.counts, n + 1, said(cell));
            document = document
                .add(
                    Rectangle::new()
                        .set("x", x)
                        .set("y", y)
                        .set("width", SIDE - 1)
                        .set("height", SIDE - 1)
                        .set("fill", colour(cell))
                        .add(Title::new(said)),
                )
                // Not by colour alone.
                .add(
                    Text::new(cell.sign().to_string())
                        .set("x", x + SIDE / 2)
                        .set("y", y + 15)
                        .set("text-anchor", "middle"),
                );
        }
    }
    document
}

fn colour(cell: &Cell) -> &'static str {
    match cell {
        Cell::Safe { .. } => "#bfe3c0",
        Cell::Unsafe { .. } => "#f2b8b0",
        Cell::Unknown { .. } => "#f3e3a2",
        Cell::Misfit => "#dddddd",
    }
}

fn said(cell: &Cell) -> &'static str {
    match cell {
        Cell::Safe { .. } => "safe",
        Cell::Unsafe { .. } => "not safe",
        Cell::Unknown { .. } => "not found out",
        Cell::Misfit => "no such scenario is accepted",
    }
}
