//! What is asked, in the options of the command line: for whoever is to ask it again, or otherwise.

use std::fmt;

use kmapcheck_limits::units::{shown_size, shown_time};
use kmapcheck_report::{escape, number_options};
use kmapcheck_scenario::{Bound, Overrides};
use kmapcheck_search::Reductions;

use crate::ask::{Ask, Unfit};

/// What `--max-memory` is if nobody gives it.
pub const DEFAULT_MEMORY: u64 = 4 << 30;

impl Ask {
    /// The options that change the question or bound the answer, and differ from what they are if
    /// nobody gives them, each with its value. The engine is not among them: reports know theirs.
    #[must_use]
    pub fn options(&self, overrides: &Overrides) -> Vec<(&'static str, String)> {
        let mut options = Vec::new();
        let mut add = |option, value: Option<String>| {
            options.extend(value.map(|value| (option, value)));
        };
        let (search, limits, loom) = (&self.search, &self.limits, &self.loom);
        add("--model", overrides.model.clone());
        for (option, list) in number_options(overrides) {
            for (name, number) in list {
                add(option, Some(format!("{name}={number}")));
            }
        }
        add("--max-states", limits.max_states.map(|n| n.to_string()));
        let memory = limits.max_memory.filter(|&memory| memory != DEFAULT_MEMORY);
        add("--max-memory", memory.map(shown_size));
        add("--timeout", limits.timeout.map(shown_time));
        add(
            "--reduce",
            match search.reductions {
                None => Some("none".to_owned()),
                Some(Reductions::COUNTED) => None,
                Some(reductions) => Some(reductions.names().join(",")),
            },
        );
        let threads = Some(search.threads).filter(|&threads| threads > 1);
        add("--threads", threads.map(|threads| threads.to_string()));
        let storage = search.fingerprints.then(|| "fingerprint".to_owned());
        add("--storage", storage);
        for (option, path) in [
            ("--spill", &search.spill),
            ("--checkpoint", &search.checkpoint),
        ] {
            add(option, path.as_ref().map(|path| path.display().to_string()));
        }
        add("--preemptions", loom.preemptions.map(|n| n.to_string()));
        let interleavings = loom.max_interleavings.map(|n| n.to_string());
        add("--max-interleavings", interleavings);
        options.extend(self.code.iter().cloned());
        options
    }
}

/// An override that is given twice, in words.
#[must_use]
pub fn given_twice(overrides: &Overrides) -> Option<String> {
    let twice = |option: &str, given: &[(String, Bound)]| {
        given.iter().enumerate().find_map(|(i, (name, number))| {
            let (_, first) = given[..i].iter().find(|(other, _)| other == name)?;
            let name = escape::line(name);
            Some(format!(
                "`{option}` is given twice for {name}: {name}={first} and {name}={number}"
            ))
        })
    };
    let mut options = number_options(overrides).into_iter();
    options.find_map(|(option, given)| twice(option, given))
}

impl Unfit {
    /// In the words of this library, and in options.
    fn words(&self) -> (&'static str, &'static str) {
        const CERTIFICATE: &str =
            "a certificate is about the file as it stands: write the numbers into it";
        match self {
            Unfit::ReductionsWithoutSearch => (
                "reductions are for the engine `search` only",
                "`--reduce` is for the engine `search` only; `reference` and `loom` tell all tasks apart anyway",
            ),
            Unfit::ThreadsWithReductions => (
                "several threads are for a search without reductions",
                "`--threads` is for `--reduce none` only: everything else runs on one thread",
            ),
            Unfit::NoReductionsToCheck => (
                "there are no reductions to check the premises of",
                "with `--reduce none` there are no reductions for `--check-reductions` to check",
            ),
            Unfit::LimitsOfLoom => (
                "limits of preemptions and interleavings are for the engine `loom`",
                "`--preemptions` and `--max-interleavings` are for `--engine loom` only",
            ),
            Unfit::StatesOfLoom => (
                "the engine `loom` knows no states",
                "the engine `loom` knows no states; use `--max-interleavings`",
            ),
            Unfit::StorageWithoutReductions => (
                "storage and checkpoints are for the engine `search` with reductions only",
                "`--storage` and `--checkpoint` are for the engine `search` with reductions only: leave them out, or `--reduce none`",
            ),
            Unfit::SpillWithoutFingerprints => (
                "a folder for states is for fingerprints only",
                "`--spill` is for `--storage fingerprint`: exact storage has all states in memory anyway, those still to be expanded among them",
            ),
            Unfit::NoFolder(_) => ("there is no folder", "there is no folder"),
            Unfit::CertificateWithoutProof => (
                "certificates are written by the engine `proof`",
                "`--certificate` is for `--engine proof`",
            ),
            Unfit::CertificateOfOtherNumbers => (CERTIFICATE, CERTIFICATE),
        }
    }

    /// As options.
    #[must_use]
    pub fn in_options(&self) -> String {
        let (_, said) = self.words();
        match self {
            Unfit::NoFolder(folder) => format!("{said} {} for `--spill`", escape::path(folder)),
            _ => said.to_owned(),
        }
    }
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (said, _) = self.words();
        match self {
            Unfit::NoFolder(folder) => write!(f, "{said} {}", folder.display()),
            _ => f.write_str(said),
        }
    }
}

impl std::error::Error for Unfit {}
