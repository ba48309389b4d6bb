//! What can be asked of a scenario, and which of that goes together.

use std::path::PathBuf;

use kmapcheck_limits::Limits;
use kmapcheck_scenario::Program;
use kmapcheck_search::{Reductions, Storage};

/// How a scenario is to be checked. The default is what most people want: the engine that fits the
/// program, and no limits.
#[derive(Debug, Clone, Default)]
pub struct Ask {
    /// The engine; `None`: [the usual one](Engine::usual) for the program.
    pub engine: Option<Engine>,
    /// How the search goes about it.
    pub search: Search,
    /// How far loom goes.
    pub loom: Loom,
    /// Limits on states, time and memory, and a flag that ends the run when it is set.
    pub limits: Limits,
    /// Of a scenario that is read from C: the options that say how, and further files without one.
    pub code: Vec<(&'static str, String)>,
    /// Whether what is proved is to be written down, for `verify`: the engine `proof` can do that.
    pub certificate: bool,
}

/// The engines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// States in which alike tasks are counted, with arguments where these decide.
    Search,
    /// Named states in every interleaving; the judge of the others.
    Reference,
    /// The kernel's own allocator, run by loom.
    Loom,
    /// Arguments for every number of tasks and slots, and searches for what they leave open.
    Proof,
}

impl Engine {
    /// The name in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Engine::Search => "search",
            Engine::Reference => "reference",
            Engine::Loom => "loom",
            Engine::Proof => "proof",
        }
    }

    /// The engine for a program, where none is asked for.
    #[must_use]
    pub fn usual(program: &Program) -> Engine {
        match program.first_open() {
            Some(_) => Engine::Proof,
            None => Engine::Search,
        }
    }
}

/// How the search goes about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Search {
    /// What it leaves out; `None`: nothing, every task is told apart.
    pub reductions: Option<Reductions>,
    /// Whether to check the premises of the reductions on every state met.
    pub check_reductions: bool,
    /// How many threads it has.
    pub threads: usize,
    /// Whether it keeps 64 bits of each state in place of the state.
    pub fingerprints: bool,
    /// With fingerprints: a folder for the states that are still to be expanded.
    pub spill: Option<PathBuf>,
    /// A file that keeps how far it has come, and from which it goes on if it is there.
    pub checkpoint: Option<PathBuf>,
}

impl Search {
    pub(crate) fn storage(&self) -> Storage {
        match self.fingerprints {
            true => Storage::Fingerprint {
                spill: self.spill.clone(),
            },
            false => Storage::Exact,
        }
    }
}

impl Default for Search {
    fn default() -> Search {
        Search {
            reductions: Some(Reductions::COUNTED),
            check_reductions: false,
            threads: 1,
            fingerprints: false,
            spill: None,
            checkpoint: None,
        }
    }
}

/// How far loom goes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Loom {
    /// Interleavings with at most this number of preemptions; `None`: with any.
    pub preemptions: Option<u8>,
    /// It stops after this number of interleavings.
    pub max_interleavings: Option<u64>,
}

impl Ask {
    /// The engine for a program; for one that is not read yet, the usual one.
    #[must_use]
    pub fn engine_for(&self, program: Option<&Program>) -> Engine {
        let usual = || program.map_or(Engine::Search, Engine::usual);
        self.engine.unwrap_or_else(usual)
    }

    /// What reports call that engine.
    #[must_use]
    pub fn engine_name(&self, program: Option<&Program>) -> &'static str {
        match self.engine_for(program) {
            Engine::Search if self.search.reductions.is_none() => "apart",
            engine => engine.name(),
        }
    }

    /// Refuses what the engine could not honour.
    ///
    /// # Errors
    ///
    /// The first thing that does not go together.
    pub fn fits(&self, engine: Engine) -> Result<(), Unfit> {
        let search = &self.search;
        let usual = Search::default();
        let reduced = search.reductions.is_some();
        let other_reductions = search.reductions != usual.reductions || search.check_reductions;
        let keeps = search.fingerprints || search.checkpoint.is_some();
        if other_reductions && engine != Engine::Search {
            return Err(Unfit::ReductionsWithoutSearch);
        }
        if search.threads > 1 && reduced {
            return Err(Unfit::ThreadsWithReductions);
        }
        if search.check_reductions && !reduced {
            return Err(Unfit::NoReductionsToCheck);
        }
        if engine != Engine::Loom && self.loom != Loom::default() {
            return Err(Unfit::LimitsOfLoom);
        }
        if keeps && !(engine == Engine::Search && reduced) {
            return Err(Unfit::StorageWithoutReductions);
        }
        match &search.spill {
            Some(_) if !search.fingerprints => return Err(Unfit::SpillWithoutFingerprints),
            Some(folder) if !folder.is_dir() => return Err(Unfit::NoFolder(folder.clone())),
            _ => {}
        }
        if engine == Engine::Loom && self.limits.max_states.is_some() {
            return Err(Unfit::StatesOfLoom);
        }
        if self.certificate && engine != Engine::Proof {
            return Err(Unfit::CertificateWithoutProof);
        }
        Ok(())
    }
}

