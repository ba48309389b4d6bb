//! A simulation as text for people.

use std::fmt::Write;

use kmapcheck_report::words::{count, number, on_model};
use kmapcheck_show::text::{Options, finding};

use crate::simulate::{Shown, Simulation};

/// The longest bar of the histogram.
const LONGEST: u64 = 50;

/// The whole, ending in a line feed.
#[must_use]
pub fn render(simulation: &Simulation, width: usize) -> String {
    let Simulation {
        runs,
        deadlocks,
        ended,
        cut,
        ..
    } = *simulation;
    // Writing to a String cannot fail.
    let mut out = String::new();
    let stopped =
        (simulation.stopped.as_ref()).map_or_else(String::new, |stopped| format!("; {stopped}"));
    let _ = writeln!(
        out,
        "{}: {} (seed {}, at most {} each{stopped})\n",
        on_model(&simulation.scenario, &simulation.model),
        count(runs, "random run"),
        simulation.seed,
        count(simulation.step_limit, "step"),
    );
    let mut row = |name: &str, n: u64| {
        let _ = writeln!(out, "  {name:<12} {:>13}", number(n));
    };
    row("deadlocked", deadlocks);
    row("ended", ended);
    row("cut short", cut);
    let share = &simulation.per_million;
    let _ = writeln!(
        out,
        "\nDeadlocks per million runs: {} (95 % interval {} to {}).",
        millionths(share.estimate),
        millionths(share.low),
        millionths(share.high)
    );
    if cut > 0 {
        let _ = writeln!(
            out,
            "Runs cut short might have deadlocked later: more of them do with a higher `--steps`, or none."
        );
    }
    let Some(steps) = &simulation.steps else {
        out.push_str("No run deadlocked. That proves nothing: `kmapcheck check` does.\n");
        return out;
    };
    let _ = writeln!(
        out,
        "Steps to the deadlock: {:.2} on average, median {}, from {} to {}.\n",
        steps.mean,
        number(steps.median),
        number(steps.fewest),
        number(steps.most)
    );
    bars(&mut out, simulation);
    if let Some(shown) = &simulation.shown {
        let _ = writeln!(
            out,
            "\nThe shortest, run {} (`--run {}` walks it again):\n",
            shown.run, shown.run
        );
        out += &run(shown, width);
    }
    out
}

/// What came of a run by its number.
#[must_use]
pub fn run_of(number: u64, deadlock: Option<&Shown>, width: usize) -> String {
    deadlock.map_or_else(
        || format!("Run {number} does not deadlock.\n"),
        |shown| run(shown, width),
    )
}

fn run(shown: &Shown, width: usize) -> String {
    let options = Options {
        width,
        elapsed: false,
    };
    finding(&shown.finding, &options)
}

fn bars(out: &mut String, simulation: &Simulation) {
    let most = simulation.histogram.iter().map(|bar| bar.runs).max();
    let labels: Vec<String> = (simulation.histogram.iter())
        .map(|bar| match bar.from == bar.to {
            true => number(bar.from),
            false => format!("{}-{}", number(bar.from), number(bar.to)),
        })
        .collect();
    let width = labels.iter().map(String::len).max().unwrap_or(0);
    let _ = writeln!(out, "  {:>width$}  runs", "steps");
    for (bar, label) in simulation.histogram.iter().zip(&labels) {
        let long = (bar.runs * LONGEST).div_ceil(most.unwrap_or(1).max(1));
        let drawn = "#".repeat(usize::try_from(long).expect("it is at most `LONGEST`"));
        let space = if drawn.is_empty() { "" } else { " " };
        let _ = writeln!(out, "  {label:>width$}  {drawn}{space}{}", number(bar.runs));
    }
}

/// A number of millionths, with its tenth only where it is small.
fn millionths(share: f64) -> String {
    if share > 0.0 && share < 1000.0 {
        return format!("{share:.1}");
    }
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between nought and a million"
    )]
    number(share.round() as u64)
}
