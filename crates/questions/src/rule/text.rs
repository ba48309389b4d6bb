//! The answer for people.

use std::fmt::Write as _;

use kmapcheck_prove::rule::certificate::{Argument, RuleCertificate};
use kmapcheck_prove::rule::decide::Decision;
use kmapcheck_prove::rule::discipline::{Discipline, Held, Pair};
use kmapcheck_prove::rule::sizes::{HoldersRow, ReservationRow};
use kmapcheck_report::words::{padded, width as width_of};
use kmapcheck_scenario::Program;

/// The answer, as text that ends in a line break.
#[must_use]
pub fn render(program: &Program, pins: Option<u32>, decision: &Decision) -> String {
    let discipline = Discipline::of(program, pins);
    let mut text = String::new();
    match decision {
        Decision::Sufficient(certificate) => sufficient(&mut text, &discipline, certificate),
        Decision::NotSufficient(refuted) => {
            let _ = if discipline.stated_order().is_empty() {
                writeln!(
                    text,
                    "{}: not sufficient. The model states no order, and what it does say leaves room for \
                     deadlock.\n",
                    program.model
                )
            } else {
                writeln!(text, "{}: the rule is not sufficient.\n", program.model)
            };
            let _ = writeln!(text, "{}.", refuted.about);
            let _ = writeln!(
                text,
                "The smallest such program found, fewest tasks first. The search ran it: deadlock, \
                 and no other error ({} states).\n",
                refuted.states
            );
            text += &refuted.scenario;
        }
        Decision::Undecided(undecided) => {
            let states_none = discipline.stated_order().is_empty() && !discipline.is_empty();
            let without = match states_none {
                true => "; the model states no order",
                false => "",
            };
            let _ = writeln!(
                text,
                "{}: not decided: {}{without}.",
                program.model, undecided.why
            );
            if undecided.tried > 0 {
                let _ = writeln!(
                    text,
                    "Tried: a proof by order, one by equations, and {} small programs, {} of them run.",
                    undecided.tried, undecided.searched
                );
            }
        }
    }
    if matches!(decision, Decision::Sufficient(_) | Decision::Undecided(_)) {
        table(&mut text, &discipline);
    }
    text
}

fn sufficient(text: &mut String, discipline: &Discipline<'_>, certificate: &RuleCertificate) {
    let slots = certificate.slots.words();
    let model = &certificate.model;
    let _ = if discipline.stated_order().is_empty() {
        write!(
            text,
            "{model}: sufficient. The model states no order, and needs none: no program of which the \
             following holds deadlocks, any number of tasks, {slots}.\n\nOf a program it is taken for \
             granted that\n"
        )
    } else {
        write!(
            text,
            "{model}: the rule is sufficient. No program that keeps it deadlocks: any number of tasks, \
             {slots}.\n\nA program keeps the rule if\n"
        )
    };
    text.push_str(&certificate.list_of_hypotheses());
    match &certificate.argument {
        Argument::Order(order) => {
            let names: Vec<&str> = order.iter().map(|entry| entry.name.as_str()).collect();
            let _ = writeln!(
                text,
                "\nBy order: {}. What a task holds lies before what it asks for.",
                names.join(", then ")
            );
        }
        Argument::Equations(cases) => {
            let _ = writeln!(
                text,
                "\nBy equations: {} of what tasks could be waiting for in a circle, none of which has a solution.",
                match cases.len() {
                    1 => "one case".to_owned(),
                    n => format!("{n} cases"),
                }
            );
        }
    }
}

/// The pairs, a line each.
fn table(text: &mut String, discipline: &Discipline<'_>) {
    let pairs = discipline.pairs();
    if pairs.is_empty() {
        text.push_str("\nNothing may be held while anything is asked for.\n");
        return;
    }
    let mut rows = vec![["held", "lying in", "asked for", "allowed because"].map(str::to_owned)];
    rows.extend(pairs.iter().map(|&pair| {
        let Held { asked, lies } = pair.held;
        let lies = if lies.is_lock() {
            ""
        } else {
            discipline.name(lies)
        };
        [
            discipline.name(asked).to_owned(),
            lies.to_owned(),
            discipline.name(pair.asked).to_owned(),
            because(discipline, pair),
        ]
    }));
    let width = |column: usize| {
        rows.iter()
            .map(|row| width_of(&row[column]))
            .max()
            .unwrap_or(0)
    };
    let widths = [width(0), width(1), width(2)];
    text.push('\n');
    for row in &rows {
        let mut line = String::from(" ");
        for (cell, width) in row.iter().zip(widths) {
            let _ = write!(line, " {} ", padded(cell, width));
        }
        let _ = writeln!(text, "{line} {}", row[3]);
    }
}

/// Why the rule allows a pair.
#[must_use]
pub fn because(discipline: &Discipline<'_>, pair: Pair) -> String {
    let (held, asked) = (pair.held.asked, pair.asked);
    let order = match (discipline.rank(held), discipline.rank(asked)) {
        (Some(_), Some(_)) => {
            format!(
                "{} comes before {}",
                discipline.name(held),
                discipline.name(asked)
            )
        }
        (None, _) => format!("{} is not in the order", discipline.name(held)),
        (_, None) => format!("{} is not in the order", discipline.name(asked)),
    };
    match pair.held.asked == pair.held.lies {
        true => order,
        false => format!("{order}; a leftover is taken"),
    }
}

/// For which numbers a discipline of numbers works, if there is one.
#[must_use]
pub fn sizes(program: &Program, holders: &[HoldersRow], reservations: &[ReservationRow]) -> String {
    let mut text = String::new();
    if !holders.is_empty() {
        text.push_str(
            "\nSlots to be kept for holders, each series by itself (from the equations):\n",
        );
    }
    let number = |n: Option<u32>| {
        n.map_or_else(
            || "no number will do".to_owned(),
            |n| format!("at least {n}"),
        )
    };
    for row in holders {
        let _ = write!(
            text,
            "  {}: at most {} at once for a task, of {} slots: {}",
            program.series[row.series].name,
            row.pins,
            row.slots,
            number(row.least),
        );
        if row.least != row.least_without_reuse {
            let _ = write!(
                text,
                "; with \"reuse\": \"none\": {}",
                number(row.least_without_reuse)
            );
        }
        text.push('\n');
    }
    if !reservations.is_empty() {
        text.push_str("\nReservations, each series by itself (from the equations):\n");
    }
    for row in reservations {
        let _ = writeln!(
            text,
            "  {}: up to {} at once for a task: {}",
            program.series[row.series].name,
            row.pins,
            if row.works {
                "no deadlock"
            } else {
                "not excluded"
            }
        );
    }
    text
}
