//! What an engine cannot do, and what to type instead.

use kmapcheck_engine::{Refusal, Refused, Remedy};
use kmapcheck_scenario::{Bound, Open, Overrides};

/// A refusal with its remedy, in one line.
#[must_use]
pub fn refused(refusal: &Refusal) -> String {
    let what = match &refusal.what {
        // Tasks are told apart where nothing is reduced; that is no name of an engine to type.
        Refused::Cannot {
            engine: "apart",
            what,
        } => format!("the engine `search --reduce none` cannot do {what}"),
        _ => refusal.to_string(),
    };
    match remedy(&refusal.remedy) {
        Some(remedy) => format!("{what}; {remedy}"),
        None => what,
    }
}

/// What to do instead, as what follows a semicolon; nothing if what is wrong says it already.
fn remedy(remedy: &Remedy) -> Option<String> {
    let said = match remedy {
        Remedy::None => return None,
        Remedy::Count(task) => return Some(give_a_number("--tasks", task)),
        Remedy::Slots(series) => return Some(give_a_number("--slots", series)),
        Remedy::Units(pool) => return Some(give_a_number("--units", pool)),
        Remedy::Search => "use `--engine search`",
        Remedy::SearchOrFewerTasks => {
            "use `--engine search`, or fewer instances with `--tasks NAME=N`"
        }
        Remedy::CountTasks => {
            "leave `--reduce none` out, or give smaller numbers with `--tasks NAME=N`"
        }
        Remedy::ExactStorage => "leave `--storage fingerprint` out",
        Remedy::ChecksOrCheckpoint => "leave `--check-reductions` or `--checkpoint` out",
    };
    Some(said.to_owned())
}

/// What to do about a number that is open, as what follows a semicolon.
#[must_use]
pub fn close(open: Open<'_>) -> String {
    match open {
        Open::Count(template) => give_a_number("--tasks", &template.name),
        Open::Slots(series) => give_a_number("--slots", &series.name),
        Open::Units(series) => give_a_number("--units", &series.name),
    }
}

/// The options that give other numbers, each with what was given.
#[must_use]
pub fn number_options(overrides: &Overrides) -> [(&'static str, &[(String, Bound)]); 3] {
    [
        ("--slots", &overrides.slots),
        ("--units", &overrides.units),
        ("--tasks", &overrides.tasks),
    ]
}

fn give_a_number(option: &str, name: &str) -> String {
    format!("give a number with `{option} {name}=N`")
}
