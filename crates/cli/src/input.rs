//! One scenario: from its file to its report.

use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use kmapcheck_limits::{Limits, Reached};
use kmapcheck_machine::{Outcome, Trace};
use kmapcheck_proof::{Decision, words};
use kmapcheck_report::{Fault, NotThere, Proof, Report, tame};
use kmapcheck_scenario::{Errors, Overrides, Program};
use kmapcheck_search::{Engine, Options, Progress, Reductions, Storage};

use crate::args::{
    EngineArg, Format, LoomArgs, OverrideArgs, PlainArgs, Reduce, StorageArg, StoreArgs,
};
use crate::exit::Exit;
use crate::output::Output;
use crate::progress::Line;
use crate::run::{EXPLORING, REPORTING, Run, early};
use crate::{fault, loom, output};

/// States that the search for a point of no return may visit. A bound on states, not on time,
/// keeps reports the same from run to run.
pub const POINT_OF_NO_RETURN_STATES: u64 = 100_000;

/// Why there is no report.
pub enum Failure {
    /// Something is wrong with the file or the overrides.
    Input(Errors),
    /// The engine cannot do what the scenario or the options ask for, in words.
    Refused(String),
    /// Something is wrong with this program.
    Fault(String),
    /// A limit was reached.
    Stopped {
        /// What was being done, such as `reading`.
        phase: &'static str,
        /// Which limit.
        reached: Reached,
    },
}

/// Reads a scenario. What it expects holds only for what it says itself: with overrides the
/// expectation is dropped.
pub fn load(path: &Path, overrides: &OverrideArgs) -> Result<Program, Failure> {
    let overrides = Overrides {
        model: overrides.model.clone(),
        slots: overrides.slots.clone(),
        tasks: overrides.tasks.clone(),
    };
    let changed = overrides != Overrides::default();
    let program =
        fault::catch(|| kmapcheck_scenario::load(path, &overrides)).map_err(Failure::Fault)?;
    let mut program = program.map_err(Failure::Input)?;
    if changed {
        program.expect = None;
    }
    Ok(program)
}

/// The largest certificate or saved trace that is read, in bytes.
const LARGEST: u64 = 1 << 30;

/// The text of a file that this program wrote earlier: a certificate, or a saved trace.
pub fn text_of(path: &Path) -> Result<String, Failure> {
    let refused =
        |said: &dyn std::fmt::Display| Failure::Refused(format!("cannot be read: {said}"));
    let meta = std::fs::metadata(path).map_err(|error| refused(&error))?;
    if meta.is_file() && meta.len() > LARGEST {
        return Err(refused(&"it is larger than 1 GiB"));
    }
    std::fs::read_to_string(path).map_err(|error| refused(&error))
}

/// Runs an engine on a program and reports. `limits` are the engine's, within those of the run.
pub fn run(
    program: &Program,
    engine: EngineArg,
    (plain, store, loom): (PlainArgs, &StoreArgs, LoomArgs),
    limits: &Limits,
    run: &Run,
    line: &Line,
) -> Result<Report, Failure> {
    let stores = fits(engine, plain, store, loom)?;
    let engine = match engine {
        EngineArg::Search => None,
        EngineArg::Reference => Some(Engine::Reference),
        EngineArg::Loom => return loom::run(program, loom, limits, run, line),
        EngineArg::Proof => return Ok(prove(program, limits, run, line)?.0),
    };
    let start = Instant::now();
    let explore = || {
        let progress = &mut |progress: &Progress| line.show(progress);
        match (engine, plain.reduce) {
            (Some(engine), _) => kmapcheck_search::run(engine, program, limits, progress),
            (None, Reduce::None) => {
                let threads = usize::from(plain.threads);
                kmapcheck_search::run(Engine::Plain { threads }, program, limits, progress)
            }
            (None, Reduce::By(reductions)) => {
                let options = Options {
                    reductions,
                    check: plain.check_reductions,
                    storage: stores,
                    checkpoint: store.checkpoint.clone(),
                };
                kmapcheck_search::search(program, &options, limits, progress)
            }
        }
    };
    let outcome = run.phase(EXPLORING, || {
        (fault::catch(explore).map_err(Failure::Fault)?)
            .map_err(|refusal| Failure::Refused(refusal.to_string()))
    })?;
    report(program, &outcome, start.elapsed(), run)
}

