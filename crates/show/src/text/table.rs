//! A trace as a table (one column a task) or, where that does not fit, as a list.

use comfy_table::{Cell, CellAlignment, ContentArrangement, Row as TableRow, Table, presets};

use super::fold::{Grid, Row};
use kmapcheck_report::words::{list, number, width as columns};
use kmapcheck_report::{Finding, SlotUsage, Standing, Step};

/// More task columns than this are folded, or listed.
const MAX_COLUMNS: usize = 5;
/// The least width of a task column that is still readable.
const MIN_COLUMN: usize = 14;
/// Longer traces lose their middle; the JSON output has every step.
const MAX_ROWS: usize = 200;

/// The trace of a finding, with a line feed at its end; empty if there is nothing to show.
pub(super) fn trace(finding: &Finding, width: usize) -> String {
    if finding.tasks.is_empty() {
        return String::new();
    }
    let mut grid = Grid::unfolded(finding);
    if grid.columns.len() > MAX_COLUMNS {
        grid = Grid::folded(finding);
    }
    // No steps: no columns.
    let series = finding.trace.first().map_or(0, |step| step.slots.len());
    // For layout: where nothing is left, nothing fits.
    let spare = width.saturating_sub(24 + 12 * series);
    if grid.columns.len() <= MAX_COLUMNS && grid.columns.len() * MIN_COLUMN <= spare {
        table(&grid, width)
    } else {
        steps_list(&grid)
    }
}

