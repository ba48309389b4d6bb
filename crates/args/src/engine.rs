//! Arguments about the engines: which, and how they go about it.

use std::path::PathBuf;

use clap::{ArgAction, Args as ClapArgs};
use kmapcheck_check::ask::{Ask, Engine, Loom, Search};
use kmapcheck_limits::Limits;
use kmapcheck_limits::units::amount;
use kmapcheck_search::Reductions;

use crate::shared::one_of;

/// The engines.
pub const ENGINES: [(&str, &str, Engine); 4] = [
    (
        "search",
        "Counted states: instances of a task are not told apart",
        Engine::Search,
    ),
    (
        "reference",
        "Every task told apart: plain, and slow",
        Engine::Reference,
    ),
    (
        "loom",
        "The kernel's own allocator, run by loom in every interleaving of at most five tasks",
        Engine::Loom,
    ),
    (
        "proof",
        "Arguments for every number of tasks and slots, and searches for what they leave open",
        Engine::Proof,
    ),
];

/// How states are kept; whether as fingerprints.
const STORAGE: [(&str, &str, bool); 2] = [
    ("exact", "As they are", false),
    ("fingerprint", "As 64 bits each", true),
];

/// What the engine `loom` alone can be told.
#[derive(Debug, Clone, Copy, Default, ClapArgs)]
pub struct LoomArgs {
    /// With loom: explore only interleavings with at most so many preemptions; never clean then
    #[arg(long, value_name = "N")]
    pub preemptions: Option<u8>,
    /// With loom: stop after so many interleavings
    #[arg(long, value_name = "N", value_parser = amount)]
    pub max_interleavings: Option<u64>,
}

/// What the search alone can be told.
#[derive(Debug, Clone, Copy, ClapArgs)]
pub struct PlainArgs {
    /// What the search leaves out: a list of symmetry, pages, counted (these two), releases,
    /// stubborn and merge, or all or none; see docs/reductions.md
    #[arg(long, value_name = "LIST", value_parser = reduce, default_value = "counted")]
    pub reduce: Reduce,
    /// Check the premises of the reductions on every state met; slow
    #[arg(long)]
    pub check_reductions: bool,
    /// With `--reduce none`: how many threads; the report is the same for any number
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: u16,
}

/// Where the search keeps what it has seen.
#[derive(Debug, Clone, Default, ClapArgs)]
pub struct StoreArgs {
    /// How the search keeps states: exactly, or as 64 bits each, which may miss one; the report says
    /// how likely that is. Not with `--reduce none`
    #[arg(long, value_parser = one_of(&STORAGE), action = ArgAction::Set, default_value = "exact")]
    pub storage: bool,
    /// With fingerprints: keep the states that are still to be expanded in this folder
    #[arg(long, value_name = "DIR")]
    pub spill: Option<PathBuf>,
    /// Write to this file, every minute and when a limit or Ctrl-C ends the run, how far the search
    /// has come; go on from it if it is there. Not with `--reduce none`
    #[arg(long, value_name = "FILE")]
    pub checkpoint: Option<PathBuf>,
}

/// What the search leaves out; `None`: nothing, every task is told apart, by an engine made for that.
pub type Reduce = Option<Reductions>;

/// `none`, or a list of reductions.
fn reduce(text: &str) -> Result<Reduce, String> {
    match text {
        "none" => Ok(None),
        list => Reductions::from_list(list).map(Some),
    }
}

/// What is asked of each scenario.
pub fn ask(
    engine: Option<Engine>,
    plain: PlainArgs,
    store: &StoreArgs,
    loom: LoomArgs,
    limits: Limits,
) -> Ask {
    Ask {
        engine,
        search: Search {
            reductions: plain.reduce,
            check_reductions: plain.check_reductions,
            threads: usize::from(plain.threads),
            fingerprints: store.storage,
            spill: store.spill.clone(),
            checkpoint: store.checkpoint.clone(),
        },
        loom: Loom {
            preemptions: loom.preemptions,
            max_interleavings: loom.max_interleavings,
        },
        limits,
        code: Vec::new(),
        certificate: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reductions_have_names() {
        assert_eq!(reduce("all"), Ok(Some(Reductions::ALL)));
        assert_eq!(reduce("counted"), Ok(Some(Reductions::COUNTED)));
        assert_eq!(
            reduce("counted, stubborn"),
            reduce("symmetry,pages,stubborn")
        );
        assert!(reduce("counted,none").is_err_and(|said| said.contains("alone")));
        assert_eq!(reduce("symmetry,pages"), reduce("counted"));
        assert!(reduce("none") == Ok(None) && reduce("some").is_err());
    }
}