/// Refuses options that the engine could not honour; how the search is to keep states.
pub fn fits(
    engine: EngineArg,
    plain: PlainArgs,
    store: &StoreArgs,
    loom: LoomArgs,
) -> Result<Storage, Failure> {
    let counted = engine == EngineArg::Search && plain.reduce != Reduce::None;
    let by_default = plain.reduce == Reduce::By(Reductions::COUNTED);
    if (!by_default || plain.check_reductions) && engine != EngineArg::Search {
        let said = "`--reduce` is for the engine `search` only; `reference` and `loom` tell all tasks apart anyway";
        return Err(Failure::Refused(said.to_owned()));
    }
    if plain.threads > 1 && plain.reduce != Reduce::None {
        let said = "`--threads` is for `--reduce none` only: everything else runs on one thread";
        return Err(Failure::Refused(said.to_owned()));
    }
    if plain.check_reductions && plain.reduce == Reduce::None {
        let said = "with `--reduce none` there are no reductions for `--check-reductions` to check";
        return Err(Failure::Refused(said.to_owned()));
    }
    if engine != EngineArg::Loom && (loom.preemptions.is_some() || loom.max_interleavings.is_some())
    {
        let said = "`--preemptions` and `--max-interleavings` are for `--engine loom` only";
        return Err(Failure::Refused(said.to_owned()));
    }
    storage(store, counted)
}

/// How the search is to keep states; options that something else could not honour are refused.
fn storage(store: &StoreArgs, counted: bool) -> Result<Storage, Failure> {
    let refused = |said: &str| Err(Failure::Refused(said.to_owned()));
    let asked = store.storage != StorageArg::Exact || store.checkpoint.is_some();
    if asked && !counted {
        return refused(
            "`--storage` and `--checkpoint` are for the engine `search` with reductions only: leave them out, or `--reduce none`",
        );
    }
    match (store.storage, &store.spill) {
        (StorageArg::Exact, None) => Ok(Storage::Exact),
        (StorageArg::Exact, Some(_)) => refused(
            "`--spill` is for `--storage fingerprint`: exact storage has all states in memory anyway, those still to be expanded among them",
        ),
        (StorageArg::Fingerprint, Some(dir)) if !dir.is_dir() => Err(Failure::Refused(format!(
            "there is no folder {} for `--spill`",
            shown(dir)
        ))),
        (StorageArg::Fingerprint, spill) => Ok(Storage::Fingerprint {
            spill: spill.clone(),
        }),
    }
}

/// Decides a program by arguments first, for every number that it leaves open.
pub fn prove(
    program: &Program,
    limits: &Limits,
    run: &Run,
    line: &Line,
) -> Result<(Report, Decision), Failure> {
    let start = Instant::now();
    let decide = || kmapcheck_proof::decide(program, limits, &mut |progress| line.show(progress));
    let decision = run.phase("proving", || {
        (fault::catch(decide).map_err(Failure::Fault)?).map_err(Failure::Refused)
    })?;
    let mut report = report(&decision.program, &decision.outcome, start.elapsed(), run)?;
    report.proof = Some(Proof {
        claim: words::claim(program),
        excluded: (decision.excluded(program).into_iter())
            .map(|(kinds, because)| NotThere { kinds, because })
            .collect(),
        sizes: decision.sizes.clone(),
        smallest: decision.smallest,
    });
    Ok((report, decision))
}

/// What each search for a way out may take for all of them together to take no longer than what is
/// `left`: the trace is bisected. `None`: there is no time left.
fn share(left: Duration, steps: usize) -> Option<Duration> {
    let searches = usize::BITS - steps.leading_zeros() + 1;
    Some(left / searches).filter(|share| !share.is_zero())
}