fn table(grid: &Grid<'_>, width: usize) -> String {
    let finding = grid.finding;
    let mut table = Table::new();
    let series: Vec<&str> = finding.trace.first().map_or(Vec::new(), |step| {
        step.slots
            .iter()
            .map(|slots| slots.series.as_str())
            .collect()
    });
    let lines = finding.trace.iter().any(|step| step.place.line != 0);
    let mut header = vec![Cell::new("step").set_alignment(CellAlignment::Right)];
    header.extend(
        grid.columns
            .iter()
            .map(|column| Cell::new(grid.label(column))),
    );
    header.extend(series.iter().map(Cell::new));
    if lines {
        header.push(Cell::new("line"));
    }
    table.load_style(presets::UTF8_NO_BORDERS.row_separator(comfy_table::LineStyle::none()));
    table.set_header(header);
    for row in shown(&grid.rows) {
        match row {
            Some(row) => table.add_row(table_row(grid, row, lines)),
            None => table.add_row(vec![Cell::new("...").set_alignment(CellAlignment::Right)]),
        };
    }
    table.add_row(end_row(grid, "then", |task| match task.standing {
        Standing::Waits => format!("waits in {}", task.next.as_deref().unwrap_or("?")),
        Standing::Moves => "can go on".to_owned(),
        Standing::Ended => "has ended".to_owned(),
    }));
    if finding.tasks.iter().any(|task| !task.holds.is_empty()) {
        table.add_row(end_row(grid, "holds", |task| {
            task.holds
                .iter()
                .map(|holding| holding.what.as_str())
                .collect::<Vec<_>>()
                .join(",\n")
        }));
    }
    let natural = table.lines().map(|line| columns(&line)).max().unwrap_or(0);
    if natural > width {
        table.set_content_arrangement(ContentArrangement::Dynamic);
        // As wide as the table can be told to be.
        table.set_width(u16::try_from(width).unwrap_or(u16::MAX));
    }
    let mut out = String::new();
    for line in table.lines() {
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

fn table_row(grid: &Grid<'_>, row: &Row, lines: bool) -> TableRow {
    let steps = &grid.finding.trace[row.steps.clone()];
    let mut cells = vec![Cell::new(step_numbers(row)).set_alignment(CellAlignment::Right)];
    for column in 0..grid.columns.len() {
        let times = row
            .cells
            .iter()
            .find(|(known, _)| *known == column)
            .map(|(_, times)| *times);
        cells.push(Cell::new(
            times.map_or_else(String::new, |times| cell(grid, row, column, times)),
        ));
    }
    if let Some(last) = steps.last() {
        cells.extend(last.slots.iter().map(|slots| Cell::new(usage(slots))));
        if lines {
            cells.push(Cell::new(line_of(last)));
        }
    }
    TableRow::from(cells)
}

/// An operation, how often, and what it did if that is worth a line.
fn cell(grid: &Grid<'_>, row: &Row, column: usize, times: usize) -> String {
    let mut steps = grid.steps_of(row, column);
    let Some(first) = steps.next() else {
        return String::new();
    };
    let mut text = first.op.clone();
    if times > 1 {
        text.push_str(&format!(" x{}", number(times as u64)));
    }
    if let Some(effect) = told_effect(first, steps) {
        text.push('\n');
        text.push_str(effect);
    }
    text
}

/// The effect that all these steps have in common, unless the use of the slots shows it.
fn told_effect<'a>(first: &'a Step, mut others: impl Iterator<Item = &'a Step>) -> Option<&'a str> {
    let same = !first.plain && others.all(|other| other.effect == first.effect);
    first.effect.as_deref().filter(|_| same)
}

/// `1/2`, and the stale ones if there are any.
fn usage(slots: &SlotUsage) -> String {
    let of = slots
        .of
        .map_or_else(String::new, |of| format!("/{}", number(u64::from(of))));
    let stale = if slots.stale > 0 {
        format!(" +{} stale", number(u64::from(slots.stale)))
    } else {
        String::new()
    };
    format!("{}{of}{stale}", number(u64::from(slots.in_use)))
}

fn step_numbers(row: &Row) -> String {
    let (first, last) = (row.steps.start + 1, row.steps.end);
    if first == last {
        number(first as u64)
    } else {
        format!("{}-{}", number(first as u64), number(last as u64))
    }
}

fn end_row(
    grid: &Grid<'_>,
    label: &str,
    text: impl Fn(&kmapcheck_report::TaskAtEnd) -> String,
) -> TableRow {
    let mut cells = vec![Cell::new(label).set_alignment(CellAlignment::Right)];
    for column in &grid.columns {
        let first = column.tasks.first().map(|&task| &grid.finding.tasks[task]);
        cells.push(Cell::new(first.map_or_else(String::new, &text)));
    }
    TableRow::from(cells)
}

/// The rows to show; `None` stands for those left out.
fn shown(rows: &[Row]) -> Vec<Option<&Row>> {
    if rows.len() <= MAX_ROWS {
        return rows.iter().map(Some).collect();
    }
    let (head, tail) = (&rows[..MAX_ROWS / 2], &rows[rows.len() - MAX_ROWS / 2..]);
    head.iter()
        .map(Some)
        .chain([None])
        .chain(tail.iter().map(Some))
        .collect()
}

/// The same facts with one line a row, for more tasks than fit side by side.
fn steps_list(grid: &Grid<'_>) -> String {
    let finding = grid.finding;
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    for row in shown(&grid.rows) {
        let Some(row) = row else {
            table.add_row(vec!["..."]);
            continue;
        };
        for &(column, times) in &row.cells {
            let mut steps = grid.steps_of(row, column);
            let Some(first) = steps.next() else { continue };
            let last = steps.last().unwrap_or(first);
            let times = if times > 1 {
                format!(" x{}", number(times as u64))
            } else {
                String::new()
            };
            let slots: Vec<String> = last
                .slots
                .iter()
                .map(|slots| format!("{} {}", slots.series, usage(slots)))
                .collect();
            let effect = told_effect(first, grid.steps_of(row, column)).unwrap_or_default();
            table.add_row(vec![
                Cell::new(step_numbers(row)).set_alignment(CellAlignment::Right),
                Cell::new(row_label(grid, row, column)),
                Cell::new(format!("{}{times}", first.op)),
                Cell::new(effect),
                Cell::new(slots.join(", ")),
                Cell::new(line_of(first)),
            ]);
        }
    }
    let mut out = String::new();
    for line in table.lines() {
        out.push_str(line.trim_end());
        out.push('\n');
    }
    let mut ends = Vec::new();
    for column in &grid.columns {
        let Some(task) = column.tasks.first().map(|&task| &finding.tasks[task]) else {
            continue;
        };
        if task.standing == Standing::Waits && finding.core.is_empty() {
            ends.push(format!(
                "{} waits for {}",
                grid.label(column),
                list(&task.waits_for)
            ));
        }
    }
    if !ends.is_empty() {
        out.push_str(&format!("then {}\n", list(&ends)));
    }
    out
}

fn row_label(grid: &Grid<'_>, row: &Row, column: usize) -> String {
    let mut tasks: Vec<_> = grid
        .steps_of(row, column)
        .map(|step| (step.who, step.task.as_str()))
        .collect();
    tasks.sort_unstable();
    tasks.dedup();
    super::fold::label(&tasks)
}

/// Line and column of a step.
fn line_of(step: &Step) -> String {
    let column = (step.place.column).map_or_else(String::new, |column| format!(":{column}"));
    format!("{}{column}", step.place.line)
}
