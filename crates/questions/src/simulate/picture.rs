//! The histogram as a picture, in SVG.

use kmapcheck_report::words::{number, on_model};
use svg::Document;
use svg::node::element::{Group, Line, Rectangle, Text, Title};

use crate::simulate::Simulation;

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 360.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 20.0;
const TOP: f64 = 70.0;
const BOTTOM: f64 = 60.0;
/// The widest bar.
const WIDEST: f64 = 60.0;
/// Lines across.
const LINES: u64 = 4;

/// How many runs needed how many steps to the deadlock.
#[must_use]
pub fn render(simulation: &Simulation) -> String {
    let title = format!(
        "Steps to the deadlock: {}",
        on_model(&simulation.scenario, &simulation.model)
    );
    let share = &simulation.per_million;
    let said = format!(
        "{} of {} runs deadlocked: {:.1} per million (95 %: {:.1} to {:.1}), seed {}",
        number(simulation.deadlocks),
        number(simulation.runs),
        share.estimate,
        share.low,
        share.high,
        simulation.seed
    );
    let bars = &simulation.histogram;
    let most = bars.iter().map(|bar| bar.runs).max().unwrap_or(0).max(1);
    let (wide, high) = (WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM);
    let text = |said: String, x: f64, y: f64, size: u32| {
        Text::new(said)
            .set("x", tenth(x))
            .set("y", tenth(y))
            .set("font-size", size)
            .set("fill", "#222222")
    };
    let mut grid = Group::new();
    for i in 0..=LINES.min(most) {
        let runs = most * i / LINES.min(most);
        let y = TOP + high - high * float(runs) / float(most);
        grid = grid
            .add(
                Line::new()
                    .set("x1", LEFT)
                    .set("x2", WIDTH - RIGHT)
                    .set("y1", tenth(y))
                    .set("y2", tenth(y))
                    .set("stroke", "#cccccc"),
            )
            .add(text(number(runs), LEFT - 8.0, y + 4.0, 11).set("text-anchor", "end"));
    }
    let mut drawn = Group::new().set("fill", "#3b6ea5");
    let each = (wide / float(bars.len().max(1) as u64)).min(WIDEST);
    let mut labels = Group::new();
    let every = bars.len().div_ceil(10).max(1);
    for (i, bar) in bars.iter().enumerate() {
        let x = LEFT + each * float(i as u64);
        let tall = high * float(bar.runs) / float(most);
        let steps = match bar.from == bar.to {
            true => number(bar.from),
            false => format!("{}-{}", number(bar.from), number(bar.to)),
        };
        let said = format!("{steps} steps: {} runs", number(bar.runs));
        drawn = drawn.add(
            Rectangle::new()
                .set("class", "bar")
                .set("x", tenth(x + 1.0))
                .set("y", tenth(TOP + high - tall))
                .set("width", tenth((each - 2.0).max(1.0)))
                .set("height", tenth(tall))
                .add(Title::new(said)),
        );
        if i % every == 0 {
            let label = text(number(bar.from), x + each / 2.0, HEIGHT - BOTTOM + 16.0, 11);
            labels = labels.add(label.set("text-anchor", "middle"));
        }
    }
    let axis = text(
        "steps".to_owned(),
        LEFT + wide / 2.0,
        HEIGHT - BOTTOM + 38.0,
        12,
    );
    let upright = text("runs".to_owned(), 16.0, TOP - 10.0, 12);
    let document = Document::new()
        .set("viewBox", (0, 0, WIDTH, HEIGHT))
        .set("width", WIDTH)
        .set("height", HEIGHT)
        .set("role", "img")
        .set("font-family", "sans-serif")
        .add(Title::new(&title))
        .add(
            Rectangle::new()
                .set("width", WIDTH)
                .set("height", HEIGHT)
                .set("fill", "white"),
        )
        .add(text(title.clone(), 12.0, 24.0, 15).set("font-weight", "bold"))
        .add(text(said, 12.0, 44.0, 12))
        .add(grid)
        .add(drawn)
        .add(labels)
        .add(axis.set("text-anchor", "middle"))
        .add(upright);
    document.to_string() + "\n"
}

#[allow(
    clippy::cast_precision_loss,
    reason = "numbers of runs are far below 2^53"
)]
fn float(n: u64) -> f64 {
    n as f64
}

fn tenth(x: f64) -> f64 {
    (x * 10.0).round() / 10.0
}