/// The report of an outcome. If there is no time to work out all of it, a brief one.
pub fn report(
    program: &Program,
    outcome: &Outcome,
    elapsed: Duration,
    run: &Run,
) -> Result<Report, Failure> {
    let brief = || Report::brief(program, outcome, elapsed);
    run.know(brief());
    let point_of_no_return = |trace: &Trace, core: &[usize]| {
        let rescue = Limits {
            max_states: Some(POINT_OF_NO_RETURN_STATES),
            timeout: match run.time_left() {
                None => None,
                Some(left) => Some(share(left, trace.steps.len())?),
            },
            ..Limits::default()
        };
        kmapcheck_search::point_of_no_return(program, trace, core, &rescue).step()
    };
    let build = || Report::build(program, outcome, elapsed, &point_of_no_return);
    let built = run.last(REPORTING, || {
        (fault::catch(build).map_err(Failure::Fault)?)
            .map_err(|fault: Fault| Failure::Fault(fault.to_string()))
    });
    match built {
        Err(Failure::Stopped { .. }) => Ok(brief()),
        built => built,
    }
}

/// A path, fit for a terminal.
pub fn shown(path: &Path) -> String {
    tame::line(&path.display().to_string())
}

impl Failure {
    /// Tells the user on standard error.
    pub fn tell(&self, path: &Path) {
        match self {
            Failure::Input(errors) => {
                let text = errors.render(output::error_colours(), output::error_width());
                anstream::eprintln!("{}", text.trim_end());
            }
            Failure::Refused(refusal) => {
                anstream::eprintln!("kmapcheck: {}: {refusal}", shown(path))
            }
            Failure::Fault(said) => fault::tell(&format!("checking {}", shown(path)), said),
            Failure::Stopped { phase, reached } => {
                let file = path.display().to_string();
                anstream::eprint!("{}", early(&file, phase, *reached, Format::Text));
            }
        }
    }

    /// Tells the user, which is the last thing in a run; a limit that was reached is an answer, and
    /// goes where answers go.
    pub fn answer(
        &self,
        run: &Run,
        path: &Path,
        format: Format,
        output: &mut Output,
    ) -> io::Result<Exit> {
        // It takes as long as whoever reads it likes.
        run.finish();
        match self {
            Failure::Stopped { phase, reached } => {
                let file = path.display().to_string();
                output.print(&early(&file, phase, *reached, format))?;
            }
            _ => self.tell(path),
        }
        Ok(self.exit())
    }

    /// What the exit status says about it.
    pub fn exit(&self) -> Exit {
        match self {
            Failure::Input(_) | Failure::Refused(_) => Exit::BadInput,
            Failure::Fault(_) => Exit::Fault,
            Failure::Stopped { .. } => Exit::Inconclusive,
        }
    }
}

/// The first problem, without its place in a file that is named already, and without advice.
pub fn first_message(errors: &Errors) -> String {
    let first = errors.mistakes().next();
    first.map_or_else(String::new, |mistake| tame::line(mistake.message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_searches_for_a_way_out_share_what_is_left() {
        assert_eq!(share(Duration::ZERO, 10), None);
        let share = share(Duration::from_secs(60), 1024).expect("there is time left");
        assert!(share <= Duration::from_secs(5), "{share:?}");
    }

    #[test]
    fn no_time_left_means_no_point_of_no_return() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../scenarios/pte-highmem/mremap-two-pagetables.json");
        let Ok(program) = load(&file, &OverrideArgs::default()) else {
            panic!("the scenario can be read");
        };
        let outcome =
            kmapcheck_search::run(Engine::Search, &program, &Limits::default(), &mut |_| {})
                .expect("it runs");
        let known = |timeout| {
            let limits = Limits {
                timeout,
                ..Limits::default()
            };
            let run = Run::start(&limits, |_| (String::new(), Exit::Inconclusive));
            match report(&program, &outcome, Duration::ZERO, &run) {
                Ok(report) => {
                    // Whatever the limits: what was found is told.
                    assert_eq!(report.findings.len(), 1);
                    report.findings[0].point_of_no_return.is_some()
                }
                Err(_) => panic!("there is a report"),
            }
        };
        assert!(known(None) && known(Some(Duration::from_secs(600))));
        assert!(!known(Some(Duration::from_nanos(1))));
    }
}
