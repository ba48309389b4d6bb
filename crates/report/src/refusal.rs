//! What an engine cannot do, and what to type instead.

use kmapcheck_engine::{Refusal, Refused, Remedy};

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
#[must_use]
pub fn remedy(remedy: &Remedy) -> Option<String> {
    let said = match remedy {
        Remedy::None => return None,
        Remedy::Count(task) => return Some(format!("give a number with `--tasks {task}=N`")),
        Remedy::Slots(series) => return Some(format!("give a number with `--slots {series}=N`")),
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