/// What does not go together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unfit {
    /// Only the search has reductions.
    ReductionsWithoutSearch,
    /// Only where every task is told apart are there several threads.
    ThreadsWithReductions,
    /// There are no reductions whose premises could be checked.
    NoReductionsToCheck,
    /// Preemptions and interleavings are loom's.
    LimitsOfLoom,
    /// loom counts no states.
    StatesOfLoom,
    /// Storage and checkpoints are for the search with reductions.
    StorageWithoutReductions,
    /// States in a folder are for fingerprints.
    SpillWithoutFingerprints,
    /// The folder for states does not exist.
    NoFolder(PathBuf),
    /// Only the engine of proofs writes certificates.
    CertificateWithoutProof,
    /// A certificate is about the file as it stands, without other numbers.
    CertificateOfOtherNumbers,
}

#[cfg(test)]
mod tests {
    use kmapcheck_scenario::{Overrides, load_str};

    use super::*;

    #[test]
    fn an_engine_is_named_before_it_has_begun() {
        let program = |count: &str| {
            let text = format!(
                r#"{{ "name": "s", "model": {{ "name": "m", "series": {{}} }},
                      "tasks": [{{ "name": "t", "count": {count}, "program": [] }}] }}"#
            );
            load_str("s.json", &text, &Overrides::default()).unwrap_or_else(|e| panic!("{e}"))
        };
        let (one, any) = (program("1"), program(r#""any""#));
        let usual = Ask::default();
        let apart = Ask {
            search: Search {
                reductions: None,
                ..Search::default()
            },
            ..Ask::default()
        };
        let loom = Ask {
            engine: Some(Engine::Loom),
            ..Ask::default()
        };
        assert_eq!(usual.engine_name(None), "search");
        assert_eq!(usual.engine_name(Some(&one)), "search");
        assert_eq!(usual.engine_name(Some(&any)), "proof");
        assert_eq!(apart.engine_name(Some(&one)), "apart");
        assert_eq!(loom.engine_name(Some(&any)), "loom");
    }

    #[test]
    fn what_does_not_go_together_is_refused() {
        let file = || PathBuf::from("no-such-folder");
        let search = |change: &dyn Fn(&mut Search)| {
            let mut ask = Ask::default();
            change(&mut ask.search);
            ask
        };
        let fits = |ask: Ask| move |engine| ask.fits(engine);
        let refused = |ask: Ask, engine, unfit| assert_eq!(fits(ask)(engine), Err(unfit));
        for engine in [
            Engine::Search,
            Engine::Reference,
            Engine::Loom,
            Engine::Proof,
        ] {
            assert_eq!(Ask::default().fits(engine), Ok(()));
        }
        let all = || search(&|search| search.reductions = Some(Reductions::ALL));
        assert_eq!(all().fits(Engine::Search), Ok(()));
        refused(all(), Engine::Reference, Unfit::ReductionsWithoutSearch);
        let threads = search(&|search| search.threads = 2);
        refused(threads, Engine::Search, Unfit::ThreadsWithReductions);
        let unchecked = search(&|search| {
            search.reductions = None;
            search.check_reductions = true;
        });
        refused(unchecked, Engine::Search, Unfit::NoReductionsToCheck);
        let few = Loom {
            preemptions: Some(1),
            max_interleavings: None,
        };
        let limited = || Ask {
            loom: few,
            ..Ask::default()
        };
        assert_eq!(limited().fits(Engine::Loom), Ok(()));
        refused(limited(), Engine::Search, Unfit::LimitsOfLoom);
        let states = Ask {
            limits: Limits {
                max_states: Some(1),
                ..Limits::default()
            },
            ..Ask::default()
        };
        refused(states, Engine::Loom, Unfit::StatesOfLoom);
        let kept = search(&|search| search.checkpoint = Some(file()));
        refused(kept, Engine::Proof, Unfit::StorageWithoutReductions);
        let spilt = search(&|search| search.spill = Some(file()));
        refused(spilt, Engine::Search, Unfit::SpillWithoutFingerprints);
        let nowhere = search(&|search| {
            search.fingerprints = true;
            search.spill = Some(file());
        });
        refused(nowhere, Engine::Search, Unfit::NoFolder(file()));
        let certificate = Ask {
            certificate: true,
            ..Ask::default()
        };
        refused(certificate, Engine::Search, Unfit::CertificateWithoutProof);
    }
}
