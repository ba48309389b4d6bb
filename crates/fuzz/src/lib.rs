//! What the fuzz targets do with an input, and how inputs are changed. By target: what the input
//! is, and what must hold.
//!
//! - [`scenario()`]: a scenario. It is refused in words, or run by every engine, which agree; every
//!   trace replays; nothing is excluded that the reference finds; the certificate of a proof holds.
//! - [`model()`]: a model. The same for programs on it.
//! - [`trace()`]: a scenario and a saved trace. The trace is refused in words, or shows what it
//!   says, and the reference finds that too.
//! - [`certificate()`]: a scenario and a certificate. It is refused in words, or the reference
//!   finds nothing that it excludes.
//!
//! An input is changed as JSON most of the time ([`mutate()`]), so that it still says something
//! beyond its first error. A panic is a finding, and so is an input that takes longer or more
//! memory than the fuzzer is told to allow. Searches are bounded by states, never by time: an input
//! does the same on every machine.

#![forbid(unsafe_code)]

mod certificate;
mod change;
pub mod corpus;
mod engines;
mod model;
mod mutate;
mod prover;
mod scenario;
mod shown;
mod trace;

pub use certificate::certificate;
pub use model::model;
pub use mutate::mutate;
pub use scenario::scenario;
pub use trace::trace;

use kmapcheck_limits::Limits;
use kmapcheck_scenario::{Errors, Overrides, Program};
use serde_json::Value;

/// What inputs are called in messages. Names of models are looked up beside it.
const FILE: &str = "fuzz.json";

/// The reference keeps every task apart: programs with more are left to the other engines.
const MOST_TASKS: u64 = 8;

/// States of each search.
const MAX_STATES: u64 = 400;

/// Must never get from a file to a terminal.
const ESCAPE: char = '\u{1b}';

/// The same where there are colours: what begins so is no colour.
const COMMAND: &str = "\u{1b}]";

/// Limits of so many states.
fn limits(states: u64) -> Limits {
    Limits {
        max_states: Some(states),
        ..Limits::default()
    }
}

/// The program of a scenario, unless it is refused: then in words.
fn load(text: &str) -> Option<Program> {
    kmapcheck_scenario::load_str(FILE, text, &Overrides::default())
        .map_err(|errors| refused(&errors))
        .ok()
}

/// A refusal says something, and nothing of it harms a terminal.
fn refused(errors: &Errors) {
    assert!(errors.codes().next().is_some());
    for width in [20, 80] {
        let said = errors.render(false, width);
        assert!(!said.is_empty() && !said.contains(ESCAPE), "{said:?}");
    }
    assert!(!errors.render(true, 80).is_empty());
    assert!(!errors.to_string().is_empty());
}

/// An object with a scenario and something about it: what [`trace()`] and [`certificate()`] read.
fn pair(data: &[u8], about: &str) -> Option<(String, Value)> {
    let mut both: Value = serde_json::from_slice(data).ok()?;
    let scenario = both.get("scenario")?.to_string();
    Some((scenario, both.get_mut(about)?.take()))
}
